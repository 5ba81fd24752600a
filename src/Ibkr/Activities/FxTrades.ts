import type { Activity } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import type { Trade } from "../FlexReport.ts"
import { costRows, costsOf } from "./TradeCosts.ts"
import { type IdentifiedTrade, proceedsOf, timeOf } from "./TradeRows.ts"

const pair = /^([A-Z]{3})\.([A-Z]{3})$/

/** `EUR.USD` in USD: what is bought and sold, and what pays for it. Signed, as the account sees it. */
export const legsOf = (trade: Trade): ReadonlyArray<readonly [currency: string, amount: Decimal]> => {
  const [, bought = ""] = pair.exec(trade.symbol ?? "") ?? []
  return [[bought, trade.quantity], [trade.currency, proceedsOf(trade)]]
}

/** Why a conversion cannot be booked, or `undefined`. */
export const unreadablePair = ({ currency, symbol }: Trade): string | undefined => {
  const [, bought, paid] = pair.exec(symbol ?? "") ?? []
  if (bought === undefined || bought === paid) return "the symbol is no currency pair"
  return paid === currency ? undefined : `the pair is not priced in ${currency}`
}

/**
 * A conversion is two cash legs of one group: what leaves is booked under the trade's id, what comes beside it. Its
 * commission is a fee in the currency it is charged in, mostly the account's base.
 */
export const fxRows = (row: IdentifiedTrade, date: PlainDate): Array<Activity> => {
  const { trade } = row
  const time = timeOf(trade, date)
  const shared = {
    date,
    ...(time === undefined ? {} : { time }),
    millisecond: 0,
    contentHash: row.contentHash,
    section: row.section,
    ...(row.subject === undefined ? {} : { subject: row.subject })
  }
  const legs = legsOf(trade).filter(([, amount]) => !Decimals.isZero(amount)).toSorted(([, a]) =>
    Decimals.isNegative(a) ? -1 : 1
  )
  const note = `${trade.symbol} at ${Decimals.format(trade.tradePrice)}`
  return [
    ...legs.map(([currency, amount], position): Activity => ({
      ...shared,
      externalId: position === 0 ? row.externalId : `${row.externalId}:fx-in`,
      type: Decimals.isNegative(amount) ? "TRANSFER_OUT" : "TRANSFER_IN",
      currency,
      amount: Decimals.abs(amount),
      group: row.externalId,
      note
    })),
    ...costRows(row, date, costsOf(trade), time)
  ]
}
