import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"

/** Something that moves a position. */
export interface Move {
  readonly instrumentKey: string
  /** Signed. */
  readonly quantity: Decimal
  /** What the broker says of it: `O` opens, `C` closes. */
  readonly mark?: string
}

/** What a move is by its position. */
export interface ShortPart {
  /** On the short side of zero, absolute. */
  readonly short: Decimal
  /** What was held before it; absent where nobody knows, or where it was judged by its mark alone. */
  readonly heldBefore?: Decimal
}

/**
 * How much of each move is on the short side of zero, as an absolute quantity: sold beyond what is held, or bought to
 * cover. A tracker that holds no shorts would book the cash of these, lose the sale, and keep what covers it as a long.
 *
 * Where the opening is not known, or the broker's own marks contradict what it leads to (an opening purchase that would
 * cover, a closing sale that would be short), the marks alone count: a position that came in ways nobody told of must not
 * turn a purchase into a charge.
 *
 * @param moves in the order in which they happened
 * @param opening what was held before the first of them; `undefined` where nobody knows
 */
export const shortParts = (
  moves: ReadonlyArray<Move>,
  opening: (instrumentKey: string) => Decimal | undefined
): ReadonlyArray<ShortPart> => {
  const parts = new Map<Move, ShortPart>()
  for (const [key, own] of Map.groupBy(moves, ({ instrumentKey }) => instrumentKey)) {
    const known = opening(key)
    const reckoned = known === undefined ? undefined : fromOpening(own, known)
    const found = reckoned === undefined || own.some((move, index) => contradicts(move, reckoned[index]?.short))
      ? own.map(byMark)
      : reckoned
    own.forEach((move, index) => parts.set(move, found[index] ?? none))
  }
  return moves.map((move) => parts.get(move) ?? none)
}

const none: ShortPart = { short: Decimals.zero }

const fromOpening = (moves: ReadonlyArray<Move>, opening: Decimal): ReadonlyArray<ShortPart> => {
  let held = opening
  return moves.map(({ quantity }) => {
    const heldBefore = held
    held = Decimals.add(heldBefore, quantity)
    return { short: Decimals.abs(Decimals.subtract(below(held), below(heldBefore))), heldBefore }
  })
}

/** The part of a position that is below zero. */
const below = (held: Decimal): Decimal => Decimals.isNegative(held) ? held : Decimals.zero

const isSale = ({ quantity }: Move): boolean => Decimals.isNegative(quantity)

const byMark = (move: Move): ShortPart =>
  move.mark === (isSale(move) ? "O" : "C") ? { short: Decimals.abs(move.quantity) } : none

const contradicts = (move: Move, short: Decimal = Decimals.zero): boolean =>
  !Decimals.isZero(short) && move.mark === (isSale(move) ? "C" : "O")
