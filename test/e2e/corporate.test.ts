import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { aapl, action, balance, cash, type Line, position, type Row, statement, trade } from "./statement.ts"
import { failed, fixture, noDrift, skips, startWorld, statuses, succeeded, type World } from "./support.ts"

const line = (symbol: string, conid: string, isin: string, more: Row = {}): Line => ({
  symbol,
  currency: "USD",
  assetCategory: "STK",
  conid,
  isin,
  listingExchange: "NYSE",
  description: `${symbol} INC`,
  ...more
})
const oldGe = line("GE", "52000001", "US3696041033")
const newGe = line("GE", "52000002", "US3696043013")

const first = { from: "2026-01-05", to: "2026-01-06" }
const second = { from: "2026-01-07", to: "2026-01-08" }
const third = { from: "2026-01-09", to: "2026-01-09" }

const deposit = cash("1", "Deposits & Withdrawals", "5000", "USD", "2026-01-05")

const split = action("901", "91", "FS", aapl, "30", "2026-01-06", "2026-01-07", {
  description: "AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)"
})
const eve = statement({
  ...first,
  trades: [trade("1", aapl, 10, "240", "2026-01-05")],
  cash: [deposit],
  positions: [position(aapl, 10)],
  balances: [balance("USD", "0", "2599")]
})
const splitDay = statement({
  ...second,
  trades: [trade("2", aapl, -4, "61", "2026-01-07")],
  actions: [split],
  positions: [position(aapl, 36)],
  balances: [balance("USD", "2599", "2842")]
})

const recalculations = (world: World) =>
  world.wealthfolio.requests.filter(({ path }) => path.endsWith("/portfolio/recalculate")).length

const booked = (world: World) =>
  world.activities.map(({ activityType, amount, quantity }) =>
    `${activityType} ${activityType === "SPLIT" ? amount : quantity ?? amount}`
  ).sort()

describe("a split", { timeout: 90_000, concurrent: true }, () => {
  it("reaches what was bought the night before, once", async () => {
    await using world = await startWorld({ flex: { statement: eve } })
    noDrift(succeeded(await world.night()))
    assert.strictEqual(recalculations(world), 0)

    world.flex.setStatement(splitDay)
    const json = succeeded(await world.night())
    noDrift(json)
    assert.strictEqual(recalculations(world), 1)
    assert.deepStrictEqual(json.positions, [{ symbol: "AAPL", broker: "36", wealthfolio: "36", drift: "0" }])
    assert.deepStrictEqual(booked(world), ["BUY 10", "DEPOSIT 5000", "SELL 4", "SPLIT 4"])
    const row = json.activities.find(({ type }) => type === "SPLIT")
    assert.deepStrictEqual([row?.["date"], row?.["ratio"], row?.["amount"]], ["2026-01-07", "4", "0"])

    const again = succeeded(await world.night())
    noDrift(again)
    assert.deepStrictEqual(statuses(again), {
      "ibkr:corp:901": "already-synced",
      "ibkr:trade:2": "already-synced"
    })
    assert.strictEqual(recalculations(world), 1)
  })

  it("is applied by the next night where Wealthfolio would not recalculate", async () => {
    await using world = await startWorld({ flex: { statement: eve } })
    succeeded(await world.night())
    world.flex.setStatement(splitDay)
    world.wealthfolio.faults.next("POST /portfolio/recalculate", { kind: "status", status: 400, when: "before" })
    failed(await world.night(), 9, /recalculate/)
    world.flex.setStatement(statement({ ...third, positions: [position(aapl, 36)] }))
    noDrift(succeeded(await world.night()))
    assert.strictEqual(recalculations(world), 2)
  })

  it("in reverse under a new contract id and the same symbol is one of the same asset, and goes when it is cancelled", async () => {
    const legs = (code: string, on: string, ids: readonly [string, string], signs: readonly [string, string]) => [
      action(ids[0], "92", "RS", oldGe, `${signs[0]}80`, "2026-01-06", on, { code, description: splitText(oldGe) }),
      action(ids[1], "92", "RS", newGe, `${signs[1]}10`, "2026-01-06", on, { code, description: splitText(newGe) })
    ]
    const splitText = ({ isin, symbol }: Line) =>
      `GE(US3696041033) SPLIT 1 FOR 8 (${symbol}, GENERAL ELECTRIC CO, ${isin})`
    const bought = { trades: [trade("1", oldGe, 80, "13", "2026-01-05")], cash: [deposit] }
    await using world = await startWorld({
      flex: { statement: statement({ ...first, ...bought, positions: [position(oldGe, 80)] }) }
    })
    noDrift(succeeded(await world.night()))

    const there = legs("", "2026-01-07", ["911", "912"], ["-", ""])
    world.flex.setStatement(statement({ ...second, actions: there, positions: [position(newGe, 10)] }))
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(statuses(json), { "ibkr:corp:912": "imported" })
    assert.deepStrictEqual(skips(json), { "ibkr:corp:911": "no-effect" })
    assert.strictEqual(world.assets.length, 1)

    const back = legs("Ca", "2026-01-09", ["913", "914"], ["", "-"])
    world.flex.setStatement(statement({ ...third, actions: back, positions: [position(oldGe, 80)] }))
    const undone = succeeded(await world.night())
    noDrift(undone)
    assert.deepStrictEqual(skips(undone), {
      "ibkr:corp:911": "cancelled",
      "ibkr:corp:912": "cancelled",
      "ibkr:corp:913": "cancelled",
      "ibkr:corp:914": "cancelled"
    })
    assert.deepStrictEqual(booked(world), ["BUY 80", "DEPOSIT 5000"])
    assert.strictEqual(recalculations(world), 2)
  })
})

describe("a corporate action", { timeout: 90_000, concurrent: true }, () => {
  it("that is cancelled a night later is replaced by what is booked instead", async () => {
    const bam = line("BAM", "52000071", "CA1130041058")
    const text = "BN(CA11271J1075) SPINOFF  1 FOR 4 (BAM, BROOKFIELD ASSET MGMT-A, CA1130041058)"
    const spinOff = (id: string, quantity: string, on: string, more: Row = {}) =>
      action(id, "93", "SO", bam, quantity, "2026-01-06", on, { description: text, value: "1782", ...more })
    await using world = await startWorld({
      flex: {
        statement: statement({
          ...second,
          actions: [spinOff("921", "55.693", "2026-01-07")],
          positions: [{ ...position(bam, 0), position: "55.693" }]
        })
      }
    })
    noDrift(succeeded(await world.night()))
    world.flex.setStatement(statement({
      ...third,
      actions: [
        spinOff("922", "-55.693", "2026-01-09", { code: "Ca" }),
        spinOff("923", "55.7151", "2026-01-09", { description: text.replace("1 FOR 4", "10000 FOR 39998") })
      ],
      positions: [{ ...position(bam, 0), position: "55.7151" }]
    }))
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(statuses(json), { "ibkr:corp:923": "imported" })
    assert.deepStrictEqual(skips(json), { "ibkr:corp:921": "cancelled", "ibkr:corp:922": "cancelled" })
    assert.deepStrictEqual(booked(world), ["TRANSFER_IN 55.7151"])
  })

  it("to a temporary line keeps the asset through quiet nights, until it is paid for", async () => {
    const uuu = line("UUU", "52000032", "CA91701P1053", { currency: "CAD", listingExchange: "TSE" })
    const tendered = line("UUU.TEN2", "52000033", "CA91701P1TN3", { currency: "CAD", listingExchange: "TSE" })
    const funds = cash("1", "Deposits & Withdrawals", "5000", "CAD", "2026-01-05")
    await using world = await startWorld({
      flex: {
        statement: statement({
          ...first,
          trades: [trade("1", uuu, 1200, "2.5", "2026-01-05")],
          cash: [funds],
          actions: [
            action("931", "94", "TO", uuu, "-1200", "2026-01-06", "2026-01-06"),
            action("932", "94", "TO", tendered, "1200", "2026-01-06", "2026-01-06")
          ],
          positions: [position(tendered, 1200)]
        })
      }
    })
    noDrift(succeeded(await world.night()))
    world.flex.setStatement(statement({ ...second, positions: [position(tendered, 1200)] }))
    noDrift(succeeded(await world.night()))
    world.flex.setStatement(statement({
      ...third,
      actions: [action("933", "95", "TC", tendered, "-1200", "2026-01-08", "2026-01-09", { proceeds: "3432" })],
      balances: [balance("CAD", "1999", "5431")]
    }))
    noDrift(succeeded(await world.night()))
    assert.strictEqual(world.assets.length, 1)
    assert.deepStrictEqual(booked(world), ["BUY 1200", "DEPOSIT 5000", "SELL 1200"])
  })

  it("whose new line is on no known venue waits as a whole, and is booked as a whole", async () => {
    const known = line("FB", "52000021", "US30303M1027")
    const unknown = line("META", "52000022", "US30303M1027", { listingExchange: "SET" })
    await using world = await startWorld({
      flex: {
        statement: statement({
          ...first,
          trades: [trade("1", known, 20, "100", "2026-01-05")],
          cash: [deposit],
          actions: [
            action("941", "96", "IC", known, "-20", "2026-01-06", "2026-01-06"),
            action("942", "96", "IC", unknown, "20", "2026-01-06", "2026-01-06", { value: "4000" })
          ],
          positions: [position(unknown, 20)]
        })
      }
    })
    const waiting = succeeded(await world.night())
    assert.deepStrictEqual(skips(waiting), { "ibkr:corp:941": "unknown-venue", "ibkr:corp:942": "unknown-venue" })
    assert.isTrue(waiting.skipped.every(({ held }) => held))
    world.flex.setStatement(
      statement({ ...second, positions: [position({ ...unknown, listingExchange: "NASDAQ" }, 20)] })
    )
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(statuses(json), { "ibkr:corp:941": "imported", "ibkr:corp:942": "imported" })
    assert.deepStrictEqual(skips(json), {})
  })
})

/** What was held before the fixture's statement: quantity of each line, cash of each currency. */
interface Before {
  readonly held: ReadonlyArray<
    readonly [symbol: string, mic: string | null, currency: string, conid: string, units: string]
  >
  readonly cash?: ReadonlyArray<readonly [currency: string, amount: string]>
}

const situations: Readonly<Record<string, Before>> = {
  "split-forward": { held: [["AAPL", "XNAS", "USD", "51000003", "6"]], cash: [["USD", "1000"]] },
  "split-reverse-new-symbol": {
    held: [["GCM", "XTSE", "CAD", "52000011", "10000"], ["EWLL", "XNAS", "USD", "52000013", "900"]]
  },
  "split-reverse-same-symbol": { held: [["GE", "XNYS", "USD", "52000001", "80"]] },
  "merger-cash": {
    held: [["UUU", "XTSE", "CAD", "52000032", "1200"]],
    cash: [["USD", "4000"]]
  },
  "merger-cash-and-stock": { held: [["LVGO", "XNAS", "USD", "52000041", "10"]], cash: [["USD", "1000"]] },
  "spin-off": {
    held: [
      ["PFE", "XNYS", "USD", "52000051", "97"],
      ["NVDA", "XNAS", "USD", "52000053", "20"],
      ["BPY", "XNAS", "USD", "52000054", "20"]
    ],
    cash: [["USD", "100"]]
  },
  "rights-and-worthless": { held: [["SVB", "OTCM", "USD", "52000063", "15"]] },
  "bond-maturity": { held: [["US912797PX67", null, "USD", "53000018", "3000"]], cash: [["USD", "2000"]] },
  "action-cancelled": { held: [["XYZ", "XNYS", "USD", "52000072", "44"]] },
  "ticker-change": { held: [["FB", "XNAS", "USD", "52000021", "20"], ["KO", "XNYS", "USD", "51000005", "7"]] }
}

describe(
  "the fixtures end without drift, each from what was held before it",
  { timeout: 90_000, concurrent: true },
  () => {
    it.each(Object.entries(situations))("%s", async (name, before) => {
      await using world = await startWorld({ flex: { statement: await fixture(`${name}.xml`) } })
      const accountId = world.account.id
      const row = { accountId, activityDate: "2025-12-01T12:00:00Z" }
      for (const [instrumentSymbol, instrumentExchangeMic, currency, conid, quantity] of before.held) {
        const { id } = world.wealthfolio.addAsset({
          instrumentSymbol,
          instrumentExchangeMic,
          quoteCcy: currency,
          ...(instrumentExchangeMic === null ? { instrumentType: "BOND" as const } : {}),
          metadata: { ibkr: { conid } }
        })
        world.wealthfolio.addActivity({
          ...row,
          activityType: "TRANSFER_IN",
          currency,
          quantity,
          unitPrice: "1",
          symbol: { id }
        })
      }
      for (const [currency, amount] of before.cash ?? []) {
        world.wealthfolio.addActivity({ ...row, activityType: "DEPOSIT", currency, amount })
      }
      world.wealthfolio.recompute.recalculate()
      await world.wealthfolio.recompute.settled()
      const json = succeeded(await world.night())
      noDrift(json)
      for (const { currency, drift } of json.cash) assert.strictEqual(drift, "0", currency)
      const again = succeeded(await world.night())
      noDrift(again)
      assert.strictEqual(again.counts.imported, 0)
      assert.deepStrictEqual(skips(again), skips(json))
      const replayed = await world.run(["ibkr", "replay", "--format", "json"])
      assert.deepStrictEqual(JSON.parse(replayed.stdout).rows, [], join(name, replayed.stdout))
    })
  }
)
