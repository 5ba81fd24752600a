import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import { heldAfter } from "./HeldAfter.ts"
import type { PlainDate } from "./PlainDate.ts"
import { settled } from "./Reconcile.ts"
import type { ShortPart } from "./Shorts.ts"

/** A row of a tracker that holds short positions. */
export interface TrackedRow {
  readonly date: PlainDate
  /** Of ours alone: what it is called. */
  readonly externalId?: string
  readonly type: string
  readonly subtype?: string
  readonly quantity?: Decimal
  readonly amount?: Decimal
}

/** What such a tracker has of the instruments that are short somewhere in a statement. */
export interface TrackedShorts {
  /** By instrument key, oldest first; an instrument that is not in it cannot be held short. */
  readonly rows: ReadonlyMap<string, ReadonlyArray<TrackedRow>>
  /** All that we wrote, of any kind, by external id. */
  readonly ours: ReadonlyMap<string, TrackedRow>
  /** No statement that came earlier reaches further. */
  readonly isNewest: boolean
}

/** A move of one instrument, and how much of it is short. */
export interface JudgedMove extends ShortPart {
  readonly externalId: string
  readonly date: PlainDate
  /** Signed. */
  readonly quantity: Decimal
  /** How much of it can be booked as a short position: any part, as of a trade; all or nothing; absent: nothing. */
  readonly shortable?: "part" | "whole"
  /** It moved the broker's position, and is not booked: before the first day that is, or held back. */
  readonly isLeftOut?: boolean
}

/** What is booked of the short part of a trade carries its id and this. */
export const shortSuffix = ":short"

/**
 * Which moves are booked as short positions, and not as their cash alone. A short position that was opened as cash, because
 * the tracker could hold none then, is cash until it is closed: its cover would become a holding. So a sale opens one only
 * where the tracker holds just what the broker says, and a purchase covers only what the tracker is short. What is there
 * already stays as it is.
 *
 * One that is still open as an older statement ends stays cash too: what covers it came with a later one, and is booked.
 *
 * @param moves of one instrument, in the order in which they happened
 */
export const shortPositions = (
  moves: ReadonlyArray<JudgedMove>,
  instrumentKey: string,
  tracked: TrackedShorts
): ReadonlyArray<boolean> => {
  const rows = tracked.rows.get(instrumentKey)
  if (rows === undefined) return moves.map(() => false)
  const found = follow(moves, rows, tracked.ours, moves.length)
  const last = found.at(-1)
  if (tracked.isNewest || last === undefined || !Decimals.isNegative(last.after)) {
    return found.map(({ isPosition }) => isPosition)
  }
  const opened = found.findLastIndex(({ after }) => !Decimals.isNegative(after)) + 1
  return follow(moves, rows, tracked.ours, opened).map(({ isPosition }) => isPosition)
}

/** What the tracker held short before these moves, negative: it says so by rows that were booked when it was opened. */
export const shortBefore = (
  moves: ReadonlyArray<Pick<JudgedMove, "externalId" | "date">>,
  instrumentKey: string,
  tracked: TrackedShorts
): Decimal | undefined => {
  const [first] = moves
  const ids = idsOf(moves)
  const held = (tracked.rows.get(instrumentKey) ?? [])
    .filter(({ date, externalId }) => first !== undefined && date <= first.date && !ids.has(externalId))
    .reduce(heldAfter, Decimals.zero)
  return Decimals.isNegative(held) ? held : undefined
}

const idsOf = (moves: ReadonlyArray<Pick<JudgedMove, "externalId">>): ReadonlySet<string | undefined> =>
  new Set(moves.flatMap(({ externalId }) => [externalId, externalId + shortSuffix]))

interface Followed {
  readonly isPosition: boolean
  /** What the tracker holds after it. */
  readonly after: Decimal
}

/** @param until the move from which on nothing new is booked as a position */
const follow = (
  moves: ReadonlyArray<JudgedMove>,
  rows: ReadonlyArray<TrackedRow>,
  ours: TrackedShorts["ours"],
  until: number
): ReadonlyArray<Followed> => {
  const ids = idsOf(moves)
  const others = rows.filter(({ externalId }) => !ids.has(externalId))
  let next = 0
  let held = Decimals.zero
  return moves.map((move, index) => {
    for (let row = others[next]; row !== undefined && row.date <= move.date; row = others[++next]) {
      held = heldAfter(held, row)
    }
    const there = [move.externalId, move.externalId + shortSuffix].flatMap((id) => ours.get(id) ?? [])
    if (there.length > 0) {
      const before = held
      held = there.reduce(heldAfter, before)
      return { isPosition: there.some((row) => isOfShort(row, before)), after: held }
    }
    if (move.isLeftOut === true) return { isPosition: false, after: held }
    const isPosition = index < until && opensOrCovers(move, held)
    held = isPosition
      ? Decimals.add(held, move.quantity)
      : Decimals.isNegative(move.quantity)
      ? heldAfter(held, { type: "SELL", quantity: long(move) })
      : Decimals.add(held, long(move))
    return { isPosition, after: held }
  })
}

const isOfShort = ({ subtype, type }: TrackedRow, held: Decimal): boolean =>
  (type === "SELL" && subtype === "POSITION_OPEN") || (type === "BUY" && subtype === "POSITION_CLOSE")
  || (type === "SPLIT" && Decimals.isNegative(held))

const long = ({ quantity, short }: JudgedMove): Decimal => Decimals.subtract(Decimals.abs(quantity), short)

const opensOrCovers = (move: JudgedMove, tracker: Decimal): boolean => {
  const { heldBefore, quantity, short, shortable } = move
  if (Decimals.isZero(short) || shortable === undefined) return false
  if (shortable === "whole" && !Decimals.isZero(long(move))) return false
  if (!Decimals.isNegative(quantity)) return !Decimals.isLessThan(Decimals.negate(tracker), short)
  // Where only its mark tells that it opens, the tracker must not hold any of it.
  return heldBefore === undefined
    ? !Decimals.isPositive(tracker)
    : Decimals.isZero(settled(Decimals.subtract(heldBefore, tracker)))
}
