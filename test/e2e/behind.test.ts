import { assert, describe, it } from "@effect/vitest"
import { onDay } from "./clock.ts"
import { balance, cash, position, put, statement, trade, vusa } from "./statement.ts"
import { failed, noDrift, type Run, startWorld, succeeded, type World } from "./support.ts"

/** Wealthfolio may be behind what was written: it is never compared as it is then, nor ever after without a word. */
const bought = trade("61", vusa, 10, "80", "2026-01-05")
const late = trade("62", vusa, 5, "81", "2026-01-06")
const one = statement({ from: "2026-01-05", to: "2026-01-05", trades: [bought], positions: [position(vusa, 10)] })
const two = { from: "2026-01-05", to: "2026-01-06", trades: [bought, late], positions: [position(vusa, 15)] }

const impatient = { env: { WF_RECALC_TIMEOUT: "1 second" } }
const notInTime = "positions are not compared: Wealthfolio did not recompute its holdings in time"
const recalculations = ({ wealthfolio }: World) =>
  wealthfolio.requests.filter(({ path }) => path.endsWith("/portfolio/recalculate")).length
const says = ({ log }: Run) => log.filter(({ message }) => /is behind what was written/.test(message)).length

/** A night whose rows Wealthfolio takes and does not compute. */
const leftBehind = async (world: World) => {
  succeeded(await world.night())
  await world.wealthfolio.recompute.settled()
  world.wealthfolio.recompute.mode = "never"
  world.flex.setStatement(statement(two))
  const night = succeeded(await world.night([], impatient))
  assert.deepStrictEqual([night.reconciled, night.warnings], [false, [notInTime]])
  world.wealthfolio.recompute.mode = "auto"
}

describe("a Wealthfolio that is behind", { timeout: 90_000, concurrent: true }, () => {
  it("computes anew where nobody else has it do so, once", async () => {
    await using world = await startWorld({ flex: { statement: one } })
    await leftBehind(world)
    assert.strictEqual(recalculations(world), 0)
    const next = await world.night(["--fail-on-drift"])
    noDrift(succeeded(next))
    assert.deepStrictEqual([recalculations(world), says(next)], [1, 1])
    noDrift(succeeded(await world.night(["--fail-on-drift"])))
    assert.strictEqual(recalculations(world), 1)
  })

  it("has caught up by itself: nothing is asked of it", async () => {
    await using world = await startWorld({ flex: { statement: one } })
    await leftBehind(world)
    world.wealthfolio.recompute.recalculate()
    await world.wealthfolio.recompute.settled()
    noDrift(succeeded(await world.night(["--fail-on-drift"])))
    // What is not behind is not asked either, though both sides differ.
    world.flex.setStatement(statement({ ...two, positions: [position(vusa, 16)] }))
    failed(await world.night(["--fail-on-drift"]), 11, /VUSA\.L/)
    assert.strictEqual(recalculations(world), 0)
  })

  it("does not compute in time either: not compared, and the next run goes on", async () => {
    await using world = await startWorld({ flex: { statement: one } })
    await leftBehind(world)
    world.wealthfolio.recompute.mode = "never"
    const night = succeeded(await world.night(["--fail-on-drift"], impatient))
    assert.deepStrictEqual([night.reconciled, night.warnings], [false, [notInTime]])
    // It was asked once, and may need long: it is not asked again.
    world.wealthfolio.recompute.mode = "auto"
    assert.deepStrictEqual(succeeded(await world.night()).warnings, [notInTime])
    assert.strictEqual(recalculations(world), 1)
    world.wealthfolio.recompute.recalculate()
    noDrift(succeeded(await world.night(["--fail-on-drift"])))
    assert.strictEqual(recalculations(world), 1)
  })

  it("whatever it shows the day after counts: a difference is told, and nothing computed night after night", async () => {
    await using world = await startWorld({ flex: { statement: one } })
    await leftBehind(world)
    world.wealthfolio.recompute.mode = "never"
    succeeded(await world.night([], impatient))
    const tomorrow = { env: onDay(new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)) }
    failed(await world.night(["--fail-on-drift"], tomorrow), 11, /VUSA\.L/)
    failed(await world.night(["--fail-on-drift"], tomorrow), 11, /VUSA\.L/)
    assert.strictEqual(recalculations(world), 1)
  })

  it("would not be asked: said, and the run goes on", async () => {
    await using world = await startWorld({ flex: { statement: one } })
    await leftBehind(world)
    world.wealthfolio.faults.next("/portfolio/recalculate", { kind: "status", status: 500, when: "before" }, 50)
    const night = await world.night()
    assert.deepStrictEqual(succeeded(night).warnings, [notInTime])
    assert.isTrue(night.log.some(({ level, message }) => level === "warn" && message.includes("recalculate")))
  })

  it("signs of a computation that were another's: what differs is looked at again", async () => {
    await using world = await startWorld({ flex: { statement: one } })
    succeeded(await world.night())
    world.wealthfolio.recompute.mode = "never"
    world.flex.setStatement(statement(two))
    world.wealthfolio.onRequest = (phase, { path }) => {
      if (phase !== "after" || !path.endsWith("/activities/bulk")) return
      setTimeout(() => {
        const job = ["market:sync-start", "market:sync-complete", "portfolio:update-start", "portfolio:update-complete"]
        for (const name of job) world.wealthfolio.publish(name, null)
        world.wealthfolio.recompute.mode = "auto"
      }, 1000)
    }
    noDrift(succeeded(await world.night(["--fail-on-drift"])))
    assert.strictEqual(recalculations(world), 1)
  })

  it("a run that is killed while it waits leaves it to the next, also where that can write nothing", async () => {
    await using world = await startWorld({ flex: { statement: one } })
    succeeded(await world.night())
    await world.wealthfolio.recompute.settled()
    world.wealthfolio.recompute.mode = "never"
    world.flex.setStatement(statement(two))
    const killed = await world.night([], {
      onStart: (child) => {
        world.wealthfolio.onRequest = (phase, { path }) => {
          // Remembered as such or on its way: it is all the same.
          if (phase === "after" && path.endsWith("/activities/bulk")) setTimeout(() => child.kill("SIGKILL"), 500)
        }
      }
    })
    assert.strictEqual(killed.code, 137)
    world.wealthfolio.onRequest = undefined
    world.wealthfolio.recompute.mode = "auto"
    const refused = cash("71", "Deposits/Withdrawals", "100", "GBP", "2026-01-06")
    world.flex.setStatement(statement({ ...two, cash: [refused] }))
    world.wealthfolio.faults.next(
      ({ body, path }) => path.endsWith("/activities/bulk") && JSON.stringify(body).includes("ibkr:cash:71"),
      { kind: "status", status: 400, when: "before", text: "CHECK constraint failed" },
      50
    )
    const again = failed(await world.night(), 9, /71/)
    assert.isTrue(again.reconciled)
    noDrift(again)
  })

  it("nothing is opened by what it shows then", async () => {
    const week = statement({
      from: "2026-01-05",
      to: "2026-01-09",
      trades: [trade("61", vusa, 10, "80", "2026-01-06")],
      positions: [position(vusa, 10)],
      balances: [balance("GBP", "1000", "199")]
    })
    await using world = await startWorld({ flex: { statement: week } })
    world.wealthfolio.addActivity({
      accountId: world.account.id,
      activityType: "DEPOSIT",
      activityDate: "2025-12-01T12:00:00Z",
      currency: "GBP",
      amount: "1000"
    })
    await world.wealthfolio.recompute.settled()
    world.wealthfolio.recompute.mode = "never"
    assert.deepStrictEqual(succeeded(await world.night([], impatient)).warnings, [notInTime])
    const openPositions = ["ibkr", "open-positions", "--yes", "--format", "json"]
    const run = await world.run(openPositions, impatient)
    assert.strictEqual(run.code, 9, run.stderr)
    assert.include(run.stderr, "may still be computing its holdings")
    world.wealthfolio.recompute.mode = "auto"
    world.wealthfolio.recompute.recalculate()
    const later = await world.run(openPositions)
    assert.strictEqual(later.code, 0, later.stderr)
    assert.include(later.stdout, "nothing to open")
    assert.lengthOf(world.activities, 2)
  })

  it("what opened a position is taken out, and not computed in time: what is lacking then is looked at later", async () => {
    const week = statement({
      from: "2026-01-05",
      to: "2026-01-09",
      cash: [cash("71", "Deposits/Withdrawals", "100", "GBP", "2026-01-06")],
      balances: [balance("GBP", "1000", "1100")]
    })
    await using world = await startWorld({ flex: { statement: week } })
    succeeded(await world.night())
    assert.strictEqual((await world.run(["ibkr", "open-positions", "--yes"])).code, 0)
    assert.deepStrictEqual(succeeded(await world.night()).warnings, [])
    world.wealthfolio.recompute.mode = "never"
    assert.strictEqual((await world.run(["ibkr", "open-positions", "--undo", "--yes"], impatient)).code, 0)
    world.wealthfolio.recompute.mode = "auto"
    world.wealthfolio.recompute.recalculate()
    const [warning = ""] = succeeded(await world.night()).warnings
    assert.include(warning, "before 2026-01-05 the account held what Wealthfolio did not: GBP 1000 (Wealthfolio 0)")
  })

  it("an expired option alone is shown by none of its holdings, and is compared", async () => {
    const week = statement({
      trades: [trade("61", put, 1, "2", "2026-01-06", { multiplier: "100", proceeds: "-200" })],
      cash: [cash("71", "Deposits/Withdrawals", "201", "USD", "2026-01-05")],
      positions: [position(put, 1)],
      balances: [balance("USD", "0", "0")]
    })
    await using world = await startWorld({ flex: { statement: week } })
    for (let night = 0; night < 2; night++) {
      const json = succeeded(await world.night())
      assert.isTrue(json.reconciled)
      noDrift(json)
    }
  })
})
