import { assert, describe, it } from "@effect/vitest"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { aapl, action, balance, cancel, cash, position, put, statement, trade } from "./statement.ts"
import { noDrift, type RunJson, skips, startWorld, succeeded, type World } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "100000", "USD", "2026-01-05")
const bought = trade("1", aapl, 100, "100", "2026-01-05")
const sold = trade("2", aapl, -100, "110", "2026-01-06")

const booked = (world: World) =>
  world.activities.map(({ activityType, amount, quantity }) => `${activityType} ${quantity ?? amount}`).sort()

const cashAgrees = (json: RunJson, funds: string) => {
  assert.isNotEmpty(json.cash)
  for (const line of json.cash) {
    assert.deepInclude(line, { broker: funds, wealthfolio: funds, drift: "0", trackerDrift: "0" })
  }
}

describe("what is short, night by night", { timeout: 60_000, concurrent: true }, () => {
  it("a sale that was booked whole, before its statement said that it crosses zero, has its cash once", async () => {
    await using world = await startWorld()
    const trades = [trade("1", aapl, 60, "100", "2026-01-05"), { ...sold, openCloseIndicator: "C;O" }]
    const file = join(world.directory, "without.xml")
    await writeFile(file, statement({ trades, cash: [deposit], positions: null }))
    succeeded(await world.night(["--file", file]))
    world.flex.setStatement(statement({
      trades,
      cash: [deposit],
      positions: [position(aapl, -40)],
      balances: [balance("USD", "0", "104998")]
    }))
    for (const json of [succeeded(await world.night()), succeeded(await world.night())]) {
      assert.strictEqual(json.counts.imported, 0)
      assert.deepStrictEqual(skips(json), { "ibkr:trade:2:short": "superseded" })
      cashAgrees(json, "104998")
    }
    assert.deepStrictEqual(booked(world), ["BUY 60", "DEPOSIT 100000", "SELL 100"])
    const replayed = await world.run(["ibkr", "replay", "--apply", "--format", "json"])
    assert.strictEqual(replayed.code, 0, replayed.stderr)
    assert.deepStrictEqual(booked(world), ["BUY 60", "DEPOSIT 100000", "SELL 100"])
  })

  it("a purchase that is booked again with fewer shares does not pay twice for the sale that came after it", async () => {
    await using world = await startWorld({
      flex: { statement: statement({ trades: [bought, sold], cash: [deposit] }) }
    })
    noDrift(succeeded(await world.night()))
    const back = { ...cancel("1", aapl, 100, "100", "2026-01-05", "2026-01-12"), ibCommission: "1" }
    const again = trade("3", aapl, 60, "100", "2026-01-05", { reportDate: "2026-01-12" })
    world.flex.setStatement(statement({
      to: "2026-01-12",
      trades: [bought, sold, back, again],
      cash: [deposit],
      positions: [position(aapl, -40)],
      balances: [balance("USD", "0", "104998")]
    }))
    cashAgrees(succeeded(await world.night()), "104998")
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
    assert.deepStrictEqual(booked(world), ["BUY 60", "DEPOSIT 100000", "SELL 100"])
  })

  it("a trade that crosses zero and is cancelled a night later goes with both its parts", async () => {
    const trades = [trade("1", aapl, 60, "100", "2026-01-05"), sold]
    await using world = await startWorld({
      flex: { statement: statement({ trades, cash: [deposit], positions: [position(aapl, -40)] }) }
    })
    succeeded(await world.night())
    assert.deepStrictEqual(booked(world), ["BUY 60", "CREDIT 4400", "DEPOSIT 100000", "SELL 60"])
    world.flex.setStatement(statement({
      from: "2026-01-12",
      to: "2026-01-12",
      trades: [{ ...cancel("2", aapl, -100, "110", "2026-01-06", "2026-01-12"), ibCommission: "1" }],
      positions: [position(aapl, 60)],
      balances: [balance("USD", "104998", "93999")]
    }))
    const json = succeeded(await world.night())
    noDrift(json)
    cashAgrees(json, "93999")
    assert.deepStrictEqual(booked(world), ["BUY 60", "DEPOSIT 100000"])
  })

  it("a purchase whose sale cannot be read covers no short", async () => {
    const unread = statement({ trades: [bought, { ...sold, ibCommission: "x" }], cash: [deposit] })
    await using world = await startWorld({ flex: { statement: unread } })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(booked(world), ["BUY 100", "DEPOSIT 100000"])
    assert.deepStrictEqual(json.positions.map(({ drift }) => drift), ["-100"])
    world.flex.setStatement(statement({ trades: [bought, sold], cash: [deposit] }))
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), ["BUY 100", "DEPOSIT 100000", "SELL 100"])
  })

  it("shares that left by a section the query lacks were bought; the section mends it", async () => {
    const day = { trades: [bought], cash: [deposit] }
    await using world = await startWorld({
      flex: { statement: statement(day).replace("<CorporateActions />", "") }
    })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(booked(world), ["BUY 100", "DEPOSIT 100000"])
    assert.deepStrictEqual(json.positions.map(({ drift }) => drift), ["-100"])
    const merged = action("901", "91", "TC", aapl, "-100", "2026-01-07", "2026-01-07", { proceeds: "12000" })
    world.flex.setStatement(statement({ ...day, actions: [merged], balances: [balance("USD", "0", "101999")] }))
    const mended = succeeded(await world.night())
    noDrift(mended)
    cashAgrees(mended, "101999")
    assert.deepStrictEqual(booked(world), ["BUY 100", "DEPOSIT 100000", "SELL 100"])
  })

  it("a short option is assigned in a window that its sale fell out of, by a query without marks and transfers", async () => {
    const assigned = {
      transactionType: "BookTrade",
      dateTime: "2026-01-16;16:20:00",
      reportDate: "2026-01-19",
      notes: "A",
      ibCommission: "0"
    }
    await using world = await startWorld({
      flex: {
        statement: statement({
          trades: [trade("1", put, -1, "2.5", "2026-01-06", { multiplier: "100" })],
          cash: [deposit],
          positions: [position(put, -1)]
        })
      }
    })
    succeeded(await world.night())
    world.flex.setStatement(statement({
      from: "2026-01-07",
      to: "2026-01-19",
      trades: [
        trade("2", put, 1, "0", "2026-01-16", { ...assigned, multiplier: "100" }),
        trade("3", aapl, 100, "200", "2026-01-16", assigned)
      ],
      positions: [position(aapl, 100)],
      balances: [balance("USD", "100249", "80249")]
    }))
    const json = succeeded(await world.night())
    noDrift(json)
    cashAgrees(json, "80249")
    assert.deepStrictEqual(skips(json), { "ibkr:trade:2": "short" })
    assert.deepStrictEqual(booked(world), ["BUY 100", "CREDIT 249", "DEPOSIT 100000"])
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
  })
})
