import { assert, describe, it } from "@effect/vitest"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { FlexDays } from "../../support/FlexServer.ts"
import { instantOf } from "../../support/Wealthfolio/Time.ts"
import { lostAnswers } from "../faults/bulkFaults.ts"
import { type Gateway, startGateway } from "../gateway.ts"
import { aapl, balance, cash, type Line, lot, position, ptt, statement, trade, vusa } from "../statement.ts"
import { noDrift, type RunJson, signal, startWorld, succeeded, type World, type WorldOptions } from "../support.ts"
import { booked, decide, type DecisionJson, deleteByHand, outcomes, state } from "./support.ts"

/** 10 of 100 shares held before are sold, for 800 and a commission of 1; there was cash of 500. */
const sold = {
  trades: [trade("1", vusa, -10, "80", "2026-01-06")],
  positions: [position(vusa, 90), lot(vusa, 60, "70", "2025-03-03"), lot(vusa, 30, "73", "2025-04-01")],
  balances: [balance("GBP", "500", "1299")]
}
const week = statement(sold)
const nextNight = (to: string) =>
  statement({ from: to, to, positions: [position(vusa, 90)], balances: [balance("GBP", "1299", "1299")] })

const drifts = (json: RunJson) =>
  Object.fromEntries([
    ...json.positions.map(({ drift, symbol }) => [symbol, drift]),
    ...json.cash.map(({ currency, trackerDrift }) => [currency, trackerDrift])
  ])

const offers = (json: RunJson) => json.warnings.filter((text) => text.includes("Three ways out"))

const pending = (gateway: Gateway) => gateway.series().get("ibkr_baseline_pending")

const afterTheFirstNight = async (
  options: WorldOptions = {}
): Promise<{ world: World; gateway: Gateway; first: RunJson } & AsyncDisposable> => {
  const gateway = await startGateway()
  const world = await startWorld({
    flex: { statement: week },
    ...options,
    env: { ...options.env, PUSHGATEWAY_URL: gateway.url }
  })
  const first = succeeded(await world.night())
  return {
    world,
    gateway,
    first,
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    }
  }
}

const byHand = async (world: World, rows: ReadonlyArray<Parameters<World["wealthfolio"]["addActivity"]>[0]>) => {
  for (const row of rows) world.wealthfolio.addActivity(row)
  await world.wealthfolio.recompute.settled()
}

const rowOf = (world: World, id: string) => {
  const row = world.activities.find(({ idempotencyKey }) => idempotencyKey === `U1234567/${id}`)
  assert.isDefined(row, id)
  return { ...row }
}

const openings = { "ibkr:open:51000001": "imported", "ibkr:open:GBP": "imported" }

describe("a first run with holdings from before", { timeout: 90_000, concurrent: true }, () => {
  it("books its rows, shows the drift, counts what is lacking, and offers three ways out in one message", async () => {
    await using night = await afterTheFirstNight()
    const { first, gateway, world } = night
    assert.deepStrictEqual(drifts(first), { "VUSA.L": "90", GBP: "500" })
    assert.strictEqual(pending(gateway), 2)
    const [message = "", ...others] = offers(first)
    assert.deepStrictEqual(others, [])
    const oldest = `${new Date().getUTCFullYear() - 4}-01-01`
    assert.include(message, `before 2026-01-05 the account held what Wealthfolio did not: VUSA.L 100 (Wealthfolio 0), `)
    assert.include(message, "GBP 500 (Wealthfolio 0)")
    assert.include(message, `--from ${oldest}`)
    assert.include(message, "open-positions")
    assert.include(message, "IBKR_START_DATE")
    const status = await world.run(["ibkr", "status", "--format", "table"])
    assert.include(
      status.stdout,
      "lacks what was held before the first statement of VUSA.L, GBP: broker-sync ibkr open-"
    )

    // It stands until it is settled, also on a night without a comparison.
    world.flex.setStatement(nextNight("2026-01-12"))
    assert.lengthOf(offers(succeeded(await world.night())), 1)
    assert.strictEqual(pending(gateway), 2)
  })

  it("all of it sold: it is said once, and over when nothing differs", async () => {
    const gone = {
      trades: [trade("1", vusa, -100, "80", "2026-01-06")],
      balances: [balance("GBP", "0", "7999")]
    }
    await using night = await afterTheFirstNight({ flex: { statement: statement(gone) } })
    noDrift(night.first)
    assert.include(offers(night.first)[0], "VUSA.L 100 (Wealthfolio 0)")
    assert.strictEqual(pending(night.gateway), 1)
    assert.deepStrictEqual(offers(succeeded(await night.world.night())), [])
    assert.strictEqual(pending(night.gateway), 0)
  })

  it("the history by --from: no drift, nothing pending", async () => {
    const rows = [
      cash("9", "Deposits & Withdrawals", "7600", "GBP", "2025-03-03"),
      trade("9", vusa, 100, "70.99", "2025-03-04"),
      ...sold.trades
    ]
    const days = (asked: FlexDays | undefined) => {
      const { from, to } = asked ?? { from: "2026-01-05", to: "2026-01-09" }
      const held = to < "2025-03-04" ? 0 : to < "2026-01-06" ? 100 : 90
      const funds = (day: string) => day <= "2025-03-03" ? "0" : day < "2026-01-06" ? "500" : "1299"
      const within = rows.filter((row) => from <= String(row["reportDate"]) && String(row["reportDate"]) <= to)
      return statement({
        from,
        to,
        trades: within.filter((row) => "tradeID" in row),
        cash: within.filter((row) => "type" in row),
        positions: [position(vusa, held)],
        balances: [balance("GBP", funds(from), funds(to))]
      })
    }
    await using night = await afterTheFirstNight({ flex: { statement: days } })
    assert.strictEqual(pending(night.gateway), 2)
    const json = succeeded(await night.world.night(["--from", "2025-01-02", "--to", "2026-01-09"]))
    noDrift(json)
    assert.deepStrictEqual(offers(json), [])
    assert.strictEqual(pending(night.gateway), 0)
    assert.deepStrictEqual((await decide(night.world, ["open-positions"])).notes, ["nothing to open as of 2025-01-02"])
  })

  it("the history that comes in after the opening rows: the drift is explained, and the next call mends it", async () => {
    const funds = cash("9", "Deposits & Withdrawals", "7600", "GBP", "2025-03-03")
    const rows = [trade("9", vusa, 100, "70.99", "2025-03-04"), ...sold.trades]
    const days = (asked: FlexDays | undefined) => {
      const { from, to } = asked ?? { from: "2026-01-05", to: "2026-01-09" }
      const isWithin = ({ reportDate = "" }: (typeof rows)[number]) => from <= reportDate && reportDate <= to
      const had = (day: string) => day <= "2025-03-03" ? "0" : day < "2026-01-06" ? "500" : "1299"
      return statement({
        from,
        to,
        trades: rows.filter(isWithin),
        cash: [funds].filter(isWithin),
        positions: [position(vusa, to < "2025-03-04" ? 0 : to < "2026-01-06" ? 100 : 90)],
        balances: [balance("GBP", had(from), had(to))]
      })
    }
    await using night = await afterTheFirstNight({ flex: { statement: days } })
    const { world } = night
    await decide(world, ["open-positions", "--yes"])
    noDrift(succeeded(await world.night()))
    for (const args of [["--from", "2025-01-02", "--to", "2026-01-09"], []]) {
      const json = succeeded(await world.night(args))
      const [line] = json.positions
      assert.deepInclude(line, { drift: "-100", explained: true })
      assert.deepStrictEqual(line?.causes?.map(({ cause, rows }) => [cause, ...rows]), [
        ["held-before", "2026-01-05 TRANSFER_IN 100"]
      ])
      const told = json.warnings.filter((text) => text.startsWith("2 opening rows are dated 2026-01-05"))
      assert.lengthOf(told, 1)
      assert.include(told[0], "open-positions")
    }
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--yes"])), {
      "ibkr:open:51000001": "deleted",
      "ibkr:open:GBP": "deleted"
    })
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(json.warnings.filter((text) => text.includes("opening rows")), [])
  })

  it("open-positions shows what is lacking and changes nothing; with --yes it is booked, once", async () => {
    await using night = await afterTheFirstNight()
    const { gateway, world } = night
    const shown = await decide(world, ["open-positions"])
    assert.deepStrictEqual(outcomes(shown), {
      "ibkr:open:51000001": "would be booked",
      "ibkr:open:GBP": "would be booked"
    })
    const figures = shown.rows.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => name !== "detail"))
    )
    assert.deepStrictEqual(figures, [
      {
        externalId: "ibkr:open:51000001",
        outcome: "would be booked",
        date: "2026-01-05",
        type: "TRANSFER_IN",
        quantity: "100",
        unitPrice: "71",
        amount: "0",
        currency: "GBP"
      },
      {
        externalId: "ibkr:open:GBP",
        outcome: "would be booked",
        date: "2026-01-05",
        type: "DEPOSIT",
        amount: "500",
        currency: "GBP"
      }
    ])
    assert.deepStrictEqual(booked(world), ["ibkr:trade:1"])
    assert.strictEqual(pending(gateway), 2)

    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--yes"])), openings)
    assert.strictEqual(rowOf(world, "ibkr:open:51000001").amount, null)
    assert.strictEqual(rowOf(world, "ibkr:open:51000001").instant, instantOf("2026-01-05T00:00:01Z"))
    assert.deepStrictEqual(state(world, "ibkr:open:GBP"), { state: "synced", reason: null, held: 0 })
    for (const args of [["open-positions"], ["open-positions", "--yes"]]) {
      const again = await decide(world, args)
      assert.deepStrictEqual(again.rows, [])
      assert.deepStrictEqual(again.notes, ["nothing to open as of 2026-01-05"])
    }
    world.flex.setStatement(nextNight("2026-01-12"))
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(json.positions.map(({ broker }) => broker), ["90"])
    assert.deepStrictEqual(offers(json), [])
    assert.strictEqual(pending(gateway), 0)
  })

  it("--undo takes it back, and it is pending again", async () => {
    await using night = await afterTheFirstNight()
    const { gateway, world } = night
    await decide(world, ["open-positions", "--yes"])
    world.flex.setStatement(nextNight("2026-01-12"))
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--undo"])), {
      "ibkr:open:51000001": "deleted",
      "ibkr:open:GBP": "deleted"
    })
    assert.deepStrictEqual(booked(world), ["ibkr:trade:1"])
    assert.strictEqual(world.rows("sync_record WHERE kind = 'open'"), 0)
    world.flex.setStatement(nextNight("2026-01-13"))
    const json = succeeded(await world.night())
    assert.deepStrictEqual(drifts(json), { "VUSA.L": "90", GBP: "500" })
    assert.strictEqual(pending(gateway), 2)
    assert.deepStrictEqual((await decide(world, ["open-positions", "--undo"])).notes, ["nothing to take back"])
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--yes"])), openings)
  })
})

describe("what goes wrong", { timeout: 90_000, concurrent: true }, () => {
  it.each(lostAnswers)("%s: opened once", async (_name, fault) => {
    await using night = await afterTheFirstNight()
    const { world } = night
    world.wealthfolio.faults.next("/activities/bulk", fault)
    await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(booked(world), [...Object.keys(openings), "ibkr:trade:1"])
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual((await decide(world, ["open-positions"])).rows, [])
  })

  it.each(["before", "after"] as const)(
    "SIGKILL %s the commit: opened once, by the call after the next",
    async (when) => {
      await using night = await afterTheFirstNight()
      const { gateway, world } = night
      const struck = signal()
      world.wealthfolio.onRequest = (phase, { path }) => {
        if (phase !== when || !path.endsWith("/activities/bulk")) return undefined
        struck.resolve()
        return new Promise(() => undefined)
      }
      const killed = await world.run(["ibkr", "open-positions", "--yes"], {
        onStart: (child) => void struck.promise.then(() => child.kill("SIGKILL"))
      })
      assert.strictEqual(killed.code, 137)
      world.wealthfolio.onRequest = undefined
      await world.wealthfolio.recompute.settled()
      assert.strictEqual((await decide(world, ["open-positions", "--yes"], 9)).error?.tag, "HoldingsUnsettled")
      assert.deepStrictEqual(
        outcomes(await decide(world, ["open-positions", "--yes"])),
        when === "before" ? openings : {}
      )
      assert.deepStrictEqual(booked(world), [...Object.keys(openings), "ibkr:trade:1"])
      noDrift(succeeded(await world.night()))
      assert.strictEqual(pending(gateway), 0)
    }
  )

  it("a first run that was killed before it compared: the next one looks at what was there before", async () => {
    const gateway = await startGateway()
    await using _ = gateway
    const struck = signal()
    await using world = await startWorld({ flex: { statement: week }, env: { PUSHGATEWAY_URL: gateway.url } })
    world.wealthfolio.onRequest = (phase, { path }) => {
      if (phase !== "after" || !path.endsWith("/activities/bulk")) return undefined
      struck.resolve()
      return new Promise(() => undefined)
    }
    await world.night([], { onStart: (child) => void struck.promise.then(() => child.kill("SIGKILL")) })
    world.wealthfolio.onRequest = undefined
    await world.wealthfolio.recompute.settled()
    // It may still be computing, for all that is known: the night after compares.
    succeeded(await world.night())
    assert.lengthOf(offers(succeeded(await world.night())), 1)
    assert.strictEqual(pending(gateway), 2)
  })
})

describe("what Wealthfolio has of it already", { timeout: 90_000, concurrent: true }, () => {
  const typed = (world: World, quantity: string, day = "2025-12-01", activityType = "BUY") => {
    const known = world.assets.find(({ instrumentSymbol }) => instrumentSymbol === "VUSA")
    const asset = known ?? world.wealthfolio.addAsset({
      instrumentSymbol: "VUSA",
      instrumentExchangeMic: "XLON",
      quoteCcy: "GBP"
    })
    const row = { accountId: world.account.id, currency: "GBP", activityDate: `${day}T09:00:00Z` }
    return [
      { ...row, activityType, symbol: { id: asset.id }, quantity, unitPrice: "70" },
      // What the purchase cost, and what is left.
      { ...row, activityType: "DEPOSIT", amount: activityType === "BUY" ? String(Number(quantity) * 70 + 500) : "500" }
    ]
  }

  const start = async (rows: (world: World) => ReadonlyArray<Parameters<World["wealthfolio"]["addActivity"]>[0]>) => {
    const gateway = await startGateway()
    const world = await startWorld({ flex: { statement: week }, env: { PUSHGATEWAY_URL: gateway.url } })
    await byHand(world, rows(world))
    return { gateway, world }
  }

  it.each([["2025-12-01", "BUY"], ["2026-01-05", "TRANSFER_IN"]])(
    "all of it, typed as of %s (%s): nothing to open",
    async (day, type) => {
      const { gateway, world } = await start((world) => typed(world, "100", day, type))
      await using _ = world
      await using __ = gateway
      const json = succeeded(await world.night())
      noDrift(json)
      assert.deepStrictEqual(offers(json), [])
      assert.strictEqual(pending(gateway), 0)
      assert.deepStrictEqual((await decide(world, ["open-positions", "--yes"])).notes, [
        "nothing to open as of 2026-01-05"
      ])
    }
  )

  it("a part of it: the difference, also where what was there is less than what was sold", async () => {
    const { gateway, world } = await start((world) => typed(world, "4"))
    await using _ = world
    await using __ = gateway
    const json = succeeded(await world.night())
    // Of the 10 sold Wealthfolio had 4: the rest is not below zero.
    assert.deepStrictEqual(drifts(json), { "VUSA.L": "90", GBP: "0" })
    assert.strictEqual(pending(gateway), 1)
    const opened = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(opened.rows.map(({ externalId, quantity }) => [externalId, quantity]), [
      ["ibkr:open:51000001", "96"]
    ])
    noDrift(succeeded(await world.night()))
    assert.strictEqual(pending(gateway), 0)
  })

  it("typed after the first night: it counts line by line, and ends by itself", async () => {
    await using night = await afterTheFirstNight()
    const { gateway, world } = night
    const [shares, funds] = typed(world, "100", "2025-12-01", "TRANSFER_IN")
    await byHand(world, funds === undefined ? [] : [funds])
    assert.include(offers(succeeded(await world.night()))[0], "VUSA.L 100 (Wealthfolio 0). Three")
    assert.strictEqual(pending(gateway), 1)
    await byHand(world, shares === undefined ? [] : [shares])
    noDrift(succeeded(await world.night()))
    assert.strictEqual(pending(gateway), 0)
  })

  it("shares typed on a later day of the statement are not opened beside that, and opened ones give way to them", async () => {
    await using night = await afterTheFirstNight()
    const { world } = night
    const [shares] = typed(world, "100", "2026-01-06", "TRANSFER_IN")
    await byHand(world, shares === undefined ? [] : [shares])
    const json = succeeded(await world.night())
    assert.deepStrictEqual(drifts(json), { "VUSA.L": "0", GBP: "500" })
    assert.include(offers(json)[0], "did not: GBP 500 (Wealthfolio 0). Three")
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--yes"])), { "ibkr:open:GBP": "imported" })
    noDrift(succeeded(await world.night()))

    await using other = await afterTheFirstNight()
    await decide(other.world, ["open-positions", "--yes"])
    const [again] = typed(other.world, "100", "2026-01-06", "TRANSFER_IN")
    await byHand(other.world, again === undefined ? [] : [again])
    assert.deepStrictEqual(drifts(succeeded(await other.world.night())), { "VUSA.L": "-100", GBP: "0" })
    assert.deepStrictEqual(outcomes(await decide(other.world, ["open-positions", "--yes"])), {
      "ibkr:open:51000001": "deleted"
    })
    noDrift(succeeded(await other.world.night()))
  })

  it("too much of it: said, not booked", async () => {
    const { gateway, world } = await start((world) => typed(world, "120"))
    await using _ = world
    await using __ = gateway
    succeeded(await world.night())
    assert.strictEqual(pending(gateway), 1)
    const { notes, rows } = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(rows.map(({ detail, outcome }) => [outcome, detail]), [
      ["left", "VUSA.L: the account had 100, Wealthfolio 120: what it has too much of is to be taken out by hand"]
    ])
    assert.deepStrictEqual(notes, ["nothing to open as of 2026-01-05", "1 left"])
    assert.deepStrictEqual(booked(world), ["by hand", "by hand", "ibkr:trade:1"])
  })

  it("an opening row deleted by hand stays out; an edited one stays as it is, and is not taken back", async () => {
    await using night = await afterTheFirstNight()
    const { world } = night
    await decide(world, ["open-positions", "--yes"])
    deleteByHand(world, "ibkr:open:GBP")
    const row = world.activities.find(({ idempotencyKey }) => idempotencyKey === "U1234567/ibkr:open:51000001")
    if (row !== undefined) Object.assign(row, { quantity: "50", isUserModified: true })
    world.wealthfolio.recompute.recalculate()
    await world.wealthfolio.recompute.settled()
    for (const args of [["open-positions"], ["open-positions", "--yes"]]) {
      assert.deepStrictEqual(outcomes(await decide(world, args)), {
        "ibkr:open:51000001": "left",
        "ibkr:open:GBP": "removed"
      })
    }
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--undo"])), {
      "ibkr:open:51000001": "kept"
    })
    assert.deepStrictEqual(booked(world), ["ibkr:open:51000001", "ibkr:trade:1"])
    assert.deepStrictEqual(outcomes(await decide(world, ["restore", "ibkr:open:GBP"])), {
      "ibkr:open:GBP": "forgotten"
    })
    assert.strictEqual(outcomes(await decide(world, ["open-positions", "--yes"]))["ibkr:open:GBP"], "imported")
  })
})

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
      ["left", "AAPL260320C00250000: short by 3, which Wealthfolio cannot hold"]
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
