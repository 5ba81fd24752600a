import { assert, describe, it } from "@effect/vitest"
import { aapl, balance, cash, position, ptt, statement, trade, vusa } from "./statement.ts"
import { fixture, noDrift, skips, startWorld, succeeded, type World } from "./support.ts"

const typed = (world: World, amount: string, currency: string) =>
  world.wealthfolio.addActivity({
    accountId: world.account.id,
    activityType: "DEPOSIT",
    activityDate: "2026-01-02",
    currency,
    amount
  })

describe("what is no share, through to holdings and cash", { timeout: 60_000, concurrent: true }, () => {
  it("options and bonds: positions agree but for the open short, the cash to the cent, and twice is once", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("options.xml") } })
    typed(world, "20000", "USD")
    for (const night of [1, 2]) {
      const json = succeeded(await world.night())
      assert.strictEqual(json.counts.imported, night === 1 ? 11 : 0)
      assert.deepStrictEqual(skips(json), { "ibkr:trade:6000000704": "short", "ibkr:trade:6000000710": "short" })
      const drifts = json.positions.flatMap(({ causes = [], drift, explained, symbol }) =>
        drift === "0" ? [] : [[symbol, drift, explained, ...causes.map(({ cause }) => cause)]]
      )
      assert.deepStrictEqual(drifts, [["AAPL260320P00200000", "-2", true, "short"]])
      assert.deepStrictEqual(json.cash, [{
        currency: "USD",
        broker: "11421.2",
        booked: "11421.2",
        drift: "0",
        wealthfolio: "11421.2",
        trackerDrift: "0"
      }])
    }
    const onTen = world.assets.find(({ instrumentSymbol }) => instrumentSymbol === "AAPL7260320C00250000")
    assert.strictEqual(onTen?.instrumentType, "OPTION")
  })

  it("conversions: two legs of one group and a fee of its own, and no holding called EUR.USD", async () => {
    const pair = { symbol: "EUR.USD", currency: "USD", assetCategory: "CASH", conid: "12087792", listingExchange: "" }
    const bought = trade("61", pair, 1000, "1.1", "2026-01-05", { ibCommission: "-2", ibCommissionCurrency: "GBP" })
    const auto = trade("62", pair, -0.5, "1.12", "2026-01-06", { notes: "AFx", ibCommission: "0", proceeds: "0.56" })
    await using world = await startWorld({
      flex: {
        statement: statement({
          trades: [bought, auto],
          cash: [
            cash("70", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05"),
            cash("71", "Deposits & Withdrawals", "3000", "USD", "2026-01-05")
          ],
          positions: [],
          balances: [balance("EUR", "0", "999.5"), balance("GBP", "0", "4998"), balance("USD", "0", "1900.56")]
        })
      }
    })
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(json.positions, [])
    assert.deepStrictEqual(world.assets, [])
    const groups = Map.groupBy(world.activities, ({ sourceGroupId }) => sourceGroupId)
    const legs = (groups.get("ibkr:trade:61") ?? []).map(({ activityType, amount, currency }) =>
      `${activityType} ${amount} ${currency}`
    )
    assert.deepStrictEqual(legs.toSorted(), ["TRANSFER_IN 1000 EUR", "TRANSFER_OUT 1100 USD"])
    assert.strictEqual(groups.get("ibkr:trade:62")?.length, 2)
    assert.strictEqual(world.activities.length, 7)
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
  })

  it("without Open Positions a sale is short beyond what Wealthfolio held, and where it held nothing by the marks", async () => {
    await using world = await startWorld({
      flex: {
        statement: statement({ trades: [trade("61", vusa, 10, "80", "2026-01-05")], positions: [position(vusa, 10)] })
      }
    })
    succeeded(await world.night())
    const later = statement({
      from: "2026-01-12",
      to: "2026-01-16",
      positions: null,
      trades: [
        trade("62", vusa, -15, "90", "2026-01-12", { ibCommission: "0" }),
        trade("63", aapl, -2, "200", "2026-01-12", { ibCommission: "0" }),
        trade("64", ptt, -3, "30", "2026-01-12", { ibCommission: "0", openCloseIndicator: "O", listingExchange: "SGX" })
      ]
    })
    const json = succeeded(await world.night(["--file", "-"], { stdin: later }))
    const booked = json.activities.map(({ amount, externalId, quantity = "", type }) =>
      `${externalId} ${type} ${quantity} ${amount}`
    )
    assert.deepStrictEqual(booked.toSorted(), [
      "ibkr:trade:62 SELL 10 900",
      "ibkr:trade:62:short CREDIT  450",
      "ibkr:trade:63 SELL 2 400",
      "ibkr:trade:64 CREDIT  90"
    ])
    assert.strictEqual(succeeded(await world.night(["--file", "-"], { stdin: later })).counts.imported, 0)
  })
})
