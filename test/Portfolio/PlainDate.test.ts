import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { integer } from "./arbitrary.ts"

it("takes days that exist, as yyyy-MM-dd, and nothing else", () => {
  for (const text of ["2026-01-31", "2024-02-29", "2000-02-29", "2026-12-31", "0001-01-01"]) {
    assert.strictEqual(PlainDates.parse(text), text)
  }
  const none = [
    "2026-02-29",
    "2100-02-29",
    "2026-02-31",
    "2026-04-31",
    "2026-00-10",
    "2026-13-01",
    "2026-01-00",
    "2026-1-5"
  ]
  for (const text of [...none, "20260105", "2026-01-05 ", "2026-01-05T00:00:00Z", "05/01/2026", ""]) {
    assert.isUndefined(PlainDates.parse(text), text)
    assert.throws(() => PlainDates.of(text), RangeError)
    assert.isTrue(Schema.decodeResult(PlainDates.PlainDate)(text)._tag === "Failure")
  }
})

it.effect.prop("days are numbered without a gap", [integer(-100_000, 100_000)], ([day]) =>
  Effect.sync(() => {
    const date = PlainDates.fromEpochDay(day)
    const next = PlainDates.fromEpochDay(day + 1)
    assert.strictEqual(PlainDates.toEpochDay(date), day)
    assert.isTrue(date < next)
    assert.strictEqual(PlainDates.addDays(date, 1), next)
    assert.strictEqual(PlainDates.latest(date, next), next)
    assert.strictEqual(PlainDates.fromEpochMillis(day * 86_400_000 + 86_399_999), date)
  }))

it("counts Monday to Friday", () => {
  const between = (from: string, to: string) => PlainDates.businessDaysBetween(PlainDates.of(from), PlainDates.of(to))
  // 2026-01-09 is a Friday.
  assert.strictEqual(between("2026-01-09", "2026-01-09"), 0)
  assert.strictEqual(between("2026-01-09", "2026-01-10"), 0)
  assert.strictEqual(between("2026-01-09", "2026-01-11"), 0)
  assert.strictEqual(between("2026-01-09", "2026-01-12"), 1)
  assert.strictEqual(between("2026-01-08", "2026-01-09"), 1)
  assert.strictEqual(between("2026-01-09", "2026-01-16"), 5)
  assert.strictEqual(between("2026-01-10", "2026-01-16"), 5)
  assert.strictEqual(between("2026-01-12", "2026-01-09"), 0)
})

it.effect.prop(
  "any seven days in a row since 1970 have five business days",
  [integer(0, 40_000)],
  ([day]) =>
    Effect.sync(() => {
      const from = PlainDates.fromEpochDay(day)
      assert.strictEqual(PlainDates.businessDaysBetween(from, PlainDates.addDays(from, 7)), 5)
    })
)

it("knows weekdays and months", () => {
  const friday = PlainDates.of("2026-01-09")
  const week = Array.from({ length: 7 }, (_, index) => PlainDates.addDays(friday, index))
  assert.deepStrictEqual(week.map(PlainDates.dayOfWeek), [5, 6, 7, 1, 2, 3, 4])
  assert.deepStrictEqual(week.map(PlainDates.isWeekend), [false, true, true, false, false, false, false])
  assert.deepStrictEqual(week.slice(0, 4).map(PlainDates.businessDayFrom), [friday, week[3], week[3], week[3]])
  assert.deepStrictEqual(week.slice(0, 4).map(PlainDates.businessDayUntil), [friday, friday, friday, week[3]])
  assert.strictEqual(PlainDates.dayOfMonth(friday), 9)
  assert.strictEqual(PlainDates.earliest(friday, week[1]!), friday)
  const months = ["2024-02-29", "2025-01-31", "2025-12-01", "2026-12-31"].map(PlainDates.of)
  assert.deepStrictEqual(
    months.map((day) => [PlainDates.startOfMonth(day), PlainDates.startOfNextMonth(day)].map(String)),
    [["2024-02-01", "2024-03-01"], ["2025-01-01", "2025-02-01"], ["2025-12-01", "2026-01-01"], [
      "2026-12-01",
      "2027-01-01"
    ]]
  )
})

it.effect.prop(
  "business days add up, before 1970 too",
  [integer(-50_000, 50_000), integer(0, 60)],
  ([day, length]) =>
    Effect.sync(() => {
      const from = PlainDates.fromEpochDay(day)
      const days = Array.from({ length }, (_, index) => PlainDates.addDays(from, index + 1))
      const weekdays = days.filter((date) => ![0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay()))
      assert.deepStrictEqual(days.filter((date) => !PlainDates.isWeekend(date)), weekdays)
      assert.strictEqual(PlainDates.businessDaysBetween(from, PlainDates.addDays(from, length)), weekdays.length)
    })
)
