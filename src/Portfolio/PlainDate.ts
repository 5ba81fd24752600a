import { type Brand, Schema } from "effect"

/** A calendar day as `YYYY-MM-DD`: it sorts and hashes as it stands, and no time zone can move it. */
export type PlainDate = string & Brand.Brand<"PlainDate">

const pattern = /^(\d{4})-(\d{2})-(\d{2})$/
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** True for days that exist: `2026-02-31` does not. */
export const isPlainDate = (text: string): text is PlainDate => {
  const match = pattern.exec(text)
  if (match === null) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const length = month === 2 && isLeap(year) ? 29 : monthLengths[month - 1]
  return length !== undefined && day >= 1 && day <= length
}

export const parse = (text: string): PlainDate | undefined => isPlainDate(text) ? text : undefined

export const of = (text: string): PlainDate => {
  if (!isPlainDate(text)) throw new RangeError(`not a calendar day: ${text}`)
  return text
}

/** For Configuration and wire formats: the same text, checked. */
export const PlainDate = Schema.String.pipe(
  Schema.check(Schema.makeFilter((text: string) => isPlainDate(text) ? undefined : "expected a day as YYYY-MM-DD")),
  Schema.brand("PlainDate")
)

const millisecondsPerDay = 86_400_000

/** Days since 1970-01-01. */
export const toEpochDay = (date: PlainDate): number => Date.parse(`${date}T00:00:00Z`) / millisecondsPerDay

export const fromEpochDay = (day: number): PlainDate =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  new Date(day * millisecondsPerDay).toISOString().slice(0, 10) as PlainDate

export const fromEpochMillis = (millis: number): PlainDate => fromEpochDay(Math.floor(millis / millisecondsPerDay))

export const addDays = (date: PlainDate, days: number): PlainDate => fromEpochDay(toEpochDay(date) + days)

export const earliest = (a: PlainDate, b: PlainDate): PlainDate => a < b ? a : b

export const latest = (a: PlainDate, b: PlainDate): PlainDate => a > b ? a : b

/** 1 is Monday, 7 is Sunday. */
export const dayOfWeek = (date: PlainDate): number => weekdayIndex(toEpochDay(date)) + 1

export const isWeekend = (date: PlainDate): boolean => dayOfWeek(date) > 5

/** 1 to 31. */
export const dayOfMonth = (date: PlainDate): number => Number(date.slice(8))

export const startOfMonth = (date: PlainDate): PlainDate => addDays(date, 1 - dayOfMonth(date))

export const startOfNextMonth = (date: PlainDate): PlainDate => startOfMonth(addDays(startOfMonth(date), 31))

/** This day, or the Monday after it. */
export const businessDayFrom = (date: PlainDate): PlainDate => addDays(date, isWeekend(date) ? 8 - dayOfWeek(date) : 0)

/** This day, or the Friday before it. */
export const businessDayUntil = (date: PlainDate): PlainDate => addDays(date, isWeekend(date) ? 5 - dayOfWeek(date) : 0)

/** Monday to Friday only; exchange holidays count, as IBKR prints statements on some of them. */
export const businessDaysBetween = (from: PlainDate, to: PlainDate): number =>
  Math.max(0, businessDaysUntil(toEpochDay(to)) - businessDaysUntil(toEpochDay(from)))

/** 0 is Monday; 1970-01-01 was a Thursday. */
const weekdayIndex = (day: number): number => (((day + 3) % 7) + 7) % 7

/** Counted from the Monday of 1970's first week, negative before it. */
const businessDaysUntil = (day: number): number => {
  const index = weekdayIndex(day)
  return (day + 3 - index) / 7 * 5 + Math.min(index + 1, 5)
}
