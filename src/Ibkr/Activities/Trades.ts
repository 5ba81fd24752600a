import type { Activity } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import type { Trade } from "../FlexReport.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import {
  type Booked,
  type BookingOptions,
  compare,
  contextOf,
  hold,
  instrumentHold,
  isBookable,
  noneBooked,
  ownIds,
  skip,
  skipPair
} from "./Booking.ts"
import { cancelsTrade, dayOf, describe, type IdentifiedTrade, identify, isRebooking, proceedsOf } from "./TradeRows.ts"

const section = "Trades"

/** Every `Trade` row becomes activities or a skip entry; none disappears. */
export const bookTrades = (trades: ReadonlyArray<Trade>, index: InstrumentIndex, options: BookingOptions): Booked => {
  const booked = noneBooked()
  const { cancels: allCancels, executions } = identify(trades, index, booked)
  const cancels = new Set(allCancels)
  for (const [id, group] of Map.groupBy(executions, (row) => row.externalId)) {
    const lines = [...Map.groupBy(group, (row) => row.key ?? "").values()]
    // The same id on another instrument is another row: it keeps its place whatever the order of the file.
    lines.sort((a, b) => compareRows(a[0], b[0]))
    const hashes = lines.map((line) => line.map(({ contentHash }) => contentHash))
    const ids = ownIds(id, hashes, options.knownAs)
    lines.forEach((line, position) => {
      const renamed = line.map((row) => ({ ...row, externalId: ids[position] ?? id }))
      bookLine(renamed, cancels, index, options, booked)
    })
  }
  for (const cancel of cancels) {
    const rebooked = options.booked.has(cancel.externalId)
      ? undefined
      : executions.find((row) => isRebooking(row.trade, cancel.trade) && isBookable(categoryOf(row, index) ?? ""))
    // A cancel whose trade is not in this statement undoes it by the opposite trade.
    if (rebooked === undefined) bookTrade(cancel, index, options, booked)
    else {
      booked.skipped.push({
        ...skip(cancel, "cancelled", `rebooked as ${rebooked.externalId}`),
        takesBack: rebooked.externalId
      })
    }
  }
  return booked
}

/** Rows of one id and instrument, oldest first: cancelled ones go out with their cancel, of the rest the latest counts. */
const bookLine = (
  line: ReadonlyArray<IdentifiedTrade>,
  cancels: Set<IdentifiedTrade>,
  index: InstrumentIndex,
  options: BookingOptions,
  booked: Booked
) => {
  const standing = line.filter((row) => {
    const cancel = [...cancels].find((cancel) => !options.booked.has(cancel.externalId) && cancelsTrade(cancel, row))
    if (cancel === undefined) return true
    cancels.delete(cancel)
    takeOut(row, cancel, index, options, booked)
    return false
  })
  const latest = standing.at(-1)
  for (const row of standing) {
    if (row !== latest) {
      booked.skipped.push(skip(row, "superseded", `rebooked by transaction ${latest?.trade.transactionID ?? "?"}`))
    }
  }
  if (latest !== undefined) bookTrade(latest, index, options, booked)
}

/** Both rows go; the commission that IBKR kept is booked, so that the cash is what the rows sum to. */
const takeOut = (
  row: IdentifiedTrade,
  cancel: IdentifiedTrade,
  index: InstrumentIndex,
  options: BookingOptions,
  booked: Booked
) => {
  const category = categoryOf(row, index)
  if (category === undefined || !isBookable(category)) {
    for (const each of [row, cancel]) skipUnbookable(each, category, booked)
    return
  }
  const kept = keptCosts(row.trade, cancel.trade)
  const day = dayOf(cancel.trade) ?? dayOf(row.trade)
  if (day === undefined && kept.length > 0) {
    // Both out would lose the commission: it has no day to be booked on.
    for (const each of [row, cancel]) bookTrade(each, index, options, booked)
    return
  }
  booked.skipped.push(...skipPair("cancelled", row, cancel))
  if (day === undefined || (options.startDate !== undefined && day < options.startDate)) return
  for (const [currency, amount] of kept) {
    const suffix = kept.length === 1 ? "cancel-fee" : `cancel-fee-${currency}`
    const note = `commission of the cancelled trade ${row.externalId}`
    booked.activities.push(...costRow(row, `${row.externalId}:${suffix}`, day, currency, amount, note))
  }
}

/** What stays of the costs of a trade and its cancel, by currency. */
const keptCosts = (row: Trade, cancel: Trade): ReadonlyArray<readonly [currency: string, amount: Decimal]> => {
  const sums = new Map<string, Decimal>()
  for (const { amount, currency } of [...costsOf(row), ...costsOf(cancel)]) {
    sums.set(currency, Decimals.add(sums.get(currency) ?? Decimals.zero, amount))
  }
  return [...sums].filter(([, amount]) => !Decimals.isZero(amount))
}

const skipUnbookable = (row: IdentifiedTrade, category: string | undefined, booked: Booked) => {
  booked.skipped.push(
    category === undefined
      ? skip(row, "unreadable", `assetCategory is missing: ${describe(row.trade)}`)
      : skip(row, "unsupported-asset-category", `${category} ${describe(row.trade)}`)
  )
}

const bookTrade = (row: IdentifiedTrade, index: InstrumentIndex, options: BookingOptions, booked: Booked) => {
  const { trade } = row
  const category = categoryOf(row, index)
  const date = dayOf(trade)
  const bad = unreadable(trade)
  if (category === undefined || !isBookable(category)) {
    skipUnbookable(row, category, booked)
  } else if (bad !== undefined || date === undefined) {
    booked.skipped.push(skip(row, "unreadable", `${bad ?? "tradeDate is missing"}: ${describe(trade)}`))
  } else if (options.startDate !== undefined && date < options.startDate) {
    booked.skipped.push(skip(row, "before-start-date", `${date} ${describe(trade)}`))
  } else if (row.key === undefined || index.match(row.key) === undefined) {
    booked.skipped.push(hold(row, "unknown-instrument", describe(trade)))
  } else {
    const held = instrumentHold(index, row.key)
    if (held === undefined) booked.activities.push(...tradeRows(row, row.key, date))
    else booked.skipped.push(hold(row, held.reason, held.detail, contextOf(row.key, index)))
  }
}

/** As the field codecs bound every figure, this bounds the product of quantity and price, and their quotient. */
const most = Decimals.of("1000000000000000")

const unreadable = (trade: Trade): string | undefined => {
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

/** The trade itself, and its costs where they are not a fee in its own currency. */
const tradeRows = (row: IdentifiedTrade, key: string, date: PlainDate): Array<Activity> => {
  const { trade } = row
  const type = Decimals.isNegative(trade.quantity) ? "SELL" : "BUY"
  const quantity = Decimals.abs(trade.quantity)
  const cash = Decimals.abs(proceedsOf(trade))
  const multiplier = trade.multiplier ?? Decimals.one
  const toTheDigit = Decimals.equals(Decimals.multiply(Decimals.multiply(quantity, trade.tradePrice), multiplier), cash)
  const unitPrice = toTheDigit && Decimals.equals(multiplier, Decimals.one)
    ? trade.tradePrice
    : Decimals.divide(cash, quantity)
  const own = Decimals.sum(costsOf(trade).filter((cost) => cost.currency === trade.currency).map((cost) => cost.amount))
  const cost = Decimals.negate(own)
  // A fee larger than the proceeds would turn the sale's cash around, which the tracker's types cannot say.
  const asFee = Decimals.isPositive(cost) && (type === "BUY" || !Decimals.isLessThan(cash, cost))
  const fee = asFee ? cost : undefined
  const note = toTheDigit
    ? undefined
    : `price at the broker ${Decimals.format(trade.tradePrice)}; sent so that the cash is the broker's`
  const time = timeOf(trade, date)
  const activity: Activity = {
    externalId: row.externalId,
    type,
    date,
    ...(time === undefined ? {} : { time }),
    millisecond: 0,
    instrumentKey: key,
    ...(trade.ibOrderID === undefined ? {} : { order: trade.ibOrderID }),
    currency: trade.currency,
    quantity,
    unitPrice,
    amount: fee === undefined ? cash : type === "BUY" ? Decimals.add(cash, fee) : Decimals.subtract(cash, fee),
    ...(fee === undefined ? {} : { fee }),
    ...(note === undefined ? {} : { note }),
    contentHash: row.contentHash,
    section,
    ...(row.subject === undefined ? {} : { subject: row.subject })
  }
  const foreign = costsOf(trade).filter((each) => each.currency !== trade.currency)
  const apart = asFee || Decimals.isZero(own) ? [] : [{ currency: trade.currency, amount: own }]
  return [
    activity,
    ...[...apart, ...foreign].flatMap((each, position) =>
      costRow(
        row,
        position === 0 ? `${row.externalId}:fee` : `${row.externalId}:fee-${each.currency}`,
        date,
        each.currency,
        each.amount,
        `commission of ${row.externalId}`,
        time
      )
    )
  ]
}

/** A commission as a row of its own: a cost is a FEE, a rebate a CREDIT. `amount` is signed as IBKR prints it. */
const costRow = (
  row: IdentifiedTrade,
  externalId: string,
  date: PlainDate,
  currency: string,
  amount: Decimal,
  note: string,
  time?: string
): Array<Activity> =>
  Decimals.isZero(amount) ? [] : [{
    externalId,
    type: Decimals.isNegative(amount) ? "FEE" : "CREDIT",
    ...(Decimals.isNegative(amount) ? {} : { subtype: "REFUND" as const }),
    date,
    ...(time === undefined ? {} : { time }),
    millisecond: 0,
    currency,
    amount: Decimals.abs(amount),
    note,
    contentHash: row.contentHash,
    section,
    ...(row.subject === undefined ? {} : { subject: row.subject })
  }]

/** Commission and taxes, signed as IBKR prints them: negative costs, positive is a rebate. */
const costsOf = (trade: Trade): ReadonlyArray<{ readonly currency: string; readonly amount: Decimal }> => {
  const commission = trade.ibCommission ?? Decimals.zero
  const taxes = trade.taxes ?? Decimals.zero
  const commissionCurrency = trade.ibCommissionCurrency ?? trade.currency
  return commissionCurrency === trade.currency
    ? [{ currency: trade.currency, amount: Decimals.add(commission, taxes) }]
    : [{ currency: trade.currency, amount: taxes }, { currency: commissionCurrency, amount: commission }]
}

/** Trades after the cut-off belong to the next trade date: they stand at its edge, in order. */
const timeOf = (trade: Trade, date: PlainDate): string | undefined => {
  const moment = trade.dateTime
  if (moment?.time === undefined) return trade.tradeTime
  return moment.date === date ? moment.time : moment.date < date ? "00:00:00" : "23:59:59"
}

const categoryOf = (row: IdentifiedTrade, index: InstrumentIndex): string | undefined =>
  row.trade.assetCategory ?? (row.key === undefined ? undefined : index.categoryOf(row.key))

const compareRows = (a: IdentifiedTrade | undefined, b: IdentifiedTrade | undefined): number => {
  if (a === undefined || b === undefined) return 0
  const type = (row: IdentifiedTrade) => Decimals.isNegative(row.trade.quantity) ? "SELL" : "BUY"
  return compare(type(a), type(b))
    || compareDecimal(Decimals.abs(proceedsOf(a.trade)), Decimals.abs(proceedsOf(b.trade)))
    || compare(a.key ?? "", b.key ?? "")
}

const compareDecimal = (a: Decimal, b: Decimal): number =>
  Decimals.isLessThan(a, b) ? -1 : Decimals.isLessThan(b, a) ? 1 : 0
