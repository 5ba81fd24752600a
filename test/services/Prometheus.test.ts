import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { dashboardJson } from "../../k8s/dashboard/dashboard.ts"
import { aapl, balance, cash, position, statement, tenBought, trade, vusa } from "../e2e/statement.ts"
import { failed, startWorld, succeeded } from "../e2e/support.ts"
import { type Monitoring, type Samples, startMonitoring } from "./prometheus.ts"

let monitoring: Monitoring
beforeAll(async () => void (monitoring = await startMonitoring()), 120_000)
afterAll(async () => monitoring?.[Symbol.asyncDispose]())

const account = (label: string, xml: string) =>
  startWorld({ flex: { statement: xml }, env: { PUSHGATEWAY_URL: monitoring.url, IBKR_ACCOUNT_LABEL: label } })

const success = "ibkr_sync_last_success_timestamp_seconds"
const reconciled = "ibkr_sync_last_reconciled_timestamp_seconds"
const drift = "ibkr_position_drift_shares{symbol=\"VUSA.L\"}"

/** Timestamps are whole seconds: a run that is answered so late ends in a later one than the run before it. */
const anotherSecond = 1100

const positions = (samples: Samples) =>
  Object.fromEntries(Object.entries(samples).filter(([name]) => name.startsWith("ibkr_position_")))

describe("Prometheus, after the bundle ran", { timeout: 120_000 }, () => {
  it("has the drift of each symbol, and when the last success was", async () => {
    await using world = await account(
      "symbols",
      statement({
        trades: [trade("61", vusa, 10, "80", "2026-01-05"), trade("62", aapl, 5, "200", "2026-01-05")],
        cash: [cash("71", "Deposits", "3000", "GBP", "2026-01-05")],
        positions: [position(vusa, 12.5), position(aapl, 5)],
        balances: [balance("GBP", "0", "2199"), balance("USD", "0", "-1000")]
      })
    )
    const before = Math.floor(Date.now() / 1000)
    succeeded(await world.night())
    const samples = await monitoring.scraped("symbols")
    assert.deepStrictEqual(positions(samples), {
      [drift]: 2.5,
      "ibkr_position_drift_shares{symbol=\"AAPL\"}": 0,
      "ibkr_position_drift_statements{symbol=\"VUSA.L\"}": 1,
      "ibkr_position_drift_statements{symbol=\"AAPL\"}": 0,
      "ibkr_position_drift_explained{cause=\"held-before\",symbol=\"VUSA.L\"}": 1
    })
    assert.strictEqual(samples["ibkr_cash_drift{currency=\"USD\"}"], 1)
    assert.strictEqual(samples["ibkr_sync_activities{outcome=\"imported\"}"], 3)
    assert.isAtLeast(samples[success] ?? 0, before)
    assert.isAtMost(samples[success] ?? Infinity, Date.now() / 1000)
    assert.deepStrictEqual(await monitoring.query("abs(ibkr_position_drift_shares{account=\"symbols\"}) > 0.01"), {
      "{account=\"symbols\",job=\"broker-sync-ibkr\",symbol=\"VUSA.L\"}": 2.5
    })
  })

  it("keeps the success and the drift of before a failed run", async () => {
    await using world = await account("failing", tenBought("2026-01-05", 12))
    succeeded(await world.night())
    const before = await monitoring.scraped("failing")
    world.flex.plan("send", { kind: "code", code: 1025, delayMillis: anotherSecond })
    failed(await world.night(), 7, /1025/)
    const after = await monitoring.scraped("failing")
    assert.isAbove(after["ibkr_sync_last_run_timestamp_seconds"] ?? 0, before[success] ?? Infinity)
    assert.strictEqual(before["ibkr_sync_last_exit_code"], 0)
    assert.strictEqual(after["ibkr_sync_last_exit_code"], 7)
    assert.isNumber(after[success])
    assert.strictEqual(after[success], before[success])
    assert.strictEqual(after[reconciled], before[reconciled])
    assert.strictEqual(after[drift], 2)
    assert.deepStrictEqual(positions(after), positions(before))
  })

  it("keeps the drift of before a run that could not reconcile", async () => {
    await using world = await account("unreconciled", tenBought("2026-01-06", 12))
    succeeded(await world.night())
    const before = await monitoring.scraped("unreconciled")
    world.flex.setStatement(tenBought("2026-01-02", 10))
    world.flex.plan("send", { kind: "success", delayMillis: anotherSecond })
    assert.isFalse(succeeded(await world.night()).reconciled)
    const after = await monitoring.scraped("unreconciled")
    assert.strictEqual(after["ibkr_sync_last_exit_code"], 0)
    assert.isAbove(after[success] ?? 0, before[success] ?? Infinity)
    assert.strictEqual(after[reconciled], before[reconciled])
    assert.strictEqual(after[drift], 2)
    assert.deepStrictEqual(positions(after), positions(before))
  })

  it("forgets a drift that is resolved, with its cause, and a position that is closed, also the last", async () => {
    await using world = await account(
      "closing",
      statement({
        from: "2026-01-05",
        to: "2026-01-05",
        trades: [trade("61", aapl, 5, "200", "2026-01-05")],
        positions: [position(vusa, 7), position(aapl, 5)],
        securities: [vusa, aapl]
      })
    )
    succeeded(await world.night())
    const cause = "ibkr_position_drift_explained{cause=\"held-before\",symbol=\"VUSA.L\"}"
    const drifting = await monitoring.scraped("closing")
    assert.strictEqual(drifting[drift], 7)
    assert.strictEqual(drifting[cause], 1)

    const opened = await world.run(["ibkr", "open-positions", "--yes"])
    assert.strictEqual(opened.code, 0, opened.stderr)
    succeeded(await world.night())
    const resolved = await monitoring.scraped("closing")
    assert.strictEqual(resolved[drift], 0)
    assert.notProperty(resolved, cause)
    assert.deepStrictEqual(await monitoring.query("ibkr_position_drift_shares{account=\"closing\"} != 0"), {})

    const sold = (to: string, ...rest: ReadonlyArray<string>) =>
      statement({
        from: "2026-01-05",
        to,
        trades: [
          trade("61", aapl, 5, "200", "2026-01-05"),
          trade("62", vusa, -7, "80", "2026-01-06"),
          ...rest.map((id) => trade(id, aapl, -5, "210", "2026-01-07"))
        ],
        positions: rest.length === 0 ? [position(aapl, 5)] : []
      })
    world.flex.setStatement(sold("2026-01-06"))
    succeeded(await world.night())
    assert.deepStrictEqual(Object.keys(positions(await monitoring.scraped("closing"))).sort(), [
      "ibkr_position_drift_shares{symbol=\"AAPL\"}",
      "ibkr_position_drift_statements{symbol=\"AAPL\"}"
    ])

    world.flex.setStatement(sold("2026-01-07", "63"))
    succeeded(await world.night())
    const empty = await monitoring.scraped("closing")
    assert.deepStrictEqual(positions(empty), {})
    assert.strictEqual(empty["ibkr_sync_last_exit_code"], 0)
    assert.deepStrictEqual(await monitoring.query("{__name__=~\"ibkr_position_.*\",account=\"closing\"}"), {})
  })

  it("does not take an old cause for that of a new drift, also where the run ends with an error", async () => {
    const at = (shares: number) =>
      statement({ from: "2026-01-05", to: "2026-01-05", positions: [position(vusa, shares)], securities: [vusa] })
    await using world = await account("causes", at(7))
    succeeded(await world.night())
    const explained = "ibkr_position_drift_explained{account=\"causes\"} > 0"
    await monitoring.scraped("causes")
    assert.lengthOf(Object.keys(await monitoring.query(explained)), 1)
    const opened = await world.run(["ibkr", "open-positions", "--yes"])
    assert.strictEqual(opened.code, 0, opened.stderr)
    world.flex.setStatement(at(8))
    failed(await world.night(["--fail-on-drift"]), 11, /VUSA/)
    assert.strictEqual((await monitoring.scraped("causes"))[drift], 1)
    assert.deepStrictEqual(await monitoring.query(explained), {})
    assert.deepStrictEqual(
      await monitoring.query(
        "ibkr_position_drift_shares{account=\"causes\"} > 0.01 unless on (account, symbol) ibkr_position_drift_explained"
      ),
      { "ibkr_position_drift_shares{account=\"causes\",job=\"broker-sync-ibkr\",symbol=\"VUSA.L\"}": 1 }
    )
  })

  it("has each account for itself", async () => {
    await using isa = await account("isa", tenBought("2026-01-05", 12))
    await using sipp = await account("sipp", tenBought("2026-01-05", 13))
    succeeded(await isa.night())
    succeeded(await sipp.night())
    const untouched = await monitoring.scraped("isa")
    assert.strictEqual(untouched[drift], 2)
    assert.strictEqual((await monitoring.scraped("sipp"))[drift], 3)

    // The other's drift is resolved, then its run fails, then its last position is closed.
    sipp.flex.setStatement(tenBought("2026-01-06", 10))
    succeeded(await sipp.night())
    assert.strictEqual((await monitoring.scraped("sipp"))[drift], 0)
    sipp.flex.plan("send", 1012)
    failed(await sipp.night([], { tokenExpired: true }), 4, /1012/)
    assert.strictEqual((await monitoring.scraped("sipp"))["ibkr_sync_last_exit_code"], 4)
    assert.deepStrictEqual(await monitoring.scraped("isa"), untouched)
    sipp.flex.setStatement(statement({
      from: "2026-01-07",
      to: "2026-01-07",
      trades: [trade("62", vusa, -10, "80", "2026-01-07")]
    }))
    succeeded(await sipp.night())
    assert.deepStrictEqual(positions(await monitoring.scraped("sipp")), {})
    assert.deepStrictEqual(await monitoring.scraped("isa"), untouched)
    assert.deepStrictEqual(await monitoring.query("ibkr_position_drift_shares{account=~\"isa|sipp\"} != 0"), {
      "ibkr_position_drift_shares{account=\"isa\",job=\"broker-sync-ibkr\",symbol=\"VUSA.L\"}": 2
    })
  })

  it("answers every query of the dashboard", async () => {
    const bought = [trade("61", vusa, 10, "80", "2026-01-05"), trade("62", aapl, 5, "200", "2026-01-05")]
    const held = (on: string, apples: number, trades: typeof bought) =>
      statement({
        from: on,
        to: on,
        trades,
        positions: [position(vusa, 12), position(aapl, apples)],
        balances: [balance("GBP", "0", "-801"), balance("USD", "0", "-1001")]
      })
    await using world = await account("dashboard", held("2026-01-05", 5, bought))
    const expires = { env: { IBKR_FLEX_TOKEN_EXPIRES: "2027-01-31" } }
    succeeded(await world.night([], expires))
    world.flex.setStatement(held("2026-01-06", 6, []))
    succeeded(await world.night([], expires))
    await monitoring.scraped("dashboard")

    const { panels }: {
      readonly panels: ReadonlyArray<
        { readonly title: string; readonly targets?: ReadonlyArray<{ readonly refId: string; readonly expr: string }> }
      >
    } = JSON.parse(dashboardJson())
    const answers: Record<string, ReadonlyArray<string>> = {}
    for (const { targets = [], title } of panels) {
      for (const { expr, refId } of targets) {
        const samples = await monitoring.query(expr.replaceAll("$account", "dashboard"))
        answers[`${title} ${refId}`] = Object.entries(samples).map(([name, value]) => `${name} ${value}`)
      }
    }
    // Of a day's runs these see what is older than two minutes.
    const ofDays = ["Imported per day A", "Not booked per day, by reason A"]
    assert.deepStrictEqual(Object.keys(answers).filter((name) => answers[name]?.length === 0), ofDays)
    assert.sameMembers([...answers["Drift now A"] ?? []], [
      "{account=\"dashboard\",cause=\"held-before\",symbol=\"VUSA.L\"} 2",
      "{account=\"dashboard\",cause=\"not explained\",symbol=\"AAPL\"} 1"
    ])
    assert.deepStrictEqual(answers["Accounts A"], ["{account=\"dashboard\"} 0"])
    assert.deepStrictEqual(answers["Accounts E"], ["{account=\"dashboard\"} 1"])
    assert.deepStrictEqual(answers["Accounts F"], ["{account=\"dashboard\"} 1"])
  })
})
