import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import type { TrackedMovement } from "./Reconcile.ts"

/** What a broker row says, or several fills taken as one. Absolute. */
export interface Figures {
  readonly type: string
  readonly currency: string
  /** Any of them may be typed with it; `""` is none. */
  readonly assets: ReadonlyArray<string>
  /** With `unitPrice`, or neither: a row without quantity is told by its cash. */
  readonly quantity?: Decimal
  readonly unitPrice?: Decimal
  /** The cash that moves, fee included. */
  readonly net: Decimal
  /** The cash without the fee. */
  readonly gross: Decimal
  readonly fee?: Decimal
}

/**
 * One way in which a row by hand may say what a broker row says. Each side says it in a key, and equal keys are a match,
 * so that thousands of rows are joined by a look-up. A side that cannot say it has no key.
 *
 * All ways ask for the same type, asset and currency and, where the broker row has a quantity, for exactly that. Fee and
 * subtype need not be right: people leave them out.
 */
export interface Likeness {
  readonly ofHand: (row: TrackedMovement) => string | undefined
  readonly ofBroker: (figures: Figures) => ReadonlyArray<string>
}

type Key = string | undefined

const likeness = (typed: (row: TrackedMovement) => Key, told: (figures: Figures) => Key): Likeness => ({
  ofHand: (row) => {
    const key = typed(row)
    return key === undefined ? undefined : `${row.type}|${row.assetId ?? ""}|${row.currency}|${key}`
  },
  ofBroker: (figures) => {
    const key = told(figures)
    return key === undefined ? [] : figures.assets.map((asset) => `${figures.type}|${asset}|${figures.currency}|${key}`)
  }
})

/** How many digits count: all, or those that the row by hand has. */
interface Digits {
  readonly ofHand: (value: Decimal | undefined) => Key
  readonly ofBroker: (value: Decimal | undefined) => Key
}

const text = (value: Decimal | undefined): Key => value === undefined ? undefined : Decimals.format(value)

const allDigits: Digits = { ofHand: text, ofBroker: text }

const cents = 2

/** People round to cents at the coarsest, and a trailing zero is not seen: 89.9 is 89.90. */
const digitsOf = (value: Decimal): number => Math.max(cents, Decimals.scaleOf(value))

/** What is something is never rounded to nothing. */
const roundedTo = (value: Decimal | undefined, scale: number): Key => {
  if (value === undefined) return undefined
  const rounded = Decimals.round(value, scale)
  return Decimals.isZero(rounded) && !Decimals.isZero(value) ? undefined : Decimals.format(rounded)
}

const digits = (scale: number): Digits => ({
  ofHand: (value) => value !== undefined && digitsOf(value) === scale ? Decimals.format(value) : undefined,
  ofBroker: (value) => roundedTo(value, scale)
})

const ofUnits = (quantity: Decimal | undefined, value: Key): Key =>
  quantity === undefined || value === undefined ? undefined : `${Decimals.format(quantity)} ${value}`

const byPrice = (digits: Digits, price: (figures: Figures) => Decimal | undefined): Likeness =>
  likeness(
    ({ quantity, unitPrice }) => ofUnits(quantity, digits.ofHand(unitPrice)),
    (figures) => ofUnits(figures.quantity, digits.ofBroker(price(figures)))
  )

const byWorth = (digits: Digits, worth: (figures: Figures) => Decimal): Likeness =>
  likeness(
    ({ amount, quantity }) => ofUnits(quantity, digits.ofHand(amount)),
    (figures) => ofUnits(figures.quantity, digits.ofBroker(worth(figures)))
  )

/** Of rows without quantity; one that was typed with shares and a rate per share counts by its product. */
const byCash = (digits: Digits): Likeness =>
  likeness(
    (row) => digits.ofHand(typedCash(row)),
    (figures) => figures.quantity === undefined ? digits.ofBroker(figures.net) : undefined
  )

/** As the tracker counts it: of a fee or tax its `fee`, where that is filled in. */
const typedCash = ({ amount, fee, quantity, type, unitPrice }: TrackedMovement): Decimal | undefined => {
  if ((type === "FEE" || type === "TAX") && fee !== undefined && !Decimals.isZero(fee)) return fee
  if (amount !== undefined) return amount
  return quantity === undefined || unitPrice === undefined ? undefined : Decimals.multiply(quantity, unitPrice)
}

/** Trades copied from the broker, or by a CSV: identical fills find the row that has their fee, too. */
const verbatim: Likeness = likeness(
  (row) => ofUnits(row.quantity, figuresKey(row.unitPrice, row.amount, row.fee)),
  ({ fee, net, quantity, unitPrice }) => ofUnits(quantity, figuresKey(unitPrice, net, fee))
)

const figuresKey = (price: Decimal | undefined, amount: Decimal | undefined, fee: Decimal | undefined): Key =>
  price === undefined || amount === undefined
    ? undefined
    : `${Decimals.format(price)} ${Decimals.format(amount)} ${Decimals.format(fee ?? Decimals.zero)}`

const unitPrice = (figures: Figures) => figures.unitPrice
const net = (figures: Figures) => figures.net
const gross = (figures: Figures) => figures.gross

/** What the fee makes of the price: people divide what left their account. */
const netPrice = ({ fee, net, quantity }: Figures) =>
  fee === undefined || quantity === undefined ? undefined : Decimals.divide(net, quantity)

/** To the last digit, price before cash. */
export const exactLikenesses: ReadonlyArray<Likeness> = [
  verbatim,
  byPrice(allDigits, unitPrice),
  byWorth(allDigits, net),
  byWorth(allDigits, gross),
  byCash(allDigits)
]

/** A price with many digits is one that was divided: it counts by the cash that it makes, to the cent. */
const byProduct = (worth: (figures: Figures) => Decimal): Likeness =>
  likeness(
    ({ quantity, unitPrice }) =>
      quantity === undefined || unitPrice === undefined
        ? undefined
        : ofUnits(quantity, roundedTo(Decimals.multiply(quantity, unitPrice), cents)),
    (figures) => ofUnits(figures.quantity, roundedTo(worth(figures), cents))
  )

const isTransfer = (type: string): boolean => type === "TRANSFER_IN" || type === "TRANSFER_OUT"

/** What transferred shares cost the broker tells by its own lights, or not at all: it moves nothing, their number counts. */
const byUnits: Likeness = likeness(
  ({ quantity, type }) => isTransfer(type) && quantity !== undefined ? `${Decimals.format(quantity)} units` : undefined,
  ({ quantity, type }) => isTransfer(type) && quantity !== undefined ? `${Decimals.format(quantity)} units` : undefined
)

/** To the digits that these rows have, those with most digits first: they leave the least room. */
export const roundedLikenesses = (hand: ReadonlyArray<TrackedMovement>): ReadonlyArray<Likeness> => {
  const scales = new Set(
    hand.flatMap((row) =>
      [row.unitPrice, row.amount, typedCash(row)].flatMap((value) => value ? [digitsOf(value)] : [])
    )
  )
  const finestFirst = [...scales].sort((a, b) => b - a).map(digits)
  return [
    ...finestFirst.flatMap((scale) => [
      byPrice(scale, unitPrice),
      byWorth(scale, net),
      byWorth(scale, gross),
      byCash(scale)
    ]),
    ...finestFirst.map((scale) => byPrice(scale, netPrice)),
    byProduct(net),
    byProduct(gross),
    byUnits
  ]
}
