import { assert, describe, it } from "@effect/vitest"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { decide } from "./decisions/support.ts"
import {
  aapl,
  balance,
  cash,
  type Line,
  position,
  ptt,
  type Row,
  statement,
  trade,
  transfer,
  vusa
} from "./statement.ts"
import { fixture, noDrift, skips, startWorld, statuses, succeeded } from "./support.ts"

const extended = { IBKR_CASH_TYPES: "extended" }
const nextDay = { from: "2026-01-12", to: "2026-01-12" }

describe("sections beside trades and cash", { timeout: 60_000, concurrent: true }, () => {
  it.each<[name: string, imported: number, cash: Readonly<Record<string, string>>]>([
    ["charges", 12, { GBP: "1185", USD: "992.18" }],
    ["cash-natures", 16, { GBP: "796.94" }],
    ["bond-interest", 6, { USD: "3064.81" }],
    ["funds", 11, { USD: "10593.64" }],
    ["stock-grants", 2, {}]
  ])("%s: holdings and cash are the broker's, and stay so", async (name, imported, expected) => {
    await using world = await startWorld({ flex: { statement: await fixture(`${name}.xml`) }, env: extended })
    const first = succeeded(await world.night())
    assert.strictEqual(first.counts.imported, imported)
    const second = succeeded(await world.night())
    assert.strictEqual(second.counts.imported, 0)
    for (const json of [first, second]) {
      noDrift(json)
      assert.deepStrictEqual(
        Object.fromEntries(json.cash.map((row) => [row["currency"], row["wealthfolio"]])),
        expected
      )
      for (const { currency, drift } of json.cash) assert.strictEqual(drift, "0", currency)
    }
    assert.strictEqual(world.activities.length, imported)
  })

  it("without Statement of Funds the cash of futures is missing, and each row says what to tick", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("no-funds.xml") } })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(json.cash.map(({ drift, trackerDrift }) => ({ drift, trackerDrift })), [
      { drift: "895.04", trackerDrift: "895.04" }
    ])
    assert.strictEqual(json.skipped.length, 5)
    for (const { detail } of json.skipped) {
      assert.match(detail, /^(FUT|CFD) .*no line of the Statement of Funds has it: tick that section/)
    }
  })

  it("a charge that was booked from the Statement of Funds is booked by its own section once that is ticked", async () => {
    const cfd = { symbol: "AAPLn", assetCategory: "CFD", conid: "52000003", currency: "GBP" }
    const shared = { transactionID: "91", date: "2026-01-07" }
    const line = { ...cfd, ...shared, reportDate: "2026-01-07", amount: "-0.4", levelOfDetail: "Currency" }
    const funds = { StmtFunds: [{ ...line, activityCode: "CINT", activityDescription: "LONG CFD INTEREST" }] }
    const charges = { CFDCharges: [{ ...cfd, ...shared, total: "-0.4" }] }
    const balances = [balance("GBP", "1", "0.6")]
    await using world = await startWorld({ flex: { statement: statement({ more: funds, balances }) } })
    assert.deepStrictEqual(statuses(succeeded(await world.night())), { "ibkr:funds:91": "imported" })
    world.flex.setStatement(statement({ ...nextDay, more: { ...funds, ...charges }, balances }))
    const second = succeeded(await world.night())
    assert.deepStrictEqual(statuses(second), { "ibkr:cfd:91": "imported" })
    assert.deepStrictEqual(skips(second), { "ibkr:funds:91": "superseded" })
    assert.deepStrictEqual(world.activities.map(({ amount, sourceRecordId }) => `${sourceRecordId} ${amount}`), [
      "ibkr:cfd:91 0.4"
    ])
  })
})

describe("transfers", { timeout: 60_000, concurrent: true }, () => {
  it.each([["the transfer", "the deposit"], ["the deposit", "the transfer"]])(
    "of cash that come in other nights than their deposit are it, once: %s first",
    async (first) => {
      const rows = {
        "the transfer": { more: { Transfers: [transfer("81", undefined, "1000", "2026-01-09")] } },
        "the deposit": { cash: [cash("71", "Deposits/Withdrawals", "1000", "GBP", "2026-01-09")] }
      }
      const [early, late] = first === "the transfer"
        ? [rows["the transfer"], rows["the deposit"]]
        : [rows["the deposit"], rows["the transfer"]]
      const cashAfter = { positions: [], balances: [balance("GBP", "0", "1000")] }
      await using world = await startWorld({ flex: { statement: statement({ ...cashAfter, ...early }) } })
      noDrift(succeeded(await world.night()))
      const next = { from: "2026-01-12", to: "2026-01-12", positions: [], balances: [balance("GBP", "1000", "1000")] }
      world.flex.setStatement(statement({ ...next, ...late }))
      for (let night = 0; night < 2; night++) noDrift(succeeded(await world.night()))
      assert.deepStrictEqual(world.activities.map(({ sourceRecordId }) => sourceRecordId), ["ibkr:cash:71"])
    }
  )

  it("in and out, of shares and cash: nothing drifts, and what came from elsewhere is marked so", async () => {
    const rows = [
      transfer("81", vusa, "100", "2026-01-05", { type: "ACATS", transferPrice: "80" }),
      transfer("82", vusa, "-30", "2026-01-08", { type: "INTERNAL", positionAmount: "-2430" }),
      transfer("83", undefined, "500", "2026-01-05", { type: "ACATS" }),
      transfer("84", undefined, "-120", "2026-01-06", { type: "INTERNAL" }),
      transfer("85", undefined, "40", "2026-01-06", { type: "INTERCOMPANY" })
    ]
    await using world = await startWorld({
      flex: {
        statement: statement({
          trades: [trade("61", vusa, -20, "81", "2026-01-05")],
          cash: [cash("71", "Deposits/Withdrawals", "250", "GBP", "2026-01-07")],
          more: { Transfers: [...rows, transfer("86", undefined, "250", "2026-01-07")] },
          positions: [position(vusa, 50)],
          balances: [balance("GBP", "0", "2289")]
        })
      }
    })
    const first = succeeded(await world.night())
    noDrift(first)
    assert.deepStrictEqual(first.positions, [{ symbol: "VUSA.L", broker: "50", wealthfolio: "50", drift: "0" }])
    assert.deepStrictEqual(first.cash.map((row) => [row["drift"], row["wealthfolio"]]), [["0", "2289"]])
    assert.deepStrictEqual(skips(first), { "ibkr:transfer:86": "superseded" })
    const types = new Map(world.activities.map((row) => [row.sourceRecordId, row]))
    const told = (
      id: string
    ) => [types.get(id)?.activityType, types.get(id)?.unitPrice, types.get(id)?.metadata ?? null]
    const external = JSON.stringify({ flow: { is_external: true } })
    assert.deepStrictEqual(told("ibkr:transfer:81"), ["TRANSFER_IN", "80", external])
    assert.deepStrictEqual(told("ibkr:transfer:82"), ["TRANSFER_OUT", "81", null])
    assert.deepStrictEqual(told("ibkr:transfer:83"), ["DEPOSIT", null, null])
    assert.deepStrictEqual(told("ibkr:transfer:84"), ["TRANSFER_OUT", null, null])
    assert.deepStrictEqual(told("ibkr:transfer:85"), ["TRANSFER_IN", null, null])
    const second = succeeded(await world.night())
    assert.strictEqual(second.counts.imported, 0)
    noDrift(second)
  })

  it("of an unknown venue wait with their source, and come in once the symbol map knows it", async () => {
    const more = { Transfers: [transfer("81", ptt, "7", "2026-01-06", { transferPrice: "33" })] }
    await using world = await startWorld({ flex: { statement: statement({ more, positions: [position(ptt, 7)] }) } })
    const first = succeeded(await world.night())
    assert.deepStrictEqual(skips(first), { "ibkr:transfer:81": "unknown-venue" })
    const causes = first.positions.flatMap(({ causes = [], drift }) =>
      causes.map(({ cause, rows }) => [drift, cause, ...rows])
    )
    assert.deepStrictEqual(causes, [["7", "unmapped-symbol", "ibkr:transfer:81"]])
    assert.strictEqual(world.rows("sync_record WHERE held = 1 AND source IS NOT NULL"), 1)
    const map = { "51000051": { symbol: "PTT", mic: "XBKK", currency: "THB" } }
    await writeFile(join(world.dataDir, "symbol-map.json"), JSON.stringify(map))
    world.flex.setStatement(statement({ ...nextDay, positions: [position(ptt, 7)] }))
    const second = succeeded(await world.night())
    assert.deepStrictEqual(statuses(second), { "ibkr:transfer:81": "imported" })
    noDrift(second)
    assert.strictEqual(world.rows("sync_record WHERE held = 1"), 0)
  })

  it("explain a sale of shares that no trade bought: it is not short", async () => {
    const rows = [transfer("81", vusa, "100", "2026-01-05", { transferPrice: "80" })]
    const sold = trade("61", vusa, -100, "81", "2026-01-06")
    await using world = await startWorld({
      flex: {
        statement: statement({ trades: [sold], more: { Transfers: rows }, balances: [balance("GBP", "0", "8099")] })
      }
    })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(
      json.activities.map(({ externalId, type }) => `${externalId} ${type}`),
      ["ibkr:transfer:81 TRANSFER_IN", "ibkr:trade:61 SELL"]
    )
    noDrift(json)
  })

  it("take away what was bought: the purchase covers no short position", async () => {
    const rows = [transfer("81", vusa, "-100", "2026-01-07", { positionAmount: "-8100" })]
    const bought = trade("61", vusa, 100, "80", "2026-01-06")
    await using world = await startWorld({
      flex: {
        statement: statement({ trades: [bought], more: { Transfers: rows }, balances: [balance("GBP", "8001", "0")] })
      }
    })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(
      json.activities.map(({ externalId, type }) => `${externalId} ${type}`),
      ["ibkr:trade:61 BUY", "ibkr:transfer:81 TRANSFER_OUT"]
    )
    for (const { drift, symbol } of json.positions) assert.strictEqual(drift, "0", symbol)
    assert.strictEqual(json.cash[0]?.["drift"], "0")
  })
})

describe("stock grants", { timeout: 60_000, concurrent: true }, () => {
  const grant = (line: Line, more: Row = {}): Row => ({
    ...line,
    awardDate: "2025-01-12",
    vestingDate: "2026-01-12",
    reportDate: "2026-01-07",
    quantity: "5",
    price: "190",
    activityDescription: "Stock Award",
    ...more
  })

  it("wait for their day, which comes without another row", async () => {
    const more = { StockGrantActivities: [grant(aapl)] }
    await using world = await startWorld({ flex: { statement: statement({ more, positions: [] }) } })
    const id = "ibkr:grant:51000003:2025-01-12:2026-01-12:5"
    const first = succeeded(await world.night())
    assert.deepStrictEqual(skips(first), { [id]: "unvested" })
    noDrift(first)
    assert.deepStrictEqual(world.activities, [])
    world.flex.setStatement(statement({ ...nextDay, positions: [position(aapl, 5)] }))
    const second = succeeded(await world.night())
    assert.deepStrictEqual(statuses(second), { [id]: "imported" })
    noDrift(second)
    assert.deepStrictEqual(second.positions, [{ symbol: "AAPL", broker: "5", wealthfolio: "5", drift: "0" }])
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
    assert.strictEqual(world.activities.length, 1)
  })
})

describe("the archive", { timeout: 60_000, concurrent: true }, () => {
  it("has rows of every section: mapped again they are what was booked", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("charges.xml") }, env: extended })
    succeeded(await world.night())
    world.flex.setStatement((await fixture("funds.xml")).replaceAll("2026-01-0", "2026-01-1"))
    succeeded(await world.night())
    const replayed = await decide(world, ["replay"], 0, extended)
    assert.deepStrictEqual(replayed.rows, [])
    assert.match(replayed.notes.join(), /2 archived statement\(s\) .*nothing differs/)
  })
})
