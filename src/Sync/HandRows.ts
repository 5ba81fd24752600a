import { Effect } from "effect"
import type { DaySpan } from "../Portfolio/Coverage.ts"
import { earliest, latest } from "../Portfolio/PlainDate.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { keyOf } from "./Records.ts"

const joined = (a: DaySpan, b: DaySpan): DaySpan => ({ from: earliest(a.from, b.from), to: latest(a.to, b.to) })

/**
 * Posted rows of the account that were typed by hand. A large statement comes in many parts, all of the same days: these
 * rows are read for the first, and for all of its days for the second.
 */
export const handRows = (options: { readonly upstream: string }) => {
  let known: { readonly span: DaySpan; readonly rows: ReadonlyArray<TrackerRow> } | undefined

  const read = Effect.fn("Sync.handRows")(function*(span: DaySpan) {
    const repo = yield* WealthfolioRepo
    const rows = yield* repo.rows({ ...span, keep: (row) => row.status === "POSTED" && !isImported(row, options) })
    known = { span, rows }
    return rows
  })
  const isKnown = ({ from, to }: DaySpan) => known !== undefined && known.span.from <= from && to <= known.span.to
  const inside = ({ from, to }: DaySpan) => (rows: ReadonlyArray<TrackerRow>) =>
    rows.filter(({ date }) => from <= date && date <= to)

  return {
    /** Those of these days, as this run read them before; what it has to read is of all days of the `statement`. */
    known: (span: DaySpan, statement: DaySpan) =>
      Effect.suspend(() => {
        if (known === undefined) return read(span)
        return isKnown(span) ? Effect.succeed(known.rows) : read(joined(joined(known.span, span), statement))
      }).pipe(Effect.map(inside(span))),
    /** For what is to be changed. */
    anew: (span: DaySpan) =>
      Effect.suspend(() => read(known === undefined ? span : joined(known.span, span))).pipe(Effect.map(inside(span)))
  }
}

export type HandRows = ReturnType<typeof handRows>

/** Ours, or those of another account that is imported into the same one. */
const isImported = ({ key = "", sourceSystem }: TrackerRow, { upstream }: { readonly upstream: string }): boolean =>
  key.startsWith(keyOf("", upstream)) || sourceSystem === "IBKR"
