import { Effect, FileSystem, Result, Stream } from "effect"
import type { BrokerReport, StatementInfo } from "../Broker.ts"
import type { SkippedRow, SourceRow } from "../Portfolio/Activity.ts"
import { bookings } from "./Activities.ts"
import { type BookingOptions, contentHash, skip } from "./Activities/Booking.ts"
import { cashDigest } from "./Activities/Cash.ts"
import { tradeDigest } from "./Activities/TradeRows.ts"
import { cashBalances, type CashReportRow } from "./CashReport.ts"
import {
  type CashTransaction,
  decodeCashReport,
  decodeCashTransaction,
  decodeOpenPosition,
  decodeSecurityInfo,
  decodeTrade,
  type OpenPosition,
  type SecurityInfo,
  type Trade,
  type Unreadable
} from "./FlexReport.ts"
import type { ScannedStatement, SpooledRow } from "./FlexStatement.ts"
import type { Attributes } from "./FlexXml.ts"
import type { SymbolMap } from "./Instruments.ts"
import { checkQuery } from "./QueryCheck.ts"
import { SpoolError } from "./StatementError.ts"

export type ReportOptions = BookingOptions & { readonly symbolMap: SymbolMap }

/** Rows decoded, in the order read; what cannot be read is told by section, row and field. */
class Decoded {
  readonly trades: Array<Trade> = []
  readonly cash: Array<CashTransaction> = []
  readonly securities: Array<SecurityInfo> = []
  readonly positions: Array<{ readonly statement: number; readonly row: OpenPosition }> = []
  readonly cashReport: Array<CashReportRow> = []
  readonly skipped: Array<SkippedRow> = []
  readonly #counts = new Map<string, number>()

  add(statement: number, section: string, fields: Attributes): void {
    const number = (this.#counts.get(section) ?? 0) + 1
    this.#counts.set(section, number)
    const take = <A>(decoded: Result.Result<A, Unreadable>, into: (row: A) => void) => {
      if (Result.isSuccess(decoded)) into(decoded.success)
      else this.skipped.push(unreadable(section, number, fields, decoded.failure))
    }
    switch (section) {
      case "Trades":
        return take(decodeTrade(fields), (row) => this.trades.push(row))
      case "CashTransactions":
        return take(decodeCashTransaction(fields), (row) => this.cash.push(row))
      case "SecuritiesInfo":
        return take(decodeSecurityInfo(fields), (row) => this.securities.push(row))
      case "OpenPositions":
        return take(decodeOpenPosition(fields), (row) => this.positions.push({ statement, row }))
      case "CashReport":
        return take(decodeCashReport(fields), (row) => this.cashReport.push({ statement, row }))
    }
  }
}

const unreadable = (section: string, row: number, fields: Attributes, cause: Unreadable): SkippedRow => {
  const id = section === "Trades" && fields["tradeID"] !== undefined
    ? `ibkr:trade:${fields["tradeID"]}`
    : section === "Trades" && fields["transactionID"] !== undefined
    ? `ibkr:trade-tx:${fields["transactionID"]}`
    : section === "CashTransactions" && fields["transactionID"] !== undefined
    ? `ibkr:cash:${fields["transactionID"]}`
    : undefined
  const identity = {
    section,
    ...(id === undefined ? {} : { externalId: id }),
    contentHash: contentHash(Object.entries(fields).sort().flat()),
    fields: () => fields
  }
  const value = fields[cause.field]
  return skip(
    identity,
    "unreadable",
    `row ${row}, ${cause.field}: ${value === undefined ? "missing" : `"${value}"`} (${cause.message})`
  )
}

/** Second pass: the spooled rows, and those held by earlier runs, become the report. */
export const statementReport = Effect.fnUntraced(function*(
  scanned: ScannedStatement,
  held: ReadonlyArray<SourceRow>,
  options: ReportOptions
) {
  const decoded = new Decoded()
  yield* spooled(scanned.spool, ([statement, section, fields]) => decoded.add(statement, section, fields))
  return assemble(scanned, decoded, held, options)
})

/** The rows with these content hashes, as they came; with them the row that explains their security. */
export const statementSources = Effect.fnUntraced(function*(scanned: ScannedStatement, hashes: ReadonlySet<string>) {
  const found = new Map<string, SourceRow>()
  const securities = new Map<string, SourceRow>()
  yield* spooled(scanned.spool, ([, section, fields]) => {
    const name = fields["conid"] ?? fields["symbol"]
    if (section === "SecuritiesInfo" && name !== undefined) securities.set(name, { section, fields })
    const digest = digestOf(section, fields)
    if (digest !== undefined && hashes.has(digest)) found.set(digest, { section, fields })
  })
  for (const [digest, row] of found) {
    const security = securities.get(row.fields["conid"] ?? row.fields["symbol"] ?? "")
    if (security !== undefined) found.set(digest, { ...row, context: [security] })
  }
  return found
})

const digestOf = (section: string, fields: Attributes): string | undefined => {
  if (section === "Trades") return Result.getOrUndefined(Result.map(decodeTrade(fields), tradeDigest))
  if (section === "CashTransactions") {
    return Result.getOrUndefined(Result.map(decodeCashTransaction(fields), cashDigest))
  }
  return undefined
}

/** Attributes that say the same in many rows: one copy of each text is kept, not one a row. */
const repeating = [
  "accountId",
  "currency",
  "assetCategory",
  "subCategory",
  "symbol",
  "description",
  "conid",
  "isin",
  "securityID",
  "securityIDType",
  "listingExchange",
  "exchange",
  "tradeDate",
  "reportDate",
  "ibCommissionCurrency",
  "transactionType",
  "type"
]

const sharing = () => {
  const texts = new Map<string, string>()
  return (fields: Record<string, string>): Attributes => {
    for (const name of repeating) {
      const text = fields[name]
      if (text === undefined) continue
      const known = texts.get(text)
      if (known === undefined) texts.set(text, text)
      else fields[name] = known
    }
    return fields
  }
}

const spooled = Effect.fnUntraced(function*(spool: string, each: (row: SpooledRow) => void) {
  const fileSystem = yield* FileSystem.FileSystem
  const share = sharing()
  yield* fileSystem.stream(spool).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEachArray((lines) =>
      Effect.sync(() => {
        // Written by the first pass, in this very shape.
        for (const line of lines) {
          const [statement, section, fields] = JSON.parse(line)
          each([statement, section, share(fields)])
        }
      })
    ),
    Effect.catchTag(
      "PlatformError",
      (error) => Effect.fail(new SpoolError({ path: spool, reason: error.message }))
    )
  )
})

const assemble = (
  scanned: ScannedStatement,
  decoded: Decoded,
  held: ReadonlyArray<SourceRow>,
  options: ReportOptions
): BrokerReport => {
  const moved = [...decoded.trades, ...decoded.cash]
  const own = new Set(held.length === 0 ? [] : [...decoded.trades.map(tradeDigest), ...decoded.cash.map(cashDigest)])
  const earlier = new Decoded()
  for (const source of held) {
    for (const row of source.context ?? []) earlier.add(-1, row.section, row.fields)
    earlier.add(-1, source.section, source.fields)
  }
  // A held row that the statement has again may look otherwise in it: another template, a correction.
  const trades = [...notAgain(earlier.trades, decoded.trades, tradeId), ...decoded.trades]
  const cash = [...notAgain(earlier.cash, decoded.cash, (row) => row.transactionID), ...decoded.cash]
  const securities = [...earlier.securities, ...decoded.securities]
  const { positions } = decoded
  const closing = lastDay(scanned.statements)
  const booked = bookings({
    trades,
    cash,
    securities,
    positions: positions.map(({ row }) => row),
    ...(scanned.sections.has("OpenPositions")
      ? { closingPositions: positions.filter(({ statement }) => closing.has(statement)).map(({ row }) => row) }
      : {})
  }, options)
  const verdict = checkQuery(scanned.sections)
  // Without its quantity a position would show as drift of all that the tracker holds.
  const unreadablePosition = decoded.skipped.some(({ section }) => section === "OpenPositions")
  return {
    statements: scanned.statements,
    activities: booked.activities,
    skipped: [...earlier.skipped, ...decoded.skipped, ...booked.skipped],
    instruments: booked.instruments,
    ...(booked.positions === undefined || unreadablePosition ? {} : { positions: booked.positions }),
    cash: cashBalances(decoded.cashReport, scanned.statements, moved, scanned.baseCurrency),
    carriedOver: new Set(
      held.length === 0
        ? []
        : booked.activities.flatMap(({ contentHash, externalId }) => own.has(contentHash) ? [] : [externalId])
    ),
    warnings: [
      ...verdict.findings,
      ...verdict.costs,
      ...(unreadablePosition ? ["an open position cannot be read: positions are not compared"] : [])
    ],
    complete: verdict.findings.length === 0
  }
}

const tradeId = (row: Trade) => row.tradeID ?? row.transactionID

const notAgain = <A>(
  earlier: ReadonlyArray<A>,
  now: ReadonlyArray<A>,
  id: (row: A) => string | undefined
): ReadonlyArray<A> => {
  const present = new Set(now.map(id))
  return earlier.filter((row) => !present.has(id(row)))
}

/** Statements of the last day of the report: one per segment of the account, the latest made of each. */
const lastDay = (statements: ReadonlyArray<StatementInfo>): ReadonlySet<number> => {
  const last = statements.map((statement) => statement.toDate).sort().at(-1)
  const latest = new Map<string, number>()
  for (const [index, { accountId, toDate, whenGenerated = "" }] of statements.entries()) {
    const other = latest.get(accountId)
    const before = other === undefined ? undefined : statements[other]?.whenGenerated ?? ""
    if (toDate === last && (before === undefined || before <= whenGenerated)) latest.set(accountId, index)
  }
  return new Set(latest.values())
}
