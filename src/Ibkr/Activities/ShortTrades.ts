import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import { shortParts } from "../../Portfolio/Shorts.ts"
import { compare } from "./Booking.ts"
import type { SecurityTrade } from "./SecurityTrades.ts"
import { timeOf } from "./TradeRows.ts"

/** What the statement says of positions, as far as it bears on shorts. */
export interface PositionContext {
  /** Held at its end, by instrument; absent without that section. An instrument that is not in it is not held. */
  readonly closing?: ReadonlyMap<string, Decimal>
  /** Content hashes of rows of earlier statements: they moved positions before this one began. */
  readonly earlier: ReadonlySet<string>
}

/** How much of each trade is short (absolute), reckoned from what is held before the statement's first. */
export const shortsOf = (
  trades: ReadonlyArray<SecurityTrade>,
  { closing, earlier }: PositionContext
): ReadonlyMap<SecurityTrade, Decimal> => {
  const now = trades.filter(({ row }) => !earlier.has(row.contentHash))
  const moved = new Map<string, Decimal>()
  for (const { key, row } of now) {
    moved.set(key, Decimals.add(moved.get(key) ?? Decimals.zero, row.trade.quantity))
  }
  const opening = closing === undefined
    ? () => undefined
    : (key: string) => Decimals.subtract(closing.get(key) ?? Decimals.zero, moved.get(key) ?? Decimals.zero)
  return new Map([
    ...parts(now, opening),
    ...parts(trades.filter(({ row }) => earlier.has(row.contentHash)), () => undefined)
  ])
}

const parts = (trades: ReadonlyArray<SecurityTrade>, opening: (key: string) => Decimal | undefined) => {
  const ordered = trades.map((trade) => ({ trade, at: at(trade) })).sort((a, b) =>
    compare(a.at, b.at) || compare(a.trade.row.externalId, b.trade.row.externalId)
  )
  const moves = ordered.map(({ trade: { key, row: { trade } } }) => ({
    instrumentKey: key,
    quantity: trade.quantity,
    ...(trade.openCloseIndicator === undefined ? {} : { mark: trade.openCloseIndicator })
  }))
  return shortParts(moves, opening).map((part, position) => [ordered[position]?.trade, part] as const)
    .flatMap(([trade, part]) => trade === undefined ? [] : [[trade, part] as const])
}

/** Within a second what opens stands before what closes; where nothing is told, purchases before sales. */
const at = ({ date, row: { trade } }: SecurityTrade): string => {
  const rank = trade.openCloseIndicator === "O"
    ? 0
    : trade.openCloseIndicator === "C"
    ? 3
    : isSale(trade.quantity)
    ? 2
    : 1
  return `${date} ${timeOf(trade, date) ?? "12:00:00"} ${rank}`
}

const isSale = (quantity: Decimal): boolean => Decimals.isNegative(quantity)
