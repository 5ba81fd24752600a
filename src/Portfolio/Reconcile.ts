import type { CashBridge } from "./CashBridge.ts"
import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import type { Position } from "./Instrument.ts"

/** What the tracker holds of one asset now. */
export interface AssetQuantity {
  readonly assetId: string
  readonly symbol: string
  readonly quantity: Decimal
}

/** A row of the tracker, as far as it moves positions or cash; quantities and amounts absolute. */
export interface TrackedMovement {
  readonly type: string
  readonly subtype?: string
  readonly assetId?: string
  /** Of an asset that the tracker multiplies quantity × price of, by what is not told here. */
  readonly isContract?: boolean
  readonly currency: string
  readonly quantity?: Decimal
  readonly unitPrice?: Decimal
  readonly amount?: Decimal
  readonly fee?: Decimal
}

export interface PositionDrift {
  readonly symbol: string
  /** Of the broker's lines; none where only the tracker holds it. */
  readonly instrumentKeys: ReadonlyArray<string>
  /** Absent where the broker's instrument is tied to none. */
  readonly assetId?: string
  readonly broker: Decimal
  readonly tracker: Decimal
  /** broker − tracker; what is below 1e-8 is zero. */
  readonly drift: Decimal
}

export interface CashDrift {
  readonly currency: string
  /** Closing cash by the broker's report. */
  readonly broker: Decimal
  /** Its opening cash plus what the booked rows move. */
  readonly booked: Decimal
  /** broker − booked: cash that no row explains. */
  readonly drift: Decimal
  /** Absent when the tracker was not asked, as is `trackerDrift`. */
  readonly tracker?: Decimal
  /** broker − tracker. */
  readonly trackerDrift?: Decimal
  /** Where there is a drift that no row explains: how opening cash became what is booked. */
  readonly bridge?: CashBridge
}

/** What is below 1e-8 is zero: holdings pass through 64-bit floats. */
export const settled = (drift: Decimal): Decimal =>
  Decimals.isLessThan(Decimals.abs(drift), Decimals.epsilon) ? Decimals.zero : drift

/**
 * Union of both sides by asset, as of the statement's day: `later`, what the tracker dates after it, oldest first, is
 * taken out of its holdings before they are compared. A broker position without an asset stands against nothing.
 */
export const reconcilePositions = (input: {
  readonly positions: ReadonlyArray<Position>
  /** Instrument key → asset id. */
  readonly assetIds: ReadonlyMap<string, string>
  readonly holdings: ReadonlyArray<AssetQuantity>
  readonly later: ReadonlyArray<TrackedMovement>
}): ReadonlyArray<PositionDrift> => {
  interface Sides {
    readonly symbol: string
    readonly instrumentKeys: ReadonlyArray<string>
    readonly assetId?: string
    readonly broker: Decimal
    readonly tracker: Decimal
  }
  const sides = new Map<string, Sides>()
  const held = new Map(input.holdings.map((holding) => [holding.assetId, holding.quantity]))
  const keysOf = new Map(
    [...Map.groupBy(input.assetIds, ([, assetId]) => assetId)].map(([id, ties]) => [id, ties.map(([key]) => key)])
  )
  const symbols = new Map(input.holdings.map((holding) => [holding.assetId, holding.symbol]))
  for (const movement of input.later.toReversed()) {
    if (movement.assetId === undefined) continue
    held.set(movement.assetId, undoQuantity(held.get(movement.assetId) ?? Decimals.zero, movement))
  }
  for (const position of input.positions) {
    const asset = input.assetIds.get(position.instrumentKey)
    const id = asset ?? `broker:${position.instrumentKey}`
    const known = sides.get(id)
    sides.set(id, {
      symbol: position.symbol,
      instrumentKeys: [...known?.instrumentKeys ?? [], position.instrumentKey],
      ...(asset === undefined ? {} : { assetId: asset }),
      broker: Decimals.add(known?.broker ?? Decimals.zero, position.quantity),
      tracker: asset === undefined ? Decimals.zero : held.get(asset) ?? Decimals.zero
    })
  }
  for (const [assetId, quantity] of held) {
    if (sides.has(assetId) || Decimals.isZero(settled(quantity))) continue
    sides.set(assetId, {
      symbol: symbols.get(assetId) ?? assetId,
      instrumentKeys: keysOf.get(assetId) ?? [],
      assetId,
      broker: Decimals.zero,
      tracker: quantity
    })
  }
  return [...sides.values()]
    .map((side) => ({ ...side, drift: settled(Decimals.subtract(side.broker, side.tracker)) }))
    .sort((a, b) => a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0)
}

/** Cash per currency of the broker's report. `moved` is the signed cash of the statement's booked rows per currency. */
export const reconcileCash = (input: {
  readonly balances: ReadonlyArray<{ readonly currency: string; readonly opening: Decimal; readonly closing: Decimal }>
  readonly moved: ReadonlyMap<string, Decimal>
  /** The tracker's cash per currency, where it was asked. */
  readonly tracker?: ReadonlyMap<string, Decimal>
  readonly later?: ReadonlyArray<TrackedMovement>
}): ReadonlyArray<CashDrift> => {
  const asOf = input.tracker === undefined ? undefined : new Map(input.tracker)
  for (const movement of input.later ?? []) {
    const now = asOf?.get(movement.currency) ?? Decimals.zero
    asOf?.set(movement.currency, Decimals.subtract(now, cashOf(movement)))
  }
  return input.balances.map(({ closing, currency, opening }) => {
    const booked = Decimals.add(opening, input.moved.get(currency) ?? Decimals.zero)
    const tracker = asOf === undefined ? undefined : asOf.get(currency) ?? Decimals.zero
    return {
      currency,
      broker: closing,
      booked,
      drift: settled(Decimals.subtract(closing, booked)),
      ...(tracker === undefined ? {} : { tracker, trackerDrift: settled(Decimals.subtract(closing, tracker)) })
    }
  })
}

const undoQuantity = (quantity: Decimal, movement: TrackedMovement): Decimal => {
  const moved = movement.quantity ?? Decimals.zero
  switch (movement.type) {
    case "BUY":
    case "TRANSFER_IN":
      return Decimals.subtract(quantity, moved)
    case "SELL":
    case "TRANSFER_OUT":
      return Decimals.add(quantity, moved)
    case "DIVIDEND":
      return movement.subtype === "DRIP" ? Decimals.subtract(quantity, moved) : quantity
    case "SPLIT":
      return movement.amount === undefined || Decimals.isZero(movement.amount)
        ? quantity
        : Decimals.divide(quantity, movement.amount)
    default:
      return quantity
  }
}

/** Signed cash of a tracker row, as Wealthfolio computes it (its holdings calculator): absolutes, directed by type. */
export const cashOf = (movement: TrackedMovement): Decimal => {
  const amount = movement.amount ?? Decimals.zero
  const fee = movement.fee ?? Decimals.zero
  const gross = movement.quantity !== undefined && movement.unitPrice !== undefined
    ? Decimals.multiply(movement.quantity, movement.unitPrice)
    : amount
  // Of a contract the amount, which is net, says what quantity × price does not.
  if (
    movement.isContract === true && movement.amount !== undefined &&
    (movement.type === "BUY" || movement.type === "SELL")
  ) {
    return movement.type === "BUY" ? Decimals.negate(amount) : amount
  }
  switch (movement.type) {
    case "BUY":
      return Decimals.negate(Decimals.add(gross, fee))
    case "SELL":
      return Decimals.subtract(gross, fee)
    case "DIVIDEND":
    case "INTEREST":
    case "CREDIT":
    case "DEPOSIT":
      return Decimals.subtract(amount, fee)
    case "WITHDRAWAL":
      return Decimals.negate(Decimals.add(amount, fee))
    case "FEE":
    case "TAX":
      return Decimals.negate(Decimals.isZero(fee) ? amount : fee)
    case "TRANSFER_IN":
      return movement.assetId === undefined ? Decimals.subtract(amount, fee) : Decimals.negate(fee)
    case "TRANSFER_OUT":
      return Decimals.negate(movement.assetId === undefined ? Decimals.add(amount, fee) : fee)
    default:
      return Decimals.zero
  }
}
