import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Coverage from "../../src/Portfolio/Coverage.ts"
import type { DaySpan } from "../../src/Portfolio/Coverage.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { integer, spans } from "./arbitrary.ts"

const of = (from: string, to = from): DaySpan => ({ from: PlainDates.of(from), to: PlainDates.of(to) })

const lengthOf = ({ from, to }: DaySpan) => PlainDates.toEpochDay(to) - PlainDates.toEpochDay(from) + 1

/** What any list of windows for a span has to be. */
const checkWindows = (cut: ReadonlyArray<DaySpan>, span: DaySpan, most: number) => {
  assert.strictEqual(cut[0]?.from, span.from)
  assert.strictEqual(cut.at(-1)?.to, span.to)
  for (const [index, window] of cut.entries()) {
    assert.isAtMost(lengthOf(window), most)
    assert.isTrue(window.from <= window.to)
    if (index === 0) continue
    assert.strictEqual(window.from, cut[index - 1]!.to)
    assert.isTrue(window.to > window.from)
  }
}

describe("windows", () => {
  it("a span of up to 365 days is one", () => {
    for (const span of [of("2026-01-05"), of("2025-01-01", "2025-12-31"), of("2024-01-01", "2024-12-30")]) {
      assert.deepStrictEqual(Coverage.windows(span), [span])
    }
    assert.deepStrictEqual(Coverage.windows(of("2026-01-06", "2026-01-05")), [])
  })

  it("longer ones are cut on a Wednesday, away from Christmas and New Year", () => {
    // 366 days: 2024 has a leap day, and the last Wednesday of the first 365 days is Christmas.
    assert.deepStrictEqual(Coverage.windows(of("2024-01-01", "2024-12-31")), [
      of("2024-01-01", "2024-12-18"),
      of("2024-12-18", "2024-12-31")
    ])
    assert.deepStrictEqual(Coverage.windows(of("2022-01-01", "2026-01-05")), [
      of("2022-01-01", "2022-12-21"),
      of("2022-12-21", "2023-12-20"),
      of("2023-12-20", "2024-12-18"),
      of("2024-12-18", "2025-12-17"),
      of("2025-12-17", "2026-01-05")
    ])
    // Its 365th day is New Year 2025.
    assert.strictEqual(Coverage.windows(of("2024-01-03", "2025-01-02"))[0]?.to, "2024-12-18")
    for (const { to } of Coverage.windows(of("2021-03-08", "2026-06-12")).slice(0, -1)) {
      assert.strictEqual(PlainDates.dayOfWeek(to), 3)
    }
  })

  it("goes on where there is no Wednesday", () => {
    assert.deepStrictEqual(Coverage.windows(of("2026-01-08", "2026-01-12"), 2), [
      of("2026-01-08", "2026-01-09"),
      of("2026-01-09", "2026-01-10"),
      of("2026-01-10", "2026-01-11"),
      of("2026-01-11", "2026-01-12")
    ])
    assert.deepStrictEqual(Coverage.windows(of("2025-12-23", "2026-01-05"), 10), [
      of("2025-12-23", "2026-01-01"),
      of("2026-01-01", "2026-01-05")
    ])
    for (const most of [1, 0, -365, Number.NaN]) {
      assert.throws(() => Coverage.windows(of("2026-01-05"), most), RangeError)
    }
  })

  it.effect.prop(
    "cover the span, oldest first, none too long, and share a day",
    [integer(0, 20_000), integer(0, 3000), integer(2, 400)],
    ([start, length, most]) =>
      Effect.sync(() => {
        const from = PlainDates.fromEpochDay(start)
        const span = { from, to: PlainDates.addDays(from, length) }
        checkWindows(Coverage.windows(span, most), span, most)
        checkWindows(Coverage.windows(span), span, 365)
        assert.deepStrictEqual(Coverage.windows(span), Coverage.windows(span, 365))
      })
  )
})

describe("holeWindows", () => {
  const until = PlainDates.of

  it("asks from the last covered day before the oldest hole up to tonight's last day", () => {
    const covered = [of("2026-01-05", "2026-01-07"), of("2026-01-09"), of("2026-01-14")]
    assert.deepStrictEqual(Coverage.holeWindows(covered, until("2026-01-14")), [of("2026-01-07", "2026-01-14")])
    assert.deepStrictEqual(Coverage.holeWindows(covered, until("2026-01-08")), [of("2026-01-07", "2026-01-08")])
    assert.deepStrictEqual(Coverage.holeWindows(covered, until("2026-01-07")), [])
    assert.deepStrictEqual(Coverage.holeWindows(covered, until("2025-12-01")), [])
    assert.deepStrictEqual(Coverage.holeWindows([], until("2026-01-14")), [])
  })

  it("nothing is asked for weekends, or for days before the first", () => {
    const covered = [of("2026-01-09"), of("2026-01-12")]
    assert.deepStrictEqual(Coverage.holeWindows(covered, until("2026-01-12")), [])
    assert.deepStrictEqual(Coverage.holeWindows([of("2026-01-09")], until("2026-01-11")), [])
  })

  it("keeps weekends and holidays inside the window", () => {
    // Easter: the statement of Thursday 2 April, then that of Tuesday 7 April.
    const easter = [of("2026-04-01", "2026-04-02"), of("2026-04-07")]
    assert.deepStrictEqual(Coverage.holeWindows(easter, until("2026-04-07")), [of("2026-04-02", "2026-04-07")])
    // A statement that ended on a Saturday: the edge goes back to Friday, for Monday may be a holiday.
    const saturday = [of("2026-05-18", "2026-05-23"), of("2026-05-26")]
    assert.deepStrictEqual(Coverage.holeWindows(saturday, until("2026-05-26")), [of("2026-05-22", "2026-05-26")])
    const thanksgiving = [of("2026-11-25"), of("2026-11-27"), of("2026-11-30")]
    assert.deepStrictEqual(Coverage.holeWindows(thanksgiving, until("2026-11-30")), [of("2026-11-25", "2026-11-30")])
    const yearEnd = [of("2026-12-24"), of("2026-12-28", "2026-12-31"), of("2027-01-04")]
    assert.deepStrictEqual(Coverage.holeWindows(yearEnd, until("2027-01-04")), [of("2026-12-24", "2027-01-04")])
  })

  it("starts from a weekend that is all there is", () => {
    assert.deepStrictEqual(Coverage.holeWindows([of("2026-01-10", "2026-01-11")], until("2026-01-12")), [
      of("2026-01-10", "2026-01-12")
    ])
  })

  it("cuts a hole of years", () => {
    const covered = [of("2023-01-03"), of("2026-01-05")]
    const cut = Coverage.holeWindows(covered, until("2026-01-05"))
    checkWindows(cut, of("2023-01-03", "2026-01-05"), 365)
    assert.lengthOf(cut, 4)
  })

  it.effect.prop(
    "once filled there is no hole, and none without a reason",
    [spans, integer(0, 100)],
    ([covered, ahead]) =>
      Effect.sync(() => {
        const toDate = PlainDates.addDays(until("2025-11-20"), ahead)
        const asked = Coverage.holeWindows(covered, toDate)
        const first = Coverage.union(covered)[0]
        const missing = first === undefined ? [] : Coverage.holes(covered, { from: first.from, to: toDate })
        assert.strictEqual(asked.length > 0, missing.length > 0)
        assert.deepStrictEqual(Coverage.holeWindows([...covered, ...asked], toDate), [])
        if (asked.length === 0 || first === undefined) return
        const begin = asked[0]!.from
        checkWindows(asked, { from: begin, to: toDate }, 365)
        assert.isTrue(Coverage.covers(covered, begin))
        assert.deepStrictEqual(Coverage.holes(covered, { from: first.from, to: begin }), [])
        assert.strictEqual(PlainDates.businessDaysBetween(begin, missing[0]!.from), 1)
      })
  )
})
