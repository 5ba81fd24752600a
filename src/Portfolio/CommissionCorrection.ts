import { addTo } from "./CashBridge.ts"
import type { DaySpan } from "./Coverage.ts"
import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import { settled } from "./Reconcile.ts"

/** The section of rows that are made here, and stand in no statement. */
export const correctionSection = "CommissionCorrections"

/** By currency, signed: what the broker charged less what its rows say. */
export type Amounts = ReadonlyMap<string, Decimal>

/** What a statement says of the commissions of some conversions, taken together. */
export interface CommissionPiece {
  readonly conversions: ReadonlySet<string>
  readonly amounts: Amounts
}

/** What a statement says of commissions that were charged in another currency than their rows say. */
export interface CommissionEvidence {
  readonly window: DaySpan
  /** What corrections of this window are called; the currency comes behind it. */
  readonly id: string
  /** Disjoint: one for all conversions of the window, or one for each. */
  readonly pieces: ReadonlyArray<CommissionPiece>
  /** Why nothing can be decided, though commissions differ. */
  readonly refused?: string
}

/** A share of one booked correction, of one currency. */
export interface Share {
  /** The external id of the correction. */
  readonly of: string
  readonly currency: string
  readonly amount: Decimal
}

/** Conversions whose commissions are accounted for, together. Parts are disjoint. */
export interface AccountedPart {
  readonly conversions: ReadonlySet<string>
  readonly shares: ReadonlyArray<Share>
}

export interface CorrectionPlan {
  /** What is to be booked now, by currency; nothing is zero. */
  readonly book: Amounts
  /** What the new corrections account for. */
  readonly added: ReadonlyArray<CommissionPiece>
  /** All that was accounted for before, some of it more finely now. */
  readonly parts: ReadonlyArray<AccountedPart>
  /** Of corrections booked before: what of them is of this window. */
  readonly within: ReadonlyArray<Share>
  /** What of this window cannot be told apart from what earlier corrections account for. */
  readonly undecided: Amounts
}

/**
 * What a window's commissions ask for beyond the corrections booked before. What is accounted for is known by its
 * conversions, not by days: windows may overlap in any way. A part that lies wholly in a piece is taken off it. One that
 * reaches beyond it is told apart where nothing of the piece is new; where something is, both are unknown, and nothing is
 * booked: a window with all of them decides.
 */
export const planCorrection = (
  pieces: ReadonlyArray<CommissionPiece>,
  before: ReadonlyArray<AccountedPart>
): CorrectionPlan => {
  const book = new Map<string, Decimal>()
  const undecided = new Map<string, Decimal>()
  const added: Array<CommissionPiece> = []
  const within: Array<Share> = []
  let parts = before
  for (const { amounts, conversions } of pieces) {
    const touching = parts.filter((part) => !part.conversions.isDisjointFrom(conversions))
    const [inside, crossing] = [
      touching.filter((part) => part.conversions.isSubsetOf(conversions)),
      touching.filter((part) => !part.conversions.isSubsetOf(conversions))
    ]
    const known = inside.flatMap(({ shares }) => shares)
    within.push(...known)
    const rest = subtract(amounts, known)
    const fresh = touching.reduce((left, part) => left.difference(part.conversions), conversions)
    const [across] = crossing
    if (across === undefined) {
      if (rest.size === 0) continue
      for (const [currency, amount] of rest) addTo(book, currency, amount)
      // What changed of conversions that are accounted for goes to one of them.
      added.push({ conversions: fresh.size > 0 ? fresh : inside[0]?.conversions ?? conversions, amounts: rest })
    } else if (fresh.size > 0) {
      for (const [currency, amount] of rest) addTo(undecided, currency, amount)
    } else if (crossing.length === 1 && holds(across, rest)) {
      const { inner, outer } = split(across, conversions, rest)
      within.push(...inner.shares)
      parts = parts.flatMap((part) => part === across ? [inner, outer] : [part])
    } else if (crossing.length === 1) {
      // The broker changed what it had charged: which of them did is not known.
      for (const [currency, amount] of rest) addTo(undecided, currency, amount)
    } else {
      // Whose share is what is unknown, but all of it is booked.
      const [{ of } = { of: "" }] = across.shares
      within.push(...[...rest].map(([currency, amount]) => ({ of, currency, amount })))
    }
  }
  return { book: nonZero(book), added, parts, within, undecided: nonZero(undecided) }
}

/** Commissions are costs: of a part no share is larger than the whole, or of another sign. */
const holds = ({ shares }: AccountedPart, rest: Amounts): boolean =>
  [...rest].every(([currency, amount]) => {
    const whole = Decimals.sum(shares.filter((share) => share.currency === currency).map((share) => share.amount))
    return Decimals.isNegative(whole) === Decimals.isNegative(amount)
      && !Decimals.isLessThan(Decimals.abs(whole), Decimals.abs(amount))
  })

/** A part of which some conversions are in `conversions` and have these amounts: the others have what is left. */
const split = (part: AccountedPart, conversions: ReadonlySet<string>, amounts: Amounts) => {
  const inner: Array<Share> = []
  const outer: Array<Share> = []
  const left = new Map(amounts)
  for (const share of part.shares) {
    // Of several bookings the last one takes what is left.
    const isLast = part.shares.findLast(({ currency }) => currency === share.currency) === share
    const due = left.get(share.currency) ?? Decimals.zero
    const taken = isLast || Decimals.isLessThan(Decimals.abs(due), Decimals.abs(share.amount)) ? due : share.amount
    left.set(share.currency, Decimals.subtract(due, taken))
    inner.push({ ...share, amount: taken })
    outer.push({ ...share, amount: Decimals.subtract(share.amount, taken) })
  }
  return {
    inner: { conversions: part.conversions.intersection(conversions), shares: inner },
    outer: { conversions: part.conversions.difference(conversions), shares: outer }
  }
}

const subtract = (amounts: Amounts, shares: ReadonlyArray<Share>): Amounts => {
  const rest = new Map(amounts)
  for (const { amount, currency } of shares) addTo(rest, currency, Decimals.negate(amount))
  return nonZero(rest)
}

const nonZero = (amounts: Amounts): Amounts =>
  new Map([...amounts].filter(([, amount]) => !Decimals.isZero(settled(amount))))
