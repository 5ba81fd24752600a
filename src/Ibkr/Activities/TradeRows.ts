import { Schema } from "effect"
import type { PositionMove } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { Trade } from "../FlexReport.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import { type Booked, compare, contentHash, type RowIdentity, skip } from "./Booking.ts"

/** A `Trade` row. Of a class, as a year has tens of thousands: what can be reckoned from the row is no field of it. */
class TradeRow<Id extends string | undefined> implements RowIdentity {
  readonly trade: Trade
  readonly key: string | undefined
  readonly contentHash: string
  readonly subject: string
  readonly externalId: Id

  constructor(trade: Trade, key: string | undefined, contentHash: string, subject: string, externalId: Id) {
    this.trade = trade
    this.key = key
    this.contentHash = contentHash
    this.subject = subject
    this.externalId = externalId
  }

  get section(): string {
    return "Trades"
  }

  get date(): PlainDate | undefined {
    return dayOf(this.trade)
  }

  get position(): PositionMove | undefined {
    const { key, trade } = this
    return key === undefined || trade.assetCategory === "CASH"
      ? undefined
      : { instrumentKey: key, quantity: trade.quantity }
  }

  fields(): Readonly<Record<string, string>> {
    return encode(this.trade)
  }

  calledAs(id: string): IdentifiedTrade {
    return new TradeRow(this.trade, this.key, this.contentHash, this.subject, id)
  }
}

/** A `Trade` row under the id it is booked by. */
export type IdentifiedTrade = TradeRow<string>

const encode = Schema.encodeSync(Trade)

/** Over the fields that make the row what it is. */
export const tradeDigest = (trade: Trade): string =>
  contentHash([
    trade.tradeID,
    trade.transactionID,
    trade.origTradeID,
    trade.conid ?? trade.symbol,
    trade.currency,
    trade.quantity,
    trade.tradePrice,
    trade.proceeds,
    trade.ibCommission,
    trade.ibCommissionCurrency,
    trade.taxes,
    trade.tradeDate,
    trade.dateTime?.date,
    trade.dateTime?.time ?? trade.tradeTime,
    trade.reportDate,
    trade.transactionType
  ])

/** Gives each row its id; equal rows are one, rows without any id are skipped. Oldest first, whatever the order of the file. */
export const identify = (
  trades: ReadonlyArray<Trade>,
  index: InstrumentIndex,
  booked: Booked
): { readonly executions: ReadonlyArray<IdentifiedTrade>; readonly cancels: ReadonlyArray<IdentifiedTrade> } => {
  const executions: Array<IdentifiedTrade> = []
  const cancels: Array<IdentifiedTrade> = []
  const seen = new Set<string>()
  for (const trade of trades) {
    const digest = tradeDigest(trade)
    const key = index.keyOf(trade, trade.currency)
    const subject = subjectOf(trade, key)
    const takesBack = isCancel(trade)
    const externalId = takesBack ? cancelId(trade) : tradeId(trade)
    if (externalId === undefined) {
      booked.skipped.push(skip(new TradeRow(trade, key, digest, subject, undefined), "no-id", describe(trade)))
    } else if (!seen.has(digest)) {
      seen.add(digest)
      const into = takesBack ? cancels : executions
      into.push(new TradeRow(trade, key, digest, subject, externalId))
    }
  }
  return { executions: executions.sort(compareAge), cancels: cancels.sort(compareAge) }
}

/** A trade, what cancels it and what is booked in its place; fractional shares have no id, and are told by their figures. */
const subjectOf = (trade: Trade, key: string | undefined): string => {
  const named = isCancel(trade) ? cancelledId(trade) : trade.tradeID
  if (named !== undefined) return `trade|${named}`
  const figures = [trade.quantity, proceedsOf(trade)].map((figure) => Decimals.format(Decimals.abs(figure)))
  return ["trade", key ?? "", ...figures].join("|")
}

const tradeId = ({ tradeID, transactionID }: Trade): string | undefined => {
  if (tradeID !== undefined) return `ibkr:trade:${tradeID}`
  return transactionID === undefined ? undefined : `ibkr:trade-tx:${transactionID}`
}

/** Never the id of the trade it cancels, which templates print in `origTradeID` or in `tradeID`. */
const cancelId = ({ origTradeID, tradeID, transactionID }: Trade): string | undefined => {
  if (transactionID !== undefined) return `ibkr:trade-tx:${transactionID}`
  const named = tradeID ?? origTradeID
  return named === undefined ? undefined : `ibkr:trade:${named}:cancel`
}

/** `TradeCancel`, `BUY (Ca.)`, code `Ca`: the row negates an earlier one; what IBKR charged for that one stays. */
export const isCancel = (trade: Trade): boolean =>
  (trade.transactionType ?? "").endsWith("Cancel") || (trade.buySell ?? "").endsWith("(Ca.)")
  || (trade.notes ?? "").split(";").includes("Ca")

/** The trade a cancel names; fractional shares have none. */
const cancelledId = ({ origTradeID, tradeID }: Trade): string | undefined => origTradeID ?? tradeID

/** By the id it names, else by instrument. What it negates must be the same, and be older than the cancel. */
export const cancelsTrade = (cancel: IdentifiedTrade, row: IdentifiedTrade): boolean => {
  const named = cancelledId(cancel.trade)
  return Decimals.isZero(Decimals.add(cancel.trade.quantity, row.trade.quantity))
    && Decimals.isZero(Decimals.add(proceedsOf(cancel.trade), proceedsOf(row.trade)))
    && cancel.trade.currency === row.trade.currency
    // Of a conversion the symbol says what the other currency is.
    && (cancel.trade.assetCategory !== "CASH" || cancel.trade.symbol === row.trade.symbol)
    && (named === undefined
      ? row.trade.tradeID === undefined && cancel.key === row.key
      : named === row.trade.tradeID && sameSecurity(cancel.trade, row.trade))
    && !isOlder(cancel.trade, row.trade)
}

/** A cancel's venue is `--`: without conids it is not filed under the key of its trade. */
const sameSecurity = (a: Trade, b: Trade): boolean =>
  a.conid !== undefined && b.conid !== undefined ? a.conid === b.conid : a.symbol === b.symbol

/** True for the row that takes the place, and the id, of the one cancelled. */
export const isRebooking = (row: Trade, cancel: Trade): boolean => {
  const named = cancelledId(cancel)
  if (named === undefined || row.tradeID !== named || !sameSecurity(row, cancel)) return false
  return row.transactionID !== undefined && cancel.transactionID !== undefined
    ? isOlder(cancel, row)
    : row.reportDate !== undefined && cancel.reportDate !== undefined && row.reportDate >= cancel.reportDate
}

const isOlder = (a: Trade, b: Trade): boolean =>
  a.transactionID !== undefined && b.transactionID !== undefined && compareNumeric(a.transactionID, b.transactionID) < 0

/** By report date and transaction id; queries that have neither say nothing of age, but the order must stay. */
export const compareAge = (a: IdentifiedTrade, b: IdentifiedTrade): number =>
  compare(a.trade.reportDate ?? "", b.trade.reportDate ?? "")
  || compareNumeric(a.trade.transactionID ?? "", b.trade.transactionID ?? "")
  || compare(a.contentHash, b.contentHash)

const compareNumeric = (a: string, b: string): number => a.length - b.length || compare(a, b)

export const dayOf = (trade: Trade): PlainDate | undefined => trade.tradeDate ?? trade.dateTime?.date

export const describe = (trade: Trade): string =>
  `${Decimals.format(trade.quantity)} ${trade.symbol ?? trade.conid ?? "?"} at ${
    Decimals.format(trade.tradePrice)
  } ${trade.currency}`

/** Signed: a purchase is negative. A query without `proceeds` gets it from quantity, price and multiplier. */
export const proceedsOf = (trade: Trade): Decimal =>
  trade.proceeds
    ?? Decimals.negate(
      Decimals.multiply(Decimals.multiply(trade.quantity, trade.tradePrice), trade.multiplier ?? Decimals.one)
    )

/** Trades after the cut-off belong to the next trade date: they stand at its edge, in order. */
export const timeOf = (trade: Trade, date: PlainDate): string | undefined => {
  const moment = trade.dateTime
  if (moment?.time === undefined) return trade.tradeTime
  return moment.date === date ? moment.time : moment.date < date ? "00:00:00" : "23:59:59"
}
