import { assert, describe, it } from "@effect/vitest"
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { balancesAfter, type Conversion, daysOf } from "../support/swappedCommissions.ts"
import { deleteByHand } from "./decisions/support.ts"
import { statement } from "./statement.ts"
import { fixture, noDrift, type RunJson, startWorld, statuses, succeeded, type World } from "./support.ts"

const conversion = (id: string, day: string, isSwapped: boolean): Conversion => ({
  id,
  day: `2026-01-${day}`,
  isSwapped
})

const a = conversion("61", "06", true)
const b = conversion("62", "07", false)
const c = conversion("63", "08", true)
const d = conversion("64", "12", true)
const week = [a, b, c]
const first = daysOf(week, "2026-01-05", "2026-01-09")
const chf = "ibkr:fxcomm:2026-01-05:2026-01-09:CHF"
const usd = "ibkr:fxcomm:2026-01-05:2026-01-09:USD"

const corrections = (json: RunJson) =>
  Object.fromEntries(Object.entries(statuses(json)).filter(([id]) => id.startsWith("ibkr:fxcomm:")))

/** What Wealthfolio has of corrections: type, currency, amount. */
const booked = (world: World) =>
  world.activities
    .filter(({ idempotencyKey }) => idempotencyKey?.includes("fxcomm") === true)
    .map(({ activityType, amount, currency }) => `${activityType} ${currency} ${amount}`)
    .sort()

/** Cash in the tracker, by currency. */
const tracked = (json: RunJson) =>
  Object.fromEntries(json.cash.map(({ currency = "", wealthfolio }) => [currency, wealthfolio]))

const explained = (json: RunJson) => {
  noDrift(json)
  for (const { currency, drift, ...line } of json.cash) {
    assert.strictEqual(drift, "0", currency)
    assert.notProperty(line, "bridge")
  }
}

describe("commissions charged in another currency than their rows say", { timeout: 60_000, concurrent: true }, () => {
  it.each(["commission-swap.xml", "commission-swap-funds.xml"])(
    "%s: a correction for each currency, dated the last day, once",
    async (name) => {
      await using world = await startWorld({ flex: { statement: await fixture(name) } })
      const one = succeeded(await world.night())
      assert.deepStrictEqual(corrections(one), { [chf]: "imported", [usd]: "imported" })
      explained(one)
      assert.deepStrictEqual(tracked(one), { CHF: "8598.4", USD: "752" })
      assert.deepStrictEqual(booked(world), ["CREDIT CHF 1.6", "FEE USD 2"])
      const row = one.activities.find(({ externalId }) => externalId === usd)
      assert.deepInclude(row, { type: "FEE", date: "2026-01-09", amount: "2" })
      assert.match(row?.["note"] ?? "", /conversions from 2026-01-05 to 2026-01-09 that were charged in USD/)

      const two = succeeded(await world.night())
      assert.strictEqual(two.counts.imported, 0)
      assert.deepStrictEqual(corrections(two), { [chf]: "already-synced", [usd]: "already-synced" })
      explained(two)
      assert.strictEqual(booked(world).length, 2)
      const replayed = await world.run(["ibkr", "replay", "--format", "json"])
      assert.strictEqual(replayed.code, 0, replayed.stderr)
      assert.deepStrictEqual(JSON.parse(replayed.stdout).rows, [])
    }
  )

  it("windows inside, around and beside one another book nothing twice", async () => {
    await using world = await startWorld({ flex: { statement: statement(first) } })
    const one = succeeded(await world.night())
    explained(one)
    assert.deepStrictEqual(tracked(one), balancesAfter(week))
    const all = [...week, d]
    const read = async (from: string, to: string) => {
      const file = join(world.directory, "window.xml")
      await writeFile(file, statement(daysOf(all, `2026-01-${from}`, `2026-01-${to}`)))
      return succeeded(await world.night(["--file", file]))
    }
    // Inside: all of it is booked; it is known now what is of these days.
    const inside = await read("08", "09")
    assert.strictEqual(inside.counts.imported, 0)
    assert.strictEqual(inside.cash.find(({ currency }) => currency === "CHF")?.["drift"], "0")
    // Over its edge, with a conversion that is new.
    const over = await read("08", "12")
    assert.deepStrictEqual(corrections(over), {
      "ibkr:fxcomm:2026-01-08:2026-01-12:CHF": "imported",
      "ibkr:fxcomm:2026-01-08:2026-01-12:USD": "imported"
    })
    explained(over)
    assert.deepStrictEqual(tracked(over), balancesAfter(all))
    for (const [from, to] of [["05", "12"], ["08", "12"], ["12", "12"], ["06", "12"], ["07", "12"]] as const) {
      const again = await read(from, to)
      assert.strictEqual(again.counts.imported, 0, `${from} to ${to}`)
      explained(again)
    }
    assert.deepStrictEqual(booked(world), ["CREDIT CHF 1.6", "CREDIT CHF 3.2", "FEE USD 2", "FEE USD 4"])
  })

  it("what cannot be told apart is not booked, stays visible, and is booked once days are read that tell", async () => {
    await using world = await startWorld({ flex: { statement: statement(first) } })
    explained(succeeded(await world.night()))
    const all = [...week, d]
    world.flex.setStatement(statement(daysOf(all, "2026-01-07", "2026-01-12")))
    const unknown = succeeded(await world.night())
    assert.deepStrictEqual(corrections(unknown), {})
    assert.isTrue(unknown.warnings.some((text) => text.includes("may be in a correction of other days")))
    assert.deepInclude(unknown.cash.find(({ currency }) => currency === "USD"), { drift: "-4", trackerDrift: "-2" })
    assert.strictEqual(booked(world).length, 2)

    world.flex.setStatement(statement(daysOf(all, "2026-01-05", "2026-01-13")))
    const known = succeeded(await world.night())
    assert.deepStrictEqual(Object.values(corrections(known)), ["imported", "imported"])
    explained(known)
    assert.deepStrictEqual(tracked(known), balancesAfter(all))
    world.flex.setStatement(statement(daysOf(all, "2026-01-12", "2026-01-14")))
    explained(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), ["CREDIT CHF 1.6", "CREDIT CHF 3.2", "FEE USD 2", "FEE USD 4"])
  })

  it("broken out by day each day has its own; the whole of them has nothing to add", async () => {
    const days = ["05", "06", "07", "08", "09"].map((day) => daysOf(week, `2026-01-${day}`, `2026-01-${day}`))
    await using world = await startWorld({ flex: { statement: statement(...days) } })
    const one = succeeded(await world.night())
    assert.deepStrictEqual(corrections(one), {
      "ibkr:fxcomm:2026-01-06:2026-01-06:CHF": "imported",
      "ibkr:fxcomm:2026-01-06:2026-01-06:USD": "imported",
      "ibkr:fxcomm:2026-01-08:2026-01-08:CHF": "imported",
      "ibkr:fxcomm:2026-01-08:2026-01-08:USD": "imported"
    })
    explained(one)
    assert.deepStrictEqual(tracked(one), balancesAfter(week))
    for (const next of [first, daysOf(week, "2026-01-07", "2026-01-09")]) {
      world.flex.setStatement(statement(next))
      const again = succeeded(await world.night())
      assert.strictEqual(again.counts.imported, 0)
      explained(again)
    }
    assert.strictEqual(booked(world).length, 4)
  })

  it("the Statement of Funds tells them apart, also what was booked without it", async () => {
    await using world = await startWorld({ flex: { statement: statement(first) } })
    explained(succeeded(await world.night()))
    const all = [...week, d]
    world.flex.setStatement(statement(daysOf(all, "2026-01-07", "2026-01-12", { funds: true })))
    const json = succeeded(await world.night())
    assert.deepStrictEqual(Object.values(corrections(json)), ["imported", "imported"])
    explained(json)
    assert.deepStrictEqual(tracked(json), balancesAfter(all))
    world.flex.setStatement(statement(daysOf(all, "2026-01-08", "2026-01-13")))
    explained(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), ["CREDIT CHF 1.6", "CREDIT CHF 3.2", "FEE USD 2", "FEE USD 4"])
  })

  it("one that is deleted in Wealthfolio stays out, and comes back by restore; undone ones come again, once", async () => {
    await using world = await startWorld({ flex: { statement: statement(first) } })
    succeeded(await world.night())
    deleteByHand(world, usd)
    const without = succeeded(await world.night())
    assert.deepStrictEqual(corrections(without), { [chf]: "already-synced", [usd]: "removed" })
    assert.deepInclude(without.cash.find(({ currency }) => currency === "USD"), { drift: "0" })
    assert.deepStrictEqual(booked(world), ["CREDIT CHF 3.2"])
    const restored = await world.run(["ibkr", "restore", usd])
    assert.strictEqual(restored.code, 0, restored.stderr)
    assert.deepStrictEqual(booked(world), ["CREDIT CHF 3.2", "FEE USD 4"])
    explained(succeeded(await world.night()))

    const undone = await world.run(["ibkr", "undo", "--all", "--yes"])
    assert.strictEqual(undone.code, 0, undone.stderr)
    assert.deepStrictEqual(booked(world), [])
    explained(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), ["CREDIT CHF 3.2", "FEE USD 4"])
  })

  it("a lost store: what Wealthfolio has of a window counts, and nothing comes twice", async () => {
    await using world = await startWorld({ flex: { statement: statement(first) } })
    succeeded(await world.night())
    await rm(join(world.dataDir, "sync.db"))
    const rebuilt = succeeded(await world.night())
    assert.deepStrictEqual(corrections(rebuilt), { [chf]: "already-synced", [usd]: "already-synced" })
    explained(rebuilt)
    const all = [...week, d]
    world.flex.setStatement(statement(daysOf(all, "2026-01-05", "2026-01-12")))
    const json = succeeded(await world.night())
    explained(json)
    assert.deepStrictEqual(tracked(json), balancesAfter(all))
    assert.deepStrictEqual(booked(world), ["CREDIT CHF 1.6", "CREDIT CHF 3.2", "FEE USD 2", "FEE USD 4"])
  })

  it("a dry run plans it and writes nothing", async () => {
    await using world = await startWorld({ flex: { statement: statement(first) } })
    const json = succeeded(await world.night(["--dry-run"]))
    assert.deepStrictEqual(corrections(json), { [chf]: "planned", [usd]: "planned" })
    assert.deepStrictEqual(json.cash.map(({ drift }) => drift), ["0", "0"])
    assert.deepStrictEqual(world.activities, [])
  })
})
