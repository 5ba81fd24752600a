import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import type { PlainDate } from "./PlainDate.ts"
import { settled } from "./Reconcile.ts"

/** Something that moved a position; signed. */
export interface PositionMove {
  readonly instrumentKey: string
  readonly quantity: Decimal
}

/**
 * Held before the first of these moves: what is held after them, less what they moved. Of every instrument of either side;
 * one that is not in `closing` is not held at the end.
 */
export const openingQuantities = (
  closing: ReadonlyMap<string, Decimal>,
  moves: Iterable<PositionMove>
): ReadonlyMap<string, Decimal> => {
  const opening = new Map(closing)
  for (const { instrumentKey, quantity } of moves) {
    opening.set(instrumentKey, Decimals.subtract(opening.get(instrumentKey) ?? Decimals.zero, quantity))
  }
  return opening
}

/** Where the price of an opening position is from; `first-price` is an estimate. */
export type OpeningPriceSource = "lots" | "prior-period" | "first-price"

export interface OpeningPosition {
  readonly instrumentKey: string
  readonly symbol: string
  /** Signed: below zero it was short. */
  readonly quantity: Decimal
  /** As the tracker takes it: of an option per unit of the underlying, of a bond in money per face value. */
  readonly price?: { readonly unitPrice: Decimal; readonly source: OpeningPriceSource }
  readonly currency?: string
}

/** What the account held as a day began, by the broker. */
export interface Opening {
  readonly day: PlainDate
  readonly positions: ReadonlyArray<OpeningPosition>
  /** Empty where the broker does not say. */
  readonly cash: ReadonlyArray<{ readonly currency: string; readonly amount: Decimal }>
}

/** What the tracker held as the day began: quantities by asset id, cash by currency, and what its assets are called. */
export interface HeldBefore {
  readonly quantities: ReadonlyMap<string, Decimal>
  readonly cash: ReadonlyMap<string, Decimal>
  readonly symbols: ReadonlyMap<string, string>
}

/** One instrument or currency as the day began, on both sides. */
export interface OpeningLine {
  readonly kind: "asset" | "cash"
  /** The instrument's key, or the asset's id where it is tied to none; or the currency. */
  readonly name: string
  /** What people see. */
  readonly symbol: string
  readonly broker: Decimal
  readonly tracker: Decimal
  /** What the tracker lacks, of what can be booked: no shorts. Below zero it has too much. What is below 1e-8 is zero. */
  readonly difference: Decimal
  /** Of an asset, where the broker knows it. */
  readonly position?: OpeningPosition
}

/** Assets of both sides, joined by asset id, and the broker's currencies. */
export const openingLines = (
  { cash, positions }: Opening,
  assetIds: ReadonlyMap<string, string>,
  held: HeldBefore
): ReadonlyArray<OpeningLine> => {
  const known = Map.groupBy(
    positions,
    ({ instrumentKey }) => assetIds.get(instrumentKey) ?? `broker:${instrumentKey}`
  )
  const ours = [...known].flatMap(([assetId, [first, ...rest]]): ReadonlyArray<OpeningLine> => {
    if (first === undefined) return []
    const broker = Decimals.sum([first, ...rest].map(({ quantity }) => quantity))
    return [{
      ...line("asset", first.instrumentKey, first.symbol, broker, held.quantities.get(assetId)),
      position: first
    }]
  })
  const others = [...held.quantities].flatMap(([assetId, quantity]) =>
    known.has(assetId)
      ? []
      : [line("asset", assetId, held.symbols.get(assetId) ?? assetId, Decimals.zero, quantity)]
  )
  return [
    ...[...ours, ...others].sort((a, b) => a.symbol < b.symbol ? -1 : Number(a.symbol > b.symbol)),
    ...cash.map(({ amount, currency }) => line("cash", currency, currency, amount, held.cash.get(currency)))
  ]
}

const line = (
  kind: OpeningLine["kind"],
  name: string,
  symbol: string,
  broker: Decimal,
  tracker: Decimal = Decimals.zero
): OpeningLine => {
  const isShort = kind === "asset" && Decimals.isNegative(broker)
  const holdable = isShort ? Decimals.isNegative(tracker) ? tracker : Decimals.zero : broker
  return { kind, name, symbol, broker, tracker, difference: settled(Decimals.subtract(holdable, tracker)) }
}
