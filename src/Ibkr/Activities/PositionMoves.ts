import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import { openingQuantities } from "../../Portfolio/Opening.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { type Move, shortParts } from "../../Portfolio/Shorts.ts"
import { compare } from "./Booking.ts"

/** Something of the report that moved a position, whatever its section: signed, in the units of its day. */
export interface PositionMove<Source = unknown> extends Move {
  readonly source: Source
  readonly date: PlainDate
  /** Day, time and rank within the second: moves happened in this order, and in that of `externalId`. */
  readonly at: string
  readonly externalId: string
  readonly contentHash: string
}

/** What the statement says of positions, as far as it bears on its moves. */
export interface PositionContext {
  /** Held at its end, by instrument; absent without that section. An instrument that is not in it is not held. */
  readonly closing?: ReadonlyMap<string, Decimal>
  /** Content hashes of rows of earlier statements: they moved positions before this one began. */
  readonly earlier: ReadonlySet<string>
}

/**
 * What was held before the first move of the statement, by instrument: its closing position less everything that it
 * moves. `undefined` for all where it does not say what is held.
 */
export const openingOf = (
  moves: ReadonlyArray<PositionMove>,
  { closing, earlier }: PositionContext
): (instrumentKey: string) => Decimal | undefined => {
  if (closing === undefined) return () => undefined
  const opening = openingQuantities(closing, moves.filter(({ contentHash }) => !earlier.has(contentHash)))
  return (key) => opening.get(key) ?? Decimals.zero
}

export interface Reckoned {
  /** How much of the move is on the short side of zero, absolute. */
  readonly short: Decimal
  /** What was held of its instrument before it; absent where nobody knows. */
  readonly heldBefore?: Decimal
}

/** Follows each position through the moves of the statement. Rows of earlier ones are judged by their own marks alone. */
export const reckon = <Source>(
  moves: ReadonlyArray<PositionMove<Source>>,
  context: PositionContext
): ReadonlyMap<Source, Reckoned> => {
  const opening = openingOf(moves, context)
  const isEarlier = ({ contentHash }: PositionMove) => context.earlier.has(contentHash)
  return new Map([
    ...follow(moves.filter((move) => !isEarlier(move)), opening),
    ...follow(moves.filter(isEarlier), () => undefined)
  ])
}

const follow = <Source>(
  moves: ReadonlyArray<PositionMove<Source>>,
  opening: (instrumentKey: string) => Decimal | undefined
): ReadonlyArray<readonly [Source, Reckoned]> => {
  const ordered = moves.toSorted((a, b) => compare(a.at, b.at) || compare(a.externalId, b.externalId))
  const shorts = shortParts(ordered, opening)
  const held = new Map<string, Decimal>()
  return ordered.map(({ instrumentKey, quantity, source }, position) => {
    const short = shorts[position] ?? Decimals.zero
    const heldBefore = held.get(instrumentKey) ?? opening(instrumentKey)
    if (heldBefore === undefined) return [source, { short }]
    held.set(instrumentKey, Decimals.add(heldBefore, quantity))
    return [source, { short, heldBefore }]
  })
}

/** A day says not when: what comes was there for the day's trades, what leaves was there until their end. */
export const edgeOfDay = (isArrival: boolean): string => isArrival ? "00:00:00" : "23:59:59"
