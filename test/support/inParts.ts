import { Effect } from "effect"
import type { BrokerReport } from "../../src/Broker.ts"
import { joinedParts } from "../../src/BrokerParts.ts"
import type { ScannedStatement } from "../../src/Ibkr/FlexStatement.ts"
import { statementParts } from "../../src/Ibkr/StatementParts.ts"
import type { ReportOptions } from "../../src/Ibkr/StatementReport.ts"
import type { SourceRow } from "../../src/Portfolio/Activity.ts"

export interface InParts {
  /** Moving rows of each part that became something. */
  readonly sizes: ReadonlyArray<number>
  readonly report: BrokerReport
}

/** What a statement becomes part by part, put together; `undefined` where it is one. */
export const mapInParts = Effect.fnUntraced(function*(
  scanned: ScannedStatement,
  held: ReadonlyArray<SourceRow>,
  options: ReportOptions,
  most: number
) {
  const parts = yield* statementParts(scanned, held, { most, report: () => options })
  if (parts === undefined) return undefined
  let whole: BrokerReport | undefined
  const sizes: Array<number> = []
  for (const part of parts) {
    const report = yield* part.report({ rows: part.kept ?? [], booked: new Set() })
    sizes.push(report.activities.length + report.skipped.length)
    whole = joinedParts(whole, report, () => true)
  }
  if (whole === undefined) throw new Error("a statement of no parts")
  const found: InParts = { sizes, report: whole }
  return found
})

/** Milliseconds order the rows of a second, of those that are mapped together. */
export const untimed = (report: BrokerReport): BrokerReport => ({
  ...report,
  activities: report.activities.map((activity) => ({ ...activity, millisecond: 0 }))
})

/** What a report tells beside its rows; of instruments those that something of it is about. */
export const toldBeside = (report: BrokerReport): ReadonlyArray<string> => {
  const { cash, commissions = [], complete, opening, positions } = report
  const named = new Set(
    [...report.activities, ...positions ?? [], ...opening?.positions ?? []].map(({ instrumentKey }) => instrumentKey)
  )
  return [
    ...positions ?? [],
    ...opening?.positions ?? [],
    ...report.instruments.values().filter(({ key }) => named.has(key)),
    ...[...report.shorts?.keys() ?? [], ...report.carriedOver, ...report.warnings].map((text) => ({ text })),
    ...report.statements,
    ...cash,
    ...commissions.map((each) => ({
      ...each,
      pieces: each.pieces.map(({ amounts, conversions }) => [[...amounts].sort(), [...conversions].sort()])
    })),
    { complete, hasPositions: positions !== undefined, openingDay: opening?.day, openingCash: opening?.cash }
  ].map((each) => JSON.stringify(each, (_, value: unknown) => value instanceof Map ? [...value] : value)).sort()
}
