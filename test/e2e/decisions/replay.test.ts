import { assert, describe, it } from "@effect/vitest"
import { cancel, cash, dividend, position, statement, trade, vusa } from "../statement.ts"
import { startWorld, succeeded, type World } from "../support.ts"
import { booked, decide, deleteByHand, outcomes } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05")
const buy = trade("1", vusa, 10, "80", "2026-01-06")
const undone = trade("2", vusa, 4, "80", "2026-01-06")
const paid = dividend("4", vusa, "12.34", "GBP", "2026-01-08")
const advisor = cash("5", "Advisor Fees", "-3", "GBP", "2026-01-08")

const nights = async (): Promise<World> => {
  const world = await startWorld({
    flex: {
      statement: statement({
        trades: [buy, undone],
        cash: [deposit, paid, advisor],
        positions: [position(vusa, 14)]
      })
    }
  })
  succeeded(await world.night())
  world.flex.setStatement(statement({
    from: "2026-01-12",
    to: "2026-01-12",
    trades: [cancel("2", vusa, 4, "80", "2026-01-06", "2026-01-12")],
    cash: [dividend("6", vusa, "-12.34", "GBP", "2026-01-12", { settleDate: "2026-01-08" })],
    positions: [position(vusa, 10)]
  }))
  succeeded(await world.night())
  return world
}

describe("replay", { timeout: 90_000, concurrent: true }, () => {
  it("after normal nights, with a cancel and a reversal among them, nothing differs", async () => {
    await using world = await nights()
    const before = booked(world)
    const json = await decide(world, ["replay"])
    assert.deepStrictEqual(json.rows, [])
    assert.match(json.notes.join(), /2 archived statement\(s\) .*nothing differs/)
    // The reversal's statement alone: what it takes back is in an older one.
    assert.deepStrictEqual((await decide(world, ["replay", "--since", "2026-01-10"])).rows, [])
    deleteByHand(world, "ibkr:trade:1")
    assert.deepStrictEqual((await decide(world, ["replay"])).rows, [])
    assert.deepStrictEqual((await decide(world, ["replay", "--apply"])).rows, [])
    assert.deepStrictEqual(booked(world), before.filter((id) => id !== "ibkr:trade:1"))
  })

  it("what other rules book is shown, and booked by --apply alone; nothing is rewritten", async () => {
    await using world = await nights()
    const before = booked(world)
    const extended = { IBKR_CASH_TYPES: "extended" }
    const shown = await decide(world, ["replay"], 0, extended)
    assert.deepStrictEqual(outcomes(shown), { "ibkr:cash:5": "would be booked" })
    assert.deepStrictEqual((await decide(world, ["replay", "--since", "2026-01-09"], 0, extended)).rows, [])
    assert.deepStrictEqual(booked(world), before)
    assert.deepStrictEqual(outcomes(await decide(world, ["replay", "--apply"], 0, extended)), {
      "ibkr:cash:5": "imported"
    })
    assert.deepStrictEqual(booked(world), [...before, "ibkr:cash:5"].sort())
    assert.deepStrictEqual((await decide(world, ["replay"], 0, extended)).rows, [])
    assert.deepStrictEqual(outcomes(await decide(world, ["replay"])), { "ibkr:cash:5": "would not be booked" })
  })

  it("a row that stands otherwise in Wealthfolio without being edited differs", async () => {
    await using world = await nights()
    const row = world.activities.find(({ idempotencyKey }) => idempotencyKey === "U1234567/ibkr:cash:1")
    const other = world.activities.find(({ idempotencyKey }) => idempotencyKey === "U1234567/ibkr:trade:1")
    if (row !== undefined && other !== undefined) row.amount = other.unitPrice
    const json = await decide(world, ["replay"])
    assert.deepStrictEqual(outcomes(json), { "ibkr:cash:1": "differs" })
    assert.match(json.rows[0]?.["detail"] ?? "", /in Wealthfolio: 2026-01-05 DEPOSIT 80 GBP/)
  })
})
