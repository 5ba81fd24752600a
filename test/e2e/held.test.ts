import { assert, describe, it } from "@effect/vitest"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import {
  aapl,
  balance,
  cancel,
  cash,
  dividend,
  type Line,
  position,
  ptt,
  type Row,
  statement,
  trade,
  vusa
} from "./statement.ts"
import { noDrift, type RunJson, skips, startWorld, statuses, succeeded } from "./support.ts"

/** What Wealthfolio would show for an instrument after this night. */
const held = (json: RunJson, symbol: string) => {
  const found = json.positions.find((row) => row.symbol === symbol)
  return found && { symbol, broker: found.broker, wealthfolio: found.wealthfolio, drift: found.drift }
}

const nextDay = { from: "2026-01-12", to: "2026-01-12" }
const nextQuietDay = (positions: ReadonlyArray<Row>) => statement({ ...nextDay, positions })

describe("rows that wait", { timeout: 60_000, concurrent: true }, () => {
  const pttRows = {
    trades: [trade("61", ptt, 100, "33.5", "2026-01-05"), trade("62", vusa, 10, "80", "2026-01-05")],
    cash: [dividend("71", ptt, "22", "THB", "2026-01-07")],
    positions: [position(ptt, 100), position(vusa, 10)],
    securities: [ptt, vusa]
  }

  it("of an unknown venue are held, and booked without a statement once the symbol map knows it", async () => {
    await using world = await startWorld({ flex: { statement: statement(pttRows) } })
    const first = succeeded(await world.night())
    assert.deepStrictEqual(skips(first), { "ibkr:trade:61": "unknown-venue", "ibkr:cash:71": "unknown-venue" })
    assert.isTrue(first.skipped.every(({ detail, held }) => held && detail.includes(`"51000051"`)))
    assert.deepStrictEqual(first.counts, { imported: 1, planned: 0, alreadySynced: 0, skipped: 2, held: 2 })
    assert.deepStrictEqual(held(first, "PTT"), { symbol: "PTT", broker: "100", wealthfolio: "0", drift: "100" })
    assert.strictEqual(world.activities.length, 1)
    assert.strictEqual(world.assets.length, 1)

    // A night with a statement of other days: still held, still shown.
    world.flex.setStatement(nextQuietDay([position(ptt, 100), position(vusa, 10)]))
    assert.deepStrictEqual(skips(succeeded(await world.night())), skips(first))

    const map = { "51000051": { symbol: "PTT", mic: "XBKK", currency: "THB" } }
    await writeFile(join(world.dataDir, "symbol-map.json"), JSON.stringify(map))
    world.flex.setStatement(
      statement({ from: "2026-01-13", to: "2026-01-13", positions: [position(ptt, 100), position(vusa, 10)] })
    )
    const third = succeeded(await world.night())
    assert.deepStrictEqual(statuses(third), { "ibkr:trade:61": "imported", "ibkr:cash:71": "imported" })
    assert.deepStrictEqual(third.skipped, [])
    noDrift(third)
    assert.deepStrictEqual(held(third, "PTT.BK"), { symbol: "PTT.BK", broker: "100", wealthfolio: "100", drift: "0" })
    assert.strictEqual(world.rows("sync_record WHERE held = 1"), 0)

    const fourth = succeeded(await world.night())
    assert.deepStrictEqual(fourth.activities, [])
    assert.strictEqual(world.activities.length, 3)
  })

  it("and share their id with a booked row stay themselves when they come alone", async () => {
    const both = [dividend("71", vusa, "12", "GBP", "2026-01-07"), dividend("71", ptt, "22", "THB", "2026-01-07")]
    const trades = [trade("61", vusa, 10, "80", "2026-01-05"), trade("61", ptt, 100, "33.5", "2026-01-05")]
    const positions = [position(ptt, 100), position(vusa, 10)]
    const securities = [ptt, vusa]
    await using world = await startWorld({
      flex: { statement: statement({ trades, cash: both, positions, securities }) }
    })
    const first = succeeded(await world.night())
    assert.deepStrictEqual(statuses(first), { "ibkr:trade:61": "imported", "ibkr:cash:71": "imported" })
    assert.deepStrictEqual(skips(first), { "ibkr:trade:61:2": "unknown-venue", "ibkr:cash:71:2": "unknown-venue" })

    const map = { "51000051": { symbol: "PTT", mic: "XBKK", currency: "THB" } }
    await writeFile(join(world.dataDir, "symbol-map.json"), JSON.stringify(map))
    world.flex.setStatement(nextQuietDay(positions))
    const second = succeeded(await world.night())
    assert.strictEqual(statuses(second)["ibkr:trade:61:2"], "imported")
    assert.strictEqual(statuses(second)["ibkr:cash:71:2"], "imported")
    noDrift(second)
    assert.strictEqual(world.activities.length, 4)
  })

  it("of an ambiguous asset are held until the symbol map chooses", async () => {
    await using world = await startWorld({
      flex: {
        statement: statement({
          trades: [trade("61", aapl, 10, "200", "2026-01-05"), trade("62", vusa, 10, "80", "2026-01-05")],
          positions: [position(aapl, 10), position(vusa, 10)]
        })
      }
    })
    for (const mic of ["XNYS", "ARCX"]) {
      world.wealthfolio.addAsset({ instrumentSymbol: "AAPL", instrumentExchangeMic: mic, quoteCcy: "USD" })
    }
    const first = succeeded(await world.night())
    assert.deepStrictEqual(skips(first), { "ibkr:trade:61": "ambiguous-asset" })
    assert.match(first.skipped[0]?.detail ?? "", /AAPL@XNYS.*AAPL@ARCX.*symbol map/)
    assert.strictEqual(world.activities.length, 1)
    assert.strictEqual(world.assets.length, 3)

    const map = { "51000003": { symbol: "AAPL", mic: "ARCX", currency: "USD" } }
    await writeFile(join(world.dataDir, "symbol-map.json"), JSON.stringify(map))
    world.flex.setStatement(nextQuietDay([position(aapl, 10), position(vusa, 10)]))
    const second = succeeded(await world.night())
    assert.deepStrictEqual(statuses(second), { "ibkr:trade:61": "imported" })
    noDrift(second)
    const chosen = world.assets.find(({ instrumentExchangeMic }) => instrumentExchangeMic === "ARCX")
    assert.isTrue(world.activities.some(({ assetId }) => assetId === chosen?.id))
    assert.strictEqual(world.assets.length, 3)
  })

  it("of an asset in another currency are held", async () => {
    await using world = await startWorld({
      flex: {
        statement: statement({ trades: [trade("61", vusa, 10, "80", "2026-01-05")], positions: [position(vusa, 10)] })
      }
    })
    world.wealthfolio.addAsset({ instrumentSymbol: "VUSA", instrumentExchangeMic: "XLON", quoteCcy: "USD" })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(skips(json), { "ibkr:trade:61": "currency-mismatch" })
    assert.deepStrictEqual(world.activities, [])
  })
})

describe("assets", { timeout: 60_000, concurrent: true }, () => {
  const vwrl: Line = {
    symbol: "VWRL",
    currency: "EUR",
    assetCategory: "STK",
    conid: "51000061",
    isin: "IE00B3RBWM25",
    listingExchange: "AEB"
  }

  it("first seen by a dividend in another currency, bought later: the position is there, and the dividend too", async () => {
    const paid = dividend("71", vwrl, "12.5", "USD", "2026-01-07")
    await using world = await startWorld({ flex: { statement: statement({ cash: [paid] }) } })
    const first = succeeded(await world.night())
    assert.deepStrictEqual(skips(first), { "ibkr:cash:71": "unknown-currency" })
    assert.isTrue(first.skipped[0]?.held)
    assert.deepStrictEqual(world.assets, [])
    assert.deepStrictEqual(world.activities, [])

    world.flex.setStatement(statement({
      ...nextDay,
      trades: [trade("61", vwrl, 10, "110", "2026-01-12")],
      positions: [position(vwrl, 10)],
      balances: [balance("EUR", "0", "-1101")]
    }))
    const second = succeeded(await world.night())
    assert.deepStrictEqual(statuses(second), { "ibkr:trade:61": "imported", "ibkr:cash:71": "imported" })
    assert.deepStrictEqual(second.positions, [{ symbol: "VWRL.AS", broker: "10", wealthfolio: "10", drift: "0" }])
    noDrift(second)
    assert.deepStrictEqual(world.assets.map(({ quoteCcy }) => quoteCcy), ["EUR"])
    assert.deepStrictEqual(
      new Set(world.activities.map(({ assetId }) => assetId)),
      new Set([world.assets[0]?.id ?? "none"])
    )
    assert.strictEqual(world.rows("sync_record WHERE held = 1"), 0)
  })

  it.each(["XNYS", "XASE", "ARCX", undefined])(
    "AAPL as the user has it (%s) stays one holding",
    async (mic) => {
      await using world = await startWorld({
        flex: {
          statement: statement({
            trades: [trade("61", aapl, 10, "200", "2026-01-05")],
            positions: [position(aapl, 12)]
          })
        }
      })
      const asset = world.wealthfolio.addAsset({
        instrumentSymbol: "AAPL",
        quoteCcy: "USD",
        ...(mic === undefined ? {} : { instrumentExchangeMic: mic })
      })
      world.wealthfolio.addActivity({
        accountId: world.account.id,
        activityType: "BUY",
        activityDate: "2025-12-01T15:00:00Z",
        currency: "USD",
        symbol: { id: asset.id },
        quantity: "2",
        unitPrice: "180"
      })
      await world.wealthfolio.recompute.settled()
      const json = succeeded(await world.night())
      assert.deepStrictEqual(json.positions, [{ symbol: "AAPL", broker: "12", wealthfolio: "12", drift: "0" }])
      assert.strictEqual(world.assets.length, 1)
    }
  )
})

describe("what is taken back", { timeout: 60_000, concurrent: true }, () => {
  const deposit = cash("70", "Deposits/Withdrawals", "1000", "GBP", "2026-01-05")
  const bought = trade("61", vusa, 10, "80", "2026-01-05")
  const paid = dividend("71", vusa, "12.34", "GBP", "2026-01-07")
  const reversal = dividend("72", vusa, "-12.34", "GBP", "2026-01-12", { settleDate: "2026-01-07" })
  const positions = [position(vusa, 10)]

  it.each<[string, ReadonlyArray<Row>, string]>([
    ["alone", [reversal], "211.34"],
    ["beside it again", [paid, reversal], "199"]
  ])(
    "a reversal that arrives after its dividend was booked, %s: both are taken out, and the cash is right",
    async (_name, rows, opening) => {
      const first = statement({
        trades: [bought],
        cash: [deposit, paid],
        positions,
        balances: [balance("GBP", "0", "211.34")]
      })
      await using world = await startWorld({ flex: { statement: first } })
      noDrift(succeeded(await world.night()))
      world.flex.setStatement(
        statement({ ...nextDay, cash: rows, positions, balances: [balance("GBP", opening, "199")] })
      )
      const second = succeeded(await world.night())
      assert.deepStrictEqual(skips(second), { "ibkr:cash:71": "reversed", "ibkr:cash:72": "reversed" })
      assert.strictEqual(second.counts.imported, 0)
      assert.deepStrictEqual(second.cash, [{
        currency: "GBP",
        broker: "199",
        booked: "199",
        drift: "0",
        wealthfolio: "199",
        trackerDrift: "0"
      }])
      const third = succeeded(await world.night())
      assert.strictEqual(third.counts.imported, 0)
      noDrift(third)
      assert.strictEqual(world.activities.length, 2)
    }
  )

  it("a dividend and its reversal in one statement: neither is booked, both are named", async () => {
    await using world = await startWorld({
      flex: {
        statement: statement({
          to: "2026-01-12",
          trades: [bought],
          cash: [deposit, paid, reversal],
          positions,
          balances: [balance("GBP", "0", "199")]
        })
      }
    })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(skips(json), { "ibkr:cash:71": "reversed", "ibkr:cash:72": "reversed" })
    assert.match(json.skipped[0]?.detail ?? "", /ibkr:cash:72/)
    assert.match(json.skipped[1]?.detail ?? "", /ibkr:cash:71/)
    noDrift(json)
    assert.strictEqual(world.activities.length, 2)
    noDrift(succeeded(await world.night()))
    assert.strictEqual(world.activities.length, 2)
  })

  it.each<[string, ReadonlyArray<Row>]>([["alone", []], ["beside its trade again", [bought]]])(
    "a cancel that arrives later, %s: the trade is taken out, and the commission that IBKR kept is booked",
    async (_name, again) => {
      const first = statement({ trades: [bought], cash: [deposit], positions, balances: [balance("GBP", "0", "199")] })
      await using world = await startWorld({ flex: { statement: first } })
      noDrift(succeeded(await world.night()))
      const opening = again.length === 0 ? "199" : "1000"
      world.flex.setStatement(statement({
        ...nextDay,
        trades: [...again, cancel("61", vusa, 10, "80", "2026-01-05", "2026-01-12")],
        balances: [balance("GBP", opening, "999")]
      }))
      const second = succeeded(await world.night())
      assert.deepStrictEqual(statuses(second), { "ibkr:trade:61:cancel-fee": "imported" })
      assert.deepStrictEqual(skips(second), { "ibkr:trade:61": "cancelled", "ibkr:trade-tx:461": "cancelled" })
      assert.isTrue(second.reconciled)
      assert.deepStrictEqual(second.positions, [])
      noDrift(second)
      assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
      assert.deepStrictEqual(world.activities.map(({ activityType }) => activityType), ["DEPOSIT", "FEE"])
    }
  )
})
