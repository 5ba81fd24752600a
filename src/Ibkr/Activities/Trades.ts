import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import { assetClass } from "../Category.ts"
import type { Trade } from "../FlexReport.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import {
  type Booked,
  type BookingOptions,
  compare,
  contextOf,
  hold,
  instrumentHold,
  noneBooked,
  ownIds,
  skip,
  skipPair
} from "./Booking.ts"
import { fxRows, unreadablePair } from "./FxTrades.ts"
import { type SecurityTrade, unreadableFigures } from "./SecurityTrades.ts"
import { costRow, keptCosts } from "./TradeCosts.ts"
import { cancelsTrade, dayOf, describe, type IdentifiedTrade, identify, isRebooking, proceedsOf } from "./TradeRows.ts"

/** Trades of securities wait to be told how much of each is short. */
export interface TradesBooked extends Booked {
  readonly securities: Array<SecurityTrade>
  /** By content hash: `openCloseIndicator` where the broker gives it, and which rows take an earlier one back. */
  readonly marks: ReadonlyMap<string, string>
}

/** The mark of a row that takes an earlier one back. */
export const cancelled = "cancelled"

/** Every `Trade` row becomes activities, a trade of a security or a skip entry; none disappears. */
export const bookTrades = (
  trades: ReadonlyArray<Trade>,
  index: InstrumentIndex,
  options: BookingOptions
): TradesBooked => {
  const marks = new Map<string, string>()
  const booked: TradesBooked = { ...noneBooked(), securities: [], marks }
  const { cancels: allCancels, executions } = identify(trades, index, booked)
  const cancels = new Set(allCancels)
  for (const { contentHash, trade: { openCloseIndicator } } of executions) {
    if (openCloseIndicator !== undefined) marks.set(contentHash, openCloseIndicator)
  }
  for (const { contentHash } of allCancels) marks.set(contentHash, cancelled)
  for (const [id, group] of Map.groupBy(executions, (row) => row.externalId)) {
    const [only] = group
    if (only !== undefined && group.length === 1 && options.knownAs?.has(only.contentHash) !== true) {
      bookLine(group, cancels, index, options, booked)
      continue
    }
    const lines = [...Map.groupBy(group, (row) => row.key ?? "").values()]
    // The same id on another instrument is another row: it keeps its place whatever the order of the file.
    lines.sort((a, b) => compareRows(a[0], b[0]))
    const hashes = lines.map((line) => line.map(({ contentHash }) => contentHash))
    const ids = ownIds(id, hashes, options.knownAs)
    lines.forEach((line, position) => {
      const called = ids[position] ?? id
      const renamed = line.map((row) => row.externalId === called ? row : row.calledAs(called))
      bookLine(renamed, cancels, index, options, booked)
    })
  }
  for (const cancel of cancels) {
    const rebooked = options.booked.has(cancel.externalId)
      ? undefined
      : executions.find((row) =>
        isRebooking(row.trade, cancel.trade) && assetClass(categoryOf(row, index) ?? "") !== undefined
      )
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
  booked: TradesBooked
) => {
  const standing = cancels.size === 0 ? line : line.filter((row) => {
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
  booked: TradesBooked
) => {
  const category = categoryOf(row, index)
  if (category === undefined || assetClass(category) === undefined) {
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
  for (const cost of kept) {
    const suffix = kept.length === 1 ? "cancel-fee" : `cancel-fee-${cost.currency}`
    const note = `commission of the cancelled trade ${row.externalId}`
    booked.activities.push(...costRow(row, `${row.externalId}:${suffix}`, day, cost, note))
  }
}

const skipUnbookable = (row: IdentifiedTrade, category: string | undefined, booked: Booked) => {
  booked.skipped.push(
    category === undefined
      ? skip(row, "unreadable", `assetCategory is missing: ${describe(row.trade)}`)
      : skip(row, "unsupported-asset-category", `${category} ${describe(row.trade)}`)
  )
}

const bookTrade = (row: IdentifiedTrade, index: InstrumentIndex, options: BookingOptions, booked: TradesBooked) => {
  const { trade } = row
  const category = categoryOf(row, index)
  const date = dayOf(trade)
  const found = category === undefined ? undefined : assetClass(category)
  const bad = unreadableFigures(trade) ?? (found === "currency" ? unreadablePair(trade) : undefined)
  if (found === undefined) {
    skipUnbookable(row, category, booked)
  } else if (bad !== undefined || date === undefined) {
    booked.skipped.push(skip(row, "unreadable", `${bad ?? "tradeDate is missing"}: ${describe(trade)}`))
  } else if (options.startDate !== undefined && date < options.startDate) {
    booked.skipped.push(skip(row, "before-start-date", `${date} ${describe(trade)}`))
    if (row.key !== undefined && found !== "currency") {
      booked.securities.push({ row, key: row.key, assetClass: found, date, isBooked: false })
    }
  } else if (found === "currency") {
    booked.activities.push(...fxRows(row, date))
  } else if (row.key === undefined || index.match(row.key) === undefined) {
    booked.skipped.push(hold(row, "unknown-instrument", describe(trade)))
  } else {
    const held = instrumentHold(index, row.key)
    booked.securities.push({ row, key: row.key, assetClass: found, date, isBooked: held === undefined })
    if (held !== undefined) booked.skipped.push(hold(row, held.reason, held.detail, contextOf(row.key, index)))
  }
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
