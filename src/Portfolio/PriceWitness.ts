import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import { minorUnits } from "./MinorUnit.ts"

/** What the broker and the tracker say that one unit was worth on one day. */
export interface PricePair {
  readonly broker: Decimal
  /** Of the broker's price. */
  readonly currency: string
  readonly tracker: Decimal
  /** As the tracker writes it: `GBp` is pence. */
  readonly trackerCurrency: string
  /** What one unit of each currency is worth in the account's base, where the broker says so. */
  readonly rates: ReadonlyMap<string, Decimal>
  /** Ratios of splits that the quotes of earlier days may be adjusted for. */
  readonly splits: ReadonlyArray<Decimal>
}

export type PriceVerdict =
  | { readonly _tag: "Agrees" }
  /** One of them is in pence, and does not say so. */
  | { readonly _tag: "Hundredfold" }
  /** The tracker quotes the line that trades in this currency. */
  | { readonly _tag: "OtherCurrency"; readonly currency: string }
  | { readonly _tag: "OtherListing" }

/** Closing prices of one day differ between sources and venues by little; lines differ by more. */
const tolerance = Decimals.of("0.1")
const near = Decimals.of("0.03")
const hundred = Decimals.of("100")

/** Whether both speak of the same line. Both are folded to the major unit first: London is quoted in pence, rightly. */
export const judgePrice = ({ broker, currency, rates, splits, tracker, trackerCurrency }: PricePair): PriceVerdict => {
  const [ours, theirs] = [folded(broker, currency), folded(tracker, trackerCurrency)]
  if (!Decimals.isPositive(ours) || !Decimals.isPositive(theirs)) return { _tag: "Agrees" }
  const ratio = Decimals.divide(ours, theirs)
  const is = (factor: Decimal, within: Decimal) =>
    isClose(ratio, factor, within) || isClose(ratio, Decimals.divide(Decimals.one, factor), within)
  if (isClose(ratio, Decimals.one, tolerance) || splits.some((split) => is(split, near))) return { _tag: "Agrees" }
  if (is(hundred, tolerance)) return { _tag: "Hundredfold" }
  const own = rates.get(currency)
  for (const [other, rate] of rates) {
    if (own === undefined || other === currency) continue
    // The other line's price in its own currency: ours × (own / rate).
    if (isClose(ratio, Decimals.divide(rate, own), near)) return { _tag: "OtherCurrency", currency: other }
  }
  return { _tag: "OtherListing" }
}

const folded = (price: Decimal, currency: string): Decimal =>
  minorUnits[currency] === undefined ? price : Decimals.divide(price, hundred)

const isClose = (ratio: Decimal, factor: Decimal, within: Decimal): boolean =>
  Decimals.isLessThan(Decimals.abs(Decimals.subtract(ratio, factor)), Decimals.multiply(factor, within))
