import { covers, type DaySpan, holes, union } from "./Coverage.ts"
import * as PlainDates from "./PlainDate.ts"
import type { PlainDate } from "./PlainDate.ts"

const marks = { covered: "=", held: "o", missing: "!", weekend: "-", outside: "." } as const

const ruler = "         1   5    10   15   20   25   30"

const legend = `${marks.covered} covered  ${marks.held} rows wait  ${marks.missing} missing  ` +
  `${marks.weekend} weekend by a missing day  ${marks.outside} before the first or after the last covered day`

/**
 * For people: a ruler of the days, then a line a month with one character a day in 31 columns and after it the days that
 * need a look, then a legend. From the month of `from` to that of `to`, blank outside of these days.
 */
export const calendar = (input: {
  readonly covered: ReadonlyArray<DaySpan>
  /** Covered days with rows that still wait. */
  readonly held: ReadonlySet<PlainDate>
  readonly from: PlainDate
  readonly to: PlainDate
}): ReadonlyArray<string> => {
  const covered = union([...input.covered, ...[...input.held].map((day) => ({ from: day, to: day }))])
  const first = covered[0]?.from
  const last = covered.at(-1)?.to

  const mark = (day: PlainDate): string => {
    if (day < input.from || day > input.to) return " "
    if (input.held.has(day)) return marks.held
    if (covers(covered, day)) return marks.covered
    if (first === undefined || last === undefined || day < first || day > last) return marks.outside
    return PlainDates.isWeekend(day) ? marks.weekend : marks.missing
  }

  const month = (days: DaySpan): string => {
    const shown = { from: PlainDates.latest(days.from, input.from), to: PlainDates.earliest(days.to, input.to) }
    const missing = first === undefined || last === undefined ? [] : holes(covered, {
      from: PlainDates.latest(shown.from, first),
      to: PlainDates.earliest(shown.to, last)
    })
    const held = [...input.held].filter((day) => day >= shown.from && day <= shown.to).sort()
    const remarks = [
      ...(missing.length === 0 ? [] : [`missing ${missing.map(dayNumbers).join(", ")}`]),
      ...(held.length === 0 ? [] : [`rows wait ${held.map(PlainDates.dayOfMonth).join(", ")}`])
    ]
    const line = `${days.from.slice(0, 7)}  ${daysIn(days).map(mark).join("").padEnd(31)}`
    return remarks.length === 0 ? line : `${line}  ${remarks.join("; ")}`
  }

  if (input.from > input.to) return []
  const months: Array<string> = []
  for (let from = PlainDates.startOfMonth(input.from); from <= input.to; from = PlainDates.startOfNextMonth(from)) {
    months.push(month({ from, to: PlainDates.addDays(PlainDates.startOfNextMonth(from), -1) }))
  }
  return [ruler, ...months, legend]
}

const daysIn = ({ from, to }: DaySpan): ReadonlyArray<PlainDate> =>
  Array.from(
    { length: PlainDates.toEpochDay(to) - PlainDates.toEpochDay(from) + 1 },
    (_, index) => PlainDates.addDays(from, index)
  )

const dayNumbers = ({ from, to }: DaySpan): string =>
  from === to ? `${PlainDates.dayOfMonth(from)}` : `${PlainDates.dayOfMonth(from)}-${PlainDates.dayOfMonth(to)}`
