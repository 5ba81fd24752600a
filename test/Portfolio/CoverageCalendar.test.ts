import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { covers, type DaySpan, holes } from "../../src/Portfolio/Coverage.ts"
import { calendar } from "../../src/Portfolio/CoverageCalendar.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { spans } from "./arbitrary.ts"

const of = (from: string, to = from): DaySpan => ({ from: PlainDates.of(from), to: PlainDates.of(to) })
const none = new Set<PlainDates.PlainDate>()

it("shows a year with its gaps, to a person", () => {
  const lines = calendar({
    covered: [
      of("2025-07-14", "2025-10-09"),
      of("2025-10-13", "2026-04-02"),
      of("2026-04-06", "2026-06-09"),
      of("2026-06-22", "2026-07-13")
    ],
    held: new Set(["2026-02-11", "2026-04-14", "2026-02-12"].map(PlainDates.of)),
    from: PlainDates.of("2025-07-01"),
    to: PlainDates.of("2026-07-15")
  })
  assert.deepStrictEqual(lines.map((line) => line.trimEnd()), [
    "         1   5    10   15   20   25   30",
    "2025-07  .............==================",
    "2025-08  ===============================",
    "2025-09  ==============================",
    "2025-10  =========!--===================  missing 10",
    "2025-11  ==============================",
    "2025-12  ===============================",
    "2026-01  ===============================",
    "2026-02  ==========oo================     rows wait 11, 12",
    "2026-03  ===============================",
    "2026-04  ==!--========o================   missing 3; rows wait 14",
    "2026-05  ===============================",
    "2026-06  =========!!!--!!!!!--=========   missing 10-19",
    "2026-07  =============..",
    "= covered  o rows wait  ! missing  - weekend by a missing day  . before the first or after the last covered day"
  ])
})

it("shows days outside of those asked for as nothing, and an empty record as dots", () => {
  const months = (covered: ReadonlyArray<DaySpan>, { from, to }: DaySpan) =>
    calendar({ covered, held: none, from, to }).slice(1, -1).map((line) => line.trimEnd())
  assert.deepStrictEqual(months([of("2024-02-01", "2024-03-31")], of("2024-02-27", "2024-03-04")), [
    `2024-02  ${" ".repeat(26)}===`,
    "2024-03  ===="
  ])
  assert.deepStrictEqual(months([], of("2026-02-01", "2026-02-28")), [`2026-02  ${".".repeat(28)}`])
  assert.deepStrictEqual(months([], of("2026-02-02", "2026-02-01")), [])
})

it("a held day is one that a statement covered", () => {
  const held = new Set([PlainDates.of("2026-01-06")])
  const [, line] = calendar({
    covered: [of("2026-01-05"), of("2026-01-07", "2026-01-09")],
    held,
    from: PlainDates.of("2026-01-01"),
    to: PlainDates.of("2026-01-09")
  })
  assert.strictEqual(line, `2026-01  ....=o===${" ".repeat(22)}  rows wait 6`)
})

it.effect.prop("each day stands in its column, as it is", [spans], ([covered]) =>
  Effect.sync(() => {
    const within = of("2025-12-01", "2026-01-31")
    const [ruler, december, january, legend] = calendar({ covered, held: none, ...within })
    assert.isString(ruler)
    assert.include(legend, "missing")
    assert.strictEqual(january?.slice(0, 9), "2026-01  ")
    const text = `${december?.slice(9, 40)}${january?.slice(9, 40)}`
    assert.lengthOf(text, 62)
    const shown = (mark: string) =>
      [...text].flatMap((at, index) => at === mark ? [PlainDates.addDays(within.from, index)] : [])
    assert.isTrue(shown("=").every((day) => covers(covered, day)))
    assert.isTrue([..."!-."].flatMap(shown).every((day) => !covers(covered, day)))
    assert.isTrue(shown("-").every(PlainDates.isWeekend))
    assert.deepStrictEqual(shown("!").filter((day) => holes(covered, { from: day, to: day }).length === 0), [])
    const dots = text.replaceAll(/^\.*|\.*$/g, "")
    assert.notInclude(dots, ".")
  }))
