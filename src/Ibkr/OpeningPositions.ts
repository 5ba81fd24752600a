import * as Decimals from "../Portfolio/Decimal.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"
import { type OpeningPosition, openingQuantities, type PositionMove } from "../Portfolio/Opening.ts"
import { compare } from "./Activities/Booking.ts"
import { type SecurityTrade, trackedPrice } from "./Activities/SecurityTrades.ts"
import { at } from "./Activities/TradeMoves.ts"
import { assetClass, isSecurity } from "./Category.ts"
import type { OpenPosition, PositionLot, PriorPeriodPosition } from "./FlexReport.ts"
import type { InstrumentIndex } from "./Instruments.ts"

/** What tells of the positions before the statement's first row. */
export interface OpeningRows {
  /** Held at the end, by instrument. */
  readonly closing: ReadonlyMap<string, Decimal>
  readonly trades: ReadonlyArray<SecurityTrade>
  /** Corporate actions, transfers: signed. */
  readonly otherMoves: ReadonlyArray<PositionMove>
  readonly closingPositions?: ReadonlyArray<OpenPosition>
  readonly lots?: ReadonlyArray<PositionLot>
  readonly priorPositions?: ReadonlyArray<PriorPeriodPosition>
}

type Price = NonNullable<OpeningPosition["price"]>

/**
 * Of every security that the statement knows: held when it began, zeros too, and what it is worth: what was paid for the
 * lots that are still there, else the broker's price of the day before, else the first price that the statement has.
 */
export const openingPositions = (rows: OpeningRows, index: InstrumentIndex): ReadonlyArray<OpeningPosition> => {
  const ofKey = <Row extends PositionLot | PriorPeriodPosition | OpenPosition>(all: ReadonlyArray<Row> = []) =>
    Map.groupBy(all, (row) => index.keyOf(row, row.currency) ?? "?")
  const lots = ofKey(rows.lots)
  const prior = ofKey(rows.priorPositions)
  const marks = ofKey(rows.closingPositions)
  const trades = Map.groupBy(rows.trades, ({ key }) => key)
  // A split divides the price of a lot, and what was moved in brings lots of its own: neither tells of the opening.
  const otherwiseMoved = new Set(rows.otherMoves.map(({ instrumentKey }) => instrumentKey))
  const traded = rows.trades.map(({ key, row }) => ({ instrumentKey: key, quantity: row.trade.quantity }))
  const quantities = openingQuantities(rows.closing, [...traded, ...rows.otherMoves])
  return [...quantities].flatMap(([key, quantity]): ReadonlyArray<OpeningPosition> => {
    const category = index.categoryOf(key) ?? "STK"
    if (!isSecurity(category)) return []
    const match = index.match(key)
    const [mark] = marks.get(key) ?? []
    // One of 0, as templates print where there is none, is no multiplier.
    const multiplier = [mark, trades.get(key)?.[0]?.row.trade].map((row) => row?.multiplier)
      .find((units) => units !== undefined && Decimals.isPositive(units))
    const price = (otherwiseMoved.has(key) ? undefined : lotPrice(lots.get(key)))
      ?? priorPrice(prior.get(key))
      ?? firstPrice(trades.get(key), mark)
    const currency = match?._tag === "Known" ? match.instrument.currency : undefined
    return [{
      instrumentKey: key,
      symbol: index.symbolOf(key),
      quantity,
      ...(currency === undefined ? {} : { currency }),
      ...(price === undefined ? {} : {
        price: {
          ...price,
          unitPrice: trackedPrice(
            price.unitPrice,
            multiplier === undefined ? {} : { multiplier },
            assetClass(category)
          )
        }
      })
    }]
  })
}

/** The average over the lots: the tracker takes one price. */
const lotPrice = (lots: ReadonlyArray<PositionLot> = []): Price | undefined => {
  const paid = lots.flatMap(({ costBasisPrice, openPrice, position }) => {
    const price = costBasisPrice ?? openPrice
    return price === undefined || !Decimals.isPositive(position) ? [] : [{ position, price }]
  })
  if (paid.length === 0) return undefined
  const cost = Decimals.sum(paid.map(({ position, price }) => Decimals.multiply(position, price)))
  return { unitPrice: Decimals.divide(cost, Decimals.sum(paid.map(({ position }) => position))), source: "lots" }
}

/** The oldest: what IBKR had before the first day. */
const priorPrice = (rows: ReadonlyArray<PriorPeriodPosition> = []): Price | undefined => {
  const [oldest] = rows.toSorted((a, b) => compare(a.date ?? "", b.date ?? ""))
  return oldest === undefined ? undefined : { unitPrice: oldest.price, source: "prior-period" }
}

/** An expiry or an exercise is a trade at 0: that is no price. */
const firstPrice = (trades: ReadonlyArray<SecurityTrade> = [], mark: OpenPosition | undefined): Price | undefined => {
  let oldest: { readonly at: string; readonly trade: SecurityTrade } | undefined
  for (const trade of trades) {
    if (!Decimals.isPositive(trade.row.trade.tradePrice)) continue
    const when = at(trade)
    const order = oldest === undefined
      ? -1
      : compare(when, oldest.at) || compare(trade.row.externalId, oldest.trade.row.externalId)
    if (order < 0) oldest = { at: when, trade }
  }
  const unitPrice = oldest?.trade.row.trade.tradePrice ?? mark?.markPrice
  return unitPrice === undefined || !Decimals.isPositive(unitPrice) ? undefined : { unitPrice, source: "first-price" }
}
