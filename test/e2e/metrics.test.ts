import { assert, describe, it } from "@effect/vitest"
import { startGateway } from "./gateway.ts"
import { statement, tenBought, trade, vusa } from "./statement.ts"
import { failed, fixture, startWorld, succeeded } from "./support.ts"

const week = await fixture("week.xml")

describe("the Pushgateway", { timeout: 60_000, concurrent: true }, () => {
  it("is told of a success that compared, as the whole of the account's group", async () => {
    await using gateway = await startGateway()
    await using world = await startWorld({
      flex: { statement: week },
      env: { PUSHGATEWAY_URL: gateway.url, IBKR_ACCOUNT_LABEL: "isa", IBKR_FLEX_TOKEN_EXPIRES: "2027-01-31" }
    })
    const before = Math.floor(Date.now() / 1000)
    succeeded(await world.night())
    assert.deepStrictEqual(gateway.pushes.map(({ method, path }) => [method, path]), [
      ["PUT", "/metrics/job/broker-sync-ibkr/account/isa"]
    ])
    const series = gateway.series()
    for (const symbol of ["AAPL", "BMW.DE", "ULVR.L", "VUSA.L"]) {
      assert.strictEqual(series.get(`ibkr_position_drift_shares{symbol="${symbol}"}`), 0)
      assert.strictEqual(series.get(`ibkr_position_drift_statements{symbol="${symbol}"}`), 0)
    }
    for (const currency of ["GBP", "USD", "EUR"]) {
      assert.strictEqual(series.get(`ibkr_cash_drift{currency="${currency}"}`), 0)
      assert.strictEqual(series.get(`ibkr_cash_unexplained{currency="${currency}"}`), 0)
    }
    assert.strictEqual(series.get("ibkr_sync_activities{outcome=\"imported\"}"), 15)
    assert.strictEqual(series.get("ibkr_sync_last_exit_code"), 0)
    assert.strictEqual(series.get("ibkr_statement_to_timestamp_seconds"), Date.parse("2026-01-09T00:00:00Z") / 1000)
    assert.strictEqual(
      series.get("ibkr_flex_token_expires_timestamp_seconds"),
      Date.parse("2027-01-31T00:00:00Z") / 1000
    )
    for (const name of ["success", "run", "reconciled"]) {
      assert.isAtLeast(series.get(`ibkr_sync_last_${name}_timestamp_seconds`) ?? 0, before)
    }
  })

  it("a drift stands, is counted per statement, and disappears once it is resolved", async () => {
    await using gateway = await startGateway()
    await using world = await startWorld({ env: { PUSHGATEWAY_URL: gateway.url } })
    const drift = () => gateway.series().get("ibkr_position_drift_shares{symbol=\"VUSA.L\"}")
    const counted = () => gateway.series().get("ibkr_position_drift_statements{symbol=\"VUSA.L\"}")
    const night = async (xml: string) => {
      world.flex.setStatement(xml)
      return succeeded(await world.night())
    }
    await night(tenBought("2026-01-05", 12))
    assert.deepStrictEqual([drift(), counted()], [2, 1])
    await night(tenBought("2026-01-05", 12))
    assert.deepStrictEqual([drift(), counted()], [2, 1])
    await night(tenBought("2026-01-06", 12))
    assert.deepStrictEqual([drift(), counted()], [2, 2])

    // A night that cannot compare leaves it standing, and the time of the last comparison too.
    const reconciled = gateway.series().get("ibkr_sync_last_reconciled_timestamp_seconds")
    await night(tenBought("2026-01-02", 12))
    assert.strictEqual(gateway.pushes.at(-1)?.method, "POST")
    assert.notInclude(gateway.pushes.at(-1)?.body ?? "", "drift")
    assert.deepStrictEqual([drift(), counted()], [2, 2])
    assert.strictEqual(gateway.series().get("ibkr_sync_last_reconciled_timestamp_seconds"), reconciled)

    await night(tenBought("2026-01-07", 10))
    assert.deepStrictEqual([drift(), counted()], [0, 0])

    // Sold: the series goes.
    await night(statement({
      from: "2026-01-08",
      to: "2026-01-08",
      trades: [trade("62", vusa, -10, "80", "2026-01-08")]
    }))
    assert.isUndefined(drift())
    assert.strictEqual(gateway.pushes.at(-1)?.method, "PUT")
  })

  it("a failed run leaves the last success and the drift standing", async () => {
    await using gateway = await startGateway()
    await using world = await startWorld({
      flex: { statement: tenBought("2026-01-05", 12) },
      env: { PUSHGATEWAY_URL: gateway.url }
    })
    succeeded(await world.night())
    const success = gateway.series().get("ibkr_sync_last_success_timestamp_seconds")
    assert.isDefined(success)
    world.flex.plan("send", 1025)
    failed(await world.night(), 7, /1025/)
    const last = gateway.pushes.at(-1)
    assert.strictEqual(last?.method, "POST")
    assert.notInclude(last?.body ?? "", "last_success")
    assert.notInclude(last?.body ?? "", "drift")
    assert.strictEqual(gateway.series().get("ibkr_sync_last_success_timestamp_seconds"), success)
    assert.strictEqual(gateway.series().get("ibkr_sync_last_exit_code"), 7)
    assert.strictEqual(gateway.series().get("ibkr_position_drift_shares{symbol=\"VUSA.L\"}"), 2)
  })

  it("a run that failed before its pipeline began says so too", async () => {
    await using gateway = await startGateway()
    await using world = await startWorld({ env: { PUSHGATEWAY_URL: gateway.url, IBKR_SYMBOL_MAP: "nowhere.json" } })
    failed(await world.night(), 2, /IBKR_SYMBOL_MAP/)
    assert.deepStrictEqual(gateway.pushes.map(({ method }) => method), ["POST"])
    assert.strictEqual(gateway.series().get("ibkr_sync_last_exit_code"), 2)
    assert.isFalse(gateway.series().has("ibkr_sync_last_success_timestamp_seconds"))
  })

  it("a dry run pushes nothing", async () => {
    await using gateway = await startGateway()
    await using world = await startWorld({ flex: { statement: week }, env: { PUSHGATEWAY_URL: gateway.url } })
    succeeded(await world.night(["--dry-run"]))
    assert.deepStrictEqual(gateway.pushes, [])
  })

  it("that is down, or refuses, is a warning: the sync succeeds", async () => {
    await using gateway = await startGateway()
    gateway.status = 500
    await using world = await startWorld({ flex: { statement: week } })
    for (const url of ["http://127.0.0.1:9", gateway.url]) {
      const run = await world.night([], { env: { PUSHGATEWAY_URL: url } })
      succeeded(run)
      const warnings = run.log.filter(({ level, message }) =>
        level === "warn" && /metrics were not pushed/.test(message)
      )
      assert.strictEqual(warnings.length, 1, run.stderr)
    }
    assert.strictEqual(world.activities.length, 15)
  })
})
