import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { dayAt, instantOf, millisOf, type Zone, zoneOf } from "../../src/Wealthfolio/WallTime.ts"

const zone = (name: string): Zone => zoneOf(name) ?? assert.fail(name)
const pad = (value: number) => String(value).padStart(2, "0")
const zones = [
  "UTC",
  "America/New_York",
  "Europe/London",
  "Asia/Tokyo",
  "Pacific/Apia",
  "America/Sao_Paulo",
  "Africa/Cairo",
  "America/Nuuk",
  "Asia/Kathmandu",
  "Australia/Lord_Howe"
]

/** What a clock in the zone shows, by Node's own calendar. */
const clocks = new Map(zones.map((timeZone) => [
  timeZone,
  new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" })
]))
const shown = (instant: string, name: string) => clocks.get(name)!.format(new Date(instant))

describe("WallTime", () => {
  it("reads the broker's clock as the tracker's own", () => {
    assert.strictEqual(instantOf(PlainDate.of("2026-01-02"), "09:31:04", 7, zone("UTC")), "2026-01-02T09:31:04.007Z")
    assert.strictEqual(
      instantOf(PlainDate.of("2026-01-02"), "20:20:00", 0, zone("America/New_York")),
      "2026-01-03T01:20:00.000Z"
    )
    assert.strictEqual(
      instantOf(PlainDate.of("2026-07-01"), undefined, 2, zone("Europe/London")),
      "2026-07-01T11:00:00.002Z"
    )
  })

  it("keeps the day at every quarter of an hour of days on which clocks are moved", () => {
    // Sao Paulo, Cairo and Nuuk have gaps at or across midnight; Lord Howe moves by half an hour.
    const days = [
      "2026-03-08",
      "2026-11-01",
      "2026-03-29",
      "2026-10-25",
      "2018-11-04",
      "2018-02-17",
      "2026-04-24",
      "2026-10-29",
      "2026-03-28",
      "2024-03-30",
      "2024-10-26",
      "2026-04-05",
      "2026-10-04",
      "2011-12-29",
      "2011-12-31"
    ]
    let checked = 0
    for (const name of zones) {
      for (const day of days.map(PlainDate.of)) {
        for (let quarter = 0; quarter < 96; quarter++) {
          const time = `${pad(Math.floor(quarter / 4))}:${pad((quarter % 4) * 15)}:30`
          const instant = instantOf(day, time, 0, zone(name))
          assert.strictEqual(shown(instant, name).slice(0, 10), day, `${name} ${day} ${time}`)
          checked++
        }
      }
    }
    assert.strictEqual(checked, zones.length * days.length * 96)
  })

  it("a day that a zone skipped whole still has an instant", () => {
    assert.match(instantOf(PlainDate.of("2011-12-30"), "12:00:00", 0, zone("Pacific/Apia")), /^2011-12-3[01]T/)
  })

  it.effect.prop(
    "any second of any day comes back as that day and, outside gaps, that time",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 11_000, maximum: 24_000 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_399 })),
      Schema.Literals(zones)
    ],
    ([epochDay, second, name]) =>
      Effect.sync(() => {
        const day = PlainDate.fromEpochDay(epochDay)
        if (name === "Pacific/Apia" && day === "2011-12-30") return
        const time = `${pad(Math.floor(second / 3600))}:${pad(Math.floor(second / 60) % 60)}:${pad(second % 60)}`
        const instant = instantOf(day, time, 999, zone(name))
        assert.strictEqual(shown(instant, name).slice(0, 10), day)
        assert.strictEqual(dayAt(millisOf(instant), zone(name)), day)
        assert.isTrue(instant.endsWith(".999Z"))
      }),
    { arbitrary: { runs: 500 } }
  )

  it("an instant without a zone is UTC, an unknown zone none", () => {
    assert.strictEqual(millisOf("2026-11-22T16:04:24"), Date.UTC(2026, 10, 22, 16, 4, 24))
    assert.strictEqual(dayAt(millisOf("2026-11-02T00:30:00+00:00"), zone("America/New_York")), "2026-11-01")
    assert.isUndefined(zoneOf("Mars/Olympus"))
    assert.strictEqual(zoneOf("")?.id, "UTC")
  })
})
