import { assert, describe, it } from "@effect/vitest"
import { cancel, cash, position, statement, trade, vusa } from "../statement.ts"
import { noDrift, startWorld, succeeded, type World } from "../support.ts"
import { booked, decide, outcomes } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05")
const monday = trade("1", vusa, 10, "80", "2026-01-05")
const next = trade("2", vusa, 5, "80", "2026-01-12")

const twoNights = async (): Promise<readonly [World, string]> => {
  const world = await startWorld({
    flex: { statement: statement({ trades: [monday], cash: [deposit], positions: [position(vusa, 10)] }) }
  })
  succeeded(await world.night())
  world.flex.setStatement(
    statement({ from: "2026-01-12", to: "2026-01-12", trades: [next], positions: [position(vusa, 15)] })
  )
  return [world, succeeded(await world.night()).runId]
}

describe("undo", { timeout: 90_000, concurrent: true }, () => {
  it("without --yes only shows; with it a run's rows are deleted, and the next run books them again", async () => {
    const [world, second] = await twoNights()
    await using _ = world
    const before = booked(world)
    const shown = await decide(world, ["undo", second])
    assert.deepStrictEqual(outcomes(shown), { "ibkr:trade:2": "would be deleted" })
    assert.deepStrictEqual(booked(world), before)
    assert.deepStrictEqual(outcomes(await decide(world, ["undo", second, "--yes"])), { "ibkr:trade:2": "deleted" })
    assert.deepStrictEqual(booked(world), ["ibkr:cash:1", "ibkr:trade:1"])
    assert.strictEqual(world.rows("sync_record WHERE external_id = 'ibkr:trade:2'"), 0)
    world.flex.setStatement(
      statement({ from: "2026-01-13", to: "2026-01-13", positions: [position(vusa, 15)] })
    )
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), before)
  })

  it("--all keeps what the user edited, and the next run brings all others", async () => {
    const [world] = await twoNights()
    await using _ = world
    const edited = world.activities.find(({ idempotencyKey }) => idempotencyKey === "U1234567/ibkr:trade:1")
    if (edited !== undefined) edited.isUserModified = true
    const before = booked(world)
    assert.deepStrictEqual(outcomes(await decide(world, ["undo", "--all", "--yes"])), {
      "ibkr:cash:1": "deleted",
      "ibkr:trade:1": "kept",
      "ibkr:trade:2": "deleted"
    })
    assert.deepStrictEqual(booked(world), ["ibkr:trade:1"])
    succeeded(await world.night())
    assert.deepStrictEqual(booked(world), before)
  })

  it("what is left of a cancelled trade, and what came in its place, come again", async () => {
    const [world] = await twoNights()
    await using _ = world
    world.flex.setStatement(statement({
      from: "2026-01-13",
      to: "2026-01-13",
      trades: [
        cancel("1", vusa, 10, "80", "2026-01-05", "2026-01-13"),
        trade("1", vusa, 9, "80", "2026-01-05", { transactionID: "501", reportDate: "2026-01-13", ibCommission: "0" })
      ],
      positions: [position(vusa, 14)]
    }))
    noDrift(succeeded(await world.night()))
    const before = booked(world)
    assert.deepStrictEqual(before, ["ibkr:cash:1", "ibkr:trade:1", "ibkr:trade:1:cancel-fee", "ibkr:trade:2"])
    await decide(world, ["undo", "--all", "--yes"])
    assert.deepStrictEqual(booked(world), [])
    world.flex.setStatement(statement({ from: "2026-01-14", to: "2026-01-14", positions: [position(vusa, 14)] }))
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), before)
    assert.deepStrictEqual((await decide(world, ["replay"])).rows, [])
  })

  it("a run that booked nothing is exit 2", async () => {
    const [world] = await twoNights()
    await using _ = world
    assert.match((await decide(world, ["undo", "01NOSUCHRUN"], 2)).error?.message ?? "", /no booked row is of run/)
  })
})
