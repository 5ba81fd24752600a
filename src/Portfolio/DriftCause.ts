import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"

/** Why broker and tracker may hold different quantities of one instrument. */
export const driftCauses = [
  "short",
  "unmapped-symbol",
  "row-held",
  "row-removed",
  "row-ignored",
  "before-start-date",
  "row-not-booked",
  "row-by-hand",
  "split-not-applied",
  "held-before"
] as const

export type DriftCause = (typeof driftCauses)[number]

/** Something that makes the tracker hold less than the broker (positive) or more (negative). */
export interface DriftEvidence {
  readonly cause: DriftCause
  readonly quantity: Decimal
  /** External ids of the rows, or the tracker's where nothing of the broker's stands behind them. */
  readonly rows: ReadonlyArray<string>
  /** The command or setting that mends it. */
  readonly remedy: string
}

export interface DriftExplanation {
  /** The causes that make up the drift; where none do, all that were found. */
  readonly evidence: ReadonlyArray<DriftEvidence>
  /** True where they sum to it. */
  readonly isWhole: boolean
}

/**
 * Which evidence makes up a drift: the fewest causes whose rows sum to it, in the order of `driftCauses`. All rows of one
 * cause count together; some subset of rows always fits by chance.
 */
export const explainDrift = (drift: Decimal, found: ReadonlyArray<DriftEvidence>): DriftExplanation => {
  const causes = driftCauses.flatMap((cause) => {
    const own = found.filter((each) => each.cause === cause)
    const quantity = Decimals.sum(own.map((each) => each.quantity))
    return own.length === 0 || Decimals.isZero(quantity) ? [] : [{ own, quantity }]
  })
  const sets = subsets(causes).toSorted((a, b) => a.length - b.length)
  const fit = sets.find((set) => isNothing(Decimals.subtract(drift, Decimals.sum(set.map(({ quantity }) => quantity)))))
  return fit === undefined
    ? { evidence: found, isWhole: false }
    : { evidence: fit.flatMap(({ own }) => own), isWhole: true }
}

/** All but the empty one: at most 2^10. */
const subsets = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  all.reduce<ReadonlyArray<ReadonlyArray<A>>>(
    (sets, each) => [...sets, ...sets.map((set) => [...set, each]), [each]],
    []
  )

const isNothing = (value: Decimal): boolean => Decimals.isLessThan(Decimals.abs(value), Decimals.epsilon)

/** What a split that the tracker has not applied would have left: `broker = tracker × ratio`. */
export const splitEvidence = (
  position: { readonly broker: Decimal; readonly tracker: Decimal },
  splits: ReadonlyArray<{ readonly id: string; readonly ratio: Decimal }>
): ReadonlyArray<DriftEvidence> =>
  splits.flatMap(({ id, ratio }) =>
    isNothing(Decimals.subtract(position.broker, Decimals.multiply(position.tracker, ratio)))
      ? [{
        cause: "split-not-applied",
        quantity: Decimals.subtract(position.broker, position.tracker),
        rows: [id],
        remedy: "in Wealthfolio: Settings, recalculate the portfolio"
      }]
      : []
  )
