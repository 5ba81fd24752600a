import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import { cashOf, type TrackedMovement } from "./Reconcile.ts"

/** Only what is posted moves positions and cash; what is pending, a draft or void does not. */
export const isPosted = ({ status }: { readonly status: string }): boolean => status === "POSTED"

/**
 * What the tracker holds of each asset after these rows, oldest first, by its own rules: nothing below zero but what was
 * sold to open a short position. So it cannot be had backwards from what it holds later: of a sale of what it did not hold
 * nothing was taken away.
 */
export const quantitiesAfter = (
  rows: ReadonlyArray<TrackedMovement>,
  before: ReadonlyMap<string, Decimal> = new Map()
): ReadonlyMap<string, Decimal> => {
  const held = new Map(before)
  for (const row of rows) moveQuantity(held, row)
  return held
}

/** Changes what is held, by asset, as one more row does. */
export const moveQuantity = (held: Map<string, Decimal>, row: TrackedMovement): void => {
  if (row.assetId === undefined) return
  held.set(row.assetId, heldAfter(held.get(row.assetId) ?? Decimals.zero, row))
}

/** Changes cash, by currency, as one more row does. */
export const moveCash = (cash: Map<string, Decimal>, row: TrackedMovement): void => {
  cash.set(row.currency, Decimals.add(cash.get(row.currency) ?? Decimals.zero, cashOf(row)))
}

/** What a row makes of a quantity held. */
export const heldAfter = (
  held: Decimal,
  { amount, quantity = Decimals.zero, subtype, type }: Pick<TrackedMovement, "amount" | "quantity" | "subtype" | "type">
): Decimal => {
  switch (`${type}/${subtype ?? ""}`) {
    case "DIVIDEND/DRIP":
    case "INTEREST/STAKING_REWARD":
      return Decimals.add(held, quantity)
    case "ADJUSTMENT/OPTION_EXPIRY":
      return Decimals.isNegative(held) ? Decimals.negate(less(Decimals.negate(held), quantity)) : less(held, quantity)
    case "SELL/POSITION_OPEN":
      return Decimals.subtract(held, quantity)
  }
  switch (type) {
    case "BUY":
    case "TRANSFER_IN":
      return Decimals.add(held, quantity)
    case "SELL":
    case "TRANSFER_OUT":
      return less(held, quantity)
    case "SPLIT":
      return amount === undefined || !Decimals.isPositive(amount) ? held : Decimals.multiply(held, amount)
    default:
      return held
  }
}

const less = (held: Decimal, quantity: Decimal): Decimal => {
  if (Decimals.isNegative(held)) return held
  const left = Decimals.subtract(held, quantity)
  return Decimals.isNegative(left) ? Decimals.zero : left
}
