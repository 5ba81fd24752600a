import type { Activity, SkippedRow } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { shortSuffix } from "../../Portfolio/ShortPositions.ts"
import type { AssetClass } from "../Category.ts"
import type { Trade } from "../FlexReport.ts"
import { skip } from "./Booking.ts"
import { costRows, costsOf } from "./TradeCosts.ts"
import { describe, type IdentifiedTrade, proceedsOf, timeOf } from "./TradeRows.ts"

/** A trade of something that is held in units. */
export interface SecurityTrade {
  readonly row: IdentifiedTrade
  readonly key: string
  readonly assetClass: AssetClass
  readonly date: PlainDate
  /** False where it only moved the position: before the first day that is booked, or held back. */
  readonly isBooked: boolean
}

/** As the field codecs bound every figure, this bounds the product of quantity and price, and their quotient. */
const most = Decimals.of("1000000000000000")

/** Why the figures of a trade cannot be booked, or `undefined`. */
export const unreadableFigures = (trade: Trade): string | undefined => {
  if (Decimals.isZero(trade.quantity)) return "quantity is 0"
  if (trade.multiplier !== undefined && !Decimals.isPositive(trade.multiplier)) return "multiplier is not positive"
  const proceeds = proceedsOf(trade)
  const cash = Decimals.abs(proceeds)
  if (!Decimals.isLessThan(cash, most)) return "the cash is 10^15 or more"
  if (!Decimals.isLessThan(cash, Decimals.multiply(Decimals.abs(trade.quantity), most))) {
    return "the cash per share is 10^15 or more"
  }
  if (Decimals.isZero(proceeds) || Decimals.isNegative(proceeds) !== Decimals.isNegative(trade.quantity)) {
    return undefined
  }
  return trade.proceeds === undefined ? "tradePrice is negative" : "proceeds have the sign of the quantity"
}

interface Figures {
  readonly quantity: Decimal
  readonly unitPrice: Decimal
  /** Without costs. */
  readonly cash: Decimal
  /** False where the price is not the broker's. */
  readonly isBrokers: boolean
}

const hundred = Decimals.of("100")

/** Contracts that a tracker multiplies by itself are priced by unit of the underlying; bonds are quoted in percent. */
const scaleOf = (
  { multiplier }: { readonly multiplier?: Decimal },
  assetClass: AssetClass | undefined
): readonly [quoted: Decimal, tracked: Decimal] => {
  const units = multiplier ?? (assetClass === "option" ? hundred : Decimals.one)
  if (assetClass === "option") return [units, units]
  return assetClass === "bond" ? [Decimals.of("0.01"), Decimals.one] : [units, Decimals.one]
}

/** A price as quoted, as the tracker takes it. */
export const trackedPrice = (
  price: Decimal,
  of: { readonly multiplier?: Decimal },
  assetClass: AssetClass | undefined
): Decimal => {
  const [quoted, tracked] = scaleOf(of, assetClass)
  return Decimals.divide(Decimals.multiply(price, quoted), tracked)
}

/** All of the trade, or so much of it: then the cash is that of the price, and what is left is the rest's. */
const figuresOf = (trade: Trade, assetClass: AssetClass, short: Decimal): Figures => {
  const all = Decimals.abs(trade.quantity)
  const whole = Decimals.abs(proceedsOf(trade))
  const [quoted, tracked] = scaleOf(trade, assetClass)
  const isBrokers = Decimals.equals(Decimals.multiply(Decimals.multiply(all, trade.tradePrice), quoted), whole)
  const unitPrice = isBrokers && Decimals.equals(quoted, tracked)
    ? trade.tradePrice
    : Decimals.divide(whole, Decimals.multiply(all, tracked))
  const quantity = Decimals.subtract(all, short)
  const cash = Decimals.isZero(short) ? whole : Decimals.multiply(Decimals.multiply(quantity, unitPrice), tracked)
  return { quantity, unitPrice, cash, isBrokers }
}

/**
 * The trade itself, and its costs where they are not a fee in its own currency. What is short (absolute quantity) is a row
 * of its own where the tracker holds it as a position; else the net cash of it alone is booked.
 */
export const securityRows = ({ assetClass, date, key, row }: SecurityTrade, short: Decimal, isPosition: boolean): {
  readonly activities: ReadonlyArray<Activity>
  readonly skipped: ReadonlyArray<SkippedRow>
} => {
  const { trade } = row
  const [{ amount: own }, ...foreign] = costsOf(trade)
  const time = timeOf(trade, date)
  const shared: Shared = {
    date,
    millisecond: 0,
    currency: trade.currency,
    contentHash: row.contentHash,
    section: row.section,
    subject: row.subject,
    ...(time === undefined ? {} : { time })
  }
  const isWhole = Decimals.equals(short, Decimals.abs(trade.quantity))
  if (isWhole && !isPosition) {
    const net = Decimals.add(proceedsOf(trade), own)
    return {
      activities: [
        ...shortCash(row.externalId, shared, net, `short: ${describe(trade)}`),
        ...costRows(row, date, foreign, time)
      ],
      skipped: Decimals.isZero(net) ? [skip(row, "short", `moves no cash: ${describe(trade)}`)] : []
    }
  }
  const type = Decimals.isNegative(trade.quantity) ? "SELL" : "BUY"
  const subtype = { subtype: type === "SELL" ? "POSITION_OPEN" as const : "POSITION_CLOSE" as const }
  const order = trade.ibOrderID === undefined ? {} : { order: trade.ibOrderID }
  const { cash, isBrokers, quantity, unitPrice } = figuresOf(trade, assetClass, isWhole ? Decimals.zero : short)
  const cost = Decimals.negate(own)
  // A fee larger than the proceeds would turn the sale's cash around, which the tracker's types cannot say.
  const asFee = Decimals.isPositive(cost) && (type === "BUY" || !Decimals.isLessThan(cash, cost))
  const fee = asFee ? cost : undefined
  const note = isBrokers
    ? undefined
    : `price at the broker ${Decimals.format(trade.tradePrice)}; sent so that the cash is the broker's`
  const main: Activity = {
    ...shared,
    ...order,
    externalId: row.externalId,
    type,
    ...(isWhole ? subtype : {}),
    instrumentKey: key,
    quantity,
    unitPrice,
    amount: fee === undefined ? cash : type === "BUY" ? Decimals.add(cash, fee) : Decimals.subtract(cash, fee),
    ...(fee === undefined ? {} : { fee }),
    ...(note === undefined ? {} : { note })
  }
  const rest = Decimals.subtract(proceedsOf(trade), type === "BUY" ? Decimals.negate(cash) : cash)
  const activities: Array<Activity> = [main]
  if (isPosition && !isWhole) {
    activities.push({
      ...shared,
      ...order,
      externalId: row.externalId + shortSuffix,
      type,
      ...subtype,
      instrumentKey: key,
      quantity: short,
      unitPrice,
      amount: Decimals.abs(rest),
      ...(note === undefined ? {} : { note })
    })
  } else if (!isPosition && !Decimals.isZero(rest)) {
    const why = `short: ${Decimals.format(short)} of ${describe(trade)}`
    activities.push(...shortCash(row.externalId + shortSuffix, shared, rest, why))
  }
  if (!asFee) activities.push(...costRows(row, date, [{ currency: trade.currency, amount: own }, ...foreign], time))
  else if (foreign.length > 0) activities.push(...costRows(row, date, foreign, time))
  return { activities, skipped: [] }
}

/** What all rows of one trade have in common. */
type Shared = Pick<Activity, "date" | "time" | "millisecond" | "currency" | "contentHash" | "section" | "subject">

type CashRow = Omit<Activity, "externalId" | "type" | "amount">

const shortCash = (externalId: string, row: CashRow, net: Decimal, note: string): ReadonlyArray<Activity> =>
  Decimals.isZero(net) ? [] : [{
    ...row,
    externalId,
    type: Decimals.isNegative(net) ? "FEE" : "CREDIT",
    amount: Decimals.abs(net),
    note
  }]
