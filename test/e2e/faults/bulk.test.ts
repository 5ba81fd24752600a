/**
 * What goes wrong with the one request that writes, on a correction (deletes and creates in one bulk) and on an import of
 * more than one batch. Whatever the night says of it: no row is there twice, none is lost, and the night after is well.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Fault, Matcher } from "../../support/Wealthfolio/Faults.ts"
import { balance, cancel, cash, dividend, position, statement, trade, vusa } from "../statement.ts"
import { failed, noDrift, startWorld, succeeded, type World } from "../support.ts"

const deposit = cash("70", "Deposits/Withdrawals", "1000", "GBP", "2026-01-05")
const bought = trade("61", vusa, 10, "80", "2026-01-05")
const paid = dividend("71", vusa, "12.34", "GBP", "2026-01-07")
const held = [position(vusa, 10)]
const nextDay = { from: "2026-01-12", to: "2026-01-12" }
const quietDay = { from: "2026-01-13", to: "2026-01-13" }

const lost: ReadonlyArray<readonly [string, Fault]> = [
  ["500 after the commit", { kind: "status", status: 500, when: "after" }],
  ["dropped before the commit", { kind: "drop", when: "before" }],
  ["reset in the middle of the answer", { kind: "reset" }]
]

const all: ReadonlyArray<readonly [string, Fault]> = [
  ...lost,
  ["500 before the commit", { kind: "status", status: 500, when: "before" }],
  ["408 after the commit", { kind: "status", status: 408, when: "after" }],
  ["502 of a gateway after the commit", { kind: "status", status: 502, when: "after", text: "Bad Gateway" }],
  ["dropped after the commit", { kind: "drop", when: "after" }],
  ["429", { kind: "throttle", retryAfter: 1 }],
  ["a session that has expired", { kind: "expire-sessions" }]
]

interface Correction {
  readonly name: string
  readonly first: string
  readonly second: string
  readonly quiet: string
  readonly faults: ReadonlyArray<readonly [string, Fault]>
  /** External ids and what the tracker has of them, before and after. */
  readonly before: Readonly<Record<string, string>>
  readonly after: Readonly<Record<string, string>>
}

const corrections: ReadonlyArray<Correction> = [
  {
    name: "a cancel that deletes the trade and creates the commission kept",
    first: statement({ trades: [bought], cash: [deposit], positions: held, balances: [balance("GBP", "0", "199")] }),
    second: statement({
      ...nextDay,
      trades: [cancel("61", vusa, 10, "80", "2026-01-05", "2026-01-12")],
      balances: [balance("GBP", "199", "999")]
    }),
    quiet: statement({ ...quietDay, balances: [balance("GBP", "999", "999")] }),
    faults: all,
    before: { "ibkr:cash:70": "DEPOSIT 1000", "ibkr:trade:61": "BUY 10 @ 80" },
    after: { "ibkr:cash:70": "DEPOSIT 1000", "ibkr:trade:61:cancel-fee": "FEE 1" }
  },
  {
    name: "a reversal that deletes the dividend",
    first: statement({
      trades: [bought],
      cash: [deposit, paid],
      positions: held,
      balances: [balance("GBP", "0", "211.34")]
    }),
    second: statement({
      ...nextDay,
      cash: [dividend("72", vusa, "-12.34", "GBP", "2026-01-12", { settleDate: "2026-01-07" })],
      positions: held,
      balances: [balance("GBP", "211.34", "199")]
    }),
    quiet: statement({ ...quietDay, positions: held, balances: [balance("GBP", "199", "199")] }),
    faults: lost,
    before: { "ibkr:cash:70": "DEPOSIT 1000", "ibkr:cash:71": "DIVIDEND 12.34", "ibkr:trade:61": "BUY 10 @ 80" },
    after: { "ibkr:cash:70": "DEPOSIT 1000", "ibkr:trade:61": "BUY 10 @ 80" }
  },
  {
    name: "a rebook that creates under the key that it deletes",
    first: statement({ trades: [bought], cash: [deposit], positions: held, balances: [balance("GBP", "0", "199")] }),
    second: statement({
      ...nextDay,
      trades: [{ ...bought, transactionID: "399", tradePrice: "70", reportDate: "2026-01-12" }],
      positions: held,
      balances: [balance("GBP", "199", "299")]
    }),
    quiet: statement({ ...quietDay, positions: held, balances: [balance("GBP", "299", "299")] }),
    faults: lost,
    before: { "ibkr:cash:70": "DEPOSIT 1000", "ibkr:trade:61": "BUY 10 @ 80" },
    after: { "ibkr:cash:70": "DEPOSIT 1000", "ibkr:trade:61": "BUY 10 @ 70" }
  }
]

const inTracker = (world: World): Readonly<Record<string, string>> => {
  const rows = world.activities.map(({ activityType, amount, quantity, sourceRecordId, unitPrice }) =>
    [
      sourceRecordId ?? "by hand",
      activityType === "BUY" ? `BUY ${quantity} @ ${unitPrice}` : `${activityType} ${amount}`
    ] as const
  )
  assert.strictEqual(new Set(rows.map(([id]) => id)).size, rows.length, "a row is there twice")
  return Object.fromEntries(rows)
}

/** Once a bulk has been asked for, all that is asked after it. */
const afterBulk = (): Matcher => {
  let bulk = Infinity
  return ({ number, path }) => {
    if (path.endsWith("/activities/bulk")) bulk = Math.min(bulk, number)
    return number > bulk
  }
}

/** The night after, of a day without rows, takes up what is left. */
const heals = async (world: World, quiet: string, expected: Readonly<Record<string, string>>) => {
  world.wealthfolio.faults.clear()
  world.flex.setStatement(quiet)
  await world.wealthfolio.recompute.settled()
  const json = succeeded(await world.night())
  // While Wealthfolio computes what an earlier night wrote, a night does not compare.
  noDrift(json.reconciled ? json : succeeded(await world.night()))
  assert.deepStrictEqual(inTracker(world), expected)
  assert.strictEqual(world.rows("sync_record WHERE state = 'pending' OR held = 1"), 0)
}

describe.each(corrections)(
  "$name",
  { timeout: 120_000, concurrent: true },
  ({ after, before, faults, first, quiet, second }) => {
    const corrected = async (): Promise<World> => {
      const world = await startWorld({ flex: { statement: first } })
      noDrift(succeeded(await world.night()))
      assert.deepStrictEqual(inTracker(world), before)
      world.flex.setStatement(second)
      return world
    }

    it.each(faults)("%s: exit 0, corrected once", async (_name, fault) => {
      await using world = await corrected()
      world.wealthfolio.faults.next("/activities/bulk", fault)
      noDrift(succeeded(await world.night()))
      assert.strictEqual(world.wealthfolio.faults.left, 0)
      assert.deepStrictEqual(inTracker(world), after)
      await heals(world, quiet, after)
    })

    it("413: exit 9, nothing changed, and the next night corrects it without the statement", async () => {
      await using world = await corrected()
      world.wealthfolio.faults.next("/activities/bulk", { kind: "too-large" })
      const json = failed(await world.night(), 9, /refused .*length limit/)
      assert.isTrue(json.skipped.some(({ held, reason }) => held && reason === "refused"))
      assert.deepStrictEqual(inTracker(world), before)
      await heals(world, quiet, after)
    })

    it.each<["before" | "after"]>([["before"], ["after"]])(
      "dropped %s the commit, and then Wealthfolio is gone: exit 9, and the next night knows",
      async (when) => {
        await using world = await corrected()
        world.wealthfolio.faults.next(afterBulk(), { kind: "drop", when: "before" }, 1000)
        world.wealthfolio.faults.next("/activities/bulk", { kind: "drop", when })
        failed(await world.night(), 9, /Wealthfolio at 127\.0\.0\.1:\d+ cannot be reached/)
        assert.deepStrictEqual(inTracker(world), when === "after" ? after : before)
        await heals(world, quiet, after)
      }
    )
  }
)
