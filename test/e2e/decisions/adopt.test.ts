import { assert, describe, it } from "@effect/vitest"
import { cash, dividend, position, statement, trade, vusa } from "../statement.ts"
import { noDrift, skips, startWorld, succeeded, type World } from "../support.ts"
import { booked, decide, outcomes } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05")
const buy = trade("1", vusa, 10, "80", "2026-01-06")
const fills = [
  trade("2", vusa, 3, "81", "2026-01-07", { ibOrderID: "7" }),
  trade("3", vusa, 2, "81", "2026-01-07", { ibOrderID: "7" })
]
const paid = dividend("4", vusa, "12.34", "GBP", "2026-01-08")
const week = statement({ trades: [buy, ...fills], cash: [deposit, paid], positions: [position(vusa, 15)] })

/** A Wealthfolio in which the purchase, the two fills (as one row) and the dividend were typed already. */
const typed = async (): Promise<World> => {
  const world = await startWorld({ flex: { statement: week } })
  const asset = world.wealthfolio.addAsset({ instrumentSymbol: "VUSA", instrumentExchangeMic: "XLON", quoteCcy: "GBP" })
  const row = (fields: Readonly<Record<string, unknown>>) =>
    world.wealthfolio.addActivity({
      accountId: world.account.id,
      currency: "GBP",
      symbol: { id: asset.id },
      notes: "typed by me",
      ...fields
    })
  row({ activityType: "BUY", activityDate: "2026-01-07", quantity: "10", unitPrice: "80" })
  row({ activityType: "BUY", activityDate: "2026-01-07", quantity: "5", unitPrice: "81" })
  row({ activityType: "DIVIDEND", activityDate: "2026-01-08", amount: "12.34" })
  return world
}

const rowOf = (world: World, id: string) =>
  world.activities.find(({ idempotencyKey }) => idempotencyKey === `U1234567/${id}`)

describe("rows that are there already", { timeout: 90_000, concurrent: true }, () => {
  it("report, the default: held and shown, nothing is doubled; each can be adopted or ignored", async () => {
    await using world = await typed()
    const json = succeeded(await world.night())
    assert.deepStrictEqual(skips(json), {
      "ibkr:trade:1": "adopt-candidate",
      "ibkr:trade:2": "adopt-candidate",
      "ibkr:trade:3": "adopt-candidate",
      "ibkr:cash:4": "adopt-candidate"
    })
    assert.strictEqual(json.counts.held, 4)
    assert.match(json.skipped[0]?.detail ?? "", /by hand: 2026-01-07 BUY 10 .*broker-sync ibkr adopt ibkr:trade:1/)
    assert.deepStrictEqual(booked(world), ["by hand", "by hand", "by hand", "ibkr:cash:1"])

    assert.deepStrictEqual(outcomes(await decide(world, ["adopt", "ibkr:trade:1"])), { "ibkr:trade:1": "replaced" })
    const adopted = rowOf(world, "ibkr:trade:1")
    assert.strictEqual(adopted?.notes, "typed by me")
    assert.strictEqual(adopted?.activityDate.slice(0, 10), "2026-01-07")
    assert.strictEqual(adopted?.fee?.toString(), "1")
    assert.deepStrictEqual(booked(world), ["by hand", "by hand", "ibkr:cash:1", "ibkr:trade:1"])

    assert.deepStrictEqual(outcomes(await decide(world, ["ignore", "ibkr:cash:4"])), { "ibkr:cash:4": "ignored" })
    assert.deepStrictEqual(outcomes(await decide(world, ["adopt", "ibkr:trade:3"])), {
      "ibkr:trade:2": "replaced",
      "ibkr:trade:3": "replaced"
    })
    assert.deepStrictEqual(booked(world), ["by hand", "ibkr:cash:1", "ibkr:trade:1", "ibkr:trade:2", "ibkr:trade:3"])
    const last = succeeded(await world.night())
    assert.deepStrictEqual(skips(last), { "ibkr:cash:4": "ignored" })
    for (const { drift, symbol } of last.positions) assert.strictEqual(drift, "0", symbol)
  })

  it("adopt: all are replaced in the first night", async () => {
    await using world = await typed()
    const json = succeeded(await world.night([], { env: { IBKR_ADOPT: "adopt" } }))
    assert.deepStrictEqual(booked(world), [
      "ibkr:cash:1",
      "ibkr:cash:4",
      "ibkr:trade:1",
      "ibkr:trade:2",
      "ibkr:trade:3"
    ])
    assert.strictEqual(json.activities.filter(({ status }) => status === "replaced").length, 4)
    for (const { drift, symbol } of json.positions) assert.strictEqual(drift, "0", symbol)
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
  })

  it("import: imported beside them", async () => {
    await using world = await typed()
    succeeded(await world.night([], { env: { IBKR_ADOPT: "import" } }))
    assert.strictEqual(world.activities.length, 8)
  })

  it("two honest identical fills stay two, with one typed row as with none", async () => {
    const twice = [trade("1", vusa, 10, "80", "2026-01-06"), trade("2", vusa, 10, "80", "2026-01-06")]
    await using world = await startWorld({
      flex: { statement: statement({ trades: twice, cash: [deposit], positions: [position(vusa, 20)] }) }
    })
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), ["ibkr:cash:1", "ibkr:trade:1", "ibkr:trade:2"])
  })

  it("adopt of a row that does not wait for it is exit 2", async () => {
    await using world = await typed()
    succeeded(await world.night())
    assert.match((await decide(world, ["adopt", "ibkr:cash:1"], 2)).error?.message ?? "", /does not wait to be adopted/)
    assert.match((await decide(world, ["ignore", "ibkr:cash:1"], 2)).error?.message ?? "", /is booked/)
    assert.match((await decide(world, ["adopt", "nothing"], 2)).error?.message ?? "", /nothing is known/)
  })
})
