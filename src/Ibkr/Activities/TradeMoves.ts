import * as Decimals from "../../Portfolio/Decimal.ts"
import type { PositionMove } from "./PositionMoves.ts"
import type { SecurityTrade } from "./SecurityTrades.ts"
import { timeOf } from "./TradeRows.ts"

/** A trade as a move of its position, with IBKR's mark of what it opens or closes. */
export const moveOfTrade = (source: SecurityTrade): PositionMove<SecurityTrade> => {
  const { date, key, row: { contentHash, externalId, trade } } = source
  return {
    source,
    instrumentKey: key,
    quantity: trade.quantity,
    ...(trade.openCloseIndicator === undefined ? {} : { mark: trade.openCloseIndicator }),
    date,
    at: at(source),
    externalId,
    contentHash,
    shortable: "part",
    isLeftOut: !source.isBooked
  }
}

/** By day and time. Within a second what opens stands before what closes; where nothing is told, purchases before sales. */
export const at = ({ date, row: { trade } }: SecurityTrade): string => {
  const rank = trade.openCloseIndicator === "O"
    ? 0
    : trade.openCloseIndicator === "C"
    ? 3
    : Decimals.isNegative(trade.quantity)
    ? 2
    : 1
  return `${date} ${timeOf(trade, date) ?? "12:00:00"} ${rank}`
}
