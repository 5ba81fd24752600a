import * as PlainDates from "./PlainDate.ts"
import type { PlainDate } from "./PlainDate.ts"

/** Days from and to, both included. */
export interface DaySpan {
  readonly from: PlainDate
  readonly to: PlainDate
}

/**
 * Sorted, disjoint; spans that touch, overlap, or leave only Saturdays and Sundays between them are one. Invalid spans
 * (from > to) are dropped.
 */
export const union = (spans: Iterable<DaySpan>): ReadonlyArray<DaySpan> => {
  const sorted = [...spans].filter(isValid).sort((a, b) => a.from < b.from ? -1 : Number(a.from > b.from))
  const united: Array<DaySpan> = []
  for (const { from, to } of sorted) {
    const last = united.at(-1)
    if (last !== undefined && PlainDates.businessDaysBetween(last.to, PlainDates.addDays(from, -1)) === 0) {
      united[united.length - 1] = { from: last.from, to: PlainDates.latest(last.to, to) }
    } else united.push({ from, to })
  }
  return united
}

/** What of `within` is not covered: spans that hold at least one Monday-to-Friday, trimmed to begin and end on one. */
export const holes = (covered: ReadonlyArray<DaySpan>, within: DaySpan): ReadonlyArray<DaySpan> => {
  const gaps: Array<DaySpan> = []
  let next = within.from
  for (const { from, to } of union(covered)) {
    gaps.push({ from: next, to: PlainDates.earliest(PlainDates.addDays(from, -1), within.to) })
    next = PlainDates.latest(next, PlainDates.addDays(to, 1))
  }
  gaps.push({ from: next, to: within.to })
  return gaps.map(({ from, to }) => ({
    from: PlainDates.businessDayFrom(from),
    to: PlainDates.businessDayUntil(to)
  })).filter(isValid)
}

/** Mondays to Fridays in these spans, each once. */
export const businessDays = (spans: ReadonlyArray<DaySpan>): number =>
  union(spans).reduce(
    (sum, { from, to }) => sum + PlainDates.businessDaysBetween(PlainDates.addDays(from, -1), to),
    0
  )

/** Saturdays and Sundays between two covered days count as covered. */
export const covers = (covered: ReadonlyArray<DaySpan>, day: PlainDate): boolean =>
  union(covered).some(({ from, to }) => from <= day && day <= to)

/**
 * Windows of at most `most` days (2 or more), oldest first, that cover `span`; each begins on the last day of the one
 * before, a day whose statement there should be, so that no day lies only at an edge that the broker may move.
 */
export const windows = (span: DaySpan, most = 365): ReadonlyArray<DaySpan> => {
  if (!(most >= 2)) throw new RangeError(`windows of ${most} days cannot share a day and go on`)
  if (!isValid(span)) return []
  const cut: Array<DaySpan> = []
  let from = span.from
  for (let last = lastOf(from); last < span.to; last = lastOf(from)) {
    const to = ordinaryDay(from, last)
    cut.push({ from, to })
    from = to
  }
  return [...cut, { from, to: span.to }]

  function lastOf(first: PlainDate) {
    return PlainDates.addDays(first, most - 1)
  }
}

/**
 * What to ask for so that the oldest hole up to `toDate` and all after it are filled: from the last covered day before
 * it to `toDate`, cut by `windows`; empty when there is no hole. Days before the first covered day are no hole.
 */
export const holeWindows = (covered: ReadonlyArray<DaySpan>, toDate: PlainDate): ReadonlyArray<DaySpan> => {
  const [first] = union(covered)
  if (first === undefined || holes(covered, { from: first.from, to: toDate }).length === 0) return []
  // From a weekend the broker would move the edge onwards, over a holiday that follows it.
  const from = PlainDates.latest(first.from, PlainDates.businessDayUntil(first.to))
  return windows({ from, to: toDate })
}

/**
 * The broker moved an edge by more than 4 days (weekends and holidays move it by up to 4): it answered for other days
 * than it was asked for.
 */
export const isCollapsed = (asked: DaySpan, returned: DaySpan): boolean =>
  isFar(asked.from, returned.from) || isFar(asked.to, returned.to)

const isFar = (a: PlainDate, b: PlainDate) => Math.abs(PlainDates.toEpochDay(a) - PlainDates.toEpochDay(b)) > 4

const isValid = ({ from, to }: DaySpan) => from <= to

/**
 * The last Wednesday after `after`, up to `until`, away from Christmas and New Year: holidays that move with the year
 * are Mondays, Thursdays and Fridays. Without one `until` itself.
 */
const ordinaryDay = (after: PlainDate, until: PlainDate): PlainDate => {
  let day = PlainDates.addDays(until, -((PlainDates.dayOfWeek(until) + 4) % 7))
  while (day > after && isTurnOfYear(day)) day = PlainDates.addDays(day, -7)
  return day > after ? day : until
}

const isTurnOfYear = (day: PlainDate) => day.slice(5) >= "12-24" || day.slice(5) <= "01-02"
