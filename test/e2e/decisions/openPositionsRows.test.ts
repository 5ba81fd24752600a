import { assert, describe, it } from "@effect/vitest"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { startGateway } from "../gateway.ts"
import { aapl, balance, type Line, lot, position, ptt, statement, trade, vusa } from "../statement.ts"
import { noDrift, startWorld, succeeded, type World } from "../support.ts"
import { afterTheFirstNight, drifts, offers, openings, pending, rowOf, sold, week } from "./firstNight.ts"
import { booked, decide, type DecisionJson, outcomes } from "./support.ts"

describe("what is opened", { timeout: 90_000, concurrent: true }, () => {
  const call: Line = {
    symbol: "AAPL  260320C00250000",
    description: "AAPL 20MAR26 250 C",
    currency: "USD",
    assetCategory: "OPT",
    conid: "51000071",
    listingExchange: "CBOE",
    multiplier: "100"
  }
  const bond: Line = {
    symbol: "T 4 02/15/34",
    description: "US TREASURY",
    currency: "USD",
    assetCategory: "BOND",
    conid: "51000072",
    isin: "US91282CJZ59",
    multiplier: "1"
  }
  const opened = async (world: World): Promise<ReadonlyArray<string>> => {
    const { rows } = await decide(world, ["open-positions", "--yes"])
    return rows.map(({ detail = "", externalId, outcome, quantity, unitPrice }) =>
      [externalId.slice(10), outcome, quantity, unitPrice, /ESTIMATE|lots|Prior Period/.exec(detail)?.[0]].join(" ")
    )
  }

  it("at the price of its lots, else that of the day before, else the first in the statement; options and bonds too", async () => {
    await using world = await startWorld({
      flex: {
        statement: statement({
          // 40 of the 100 that were there are gone; the purchase of 5 is no opening, and its lot no price of one.
          trades: [
            trade("1", vusa, -40, "80", "2026-01-06"),
            trade("2", vusa, 5, "81", "2026-01-07"),
            trade("3", aapl, -3, "260.5", "2026-01-07"),
            trade("4", aapl, -2, "261", "2026-01-08"),
            trade("5", call, -2, "3.25", "2026-01-07"),
            trade("6", call, -1, "0", "2026-01-06", { transactionType: "BookTrade", ibCommission: "0" })
          ],
          positions: [
            position(vusa, 65),
            lot(vusa, 60, "70", "2025-03-03"),
            lot(vusa, 5, "81", "2026-01-07"),
            { ...position(bond, 2000), markPrice: "98.5" },
            lot(bond, 2000, "97.25", "2025-03-03")
          ],
          prior: [
            { ...vusa, date: "2026-01-02", price: "79" },
            { ...aapl, date: "2026-01-02", price: "255" }
          ],
          balances: [balance("GBP", "0", "0"), balance("USD", "-20", "0")]
        })
      }
    })
    succeeded(await world.night())
    assert.deepStrictEqual(await opened(world), [
      "51000003 imported 5 255 Prior Period",
      "51000071 imported 3 3.25 ESTIMATE",
      "51000072 imported 2000 0.9725 lots",
      "51000001 imported 100 70 lots",
      "USD imported   "
    ])
    assert.strictEqual(rowOf(world, "ibkr:open:USD").activityType, "WITHDRAWAL")
    const json = succeeded(await world.night())
    assert.deepStrictEqual(json.positions.map(({ drift }) => drift), ["0", "0"])
  })

  it("a short is said, not booked, and not pending", async () => {
    const gateway = await startGateway()
    await using _ = gateway
    await using world = await startWorld({
      flex: {
        statement: statement({ trades: [trade("5", call, -2, "3.25", "2026-01-07")], positions: [position(call, -5)] })
      },
      env: { PUSHGATEWAY_URL: gateway.url }
    })
    succeeded(await world.night())
    assert.strictEqual(pending(gateway), 0)
    const { notes, rows } = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(rows.map(({ detail, outcome }) => [outcome, detail]), [
      ["left", "AAPL260320C00250000: short by 3, whose opening trade no statement tells"]
    ])
    assert.strictEqual(notes[0], "nothing to open as of 2026-01-05")
    assert.deepStrictEqual(booked(world), ["ibkr:trade:5"])
  })

  it("of an ambiguous asset is held, remembered nowhere, and stays pending; the rest is booked", async () => {
    const gateway = await startGateway()
    await using _ = gateway
    await using world = await startWorld({
      flex: { statement: statement({ positions: [position(aapl, 10), { ...position(vusa, 3), markPrice: "80" }] }) },
      env: { PUSHGATEWAY_URL: gateway.url }
    })
    for (const mic of ["XNYS", "ARCX"]) {
      world.wealthfolio.addAsset({ instrumentSymbol: "AAPL", instrumentExchangeMic: mic, quoteCcy: "USD" })
    }
    succeeded(await world.night())
    assert.strictEqual(pending(gateway), 2)
    const { rows } = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(rows.map(({ externalId, outcome }) => [externalId, outcome]), [
      ["ibkr:open:51000001", "imported"],
      ["ibkr:open:51000003", "held"]
    ])
    assert.match(rows[1]?.detail ?? "", /^ambiguous-asset: .*symbol map/)
    assert.strictEqual(world.rows("sync_record WHERE kind = 'open'"), 1)
    const json = succeeded(await world.night())
    assert.deepStrictEqual(drifts(json), { AAPL: "10", "VUSA.L": "0" })
    assert.strictEqual(pending(gateway), 1)
  })

  it("of an unknown venue is left, and booked once the symbol map knows it", async () => {
    await using world = await startWorld({
      flex: {
        statement: statement({
          trades: [trade("61", ptt, -10, "33.5", "2026-01-05")],
          positions: [position(ptt, 90)],
          securities: [ptt]
        })
      }
    })
    succeeded(await world.night())
    const { rows } = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(rows.map(({ outcome }) => outcome), ["left"])
    assert.match(rows[0]?.detail ?? "", /^PTT: the account had 100, Wealthfolio 0: its venue .* symbol map/)
    assert.strictEqual(world.rows("sync_record WHERE kind = 'open'"), 0)
    const map = { "51000051": { symbol: "PTT", mic: "XBKK", currency: "THB" } }
    await writeFile(join(world.dataDir, "symbol-map.json"), JSON.stringify(map))
    succeeded(await world.night())
    assert.deepStrictEqual(await opened(world), ["51000051 imported 100 33.5 ESTIMATE"])
    noDrift(succeeded(await world.night()))
  })

  it("before the file named, which is looked at alone", async () => {
    await using world = await startWorld()
    const path = join(world.directory, "download.xml")
    await writeFile(path, week)
    const none: DecisionJson = await decide(world, ["open-positions"], 2)
    assert.match(none.error?.message ?? "", /no statement was received yet/)
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--file", path, "--yes"])), openings)
    assert.strictEqual(world.rows("statement"), 0)
    world.flex.setStatement(week)
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(offers(json), [])
    await writeFile(path, statement({ positions: null }))
    assert.match(
      (await decide(world, ["open-positions", "--file", path], 2)).error?.message ?? "",
      /does not say what the account held/
    )
    await writeFile(path, statement({ account: "U7654321" }))
    assert.match((await decide(world, ["open-positions", "--file", path], 3)).error?.message ?? "", /U7654321/)
  })

  it("of a day that older statements make obsolete gives way to theirs", async () => {
    await using night = await afterTheFirstNight()
    const { world } = night
    await decide(world, ["open-positions", "--yes"])
    const path = join(world.directory, "december.xml")
    await writeFile(
      path,
      statement({
        from: "2025-12-01",
        to: "2026-01-02",
        trades: [trade("9", vusa, 30, "75", "2025-12-03")],
        positions: [position(vusa, 100), lot(vusa, 70, "69", "2025-03-03")],
        balances: [balance("GBP", "2751", "500")]
      })
    )
    succeeded(await world.night(["--file", path]))
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions"])), {
      "ibkr:open:51000001": "would be booked",
      "ibkr:open:GBP": "would be booked"
    })
    const { rows } = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(
      rows.map(({ date, externalId, outcome, quantity = "" }) => [date, externalId, outcome, quantity]),
      [
        ["2026-01-05", "ibkr:open:51000001", "deleted", "100"],
        ["2026-01-05", "ibkr:open:GBP", "deleted", ""],
        ["2025-12-01", "ibkr:open:51000001", "imported", "70"],
        ["2025-12-01", "ibkr:open:GBP", "imported", ""]
      ]
    )
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual((await decide(world, ["open-positions"])).notes, ["nothing to open as of 2025-12-01"])
  })

  it("with IBKR_START_DATE within the statement: as of that day, without cash", async () => {
    await using world = await startWorld({
      flex: { statement: statement({ ...sold, trades: [...sold.trades, trade("2", vusa, 5, "80", "2026-01-08")] }) },
      env: { IBKR_START_DATE: "2026-01-07" }
    })
    succeeded(await world.night())
    const { rows } = await decide(world, ["open-positions"])
    assert.deepStrictEqual(rows.map(({ date, externalId, quantity }) => [date, externalId, quantity]), [
      ["2026-01-07", "ibkr:open:51000001", "85"]
    ])
  })

  it("is undone with its run, and that says how it is booked again", async () => {
    await using night = await afterTheFirstNight()
    const { runId } = await decide(night.world, ["open-positions", "--yes"])
    const { rows } = await decide(night.world, ["undo", runId, "--yes"])
    assert.deepStrictEqual(rows.map(({ detail, outcome }) => [outcome, detail]), [
      ["deleted", "broker-sync ibkr open-positions books it again"],
      ["deleted", "broker-sync ibkr open-positions books it again"]
    ])
    assert.deepStrictEqual(night.world.store("SELECT imported FROM statement"), [{ imported: 1 }])
    assert.deepStrictEqual(outcomes(await decide(night.world, ["open-positions", "--yes"])), openings)
  })
})
