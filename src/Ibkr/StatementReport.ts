import { Effect, Result } from "effect"
import { type BrokerReport, lastDayOf, type StatementInfo } from "../Broker.ts"
import type { SourceRow } from "../Portfolio/Activity.ts"
import type { Opening } from "../Portfolio/Opening.ts"
import { earliest, latest, type PlainDate } from "../Portfolio/PlainDate.ts"
import { type Bookings, bookings, type ReportRows } from "./Activities.ts"
import type { BookingOptions } from "./Activities/Booking.ts"
import { correctionRow } from "./Activities/CommissionCorrections.ts"
import { isConversion } from "./CashMovements.ts"
import { balancesOf, type CashReportRow, linesByCurrency } from "./CashReport.ts"
import { commissionEvidence } from "./CommissionEvidence.ts"
import { addSums, type CommissionSums, commissionSums } from "./CommissionSums.ts"
import { DecodedRows } from "./DecodedRows.ts"
import type { ScannedStatement } from "./FlexStatement.ts"
import type { Attributes } from "./FlexXml.ts"
import type { SymbolMap } from "./InstrumentName.ts"
import { byKind, decodeMoving, digestOf, identityOf } from "./MovingRow.ts"
import { checkQuery } from "./QueryCheck.ts"
import { RowGroups } from "./RowGroups.ts"
import { spooled } from "./Spool.ts"
import { distinctRows, statementCash } from "./StatementCash.ts"

export type ReportOptions = BookingOptions & {
  readonly symbolMap: SymbolMap
  /** As in the context of the mapping. */
  readonly explainCash?: boolean
  /** Optional sections of earlier statements. */
  readonly sectionsBefore?: ReadonlySet<string>
}

/** Second pass: the spooled rows, and those kept from earlier statements, become the report. */
export const statementReport = Effect.fnUntraced(function*(
  scanned: ScannedStatement,
  earlier: ReadonlyArray<SourceRow>,
  options: ReportOptions
) {
  const decoded = new DecodedRows()
  yield* spooled(scanned.spool, (row) => decoded.add(row))
  return assemble(scanned, decoded, earlier, options).report
})

/** What the other parts of a statement say of the positions of this one. */
export interface Elsewhere {
  /** Rows that move positions may be missing there. */
  readonly missing: MissingMoves
  /** Every part has the rows that tell of the statement as a whole: they are told of in the first. */
  readonly isFirst: boolean
  /** Where the statement has conversions: what the rows of the parts before this one say of commissions. */
  readonly sums?: {
    readonly before: ReadonlyArray<CommissionSums>
    /** With its own it has those of all rows. */
    readonly isLast: boolean
  }
}

/** As of a whole statement, of the rows of one part of it. */
export const partReport = Effect.fnUntraced(function*(
  scanned: ScannedStatement,
  spool: string,
  earlier: ReadonlyArray<SourceRow>,
  options: ReportOptions,
  elsewhere: Elsewhere
) {
  const decoded = new DecodedRows()
  yield* spooled(spool, (row) => decoded.add(row))
  return assemble(scanned, decoded, earlier, options, elsewhere)
})

/** Rows alone, without a statement. */
export const rowsReport = (rows: ReadonlyArray<SourceRow>, options: ReportOptions): BrokerReport =>
  assemble(
    { statements: [], sections: new Map(), spool: "", groups: new RowGroups() },
    new DecodedRows(),
    rows,
    options
  ).report

/** The rows with these content hashes, as they came; with them the row that explains their security. */
export const statementSources = Effect.fnUntraced(function*(scanned: ScannedStatement, hashes: ReadonlySet<string>) {
  const found = new Map<string, SourceRow>()
  const securities = new Map<string, SourceRow>()
  yield* spooled(scanned.spool, ({ fields, section }) => {
    const name = fields["conid"] ?? fields["symbol"]
    if (section === "SecuritiesInfo" && name !== undefined) securities.set(name, { section, fields })
    const digest = sourceDigest(section, fields)
    if (digest !== undefined && hashes.has(digest)) found.set(digest, { section, fields })
  })
  for (const [digest, row] of found) {
    const security = securities.get(row.fields["conid"] ?? row.fields["symbol"] ?? "")
    if (security !== undefined) found.set(digest, { ...row, context: [security] })
  }
  return found
})

const sourceDigest = (section: string, fields: Attributes): string | undefined => {
  const moving = decodeMoving(section, fields)
  return moving === undefined ? undefined : Result.getOrUndefined(Result.map(moving, digestOf))
}

/** Beside trades: what they have moves positions, and a query may lack them. */
const moveSections: ReadonlyArray<string> = ["CorporateActions", "Transfers"]

const assemble = (
  scanned: ScannedStatement,
  decoded: DecodedRows,
  kept: ReadonlyArray<SourceRow>,
  options: ReportOptions,
  elsewhere?: Elsewhere
): Pick<Bookings, "isAllDoubtful" | "isDoubtAsked"> & {
  readonly report: BrokerReport
  /** Of the rows of this part; only where they are asked for. */
  readonly sums?: ReadonlyArray<CommissionSums>
} => {
  const own = new Set(kept.length === 0 ? [] : decoded.moving.map(digestOf))
  const earlier = new DecodedRows()
  const knownAs = new Map<string, Set<string>>()
  for (const source of kept) {
    for (const row of [...source.context ?? [], source]) {
      earlier.add({ statement: -1, section: row.section, fields: row.fields })
    }
    const digest = source.externalId === undefined ? undefined : sourceDigest(source.section, source.fields)
    if (digest === undefined || source.externalId === undefined) continue
    knownAs.set(digest, (knownAs.get(digest) ?? new Set()).add(source.externalId))
  }
  // A kept row that the statement has again may look otherwise in it, in another template.
  const present = new Set(kept.length === 0 ? [] : decoded.moving.map(identityOf))
  const moving = [...earlier.moving.filter((row) => !present.has(identityOf(row))), ...decoded.moving]
  const securities = [...earlier.securities, ...decoded.securities]
  const { positions } = decoded
  const last = lastDay(scanned.statements)
  const closing = closingRows(scanned, decoded)
  const unreadablePosition = hasUnreadable(decoded, "OpenPositions")
  const booked = bookings({
    ...byKind(moving),
    ...untilOf(scanned.statements),
    missingMoves: missingMoves(scanned, decoded, elsewhere?.missing),
    securities,
    positions: positions.map(({ row }) => row),
    earlier: new Set(earlier.moving.map(digestOf).filter((digest) => !own.has(digest))),
    ...(closing === undefined ? {} : {
      closingPositions: closing.map(({ row }) => row),
      lots: decoded.lots.filter(({ statement }) => last.has(statement)).map(({ row }) => row),
      priorPositions: decoded.priorPositions
    })
  }, { ...options, knownAs })
  const verdict = checkQuery(scanned.sections, options.sectionsBefore)
  const lines = linesByCurrency(decoded.cashReport, decoded.moving, scanned.baseCurrency)
  const cash = balancesOf(lines, scanned.statements)
  const opening = verdict.findings.length > 0 || hasUnreadable(decoded, "Trades")
    ? undefined
    : openingOf(scanned.statements, booked.opening, cash, options.startDate)
  const { sums, ...told } = cashByKind(scanned, decoded, {
    lines,
    balances: cash,
    ...booked,
    startDate: options.startDate,
    isAsked: options.explainCash === true,
    elsewhere
  })
  const report: BrokerReport = {
    statements: scanned.statements,
    activities: earlier.corrections.length === 0
      ? booked.activities
      : [...booked.activities, ...earlier.corrections.map(correctionRow)],
    skipped: [...earlier.skipped, ...ofPart(decoded.skipped, elsewhere), ...booked.skipped],
    instruments: booked.instruments,
    ...(booked.positions === undefined ? {} : { positions: booked.positions }),
    rates: new Map(
      positions.flatMap(({ row: { currency, fxRateToBase } }) =>
        currency === undefined || fxRateToBase === undefined ? [] : [[currency, fxRateToBase] as const]
      )
    ),
    ...(opening === undefined ? {} : { opening }),
    ...(booked.shorts.size === 0 ? {} : { shorts: booked.shorts }),
    cash,
    ...told,
    carriedOver: new Set([
      ...earlier.corrections.map(({ externalId }) => externalId),
      ...(kept.length === 0
        ? []
        : booked.activities.flatMap(({ contentHash, externalId }) => own.has(contentHash) ? [] : [externalId]))
    ]),
    warnings: [
      ...verdict.findings,
      ...verdict.costs,
      ...(unreadablePosition ? ["an open position cannot be read: positions are not compared"] : [])
    ],
    complete: verdict.findings.length === 0
  }
  return {
    report,
    ...(sums === undefined ? {} : { sums }),
    isAllDoubtful: booked.isAllDoubtful,
    isDoubtAsked: booked.isDoubtAsked
  }
}

const ofPart = (skipped: BrokerReport["skipped"], elsewhere: Elsewhere | undefined): BrokerReport["skipped"] =>
  elsewhere === undefined || elsewhere.isFirst ? skipped : skipped.filter(({ section }) => section !== "CashReport")

const hasUnreadable = ({ skipped }: DecodedRows, section: string): boolean =>
  skipped.some((row) => row.section === section)

/** What is held at the end. Nothing where a row cannot be read: it would show as drift of all that the tracker holds. */
export const closingRows = (scanned: ScannedStatement, decoded: DecodedRows) => {
  if (!scanned.sections.has("OpenPositions") || hasUnreadable(decoded, "OpenPositions")) return undefined
  const last = lastDay(scanned.statements)
  return decoded.positions.filter(({ statement }) => last.has(statement))
}

export type MissingMoves = NonNullable<ReportRows["missingMoves"]>

/** Whether rows that move positions may be missing. */
export const missingMoves = (
  scanned: Pick<ScannedStatement, "sections">,
  decoded: DecodedRows,
  elsewhere: MissingMoves = { trades: false, others: false }
): MissingMoves => ({
  trades: elsewhere.trades || hasUnreadable(decoded, "Trades"),
  others: elsewhere.others || moveSections.some((name) => !scanned.sections.has(name) || hasUnreadable(decoded, name))
})

/** As the statement began; or as the first day that is booked did, of which the cash is not told. */
const openingOf = (
  statements: ReadonlyArray<StatementInfo>,
  positions: Opening["positions"] | undefined,
  cash: BrokerReport["cash"],
  startDate: PlainDate | undefined
): Opening | undefined => {
  const [first, ...rest] = statements
  if (first === undefined || positions === undefined) return undefined
  const from = rest.map(({ fromDate }) => fromDate).reduce(earliest, first.fromDate)
  const to = rest.map(({ toDate }) => toDate).reduce(latest, first.toDate)
  const isLater = startDate !== undefined && startDate > from
  if (isLater && startDate > to) return undefined
  return {
    day: isLater ? startDate : from,
    positions,
    cash: isLater ? [] : cash.map(({ currency, opening }) => ({ currency, amount: opening }))
  }
}

/** The last day of the statements. */
export const untilOf = (statements: ReadonlyArray<StatementInfo>) => {
  const until = lastDayOf(statements)
  return until === undefined ? {} : { until }
}

/** What the rows move by kind: most nights there was no conversion, and nobody asks. */
const cashByKind = (
  scanned: ScannedStatement,
  decoded: DecodedRows,
  found: {
    readonly lines: ReadonlyArray<CashReportRow>
    readonly balances: BrokerReport["cash"]
    readonly activities: BrokerReport["activities"]
    readonly skipped: BrokerReport["skipped"]
    readonly startDate: PlainDate | undefined
    readonly isAsked: boolean
    readonly elsewhere: Elsewhere | undefined
  }
): Pick<BrokerReport, "statementCash" | "commissions"> & { readonly sums?: ReadonlyArray<CommissionSums> } => {
  const { elsewhere, isAsked } = found
  const ofPart = elsewhere?.sums
  const isJudged = elsewhere === undefined
    ? decoded.moving.some((moving) => moving.section === "Trades" && isConversion(moving.row))
    : ofPart !== undefined
  if (!isJudged && !isAsked) return {}
  const rows = distinctRows(decoded.moving, found.skipped)
  const hashes = new Set(decoded.moving.map(digestOf))
  const activities = found.activities.filter(({ contentHash }) => hashes.has(contentHash))
  const skipped = [
    ...decoded.skipped,
    ...found.skipped.filter(({ contentHash = "" }) => hashes.has(contentHash))
  ]
  const cash = isAsked || elsewhere === undefined ? { statementCash: statementCash(rows, activities, skipped) } : {}
  if (!isJudged) return cash
  const sums = commissionSums([...rows.values()], activities, scanned.statements)
  if (ofPart?.isLast === false) return { ...cash, sums }
  const commissions = commissionEvidence(ofPart === undefined ? sums : addSums(sums, ofPart.before), {
    statements: scanned.statements,
    cashReport: found.lines,
    funds: decoded.forexCommissions,
    ...(found.startDate === undefined ? {} : { startDate: found.startDate })
  })
  return { ...cash, commissions, sums }
}

/** Statements of the last day of the report: one per segment of the account, the latest made of each. */
const lastDay = (statements: ReadonlyArray<StatementInfo>): ReadonlySet<number> => {
  const last = lastDayOf(statements)
  const latest = new Map<string, number>()
  for (const [index, { accountId, toDate, whenGenerated = "" }] of statements.entries()) {
    const other = latest.get(accountId)
    const before = other === undefined ? undefined : statements[other]?.whenGenerated ?? ""
    if (toDate === last && (before === undefined || before <= whenGenerated)) latest.set(accountId, index)
  }
  return new Set(latest.values())
}
