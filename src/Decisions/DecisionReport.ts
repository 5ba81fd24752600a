import * as Decimals from "../Portfolio/Decimal.ts"
import type { ReportedError } from "../RunReport.ts"
import { printable, table } from "../TextTable.ts"
import type { RowOutcome } from "./RowOutcome.ts"

/** What a command about single rows did, or would do. */
export interface DecisionReport {
  readonly runId: string
  /** `ignore`, `adopt`, `restore`, `undo`, `replay`, `open-positions`. */
  readonly command: string
  readonly account: string
  readonly rows: ReadonlyArray<RowOutcome>
  readonly notes: ReadonlyArray<string>
  readonly error?: ReportedError
}

const rowJson = ({ date, detail, externalId, outcome, row }: RowOutcome) => ({
  externalId,
  outcome,
  detail,
  date,
  type: row?.type,
  quantity: row?.quantity && Decimals.format(row.quantity),
  unitPrice: row?.unitPrice && Decimals.format(row.unitPrice),
  amount: row?.amount && Decimals.format(row.amount),
  currency: row?.currency
})

/** `{ runId, command, account, outcome, error?, rows: [{ externalId, outcome, detail?, date?, type?, … }], notes }` */
export function* decisionJson({ account, command, error, notes, rows, runId }: DecisionReport): Generator<string> {
  const outcome = error === undefined ? "success" : "failure"
  yield `${
    JSON.stringify(
      { runId, command, account, outcome, ...(error === undefined ? {} : { error }), rows: rows.map(rowJson), notes },
      undefined,
      2
    )
  }\n`
}

export function* decisionTable({ notes, rows }: DecisionReport): Generator<string> {
  for (const note of notes) yield `${printable(note)}\n`
  if (rows.length === 0) return
  if (notes.length > 0) yield "\n"
  yield* table(
    ["outcome", "date", "type", "quantity", "price", "amount", "", "id", "why"],
    rows.map(({ date, detail, externalId, outcome, row }) => [
      outcome,
      date ?? "",
      row?.type ?? "",
      row?.quantity === undefined ? "" : Decimals.format(row.quantity),
      row?.unitPrice === undefined ? "" : Decimals.format(row.unitPrice),
      row?.amount === undefined ? "" : Decimals.format(row.amount),
      row?.currency ?? "",
      externalId,
      detail ?? ""
    ]),
    new Set([3, 4, 5])
  )
}
