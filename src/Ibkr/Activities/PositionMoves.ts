import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import { openingQuantities } from "../../Portfolio/Opening.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { shortBefore, shortPositions, type TrackedShorts } from "../../Portfolio/ShortPositions.ts"
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
  /** As of a move that may be booked as a short position, where the tracker holds such. */
  readonly shortable?: "part" | "whole"
  /** Where it is not booked. */
  readonly isLeftOut?: boolean
}

/** What the statement says of positions, as far as it bears on its moves. */
export interface PositionContext {
  /** Held at its end, by instrument; absent without that section. An instrument that is not in it is not held. */
  readonly closing?: ReadonlyMap<string, Decimal>
  /** Without that section: what the tracker held before it began, of what it held. */
  readonly held?: ReadonlyMap<string, Decimal>
  /** Whether something that the statement does not tell, or not readably, may have moved the instrument. */
  readonly isDoubtful?: (instrumentKey: string) => boolean
  /** Content hashes of rows of earlier statements: they moved positions before this one began. */
  readonly earlier: ReadonlySet<string>
  /** Of a tracker that holds short positions. */
  readonly tracked?: TrackedShorts
}

/**
 * What was held before the first move of the statement, by instrument: its closing position less everything that it
 * moves; where it does not say what is held, what the tracker held. `undefined` where neither is known. Doubtful where it
 * would have been short and is not any more, but what left it may be a row that is not there: shares that were bought are
 * not to be taken for what covers a short, unless the tracker has it.
 */
export const openingOf = (
  moves: ReadonlyArray<PositionMove>,
  { closing, earlier, held, isDoubtful = () => false, tracked }: PositionContext
): (instrumentKey: string) => Decimal | "doubtful" | undefined => {
  if (closing === undefined) return (key) => held?.get(key)
  const now = moves.filter(({ contentHash }) => !earlier.has(contentHash))
  const moved = openingQuantities(new Map(), now)
  return (key) => {
    const atEnd = closing.get(key) ?? Decimals.zero
    const opening = Decimals.add(atEnd, moved.get(key) ?? Decimals.zero)
    const isDoubted = Decimals.isNegative(opening) && !Decimals.isNegative(atEnd) && isDoubtful(key)
    return isDoubted ? tracked === undefined ? "doubtful" : shortBefore(moves, key, tracked) : opening
  }
}

/** By the source of a move. */
export interface Reckoned<Source> {
  /** How much of it is on the short side of zero, absolute; only what is not zero. */
  readonly shorts: ReadonlyMap<Source, Decimal>
  /** Of what any is, or may be, were it known what was held before. */
  readonly shortInstruments: ReadonlySet<string>
  /** Those whose short part is booked as a position; of the others its cash is. */
  readonly positions: ReadonlySet<Source>
  /** What was held of its instrument before it; only of instruments asked for, and only where it is known. */
  readonly heldBefore: ReadonlyMap<Source, Decimal>
}

/**
 * Follows each position through the moves of the statement. Rows of earlier ones are judged by their own marks alone.
 *
 * @param instruments the moves of one instrument each, made when it is its turn: a year has tens of thousands
 * @param followed the instruments of which it is to be told what was held
 */
export const reckon = <Source>(
  instruments: Iterable<ReadonlyArray<PositionMove<Source>>>,
  context: PositionContext,
  followed: ReadonlySet<string>
): Reckoned<Source> => {
  const shorts = new Map<Source, Decimal>()
  const heldBefore = new Map<Source, Decimal>()
  const shortInstruments = new Set<string>()
  const positions = new Set<Source>()
  const follow = (moves: ReadonlyArray<PositionMove<Source>>, reckoned: ReturnType<typeof openingOf>) => {
    const opening = (key: string): Decimal | undefined => {
      const found = reckoned(key)
      if (found !== "doubtful") return found
      shortInstruments.add(key)
      return undefined
    }
    let held: Decimal | undefined
    const parts = shortParts(moves, opening)
    const [first] = moves
    if (first !== undefined && context.tracked !== undefined) {
      const judged = moves.map((move, index) => ({ ...move, ...parts[index] ?? { short: Decimals.zero } }))
      for (const [index, isPosition] of shortPositions(judged, first.instrumentKey, context.tracked).entries()) {
        const move = moves[index]
        if (isPosition && move !== undefined) positions.add(move.source)
      }
    }
    for (const [position, { short }] of parts.entries()) {
      const move = moves[position]
      if (move === undefined) continue
      if (!Decimals.isZero(short)) {
        shorts.set(move.source, short)
        shortInstruments.add(move.instrumentKey)
      }
      if (!followed.has(move.instrumentKey)) continue
      const before = held ?? opening(move.instrumentKey)
      if (before === undefined) continue
      heldBefore.set(move.source, before)
      held = Decimals.add(before, move.quantity)
    }
  }
  for (const moves of instruments) {
    const ordered = moves.toSorted((a, b) => compare(a.at, b.at) || compare(a.externalId, b.externalId))
    const [earlier = [], now = []] = [true, false].map((is) =>
      ordered.filter(({ contentHash }) => context.earlier.has(contentHash) === is)
    )
    follow(now, openingOf(now, context))
    follow(earlier, () => undefined)
  }
  return { shorts, shortInstruments, positions, heldBefore }
}

/** A day says not when: what comes was there for the day's trades, what leaves was there until their end. */
export const edgeOfDay = (isArrival: boolean): string => isArrival ? "00:00:00" : "23:59:59"
