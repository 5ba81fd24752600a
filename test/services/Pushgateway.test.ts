import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Metrics, type RunSummary } from "../../src/Metrics.ts"
import { startPushgateway } from "./daemon.ts"

const pushgateway = Effect.map(Effect.acquireDisposable(Effect.promise(startPushgateway)), ({ url }) => url)

const push = (url: string, account: string, summary: RunSummary) =>
  Metrics.use((metrics) => metrics.push(summary)).pipe(Effect.provide(Metrics.layer({ url, account })))

/** Series of one account as scraped, `name{labels but job, account and instance}` → value; none of the gateway's own. */
const scrape = (url: string, account: string) =>
  Effect.promise(async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    const series: Record<string, number> = {}
    for (const line of text.split("\n")) {
      const [, name, labels = "", value] = /^(ibkr_\w+)\{(.*)\} (\S+)$/.exec(line) ?? []
      if (name === undefined || !labels.includes(`account="${account}"`)) continue
      assert.include(labels, "job=\"broker-sync-ibkr\"")
      series[name + labels.replaceAll(/(?:^|,)(?:account|instance|job)="[^"]*"/g, "").replace(/^,/, "")] = Number(value)
    }
    return series
  })

const run = (finishedAt: number, changes: Partial<RunSummary> = {}): RunSummary => ({
  exitCode: 0,
  finishedAt,
  durationSeconds: 1,
  ...changes
})

const drifting = {
  positions: [
    { symbol: "AAPL", drift: "-1.5", statements: 2 },
    { symbol: "VUSA.L", drift: "0", statements: 0 }
  ],
  cash: [{ currency: "GBP", drift: "0", trackerDrift: "3.5" }]
}

it.live("a failing run leaves the last success and the drift standing", () =>
  Effect.gen(function*() {
    const url = yield* pushgateway
    yield* push(url, "ibkr-uk", run(100, { reconciliation: drifting, statement: { toDate: 90 } }))
    yield* push(url, "ibkr-uk", run(200, { exitCode: 6 }))
    const series = yield* scrape(url, "ibkr-uk")
    assert.strictEqual(series["ibkr_sync_last_success_timestamp_seconds"], 100)
    assert.strictEqual(series["ibkr_sync_last_run_timestamp_seconds"], 200)
    assert.strictEqual(series["ibkr_sync_last_exit_code"], 6)
    assert.strictEqual(series["ibkr_statement_to_timestamp_seconds"], 90)
    assert.strictEqual(series["ibkr_position_drift_sharessymbol=\"AAPL\""], -1.5)
  }))

it.live("a run that could not reconcile leaves the drift standing and renews the success", () =>
  Effect.gen(function*() {
    const url = yield* pushgateway
    yield* push(url, "ibkr-uk", run(100, { reconciliation: drifting }))
    yield* push(url, "ibkr-uk", run(200))
    const series = yield* scrape(url, "ibkr-uk")
    assert.strictEqual(series["ibkr_sync_last_success_timestamp_seconds"], 200)
    assert.strictEqual(series["ibkr_sync_last_reconciled_timestamp_seconds"], 100)
    assert.strictEqual(series["ibkr_position_drift_statementssymbol=\"AAPL\""], 2)
    assert.strictEqual(series["ibkr_cash_driftcurrency=\"GBP\""], 3.5)
  }))

it.live("a drift that is resolved shows zero; a position that is closed and a reason that is gone disappear", () =>
  Effect.gen(function*() {
    const url = yield* pushgateway
    yield* push(url, "ibkr-uk", run(100, { reconciliation: drifting, skipped: { "unknown-type": 1 } }))
    yield* push(
      url,
      "ibkr-uk",
      run(200, {
        reconciliation: { positions: [{ symbol: "AAPL", drift: "0", statements: 0 }], cash: [] },
        skipped: {}
      })
    )
    assert.deepStrictEqual(yield* scrape(url, "ibkr-uk"), {
      "ibkr_position_drift_sharessymbol=\"AAPL\"": 0,
      "ibkr_position_drift_statementssymbol=\"AAPL\"": 0,
      "ibkr_sync_duration_seconds": 1,
      "ibkr_sync_last_exit_code": 0,
      "ibkr_sync_last_reconciled_timestamp_seconds": 200,
      "ibkr_sync_last_run_timestamp_seconds": 200,
      "ibkr_sync_last_success_timestamp_seconds": 200
    })
  }))

it.live("drift under --fail-on-drift replaces the positions and leaves the success standing", () =>
  Effect.gen(function*() {
    const url = yield* pushgateway
    yield* push(url, "ibkr-uk", run(100, { reconciliation: drifting }))
    yield* push(
      url,
      "ibkr-uk",
      run(200, {
        exitCode: 11,
        reconciliation: { positions: [{ symbol: "MSFT", drift: "4", statements: 1 }], cash: [] }
      })
    )
    const series = yield* scrape(url, "ibkr-uk")
    assert.strictEqual(series["ibkr_sync_last_success_timestamp_seconds"], 100)
    assert.strictEqual(series["ibkr_sync_last_reconciled_timestamp_seconds"], 200)
    assert.strictEqual(series["ibkr_position_drift_sharessymbol=\"MSFT\""], 4)
    assert.notProperty(series, "ibkr_position_drift_sharessymbol=\"AAPL\"")
  }))

it.live("two accounts do not touch each other, whatever their names", () =>
  Effect.gen(function*() {
    const url = yield* pushgateway
    for (const account of ["ibkr-uk", "ibkr/us main", "ibkr-ü"]) {
      yield* push(url, account, run(100, { reconciliation: drifting }))
    }
    yield* push(url, "ibkr/us main", run(200, { reconciliation: { positions: [], cash: [] } }))
    for (const account of ["ibkr-uk", "ibkr-ü"]) {
      const series = yield* scrape(url, account)
      assert.strictEqual(series["ibkr_sync_last_run_timestamp_seconds"], 100)
      assert.strictEqual(series["ibkr_position_drift_sharessymbol=\"AAPL\""], -1.5)
    }
    const other = yield* scrape(url, "ibkr/us main")
    assert.strictEqual(other["ibkr_sync_last_run_timestamp_seconds"], 200)
    assert.notProperty(other, "ibkr_position_drift_sharessymbol=\"AAPL\"")
  }))

it.live("a counted outcome of one run does not linger beside those of the next", () =>
  Effect.gen(function*() {
    const url = yield* pushgateway
    yield* push(url, "ibkr-uk", run(100, { activities: { imported: 3, "already-synced": 1 } }))
    yield* push(url, "ibkr-uk", run(200, { activities: { "already-synced": 4 } }))
    const series = yield* scrape(url, "ibkr-uk")
    assert.strictEqual(series["ibkr_sync_activitiesoutcome=\"already-synced\""], 4)
    assert.notProperty(series, "ibkr_sync_activitiesoutcome=\"imported\"")
  }))
