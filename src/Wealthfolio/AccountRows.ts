import { Array as Arr, Effect } from "effect"
import { addDays } from "../Portfolio/PlainDate.ts"
import type { RowRange, TrackerRow } from "../WealthfolioRepo.ts"
import { foldAll, inRange, isWithin, rowOf, type Search, sharing } from "./Rows.ts"
import { millisOf, type Zone } from "./WallTime.ts"

/** Some 3 MB. Of an account that has more nothing is kept: whoever asks has its pages read. */
const mostKept = 5_000

interface Account<E> {
  readonly search: (days: { readonly dateFrom?: string; readonly dateTo?: string }) => Search<E>
  readonly zone: Effect.Effect<Zone, E>
  /** How often this run has changed rows. */
  readonly writes: { readonly count: number }
}

interface Reading<A> {
  folded: A
  rows: number
  /** All of them, as long as they are few. */
  kept: Array<TrackerRow>
  last: number
  isAscending: boolean
}

/** Folds the rows of an account, oldest first. Those of a small one are kept until this run writes again. */
export const foldingRows = <E>({ search, writes, zone }: Account<E>) => {
  let recent: { readonly rows: ReadonlyArray<TrackerRow>; readonly writes: number } | undefined

  return Effect.fn("WealthfolioRepo.fold")(function*<A>(
    range: RowRange,
    from: () => A,
    step: (folded: A, row: TrackerRow) => A
  ) {
    const at = yield* zone
    if (recent?.writes !== writes.count) recent = undefined
    if (range.mayBeRecent === true && recent !== undefined) return inRange(recent.rows, range).reduce(step, from())
    const { from: first, to: last } = range
    const found = search({
      // A day is one of UTC on some hosts and a local one on others: one more on either side, sorted out here.
      ...(first === undefined ? {} : { dateFrom: addDays(first, -1) }),
      ...(last === undefined ? {} : { dateTo: addDays(last, 1) })
    })
    const isInside = isWithin(range)
    const read = <B>(from: () => B, step: (folded: B, row: TrackerRow) => B) => {
      const share = sharing()
      return foldAll(found, from, (folded, each) => {
        const row = rowOf(each, at, share)
        return isInside(row) ? step(folded, row) : folded
      })
    }
    const keep = (rows: ReadonlyArray<TrackerRow>) => {
      if (first === undefined && last === undefined) recent = { rows, writes: writes.count }
    }

    const { folded, isAscending, kept, rows } = yield* read(
      (): Reading<A> => ({ folded: from(), rows: 0, kept: [], last: -Infinity, isAscending: true }),
      (reading, row) => {
        const millis = millisOf(row.instant)
        if (millis < reading.last) reading.isAscending = false
        reading.last = millis
        if (++reading.rows <= mostKept) reading.kept.push(row)
        else reading.kept = []
        reading.folded = step(reading.folded, row)
        return reading
      }
    )
    const isWhole = rows <= mostKept
    if (isAscending) {
      if (isWhole) keep(kept)
      return folded
    }
    // A host whose order is another one: they are put in order first.
    const all = isWhole ? kept : yield* read(Arr.empty<TrackerRow>, (all, row) => {
      all.push(row)
      return all
    })
    const sorted = inRange(all, range)
    if (isWhole) keep(sorted)
    return sorted.reduce(step, from())
  })
}
