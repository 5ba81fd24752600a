import { assert, describe, it } from "@effect/vitest"
import { fixture, noDrift, startWorld, succeeded, type World } from "./support.ts"

/** One dividend in seventeen rows over four report dates; what is left of it are three. */
const all = await fixture("seventeen-reversals.xml")
const days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]

/** The statement of one of the days, with the cash as it stood at its end. */
const dayOf = (day: string): string => {
  const until = (last: string) =>
    [...all.matchAll(/reportDate="([^"]*)" amount="([^"]*)"/g)]
      .reduce((sum, [, on = "", amount = ""]) => on <= last ? sum + Math.round(Number(amount) * 100) : sum, 0) / 100
  const before = days[days.indexOf(day) - 1]
  return all
    .replace(/fromDate="[^"]*" toDate="[^"]*"/, `fromDate="${day}" toDate="${day}"`)
    .split("\n")
    .filter((line) => !line.includes("<CashTransaction ") || line.includes(`reportDate="${day}"`))
    .join("\n")
    .replace(
      /startingCash="[^"]*" endingCash="[^"]*"/,
      () => `startingCash="${before === undefined ? 0 : until(before)}" endingCash="${until(day)}"`
    )
}

const booked = (world: World) =>
  world.activities.map(({ activityType, amount }) => `${activityType} ${amount}`).toSorted()

describe("a dividend that is reversed again and again", { timeout: 90_000, concurrent: true }, () => {
  it("in one statement leaves what was paid in the end", async () => {
    await using world = await startWorld({ flex: { statement: all } })
    for (const imported of [3, 0]) {
      const json = succeeded(await world.night())
      assert.strictEqual(json.counts.imported, imported)
      assert.strictEqual(json.skipped.filter(({ reason }) => reason === "reversed").length, 14)
      noDrift(json)
      assert.deepStrictEqual(booked(world), ["DIVIDEND 12.15", "TAX 0.05", "TAX 3"])
    }
  })

  it("night by night corrects what was booked, and agrees every night", async () => {
    await using world = await startWorld({ flex: { statement: dayOf(days[0] ?? "") } })
    for (const day of days) {
      world.flex.setStatement(dayOf(day))
      noDrift(succeeded(await world.night()))
    }
    assert.deepStrictEqual(booked(world), ["DIVIDEND 12.15", "TAX 0.05", "TAX 3"])
    world.flex.setStatement(all)
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
    assert.strictEqual(world.activities.length, 3)
  })
})
