import { assert, describe, it } from "@effect/vitest"
import { type Matcher, matches } from "../../support/Wealthfolio/Faults.ts"
import { cash, statement } from "../statement.ts"
import { failed, noDrift, startWorld, succeeded, type World } from "../support.ts"
import { bulkFaults, tooLarge, unauthorized } from "./bulkFaults.ts"

/** More than one request takes: 500 rows, then 5. */
const rows = 505

const deposits = Array.from(
  { length: rows },
  (_, index) => cash(String(1000 + index), "Deposits", "10", "GBP", "2026-01-05")
)
const xml = statement({ cash: deposits })

const isSecondBatch: Matcher = ({ body, path }) =>
  path.endsWith("/activities/bulk") && JSON.stringify(body).includes("ibkr:cash:1504")

const eachOnce = (world: World) => {
  assert.strictEqual(world.activities.length, rows)
  assert.strictEqual(new Set(world.activities.map(({ idempotencyKey }) => idempotencyKey)).size, rows)
  assert.strictEqual(world.rows("sync_record WHERE state = 'synced' AND tracker_id IS NOT NULL"), rows)
  assert.strictEqual(world.rows("statement WHERE imported = 0"), 0)
}

/** The night after: nothing is left to do, and both sides agree. */
const quietAfter = async (world: World) => {
  const { writes } = world
  const json = succeeded(await world.night())
  assert.deepStrictEqual(json.counts, { imported: 0, planned: 0, alreadySynced: rows, skipped: 0, held: 0 })
  noDrift(json)
  assert.strictEqual(world.writes, writes)
  eachOnce(world)
}

describe("a batch that goes wrong", { timeout: 240_000, concurrent: true }, () => {
  it.each(bulkFaults)("%s, once: exit 0, every row is there once, and nothing is left for the next run", async (
    _name,
    fault
  ) => {
    await using world = await startWorld({ flex: { statement: xml } })
    world.wealthfolio.faults.next(isSecondBatch, fault)
    const json = succeeded(await world.night())
    assert.strictEqual(world.wealthfolio.faults.left, 0)
    assert.lengthOf(json.activities, rows)
    assert.strictEqual(json.counts.imported + json.counts.alreadySynced, rows)
    noDrift(json)
    eachOnce(world)
    await quietAfter(world)
  })

  it("413: the batch is halved until it fits, exit 0", async () => {
    await using world = await startWorld({ flex: { statement: xml } })
    world.wealthfolio.faults.next(isSecondBatch, tooLarge)
    assert.strictEqual(succeeded(await world.night()).counts.imported, rows)
    assert.strictEqual(world.wealthfolio.faults.left, 0)
    await quietAfter(world)
  })

  it.each<[name: string, says: RegExp, plan: (world: World) => void]>([
    [
      "logins that are of no use",
      /401 right after a login/,
      ({ wealthfolio: { faults } }) => faults.next(isSecondBatch, unauthorized, 2)
    ],
    [
      "nobody behind the gateway any more",
      /503/,
      ({ wealthfolio: { faults } }) => faults.next(isSecondBatch, { kind: "status", status: 503, when: "before" }, 100)
    ],
    [
      "nobody behind the gateway any more, after the commit",
      /503/,
      ({ wealthfolio: { faults } }) => {
        let isGone = false
        faults.next((request) => isGone ||= matches(isSecondBatch, request), { kind: "drop", when: "after" })
        faults.next(() => isGone, { kind: "status", status: 503, when: "before" }, 1000)
      }
    ]
  ])("%s: exit 9, the first batch stays, and the next run books the rest", async (_name, says, plan) => {
    await using world = await startWorld({ flex: { statement: xml } })
    plan(world)
    const json = failed(await world.night(), 9, says)
    // What is known to be in is said.
    assert.strictEqual(json.counts.imported, 500)
    assert.strictEqual(world.rows("sync_record WHERE state = 'synced'"), 500)
    assert.strictEqual(world.rows("sync_record WHERE state = 'pending'"), 5)
    assert.strictEqual(world.rows("coverage"), 0)

    world.wealthfolio.faults.clear()
    const next = succeeded(await world.night())
    assert.strictEqual(next.counts.imported + next.counts.alreadySynced, rows)
    eachOnce(world)
    assert.strictEqual(world.rows("coverage"), 1)
    await quietAfter(world)
  })
})
