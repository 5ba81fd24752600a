import type { CashBridge } from "./Portfolio/CashBridge.ts"
import * as Decimals from "./Portfolio/Decimal.ts"
import type { Decimal } from "./Portfolio/Decimal.ts"
import { activityStatuses, countOf, counts, type RunReport } from "./RunReport.ts"
import { printable, table } from "./TextTable.ts"

/** What a person reads: the state of the data first, then what was done, then what needs a look. */
export function* runTable(report: RunReport, ageOfData: string | void): Generator<string> {
  yield `${ageOfData ?? "no statement was read"}\n`
  const { alreadySynced, held, imported, planned, skipped } = counts(report)
  const done = report.dryRun ? `would import ${planned}` : `imported ${imported}`
  yield `${done}, already synced ${alreadySynced}, skipped ${skipped}${
    held > 0 ? ` (${held} held, tried again)` : ""
  }\n`
  for (const warning of report.warnings) yield `note: ${printable(warning)}\n`
  const fresh = [...report.written?.shown ?? [], ...report.activities].filter(({ status }) =>
    status !== "already-synced"
  )
  if (fresh.length > 0) {
    yield "\n"
    yield* table(
      ["date", "type", "symbol", "quantity", "price", "amount", "fee", "", "id"],
      fresh.map(({ activity, symbol }) => [
        activity.date,
        activity.type,
        symbol ?? "",
        number(activity.quantity),
        number(activity.unitPrice),
        number(activity.amount),
        number(activity.fee),
        activity.currency,
        activity.externalId
      ]),
      new Set([3, 4, 5, 6]),
      activityStatuses.reduce((sum, status) => status === "already-synced" ? sum : sum + countOf(report, status), 0)
    )
  }
  if (report.skipped.length > 0) {
    yield "\n"
    yield* table(
      ["skipped", "id", "why"],
      report.skipped.map((
        row
      ) => [row.held ? `${row.reason} (held)` : row.reason, row.externalId ?? row.section, row.detail])
    )
  }
  if (report.positions.length > 0) {
    yield "\n"
    yield* table(
      ["position", "broker", "wealthfolio", "drift"],
      report.positions.map((
        { broker, drift, symbol, tracker }
      ) => [symbol, number(broker), number(tracker), number(drift)]),
      new Set([1, 2, 3])
    )
  }
  yield* explanations(report)
  if (report.cash.length > 0) {
    yield "\n"
    yield* table(
      ["cash", "broker", "booked", "unexplained", "wealthfolio", "drift"],
      report.cash.map((line) => [
        line.currency,
        number(line.broker),
        number(line.booked),
        number(line.drift),
        number(line.tracker),
        number(line.trackerDrift)
      ]),
      new Set([1, 2, 3, 4, 5])
    )
  }
  for (const { bridge, booked, broker, currency } of report.cash) {
    if (bridge !== undefined) yield* bridgeTable(currency, bridge, booked, broker)
  }
  if (report.error === undefined) return
  const { exitCode, hint, message } = report.error
  yield `\nfailed (exit ${exitCode}): ${printable(message)}\n  → ${printable(hint)}\n`
}

/** Why positions differ, a line for each cause: what it is worth, by which rows, and what mends it. */
function* explanations({ positions }: RunReport): Generator<string> {
  for (const { explanation, symbol } of positions) {
    if (explanation === undefined) continue
    const { evidence, isWhole } = explanation
    yield `\n${printable(symbol)}: ${
      isWhole ? "explained" : evidence.length > 0 ? "explained in part" : "nothing explains the drift"
    }\n`
    for (const { cause, quantity, remedy, rows } of evidence) {
      const which = rows.length === 0 ? "" : ` (${rows.join(", ")})`
      yield `  ${number(quantity)} ${cause}${printable(which)} → ${printable(remedy)}\n`
    }
  }
}

/** How opening cash became what is booked, where that is not what the broker has. */
function* bridgeTable(currency: string, { opening, steps, unbooked }: CashBridge, booked: Decimal, broker: Decimal) {
  yield "\n"
  yield* table(
    [`cash ${currency}`, "booked", "broker", "difference"],
    [
      ["opening", number(opening), "", ""],
      ...steps.map((step) => [step.kind, number(step.booked), number(step.broker), number(step.difference)]),
      ["closing", number(booked), number(broker), number(Decimals.subtract(broker, booked))]
    ],
    new Set([1, 2, 3])
  )
  for (const { amount, externalId, kind, reason, section } of unbooked) {
    yield printable(
      `not booked: ${externalId ?? section} (${reason})${amount === undefined ? "" : ` ${kind} ${number(amount)}`}`
    ) + "\n"
  }
}

const number = (value: Decimal | undefined): string => value === undefined ? "" : Decimals.format(value)
