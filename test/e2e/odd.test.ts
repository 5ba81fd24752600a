import { assert, describe, it } from "@effect/vitest"
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { cancel, position, statement, trade, vusa } from "./statement.ts"
import { failed, fixture, noDrift, skips, startWorld, statuses, succeeded, type World } from "./support.ts"

const week = await fixture("week.xml")
const bought = trade("1", vusa, 10, "90", "2026-01-05")

/** The import fails, so that the statement waits in the archive. */
const refuseImport = (world: World) =>
  world.wealthfolio.faults.next("/activities/bulk", { kind: "status", status: 401, when: "before" }, 2)

describe("nights that did not go as planned", { timeout: 60_000, concurrent: true }, () => {
  it("a file that no nightly query may be like, left waiting, does not block the nights after it", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const path = join(world.directory, "partial.xml")
    await writeFile(path, statement({ trades: [trade("9", vusa, 1, "90", "2026-01-05")], positions: null }))
    refuseImport(world)
    failed(await world.night(["--file", path]), 9, /./)
    const json = succeeded(await world.night())
    assert.strictEqual(statuses(json)["ibkr:trade:9"], "imported")
    assert.strictEqual(world.activities.length, 16)
  })

  it("a waiting statement that is gone fails the night after tonight's rows are in, until its days come again", async () => {
    await using world = await startWorld({
      flex: { statement: statement({ trades: [bought], positions: [position(vusa, 10)] }) }
    })
    refuseImport(world)
    failed(await world.night(), 9, /./)
    await rm(join(world.dataDir, "statements"), { recursive: true })
    world.flex.setStatement(
      statement({
        from: "2026-01-12",
        to: "2026-01-12",
        trades: [trade("2", vusa, 1, "90", "2026-01-12")],
        positions: [position(vusa, 11)]
      })
    )
    const json = failed(await world.night(), 10, /archived statement .* cannot be used/)
    assert.deepStrictEqual(statuses(json), { "ibkr:trade:2": "imported" })
    const again = join(world.directory, "again.xml")
    await writeFile(again, statement({ from: "2026-01-02", trades: [bought], positions: [position(vusa, 10)] }))
    assert.deepStrictEqual(statuses(succeeded(await world.night(["--file", again]))), { "ibkr:trade:1": "imported" })
    noDrift(succeeded(await world.night()))
    assert.strictEqual(world.activities.length, 2)
  })

  it("a data directory that was moved still has what waits in it", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    refuseImport(world)
    failed(await world.night(), 9, /./)
    const moved = join(world.directory, "elsewhere")
    await rename(world.dataDir, moved)
    noDrift(succeeded(await world.night([], { env: { BROKER_SYNC_DATA_DIR: moved } })))
    assert.strictEqual(world.activities.length, 15)
  })

  it("rows that stand in another Wealthfolio account are exit 2, never called synced", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    succeeded(await world.night())
    const other = world.wealthfolio.addAccount({ name: "Other" })
    const json = failed(
      await world.night([], { env: { IBKR_ACCOUNT_ID: other.id } }),
      2,
      /15 row.*in the account Interactive Brokers \(.*not in Other \(/
    )
    assert.strictEqual(json.error?.tag, "RowsElsewhere")
    assert.strictEqual(world.activities.length, 15)
  })

  it("a cancel that was booked before its trade came goes out with it", async () => {
    await using world = await startWorld()
    const undone = cancel("1", vusa, 10, "90", "2026-01-05", "2026-01-06")
    world.flex.setStatement(statement({ to: "2026-01-06", trades: [undone], positions: [] }))
    succeeded(await world.night())
    world.flex.setStatement(statement({ from: "2026-01-02", to: "2026-01-05", trades: [bought], positions: [] }))
    const json = succeeded(await world.night())
    assert.deepStrictEqual(skips(json), { "ibkr:trade-tx:41": "cancelled", "ibkr:trade:1": "cancelled" })
    assert.deepStrictEqual(world.activities.map(({ activityType }) => activityType), ["FEE"])
  })

  it("a cancel that went out with its trade stays out when it comes alone", async () => {
    await using world = await startWorld()
    const undone = cancel("1", vusa, 10, "90", "2026-01-05", "2026-01-06")
    world.flex.setStatement(statement({ to: "2026-01-06", trades: [bought, undone], positions: [] }))
    succeeded(await world.night())
    world.flex.setStatement(statement({ from: "2026-01-06", to: "2026-01-07", trades: [undone], positions: [] }))
    const json = succeeded(await world.night())
    assert.deepStrictEqual(skips(json), { "ibkr:trade-tx:41": "cancelled", "ibkr:trade:1": "cancelled" })
    assert.deepStrictEqual(world.activities.map(({ activityType }) => activityType), ["FEE"])
  })

  it("what is planned in Wealthfolio for a day to come is not in its balance, and is not taken out of it", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    world.wealthfolio.addActivity({
      accountId: world.account.id,
      activityType: "DEPOSIT",
      activityDate: "2099-01-01",
      currency: "GBP",
      amount: "50"
    })
    noDrift(succeeded(await world.night()))
  })

  it("a day that stands twice in one file is one day", async () => {
    await using world = await startWorld()
    const day = { to: "2026-01-05", trades: [bought], positions: [position(vusa, 10)] }
    world.flex.setStatement(statement(day, day))
    const json = succeeded(await world.night())
    assert.deepStrictEqual(json.positions, [{ symbol: "VUSA.L", broker: "10", wealthfolio: "10", drift: "0" }])
  })

  it("a path for --save that cannot be written is told before IBKR is asked", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    failed(await world.night(["--save", join(world.directory, "nowhere", "last.xml")]), 2, /nowhere/)
    assert.strictEqual(world.flex.requests.length, 0)
    assert.strictEqual(world.activities.length, 0)
  })

  it("a wrong symbol map that was corrected ties later rows to the right line", async () => {
    await using world = await startWorld()
    const map = (symbol: string) =>
      writeFile(join(world.directory, "map.json"), JSON.stringify({ "51000001": { symbol } }))
    const night = () => world.night([], { env: { IBKR_SYMBOL_MAP: join(world.directory, "map.json") } })
    await map("WRONG.L")
    world.flex.setStatement(statement({ to: "2026-01-05", trades: [bought], positions: [position(vusa, 10)] }))
    succeeded(await night())
    await map("VUSA.L")
    const next = trade("2", vusa, 1, "90", "2026-01-06")
    world.flex.setStatement(
      statement({ from: "2026-01-06", to: "2026-01-06", trades: [next], positions: [position(vusa, 11)] })
    )
    const json = succeeded(await night())
    assert.deepStrictEqual(world.assets.map(({ instrumentSymbol }) => instrumentSymbol).sort(), ["VUSA", "WRONG"])
    // The row under the wrong line is still there, and shows.
    assert.deepStrictEqual(json.positions.map(({ drift, symbol }) => [symbol, drift]), [["VUSA.L", "10"], [
      "WRONG.L",
      "-10"
    ]])
  })

  it("an account's spool is left alone by another account's run on the same data directory", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const leftovers = ["broker-sync-spool-U1234567-old", "broker-sync-spool-U7654321-busy"]
    await mkdir(world.dataDir, { recursive: true, mode: 0o700 })
    for (const name of leftovers) await mkdir(join(world.dataDir, name))
    succeeded(await world.night())
    assert.deepStrictEqual((await readdir(world.dataDir)).filter((name) => name.startsWith("broker-sync-spool-")), [
      "broker-sync-spool-U7654321-busy"
    ])
  })
})
