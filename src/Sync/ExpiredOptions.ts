import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { isPosted } from "../Portfolio/HeldAfter.ts"
import type { Instrument } from "../Portfolio/Instrument.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"

/**
 * Wealthfolio hides an option from the day after its last, whatever is held of it: where the broker still has it as of the
 * statement's day, its rows say how much that is.
 */
export const expiredOptions = Effect.fnUntraced(function*(
  report: BrokerReport,
  assetIds: ReadonlyMap<string, string>,
  shown: ReadonlyArray<{ readonly assetId: string }>,
  today: string
) {
  const there = new Set(shown.map(({ assetId }) => assetId))
  const hidden = new Map((report.positions ?? []).flatMap(({ instrumentKey, symbol }) => {
    const assetId = assetIds.get(instrumentKey)
    const isOver = lastDay(report.instruments.get(instrumentKey)) < today
    return assetId === undefined || there.has(assetId) || !isOver ? [] : [[assetId, symbol] as const]
  }))
  if (hidden.size === 0) return []
  const rows = yield* (yield* WealthfolioRepo).rows({
    mayBeRecent: true,
    keep: (row) => isPosted(row) && hidden.has(row.assetId ?? "")
  })
  return [...hidden].map(([assetId, symbol]) => ({
    assetId,
    symbol,
    quantity: Decimals.sum(rows.flatMap((row) => {
      if (row.assetId !== assetId || row.quantity === undefined) return []
      if (row.type === "BUY" || row.type === "TRANSFER_IN") return [row.quantity]
      return row.type === "SELL" || row.type === "TRANSFER_OUT" ? [Decimals.negate(row.quantity)] : []
    }))
  }))
})

/** Of an option, by its OCC symbol; other instruments have none. */
const lastDay = (instrument: Instrument | undefined): string =>
  instrument?.kind === "OPTION" ? expiryOf(instrument.ticker) : never

const never = "9999"

const expiryOf = (symbol: string): string => {
  const [, year, month, day] = /(\d\d)(\d\d)(\d\d)[CP]\d{8}$/.exec(symbol) ?? []
  return year === undefined ? never : `20${year}-${month}-${day}`
}

/** Whether a row is of an option that the tracker does not show any more. */
export const isOfExpired = ({ isContract = false, symbol = "" }: TrackerRow, today: string): boolean =>
  isContract && expiryOf(symbol) < today
