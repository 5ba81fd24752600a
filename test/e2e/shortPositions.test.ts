import { assert, describe, it } from "@effect/vitest"
import { decide, outcomes } from "./decisions/support.ts"
import { aapl, action, balance, cancel, cash, position, put, type Row, statement, trade } from "./statement.ts"
import { noDrift, type RunJson, skips, startWorld, succeeded, type World } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "100000", "USD", "2026-01-05")
const bought = trade("1", aapl, 60, "100", "2026-01-05")
const sold = trade("2", aapl, -100, "110", "2026-01-06", { openCloseIndicator: "C;O" })
const covered = trade("3", aapl, 50, "90", "2026-01-12", { openCloseIndicator: "C;O" })
const crossed = { trades: [bought, sold], cash: [deposit], positions: [position(aapl, -40)] }

/** With every section that can move a position. */
const whole = { more: { Transfers: [] } }

const booked = (world: World) =>
  world.activities
    .map(({ activityType, amount, quantity, subtype }) =>
      [activityType, subtype, quantity ?? amount].filter((part) => part !== null).join(" ")
    )
    .sort()

const cashAgrees = (json: RunJson, funds: string) => {
  assert.isNotEmpty(json.cash)
  for (const line of json.cash) {
    assert.deepInclude(line, { broker: funds, wealthfolio: funds, drift: "0", trackerDrift: "0" })
  }
}

const replaysToNothing = async (world: World) => assert.deepStrictEqual((await decide(world, ["replay"])).rows, [])

const nextDay = (trades: ReadonlyArray<Row>, held: number, balances: ReadonlyArray<Row>, more: object = {}) =>
  statement({
    from: "2026-01-12",
    to: "2026-01-12",
    trades,
    positions: held === 0 ? [] : [position(aapl, held)],
    balances,
    ...more
  })

const startShort = (flex: string) => startWorld({ flex: { statement: flex }, wealthfolio: { version: "SHORTS" } })

describe("short positions in a Wealthfolio that holds them", { timeout: 60_000, concurrent: true }, () => {
  it("a sale that crosses zero is two rows, and so is the purchase that goes back; both sides agree every night", async () => {
    await using world = await startShort(
      statement({ ...crossed, balances: [balance("USD", "0", "104998")] })
    )
    const first = succeeded(await world.night())
    noDrift(first)
    cashAgrees(first, "104998")
    assert.deepStrictEqual(first.positions.map(({ broker, wealthfolio }) => [broker, wealthfolio]), [["-40", "-40"]])
    assert.deepStrictEqual(booked(world), ["BUY 60", "DEPOSIT 100000", "SELL 60", "SELL POSITION_OPEN 40"])
    world.flex.setStatement(nextDay([covered], 10, [balance("USD", "104998", "100497")]))
    const json = succeeded(await world.night())
    noDrift(json)
    cashAgrees(json, "100497")
    assert.deepStrictEqual(booked(world).slice(0, 3), ["BUY 10", "BUY 60", "BUY POSITION_CLOSE 40"])
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
    await replaysToNothing(world)
  })

  it("one that was open when Wealthfolio was upgraded is cash until it is closed; the next is a position", async () => {
    await using world = await startWorld({
      flex: { statement: statement({ ...crossed, ...whole, balances: [balance("USD", "0", "104998")] }) }
    })
    const before = succeeded(await world.night())
    assert.deepStrictEqual(booked(world), ["BUY 60", "CREDIT 4400", "DEPOSIT 100000", "SELL 60"])
    assert.deepInclude(before.positions[0], { drift: "-40", explained: true })
    world.wealthfolio.state.version = "SHORTS"
    world.wealthfolio.recompute.recalculate()
    await world.wealthfolio.recompute.settled()
    const again = succeeded(await world.night())
    assert.strictEqual(again.counts.imported, 0)
    assert.deepInclude(again.positions[0], { drift: "-40", explained: true })
    world.flex.setStatement(nextDay([covered], 10, [balance("USD", "104998", "100497")], whole))
    const json = succeeded(await world.night())
    noDrift(json)
    cashAgrees(json, "100497")
    assert.deepStrictEqual(booked(world), [
      "BUY 10",
      "BUY 60",
      "CREDIT 4400",
      "DEPOSIT 100000",
      "FEE 3600",
      "SELL 60"
    ])
    await replaysToNothing(world)
    world.flex.setStatement(statement({
      from: "2026-01-13",
      to: "2026-01-13",
      trades: [trade("4", aapl, -15, "100", "2026-01-13")],
      positions: [position(aapl, -5)],
      balances: [balance("USD", "100497", "101996")]
    }))
    const short = succeeded(await world.night())
    noDrift(short)
    cashAgrees(short, "101996")
    assert.include(booked(world), "SELL POSITION_OPEN 5")
    await replaysToNothing(world)
  })

  it("a trade that crosses zero and is cancelled a night later goes with both its parts", async () => {
    await using world = await startShort(statement(crossed))
    noDrift(succeeded(await world.night()))
    world.flex.setStatement(nextDay(
      [{ ...cancel("2", aapl, -100, "110", "2026-01-06", "2026-01-12"), ibCommission: "1" }],
      60,
      [balance("USD", "104998", "93999")]
    ))
    const json = succeeded(await world.night())
    noDrift(json)
    cashAgrees(json, "93999")
    assert.deepStrictEqual(booked(world), ["BUY 60", "DEPOSIT 100000"])
  })

  it("an option that was sold expires: it is covered for nothing", async () => {
    const trades = [trade("1", put, -2, "2.5", "2026-01-06", { multiplier: "100", openCloseIndicator: "O" })]
    await using world = await startShort(statement({ trades, cash: [deposit], positions: [position(put, -2)] }))
    noDrift(succeeded(await world.night()))
    const expired = trade("2", put, 2, "0", "2026-01-16", {
      transactionType: "BookTrade",
      notes: "Ep",
      ibCommission: "0",
      multiplier: "100",
      openCloseIndicator: "C"
    })
    world.flex.setStatement(statement({
      from: "2026-01-12",
      to: "2026-01-19",
      trades: [expired],
      positions: [],
      balances: [balance("USD", "100499", "100499")]
    }))
    const json = succeeded(await world.night())
    noDrift(json)
    cashAgrees(json, "100499")
    assert.deepStrictEqual(booked(world), ["BUY POSITION_CLOSE 2", "DEPOSIT 100000", "SELL POSITION_OPEN 2"])
    assert.deepStrictEqual(skips(json), {})
    await replaysToNothing(world)
  })

  it("a split rescales one, a takeover for cash covers it", async () => {
    await using world = await startShort(
      statement({
        trades: [trade("1", aapl, -40, "100", "2026-01-06")],
        cash: [deposit],
        positions: [position(aapl, -40)]
      })
    )
    noDrift(succeeded(await world.night()))
    const split = action("901", "91", "FS", aapl, "-120", "2026-01-12", "2026-01-13", {
      description: "AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)",
      actionDescription: "AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)"
    })
    world.flex.setStatement(statement({
      from: "2026-01-12",
      to: "2026-01-13",
      actions: [split],
      positions: [position(aapl, -160)],
      balances: [balance("USD", "103999", "103999")]
    }))
    const rescaled = succeeded(await world.night())
    noDrift(rescaled)
    assert.include(booked(world).join(), "SPLIT")
    const merged = action("902", "92", "TC", aapl, "160", "2026-01-14", "2026-01-15", { proceeds: "-4800" })
    world.flex.setStatement(statement({
      from: "2026-01-14",
      to: "2026-01-15",
      actions: [merged],
      positions: [],
      balances: [balance("USD", "103999", "99199")]
    }))
    const json = succeeded(await world.night())
    noDrift(json)
    cashAgrees(json, "99199")
    assert.include(booked(world), "BUY POSITION_CLOSE 160")
    await replaysToNothing(world)
  })

  it("one that was opened before the first day that is booked is cash when it is covered", async () => {
    const trades = [
      trade("1", aapl, -40, "100", "2026-01-06"),
      trade("2", aapl, 40, "90", "2026-01-08"),
      trade("3", aapl, -5, "95", "2026-01-09")
    ]
    await using world = await startWorld({
      flex: { statement: statement({ trades, positions: [position(aapl, -5)], ...whole }) },
      wealthfolio: { version: "SHORTS" },
      env: { IBKR_START_DATE: "2026-01-07" }
    })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(booked(world), ["FEE 3601", "SELL POSITION_OPEN 5"])
    assert.deepStrictEqual(json.positions.map(({ drift }) => drift), ["0"])
  })

  it("what was short before the first statement is cash, and so is its cover; it is said", async () => {
    await using world = await startShort(statement({
      trades: [trade("1", aapl, -10, "100", "2026-01-06")],
      cash: [deposit],
      positions: [position(aapl, -40)],
      balances: [balance("USD", "0", "100999")]
    }))
    const json = succeeded(await world.night())
    assert.deepStrictEqual(booked(world), ["CREDIT 999", "DEPOSIT 100000"])
    assert.deepInclude(json.positions[0], { drift: "-40", explained: true })
    const proposed = await decide(world, ["open-positions"])
    assert.deepStrictEqual(Object.values(outcomes(proposed)), ["left"])
    world.flex.setStatement(nextDay(
      [trade("2", aapl, 40, "100", "2026-01-12")],
      0,
      [balance("USD", "100999", "96998")],
      whole
    ))
    const closed = succeeded(await world.night())
    noDrift(closed)
    cashAgrees(closed, "96998")
    assert.deepStrictEqual(booked(world), ["CREDIT 999", "DEPOSIT 100000", "FEE 4001"])
  })
})
