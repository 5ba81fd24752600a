import type { Activity } from "./Activity.ts"
import { type Candidate, candidateOf, compare, compareCandidates, groupsOf } from "./Candidate.ts"
import { type Decimal, format } from "./Decimal.ts"
import { exactLikenesses, type Figures, type Likeness, roundedLikenesses } from "./Likeness.ts"
import { type PlainDate, toEpochDay } from "./PlainDate.ts"
import type { TrackedMovement } from "./Reconcile.ts"

/** A row of the tracker that is not ours. Absolute figures; the direction is in `type`. */
export interface HandRow extends TrackedMovement {
  readonly id: string
  /** The day in the tracker's own time zone. */
  readonly date: PlainDate
}

/** A broker row that would be booked, with the asset it was tied to. */
export interface AdoptableRow {
  readonly activity: Activity
  readonly assetId?: string
}

/** One row by hand and the broker rows it stands for: one, or several fills of one order by sum. */
export interface Adoption {
  readonly handId: string
  readonly externalIds: ReadonlyArray<string>
}

/** Which days a row by hand may have to stand for these. */
type Reach = (candidate: Candidate) => ReadonlyArray<number>

const sameDay: Reach = ({ first, last }) => first === last ? [first] : []

/** At most a day from each of its fills; the day before first. */
const dayApart: Reach = ({ first, last }) => [last - 1, last, last + 1].filter((day) => day <= first + 1)

/**
 * Which rows by hand stand for which broker rows of the same account. Each row is in one adoption at most; the answer
 * does not depend on the order of either side.
 *
 * Preferred are the same day before a day apart, exact before rounded figures (see `Likeness.ts`), one row for one before
 * one for several, and then the earlier day and the lower id. Each of these steps is a look-up by equal keys: among rows
 * with equal figures as many as possible find each other, and nothing that was given away is taken back for a later step.
 *
 * Two kinds come last, so that they take nothing from the others. A row by hand without asset, such as a tax, may stand
 * for one with asset, of that very day. A commission that the broker has beside its trade may be typed as a fee, with the
 * trade's asset or none; whoever typed none has the fee in the trade's cash or nowhere, and it is left to be booked.
 */
export const adoptions = (
  rows: ReadonlyArray<AdoptableRow>,
  hand: ReadonlyArray<HandRow>
): ReadonlyArray<Adoption> => {
  const hands = [...new Map(hand.map((row) => [row.id, row])).values()]
    .map((row) => ({ row, day: toEpochDay(row.date) }))
    .sort((a, b) => a.day - b.day || compare(a.row.id, b.row.id))
  const adopted = new Map<string, ReadonlyArray<string>>()
  const claimed = new Set<string>()
  const isFree = ({ externalIds }: Candidate) => !externalIds.some((id) => claimed.has(id))

  // What each row by hand says is the same in every step; most candidates have no row by hand of their kind near them.
  const said = new Map<Likeness, ReadonlyArray<{ readonly handId: string; readonly key: string }>>()
  const saidBy = (likeness: Likeness) => {
    const known = said.get(likeness)
    if (known !== undefined) return known
    // The earliest at the end, where it is taken from.
    const keys = hands.toReversed().flatMap(({ day, row }) => {
      const key = likeness.ofHand(row)
      return key === undefined ? [] : [{ handId: row.id, key: `${day}|${key}` }]
    })
    said.set(likeness, keys)
    return keys
  }
  const kinds = new Set(
    hands.flatMap(({ day, row }) =>
      [row.quantity, undefined].flatMap((quantity) =>
        [day - 1, day, day + 1].map((near) => kindOf(near, { ...row, quantity }))
      )
    )
  )

  const join = (candidates: ReadonlyArray<Candidate>, likeness: Likeness, reach: Reach) => {
    const waiting = Map.groupBy(
      saidBy(likeness).filter(({ handId }) => !adopted.has(handId)),
      ({ key }) => key
    )
    if (waiting.size === 0) return
    for (const candidate of candidates) {
      if (!isFree(candidate) || !kinds.has(kindOf(candidate.first, candidate.figures))) continue
      const keys = likeness.ofBroker(candidate.figures)
      const found = reach(candidate)
        .flatMap((day) => keys.map((key) => waiting.get(`${day}|${key}`)))
        .find((queue) => queue !== undefined && queue.length > 0)
        ?.pop()
      if (found === undefined) continue
      adopted.set(found.handId, candidate.externalIds)
      for (const id of candidate.externalIds) claimed.add(id)
    }
  }

  // The last takes in what those before it do: a group may fit only when one of its fills has found a row of its own.
  const rounded = roundedLikenesses(hand)
  const steps = [
    { reach: sameDay, likenesses: exactLikenesses },
    { reach: sameDay, likenesses: rounded },
    { reach: dayApart, likenesses: exactLikenesses },
    { reach: dayApart, likenesses: rounded }
  ]
  const match = (candidates: ReadonlyArray<Candidate>, { likenesses, reach }: (typeof steps)[number]) => {
    for (const likeness of likenesses) join(candidates, likeness, reach)
  }

  const { legs, main } = candidatesOf(rows)
  for (const step of steps) {
    match(main, step)
    match(groupsOf(main.filter(isFree)), step)
  }
  const withoutAsset = main
    .filter(({ figures }) => figures.quantity === undefined)
    .map((candidate) => ({ ...candidate, figures: { ...candidate.figures, assets: [""] } }))
  for (const step of steps.slice(0, 2)) match(withoutAsset, step)
  for (const step of steps) match(legs, step)

  return hands.flatMap(({ row }) => {
    const externalIds = adopted.get(row.id)
    return externalIds === undefined ? [] : [{ handId: row.id, externalIds }]
  })
}

const kindOf = (day: number, row: Pick<Figures, "type" | "currency"> & { readonly quantity?: Decimal | undefined }) =>
  `${day}|${row.type}|${row.currency}|${row.quantity === undefined ? "" : format(row.quantity)}`

/** `ibkr:trade:1:fee`: what a broker row has beside itself. A further number (`…:2`) only tells rows of one id apart. */
const legId = /^(?:[^:]*:){3}(?:\d+:)*[a-z]/

const candidatesOf = (rows: ReadonlyArray<AdoptableRow>) => {
  const distinct = [...new Map(rows.map((row) => [row.activity.externalId, row])).values()]
  const isLeg = ({ activity }: AdoptableRow) => activity.quantity === undefined && legId.test(activity.externalId)
  const assetOf = new Map(
    distinct.filter((row) => !isLeg(row)).map((row) => [row.activity.contentHash, row.assetId ?? ""])
  )
  const candidates = (those: ReadonlyArray<AdoptableRow>, assets: (row: AdoptableRow) => ReadonlyArray<string>) =>
    those.map((row) => candidateOf(row.activity, [...new Set(assets(row))])).sort(compareCandidates)
  return {
    main: candidates(distinct.filter((row) => !isLeg(row)), (row) => [row.assetId ?? ""]),
    legs: candidates(
      distinct.filter(isLeg),
      (row) => [row.assetId ?? "", assetOf.get(row.activity.contentHash) ?? ""]
    )
  }
}
