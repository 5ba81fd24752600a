import { assert, describe, it } from "@effect/vitest"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { cash, position, statement, trade, vusa } from "../statement.ts"
import { failed, noDrift, skips, startWorld, statuses, succeeded, type World } from "../support.ts"
import { booked, decide, deleteByHand, outcomes } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05")
const buys = [1, 2, 3, 4].map((n) => trade(String(n), vusa, n, "80", `2026-01-0${n + 4}`))
const ids = ["ibkr:cash:1", "ibkr:trade:1", "ibkr:trade:2", "ibkr:trade:3", "ibkr:trade:4"]
const week = statement({ trades: buys, cash: [deposit], positions: [position(vusa, 10)] })

const afterTheWeek = async (): Promise<World> => {
  const world = await startWorld({ flex: { statement: week } })
  succeeded(await world.night())
  return world
}

describe("restore", { timeout: 90_000, concurrent: true }, () => {
  it("a deleted row stays out, night after night, until it is brought back", async () => {
    await using world = await afterTheWeek()
    deleteByHand(world, "ibkr:trade:2")
    for (let night = 0; night < 2; night++) {
      const json = succeeded(await world.night())
      assert.strictEqual(statuses(json)["ibkr:trade:2"], "removed")
      assert.notInclude(booked(world), "ibkr:trade:2")
    }
    const back = await decide(world, ["restore", "ibkr:trade:2"])
    assert.deepStrictEqual(outcomes(back), { "ibkr:trade:2": "imported" })
    assert.deepStrictEqual(booked(world), ids)
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), ids)
  })

  it("a tracker put back from a backup: exit 9, tonight's rows are in, --missing books the lost ones", async () => {
    await using world = await afterTheWeek()
    for (const id of ["ibkr:trade:2", "ibkr:trade:3", "ibkr:trade:4"]) deleteByHand(world, id)
    world.flex.setStatement(statement({
      from: "2026-01-08",
      to: "2026-01-12",
      trades: [...buys.slice(3), trade("9", vusa, 5, "80", "2026-01-12")],
      positions: [position(vusa, 15)]
    }))
    for (let night = 0; night < 2; night++) {
      const json = failed(await world.night(), 9, /3 rows .* restored from a backup/)
      assert.match(json.error?.hint ?? "", /restore --missing.*restore --accept/)
      assert.deepStrictEqual(skips(json), { "ibkr:trade:4": "missing" })
      assert.include(booked(world), "ibkr:trade:9")
      assert.strictEqual(world.rows("sync_record WHERE state = 'removed'"), 0)
    }
    const back = await decide(world, ["restore", "--missing"])
    assert.deepStrictEqual(outcomes(back), {
      "ibkr:trade:2": "imported",
      "ibkr:trade:3": "imported",
      "ibkr:trade:4": "imported"
    })
    assert.deepStrictEqual(booked(world), [...ids, "ibkr:trade:9"])
    noDrift(succeeded(await world.night()))
  })

  it("--accept leaves them out for good", async () => {
    await using world = await afterTheWeek()
    for (const id of ids.slice(1)) deleteByHand(world, id)
    failed(await world.night(), 9, /4 rows/)
    const accepted = await decide(world, ["restore", "--accept"])
    assert.deepStrictEqual(new Set(Object.values(outcomes(accepted))), new Set(["removed"]))
    const json = succeeded(await world.night())
    assert.strictEqual(statuses(json)["ibkr:trade:1"], "removed")
    assert.deepStrictEqual(booked(world), ["ibkr:cash:1"])
  })

  it.each<[string, string]>([["sync.db", "with its archive"], ["", "and everything else"]])(
    "a lost store (%s, %s) is rebuilt; what Wealthfolio lacks of its days is held, later rows are booked",
    async (lost) => {
      await using world = await afterTheWeek()
      deleteByHand(world, "ibkr:trade:2")
      succeeded(await world.night())
      await rm(join(world.dataDir, lost), { recursive: true })
      world.flex.setStatement(statement({
        to: "2026-01-12",
        trades: [...buys, trade("9", vusa, 5, "80", "2026-01-12")],
        cash: [deposit],
        positions: [position(vusa, 15)]
      }))
      const sends = world.flex.count("send")
      const json = succeeded(await world.night())
      assert.deepStrictEqual(skips(json), { "ibkr:trade:2": "missing" })
      assert.strictEqual(statuses(json)["ibkr:trade:9"], "imported")
      assert.strictEqual(world.flex.count("send"), sends + 1)
      assert.deepStrictEqual(booked(world), [...ids.filter((id) => id !== "ibkr:trade:2"), "ibkr:trade:9"])
      assert.deepStrictEqual(skips(succeeded(await world.night())), { "ibkr:trade:2": "missing" })
      assert.deepStrictEqual(outcomes(await decide(world, ["restore", "--missing"])), { "ibkr:trade:2": "imported" })
      noDrift(succeeded(await world.night()))
    }
  )

  it("a row that is not out, or not known, is exit 2 and says what it is", async () => {
    await using world = await afterTheWeek()
    assert.match((await decide(world, ["restore", "ibkr:trade:1"], 2)).error?.message ?? "", /not out: it is synced/)
    assert.match((await decide(world, ["restore", "ibkr:trade:77"], 2)).error?.message ?? "", /nothing is known/)
    assert.deepStrictEqual((await decide(world, ["restore", "--missing"])).rows, [])
  })
})
