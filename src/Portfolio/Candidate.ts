import type { Activity } from "./Activity.ts"
import * as Decimals from "./Decimal.ts"
import type { Figures } from "./Likeness.ts"
import { toEpochDay } from "./PlainDate.ts"

/** What one row by hand may stand for: one broker row, or several fills taken as one. */
export interface Candidate {
  readonly externalIds: ReadonlyArray<string>
  /** Days since 1970 of its first and its last fill. */
  readonly first: number
  readonly last: number
  readonly order: string | undefined
  readonly figures: Figures
}

export const candidateOf = (activity: Activity, assets: ReadonlyArray<string>): Candidate => {
  const { currency, fee, order, quantity, type, unitPrice } = activity
  const amount = activity.ratio ?? activity.amount
  const day = toEpochDay(activity.date)
  const gross = fee === undefined || !trades.has(type)
    ? amount
    : type === "BUY"
    ? Decimals.subtract(amount, fee)
    : Decimals.add(amount, fee)
  const units = quantity === undefined || Decimals.isZero(quantity)
    ? {}
    : { quantity, unitPrice: unitPrice ?? Decimals.divide(gross, quantity) }
  return {
    externalIds: [activity.externalId],
    first: day,
    last: day,
    order,
    figures: { type, currency, assets, ...units, net: amount, gross, ...(fee === undefined ? {} : { fee }) }
  }
}

/** By day, then by id. */
export const compareCandidates = (a: Candidate, b: Candidate): number =>
  a.first - b.first || compare(a.externalIds[0] ?? "", b.externalIds[0] ?? "")

export const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

const trades: ReadonlySet<string> = new Set(["BUY", "SELL"])

/**
 * Fills that one row by hand may stand for: those of an order and, where it took several days, those of each day; where
 * the broker names no order, those of a day. Whole groups only: some subset always fits by chance.
 */
export const groupsOf = (rows: ReadonlyArray<Candidate>): ReadonlyArray<Candidate> => {
  const fills = rows.filter(({ figures }) => figures.quantity !== undefined && trades.has(figures.type))
  const key = ({ figures: { assets, currency, type }, order }: Candidate) =>
    `${type}|${assets.join()}|${currency}|${order ?? ""}`
  const ofDay = Map.groupBy(fills, (fill) => `${fill.first}|${key(fill)}`)
  const ofOrder = Map.groupBy(fills.filter(({ order }) => order !== undefined), key)
  const overDays = [...ofOrder.values()].filter((group) => group.some(({ first }) => first !== group[0]?.first))
  return [...overDays, ...ofDay.values()]
    .filter((group) => group.length > 1)
    .flatMap(([head, ...rest]) => head === undefined ? [] : [together(head, rest)])
    .sort(compareCandidates)
}

/** The price is the average, weighted by quantity. */
const together = (head: Candidate, rest: ReadonlyArray<Candidate>): Candidate => {
  const fills = [head, ...rest].sort(compareCandidates)
  const sumOf = (figure: (figures: Figures) => Decimals.Decimal | undefined) =>
    Decimals.sum(fills.map(({ figures }) => figure(figures) ?? Decimals.zero))
  const quantity = sumOf((figures) => figures.quantity)
  const worth = sumOf(({ quantity, unitPrice }) =>
    quantity === undefined || unitPrice === undefined ? undefined : Decimals.multiply(quantity, unitPrice)
  )
  return {
    externalIds: fills.map(({ externalIds }) => externalIds[0] ?? "").sort(),
    first: Math.min(...fills.map(({ first }) => first)),
    last: Math.max(...fills.map(({ last }) => last)),
    order: head.order,
    figures: {
      ...head.figures,
      quantity,
      unitPrice: Decimals.divide(worth, quantity),
      net: sumOf(({ net }) => net),
      gross: sumOf(({ gross }) => gross),
      fee: sumOf(({ fee }) => fee)
    }
  }
}
