import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { deleteByHand } from "./decisions/support.ts"
import { cash, position, ptt, statement, trade, vusa } from "./statement.ts"
import { signal, startWorld, succeeded, type World } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05")
const first = statement({
  trades: [
    trade("1", vusa, 10, "80", "2026-01-05"),
    trade("2", vusa, 1, "80", "2026-01-06"),
    trade("3", ptt, 5, "30", "2026-01-07")
  ],
  cash: [deposit],
  positions: [position(vusa, 11)]
})

const look = async (world: World, format: "json" | "table") => {
  const run = await world.run(["ibkr", "status", "--format", format])
  assert.strictEqual(run.code, 0, run.stderr)
  return run.stdout
}

/** A week, a row deleted by hand, and a statement after a hole that IBKR would not fill. */
const history = async (): Promise<World> => {
  const world = await startWorld({ flex: { statement: first } })
  succeeded(await world.night())
  deleteByHand(world, "ibkr:trade:2")
  world.flex.plan("send", { kind: "success" }, 1001)
  world.flex.setStatement(statement({ from: "2026-01-14", to: "2026-01-14", positions: [position(vusa, 10)] }))
  succeeded(await world.night())
  return world
}

describe("status", { timeout: 60_000, concurrent: true }, () => {
  it("says what was done, what is missing, what waits, and when IBKR may be asked again", async () => {
    await using world = await history()
    const json = JSON.parse(await look(world, "json"))
    assert.strictEqual(json.asOf, "2026-01-14")
    assert.deepStrictEqual(json.runs.map(({ imported, outcome }: Record<string, unknown>) => [outcome, imported]), [
      ["success", 0],
      ["success", 3]
    ])
    assert.strictEqual(json.booked, 2)
    assert.deepStrictEqual(json.coverage.holes, [{ from: "2026-01-12", to: "2026-01-13" }])
    assert.deepStrictEqual(json.coverage.heldDays, ["2026-01-07"])
    assert.strictEqual(json.coverage.uncoveredDays, 3)
    assert.deepStrictEqual(json.held.map(({ commands, why }: Record<string, unknown>) => [why, commands]), [
      ["unknown-venue", ["broker-sync ibkr ignore ibkr:trade:3"]]
    ])
    assert.deepStrictEqual(json.removed.map(({ commands }: Record<string, unknown>) => commands), [
      ["broker-sync ibkr restore ibkr:trade:2"]
    ])
    assert.strictEqual(json.flex.code, 1001)
    assert.isAbove(Date.parse(json.flex.notBefore), Date.now() + 50 * 60_000)
    const table = await look(world, "table")
    assert.match(table, /^as of 2026-01-14 \(\d+ business days old\)\n/)
    assert.match(table, /no Flex request before 20.*1001/)
    assert.match(table, /2026-01 .*missing 12-13; rows wait 7/)
    assert.include(table, "broker-sync ibkr restore ibkr:trade:2")
  })

  it("can be read during a run, and after one that was killed", async () => {
    const asked = signal()
    const release = signal()
    await using world = await startWorld({ flex: { statement: first } })
    succeeded(await world.night())
    world.wealthfolio.onRequest = async (phase, { path }) => {
      if (phase !== "after" || !path.endsWith("/search")) return
      asked.resolve()
      await release.promise
    }
    world.flex.setStatement(statement({ to: "2026-01-12", trades: [trade("9", vusa, 1, "80", "2026-01-12")] }))
    const running = world.night([], { onStart: (child) => void release.promise.then(() => child.kill("SIGKILL")) })
    await asked.promise
    assert.deepStrictEqual(JSON.parse(await look(world, "json")).runs.length, 2)
    world.wealthfolio.onRequest = undefined
    release.resolve()
    assert.strictEqual((await running).code, 137)
    assert.match(await look(world, "table"), /did not finish/)
  })

  it("makes no store: without one it is exit 10 and says what to do", async () => {
    await using world = await startWorld()
    const run = await world.run(["ibkr", "status"])
    assert.strictEqual(run.code, 10)
    assert.match(run.log[0]?.message ?? "", /there is no record store at .*sync\.db.*broker-sync ibkr/)
    assert.isFalse(existsSync(join(world.dataDir, "sync.db")))
  })

  it("names every setting that is missing", async () => {
    await using world = await startWorld()
    const run = await world.run(["ibkr", "status"], {
      env: { IBKR_ACCOUNT_ID: undefined, IBKR_ACCOUNT_ID_UPSTREAM: undefined }
    })
    assert.strictEqual(run.code, 2)
    assert.match(run.log[0]?.message ?? "", /IBKR_ACCOUNT_ID_UPSTREAM not provided.*IBKR_ACCOUNT_ID not provided/s)
  })
})
