import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Coverage from "../../src/Portfolio/Coverage.ts"
import type { DaySpan } from "../../src/Portfolio/Coverage.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import type { PlainDate } from "../../src/Portfolio/PlainDate.ts"
import { span, spans } from "./arbitrary.ts"

const of = (from: string, to = from): DaySpan => ({ from: PlainDates.of(from), to: PlainDates.of(to) })
const day = PlainDates.of

const daysIn = ({ from, to }: DaySpan): ReadonlyArray<PlainDate> =>
  Array.from(
    { length: Math.max(0, PlainDates.toEpochDay(to) - PlainDates.toEpochDay(from) + 1) },
    (_, index) => PlainDates.addDays(from, index)
  )
const daysOf = (all: ReadonlyArray<DaySpan>): ReadonlySet<PlainDate> => new Set(all.flatMap(daysIn))
const businessDaysOf = (all: ReadonlyArray<DaySpan>): ReadonlyArray<PlainDate> =>
  [...daysOf(all)].filter((date) => !PlainDates.isWeekend(date)).sort()

describe("union", () => {
  it("joins what touches, overlaps or leaves a weekend, and drops what is no span", () => {
    // 2026-01-09 is a Friday.
    assert.deepStrictEqual(Coverage.union([of("2026-01-08"), of("2026-01-09")]), [of("2026-01-08", "2026-01-09")])
    assert.deepStrictEqual(Coverage.union([of("2026-01-12"), of("2026-01-09")]), [of("2026-01-09", "2026-01-12")])
    assert.deepStrictEqual(Coverage.union([of("2026-01-09", "2026-01-10"), of("2026-01-12")]), [
      of("2026-01-09", "2026-01-12")
    ])
    assert.deepStrictEqual(Coverage.union([of("2026-01-09"), of("2026-01-13")]), [of("2026-01-09"), of("2026-01-13")])
    assert.deepStrictEqual(Coverage.union([of("2026-01-05", "2026-01-09"), of("2026-01-06")]), [
      of("2026-01-05", "2026-01-09")
    ])
    assert.deepStrictEqual(Coverage.union([of("2026-01-10", "2026-01-11")]), [of("2026-01-10", "2026-01-11")])
    assert.deepStrictEqual(Coverage.union([of("2026-01-09", "2026-01-08")]), [])
    assert.deepStrictEqual(Coverage.union(new Set<DaySpan>()), [])
  })

  it("keeps leap days and year ends whole", () => {
    assert.deepStrictEqual(Coverage.union([of("2024-02-01", "2024-02-29"), of("2024-03-01")]), [
      of("2024-02-01", "2024-03-01")
    ])
    assert.deepStrictEqual(Coverage.union([of("2024-02-28"), of("2024-03-01")]), [of("2024-02-28"), of("2024-03-01")])
    assert.deepStrictEqual(Coverage.union([of("2025-12-31"), of("2026-01-01")]), [of("2025-12-31", "2026-01-01")])
  })

  it.effect.prop("is idempotent, and the same in any order", [spans], ([all]) =>
    Effect.sync(() => {
      const united = Coverage.union(all)
      assert.deepStrictEqual(Coverage.union(united), united)
      assert.deepStrictEqual(Coverage.union(all.toReversed()), united)
      assert.deepStrictEqual(Coverage.union([...united, ...all]), united)
    }))

  it.effect.prop("has the days of its spans, and weekends between", [spans], ([all]) =>
    Effect.sync(() => {
      const united = Coverage.union(all)
      const [before, after] = [daysOf(all), daysOf(united)]
      assert.deepStrictEqual([...before].filter((date) => !after.has(date)), [])
      assert.isTrue([...after].filter((date) => !before.has(date)).every(PlainDates.isWeekend))
      for (const [index, { from }] of united.slice(1).entries()) {
        const gap = { from: PlainDates.addDays(united[index]!.to, 1), to: PlainDates.addDays(from, -1) }
        assert.isAbove(businessDaysOf([gap]).length, 0)
      }
    }))
})

describe("holes, businessDays and covers", () => {
  const april = of("2026-04-01", "2026-04-30")

  it("sees Good Friday and Easter Monday 2026, one by one", () => {
    assert.deepStrictEqual(Coverage.holes([of("2026-04-01", "2026-04-02"), of("2026-04-07", "2026-04-30")], april), [
      of("2026-04-03", "2026-04-06")
    ])
    assert.deepStrictEqual(Coverage.holes([of("2026-04-01", "2026-04-02"), of("2026-04-06", "2026-04-30")], april), [
      of("2026-04-03")
    ])
    assert.deepStrictEqual(Coverage.holes([of("2026-04-01", "2026-04-03"), of("2026-04-07", "2026-04-30")], april), [
      of("2026-04-06")
    ])
  })

  it("a US holiday is a hole until a statement has it", () => {
    const nights = ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27", "2026-11-30"].map((night) => of(night))
    const week = of("2026-11-23", "2026-11-30")
    assert.deepStrictEqual(Coverage.holes(nights, week), [of("2026-11-26")])
    assert.deepStrictEqual(Coverage.holes([...nights, of("2026-11-26")], week), [])
    assert.deepStrictEqual(Coverage.holes([...nights, of("2026-11-25", "2026-11-27")], week), [])
  })

  it("a weekend is no hole at the ends either, and nothing is one outside", () => {
    assert.deepStrictEqual(Coverage.holes([of("2026-01-05", "2026-01-09")], of("2026-01-03", "2026-01-11")), [])
    assert.deepStrictEqual(Coverage.holes([], of("2026-01-10", "2026-01-11")), [])
    assert.deepStrictEqual(Coverage.holes([], of("2026-01-10", "2026-01-09")), [])
    assert.deepStrictEqual(Coverage.holes([of("2025-01-01"), of("2027-01-01")], of("2025-12-27", "2026-01-04")), [
      of("2025-12-29", "2026-01-02")
    ])
  })

  it("counts each business day once", () => {
    assert.strictEqual(Coverage.businessDays([of("2024-02-26", "2024-03-01")]), 5)
    assert.strictEqual(Coverage.businessDays([of("2025-12-22", "2026-01-02"), of("2025-12-31", "2026-01-05")]), 11)
    assert.strictEqual(Coverage.businessDays([of("2026-01-10", "2026-01-11")]), 0)
  })

  it("a weekend between two covered days is covered, one beside a hole is not", () => {
    const covered = [of("2026-01-09"), of("2026-01-12"), of("2026-01-20")]
    for (const date of ["2026-01-09", "2026-01-10", "2026-01-11", "2026-01-12", "2026-01-20"]) {
      assert.isTrue(Coverage.covers(covered, day(date)), date)
    }
    for (const date of ["2026-01-08", "2026-01-13", "2026-01-17", "2026-01-19", "2026-01-21"]) {
      assert.isFalse(Coverage.covers(covered, day(date)), date)
    }
  })

  it.effect.prop(
    "holes are what is missing, no more and no less",
    [spans, span],
    ([covered, start]) =>
      Effect.sync(() => {
        const within = { from: start.from, to: PlainDates.addDays(start.to, 14) }
        const holes = Coverage.holes(covered, within)
        const had = new Set(businessDaysOf(covered))
        assert.deepStrictEqual(businessDaysOf(holes), businessDaysOf([within]).filter((date) => !had.has(date)))
        assert.strictEqual(Coverage.businessDays(holes), businessDaysOf(holes).length)
        assert.isTrue([...daysOf(holes)].every((date) => !Coverage.covers(covered, date)))
        for (const { from, to } of holes) assert.isFalse(PlainDates.isWeekend(from) || PlainDates.isWeekend(to))
        assert.deepStrictEqual(Coverage.holes([...covered, ...holes], within), [])
      })
  )
})

it("an edge may move over the longest weekend, not further", () => {
  const asked = of("2026-04-03", "2026-12-25")
  assert.isFalse(Coverage.isCollapsed(asked, asked))
  assert.isFalse(Coverage.isCollapsed(asked, of("2026-04-07", "2026-12-21")))
  assert.isFalse(Coverage.isCollapsed(asked, of("2026-03-30", "2026-12-29")))
  assert.isTrue(Coverage.isCollapsed(asked, of("2026-04-08", "2026-12-25")))
  assert.isTrue(Coverage.isCollapsed(asked, of("2026-04-03", "2026-12-20")))
  assert.isTrue(Coverage.isCollapsed(asked, of("2026-12-25", "2026-12-25")))
  assert.isTrue(Coverage.isCollapsed(asked, of("2026-03-29", "2026-12-25")))
})
