import { assert, describe, it } from "@effect/vitest"
import { setTimeout as sleep } from "node:timers/promises"
import { balance, cancel, cash, dividend, position, statement, trade, vusa } from "../statement.ts"
import { failed, noDrift, signal, skips, startWorld, statuses, succeeded, type World } from "../support.ts"
import { bulkFaults, lostAnswers, tooLarge, unauthorized } from "./bulkFaults.ts"

const deposit = cash("70", "Deposits/Withdrawals", "1000", "GBP", "2026-01-05")
const bought = trade("61", vusa, 10, "80", "2026-01-05")
const paid = dividend("71", vusa, "12.34", "GBP", "2026-01-07")

const night = { from: "2026-01-12", to: "2026-01-12" }
const aBuy = statement({
  trades: [bought],
  cash: [deposit],
  positions: [position(vusa, 10)],
  balances: [balance("GBP", "0", "199")]
})
const cancelled = cancel("61", vusa, 10, "80", "2026-01-05", "2026-01-12")

/** What a later night says of what was booked, and what the tracker has before and after it. */
const corrections = {
  "a cancel": {
    first: aBuy,
    second: statement({ ...night, trades: [cancelled], balances: [balance("GBP", "199", "999")] }),
    shares: 0,
    before: ["BUY 10 80", "DEPOSIT 1000"],
    after: ["DEPOSIT 1000", "FEE 1"]
  },
  "a trade booked again": {
    first: aBuy,
    second: statement({
      ...night,
      trades: [
        cancelled,
        trade("61", vusa, 10, "81", "2026-01-05", {
          reportDate: "2026-01-12",
          transactionID: "361-2",
          ibCommission: "0"
        })
      ],
      positions: [position(vusa, 10)],
      balances: [balance("GBP", "199", "189")]
    }),
    shares: 10,
    before: ["BUY 10 80", "DEPOSIT 1000"],
    after: ["BUY 10 81", "DEPOSIT 1000", "FEE 1"]
  },
  "a dividend taken back": {
    first: statement({
      trades: [bought],
      cash: [deposit, paid],
      positions: [position(vusa, 10)],
      balances: [balance("GBP", "0", "211.34")]
    }),
    second: statement({
      ...night,
      cash: [dividend("72", vusa, "-12.34", "GBP", "2026-01-12", { settleDate: "2026-01-07" })],
      positions: [position(vusa, 10)],
      balances: [balance("GBP", "211.34", "199")]
    }),
    shares: 10,
    before: ["BUY 10 80", "DEPOSIT 1000", "DIVIDEND 12.34"],
    after: ["BUY 10 80", "DEPOSIT 1000"]
  }
}

type Name = keyof typeof corrections
const names: ReadonlyArray<Name> = ["a cancel", "a trade booked again", "a dividend taken back"]

const rowsIn = (world: World) =>
  world.activities.map(({ activityType, amount, quantity, unitPrice }) =>
    quantity === null ? `${activityType} ${amount}` : `${activityType} ${quantity} ${unitPrice}`
  ).sort()

const firstNight = async (name: Name) => {
  const { before, first, second } = corrections[name]
  const world = await startWorld({ flex: { statement: first } })
  noDrift(succeeded(await world.night()))
  assert.deepStrictEqual(rowsIn(world), before)
  world.flex.setStatement(second)
  return world
}

/** A night of its own, whose statement knows nothing of what was corrected. */
const quietNight = (name: Name) => {
  const positions = corrections[name].shares === 0 ? [] : [position(vusa, corrections[name].shares)]
  return statement({ from: "2026-01-13", to: "2026-01-13", positions })
}

/** Corrected once; the night after has nothing to write, and both sides agree. */
const healed = async (world: World, name: Name) => {
  assert.deepStrictEqual(rowsIn(world), corrections[name].after)
  const { writes } = world
  const json = succeeded(await world.night())
  assert.deepStrictEqual(rowsIn(world), corrections[name].after)
  assert.strictEqual(json.counts.imported, 0)
  assert.strictEqual(world.writes, writes)
  assert.strictEqual(world.rows("sync_record WHERE state = 'pending' OR held = 1"), 0)
  assert.strictEqual(world.rows("statement WHERE imported = 0"), 0)
  noDrift(json)
}

describe("a correction that goes wrong", { timeout: 240_000, concurrent: true }, () => {
  it.each(bulkFaults.flatMap(([fault, what]) => {
    const whose: ReadonlyArray<Name> = /^500|dropped/.test(fault) ? names : ["a cancel"]
    return whose.map((name) => [name, fault, what] as const)
  }))("%s: %s, once: exit 0, corrected once", async (name, _fault, what) => {
    await using world = await firstNight(name)
    world.wealthfolio.faults.next("/activities/bulk", what)
    noDrift(succeeded(await world.night()))
    assert.strictEqual(world.wealthfolio.faults.left, 0)
    await healed(world, name)
  })

  it.each(names)("%s: refused: exit 9, nothing is touched, and the next run corrects it", async (name) => {
    await using world = await firstNight(name)
    world.wealthfolio.faults.next("/activities/bulk", tooLarge)
    const json = failed(await world.night(), 9, /refused \d+ row/)
    assert.deepStrictEqual(rowsIn(world), corrections[name].before)
    assert.include(Object.values(skips(json)), "refused")
    assert.isAbove(json.counts.held, 0)
    world.flex.setStatement(quietNight(name))
    noDrift(succeeded(await world.night()))
    await healed(world, name)
  })

  it.each(names)("%s: logins of no use: exit 9, nothing is touched, and the next run corrects it", async (name) => {
    await using world = await firstNight(name)
    world.wealthfolio.faults.next("/activities/bulk", unauthorized, 2)
    failed(await world.night(), 9, /401 right after a login/)
    assert.deepStrictEqual(rowsIn(world), corrections[name].before)
    assert.isAbove(world.rows("sync_record WHERE state = 'pending'"), 0)
    succeeded(await world.night())
    await healed(world, name)
  })

  it.each(names.flatMap((name) => [[name, "before"], [name, "after"]] as const))(
    "%s: SIGKILL %s the commit: the next run corrects it, once",
    async (name, when) => {
      const struck = signal()
      await using world = await firstNight(name)
      world.wealthfolio.onRequest = (phase, { path }) => {
        if (phase !== when || !path.endsWith("/activities/bulk")) return undefined
        struck.resolve()
        return new Promise(() => undefined)
      }
      const killed = await world.night([], {
        onStart: (child) => void struck.promise.then(() => child.kill("SIGKILL"))
      })
      assert.strictEqual(killed.code, 137)
      assert.deepStrictEqual(rowsIn(world), corrections[name][when])
      world.wealthfolio.onRequest = undefined
      await world.wealthfolio.recompute.settled()
      succeeded(await world.night())
      await healed(world, name)
    }
  )

  it.each(names)("%s: SIGKILL while Wealthfolio computes: the next run has nothing to correct", async (name) => {
    await using world = await firstNight(name)
    world.wealthfolio.recompute.mode = "never"
    const corrected = async () => {
      while (JSON.stringify(rowsIn(world)) !== JSON.stringify(corrections[name].after)) await sleep(20)
      while (world.rows("sync_record WHERE state = 'pending'") > 0) await sleep(20)
    }
    const killed = await world.night([], { onStart: (child) => void corrected().then(() => child.kill("SIGKILL")) })
    assert.strictEqual(killed.code, 137)
    world.wealthfolio.recompute.mode = "auto"
    world.wealthfolio.recompute.recalculate()
    await world.wealthfolio.recompute.settled()
    succeeded(await world.night())
    await healed(world, name)
  })

  it.each(names)("%s: refused, and killed after the commit of the next try: corrected, once", async (name) => {
    const struck = signal()
    await using world = await firstNight(name)
    world.wealthfolio.faults.next("/activities/bulk", tooLarge)
    failed(await world.night(), 9, /refused \d+ row/)
    world.flex.setStatement(quietNight(name))
    world.wealthfolio.onRequest = (phase, { path }) => {
      if (phase !== "after" || !path.endsWith("/activities/bulk")) return undefined
      struck.resolve()
      return new Promise(() => undefined)
    }
    const killed = await world.night([], {
      onStart: (child) => void struck.promise.then(() => child.kill("SIGKILL"))
    })
    assert.strictEqual(killed.code, 137)
    assert.deepStrictEqual(rowsIn(world), corrections[name].after)
    world.wealthfolio.onRequest = undefined
    await world.wealthfolio.recompute.settled()
    succeeded(await world.night())
    await healed(world, name)
  })

  it.each(names.flatMap((name) => lostAnswers.map(([what, fault]) => [name, what, fault] as const)))(
    "%s: refused, and the next try is committed with %s: exit 0, corrected once",
    async (name, _what, fault) => {
      await using world = await firstNight(name)
      world.wealthfolio.faults.next("/activities/bulk", tooLarge)
      failed(await world.night(), 9, /refused \d+ row/)
      assert.deepStrictEqual(rowsIn(world), corrections[name].before)
      world.flex.setStatement(quietNight(name))
      world.wealthfolio.faults.next("/activities/bulk", fault)
      noDrift(succeeded(await world.night()))
      assert.strictEqual(world.wealthfolio.faults.left, 0)
      await healed(world, name)
    }
  )

  it.each(names)(
    "%s: refused, the next try is committed and Wealthfolio is gone: exit 9, and the run after knows",
    async (name) => {
      await using world = await firstNight(name)
      world.wealthfolio.faults.next("/activities/bulk", tooLarge)
      failed(await world.night(), 9, /refused \d+ row/)
      world.flex.setStatement(quietNight(name))
      let isCommitted = false
      world.wealthfolio.faults.next(() => isCommitted, { kind: "drop", when: "before" }, 1000)
      world.wealthfolio.faults.next("/activities/bulk", { kind: "drop", when: "after" })
      world.wealthfolio.onRequest = (phase, { path }) => {
        if (phase === "after" && path.endsWith("/activities/bulk")) isCommitted = true
      }
      failed(await world.night(), 9, /cannot be reached/)
      assert.deepStrictEqual(rowsIn(world), corrections[name].after)
      assert.isAbove(world.rows("sync_record WHERE state = 'pending'"), 0)

      world.wealthfolio.onRequest = undefined
      world.wealthfolio.faults.clear()
      await world.wealthfolio.recompute.settled()
      succeeded(await world.night())
      await healed(world, name)
    }
  )
})

describe("a correction that goes right", { timeout: 240_000, concurrent: true }, () => {
  it("is told: what was replaced, what was taken out", async () => {
    await using world = await firstNight("a trade booked again")
    const json = succeeded(await world.night())
    assert.deepStrictEqual(statuses(json), { "ibkr:trade:61": "replaced", "ibkr:trade:61:cancel-fee": "imported" })
    await healed(world, "a trade booked again")
  })
})
