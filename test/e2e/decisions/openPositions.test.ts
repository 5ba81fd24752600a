import { assert, describe, it } from "@effect/vitest"
import { type FlexDays } from "../../support/FlexServer.ts"
import { instantOf } from "../../support/Wealthfolio/Time.ts"
import { lostAnswers } from "../faults/bulkFaults.ts"
import { startGateway } from "../gateway.ts"
import { balance, cash, position, statement, trade, vusa } from "../statement.ts"
import { noDrift, signal, startWorld, succeeded } from "../support.ts"
import { afterTheFirstNight, drifts, nextNight, offers, openings, pending, rowOf, sold, week } from "./firstNight.ts"
import { booked, decide, outcomes, state } from "./support.ts"

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
    "SIGKILL %s the commit: opened once, by the next call",
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
      assert.deepStrictEqual(
        outcomes(await decide(world, ["open-positions", "--yes"])),
        when === "before" ? openings : {}
      )
      assert.deepStrictEqual(booked(world), [...Object.keys(openings), "ibkr:trade:1"])
      noDrift(succeeded(await world.night()))
      assert.strictEqual(pending(gateway), 0)
    }
  )

  it("while Wealthfolio shows no holdings nothing is concluded from them, and nothing booked", async () => {
    await using night = await afterTheFirstNight()
    const { gateway, world } = night
    const rows = booked(world)
    world.wealthfolio.state.snapshots.clear()
    const { error } = await decide(world, ["open-positions", "--yes"], 9)
    assert.strictEqual(error?.tag, "HoldingsUnsettled")
    assert.deepStrictEqual(booked(world), rows)

    const json = succeeded(await world.night())
    assert.isFalse(json.reconciled)
    assert.include(json.warnings.join(), "Wealthfolio shows no holdings")
    assert.deepStrictEqual(offers(json), [])
    assert.strictEqual(pending(gateway), 2)

    world.wealthfolio.recompute.recalculate()
    await world.wealthfolio.recompute.settled()
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--yes"])), openings)
    noDrift(succeeded(await world.night()))
  })

  it("--undo says what it took out, whatever Wealthfolio shows then; the next night looks at the rest", async () => {
    await using night = await afterTheFirstNight({ env: { WF_RECALC_TIMEOUT: "8 seconds" } })
    const { gateway, world } = night
    await decide(world, ["open-positions", "--yes"])
    noDrift(succeeded(await world.night()))
    world.wealthfolio.recompute.mode = "never"
    world.wealthfolio.state.snapshots.clear()
    assert.deepStrictEqual(
      outcomes(await decide(world, ["open-positions", "--undo", "--yes"])),
      { "ibkr:open:51000001": "deleted", "ibkr:open:GBP": "deleted" }
    )
    assert.deepStrictEqual(booked(world), ["ibkr:trade:1"])
    world.wealthfolio.recompute.mode = "auto"
    world.wealthfolio.recompute.recalculate()
    await world.wealthfolio.recompute.settled()
    assert.lengthOf(offers(succeeded(await world.night())), 1)
    assert.strictEqual(pending(gateway), 2)
  })

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
    assert.lengthOf(offers(succeeded(await world.night())), 1)
    assert.strictEqual(pending(gateway), 2)
  })
})
