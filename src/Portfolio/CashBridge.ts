import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"

/** What moves cash, in the order in which it is shown. */
export const cashKinds = [
  "trades",
  "conversions",
  "commissions",
  "transactionTaxes",
  "dividends",
  "withholdingTax",
  "interest",
  "fees",
  "salesTaxes",
  "deposits",
  "corporateActions",
  "transfers",
  "other"
] as const

export type CashKind = (typeof cashKinds)[number]

/** A broker's report tells these, at most. */
export type FigureKind = Exclude<CashKind, "conversions" | "other">

/** Signed cash of one currency: positive came in. */
export type CashByKind = ReadonlyMap<CashKind, Decimal>

/** Cash of a broker row that is not booked; where it cannot be read its figures are absent. */
export interface UnbookedCash {
  readonly externalId?: string
  readonly section: string
  readonly reason: string
  readonly currency?: string
  readonly kind?: CashKind
  /** Signed. */
  readonly amount?: Decimal
}

/** By currency. */
export type CashMoved = ReadonlyMap<string, CashByKind>

/** What a statement's own rows move, booked or not. */
export interface StatementCash {
  readonly moved: CashMoved
  readonly unbooked: ReadonlyArray<UnbookedCash>
  /** By content hash, of rows whose activity does not tell it. */
  readonly kinds: ReadonlyMap<string, CashKind>
}

/** The broker's own figures of one currency over the days of a statement. */
export interface CashFigures {
  readonly opening: Decimal
  readonly closing: Decimal
  /** By kind, as far as the report has them; `trades` has the legs of conversions in it. */
  readonly figures?: ReadonlyMap<FigureKind, Decimal>
}

export interface BridgeStep {
  readonly kind: CashKind
  /** What the booked rows of this kind move. */
  readonly booked: Decimal
  /** The broker's figure, where its report has one. */
  readonly broker?: Decimal
  /** broker − booked; what is below 1e-6 is zero. */
  readonly difference?: Decimal
}

/** opening + every step = booked; where the broker's figure of a step is another one, the difference is of that kind. */
export interface CashBridge {
  readonly opening: Decimal
  /** In the order of `cashKinds`; those in which nothing moved are left out. */
  readonly steps: ReadonlyArray<BridgeStep>
  readonly unbooked: ReadonlyArray<UnbookedCash>
}

export const at = (cash: CashByKind | undefined, kind: CashKind): Decimal => cash?.get(kind) ?? Decimals.zero

const leastOfKind = Decimals.of("0.000001")

/**
 * Below 1e-6 a difference of one kind is none. A component of the broker's is a sum of what it rounds elsewhere: over a
 * year of 671 trades one is 1.1e-8 off its rows, and its own closing balance is not.
 */
export const settledKind = (difference: Decimal): Decimal =>
  Decimals.isLessThan(Decimals.abs(difference), leastOfKind) ? Decimals.zero : difference

export const addTo = <Key>(sums: Map<Key, Decimal>, key: Key, amount: Decimal): void =>
  void sums.set(key, Decimals.add(sums.get(key) ?? Decimals.zero, amount))

/** Of two parts. */
export const addMoved = (before: CashMoved, now: CashMoved): CashMoved => {
  const moved = new Map(before)
  for (const [currency, kinds] of now) {
    const sums = new Map(moved.get(currency))
    for (const [kind, amount] of kinds) addTo(sums, kind, amount)
    moved.set(currency, sums)
  }
  return moved
}

/**
 * The broker's figures by kind, to be held against those of the rows. What it has no figure for is one sum, `other`, once
 * the rows of such kinds are taken out of it: they are compared there, together. Empty where it has no figures at all.
 *
 * @param moved what all rows of the statement move, booked or not
 */
export const brokerSteps = ({ closing, figures, opening }: CashFigures, moved: CashByKind | undefined): CashByKind => {
  const steps = new Map<CashKind, Decimal>()
  if (figures === undefined || figures.size === 0) return steps
  let rest = Decimals.subtract(closing, opening)
  for (const kind of cashKinds) {
    if (kind === "other" || (kind === "conversions" && figures.has("trades"))) continue
    const figure = kind === "conversions" ? undefined : figures.get(kind)
    rest = Decimals.subtract(rest, figure ?? at(moved, kind))
    if (figure === undefined) continue
    steps.set(kind, kind === "trades" ? Decimals.subtract(figure, at(moved, "conversions")) : figure)
  }
  return steps.set("other", rest)
}

/**
 * The way from opening cash to what is booked, one currency.
 *
 * @param booked opening cash and all that the booked rows move
 * @param moved what all rows of the statement move, booked or not
 * @param corrections what is booked beside the rows, of commissions
 */
export const cashBridge = (
  input: CashFigures & {
    readonly booked: Decimal
    readonly moved: CashByKind | undefined
    readonly unbooked: ReadonlyArray<UnbookedCash>
    readonly corrections: Decimal
  }
): CashBridge => {
  const { booked, corrections, moved, opening, unbooked } = input
  const sums = new Map(moved)
  addTo(sums, "commissions", corrections)
  for (const { amount, kind } of unbooked) {
    if (kind !== undefined && amount !== undefined) addTo(sums, kind, Decimals.negate(amount))
  }
  // Whatever a row was booked as, the steps lead to what is booked.
  addTo(sums, "other", Decimals.subtract(Decimals.subtract(booked, opening), Decimals.sum(sums.values())))
  const broker = brokerSteps(input, moved)
  const steps = cashKinds.flatMap((kind): ReadonlyArray<BridgeStep> => {
    const own = at(sums, kind)
    const figure = broker.get(kind)
    if (Decimals.isZero(own) && (figure === undefined || Decimals.isZero(settledKind(figure)))) return []
    return [{
      kind,
      booked: own,
      ...(figure === undefined ? {} : { broker: figure, difference: settledKind(Decimals.subtract(figure, own)) })
    }]
  })
  return { opening, steps, unbooked }
}
