import { Context, Effect, Layer, Redacted } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest } from "effect/http"
import { Gauge, Registry } from "prom-client"
import { exitCodes } from "./Failure.ts"
import { metricName, metrics, type MetricSuffix } from "./MetricNames.ts"
import * as NodeHttp from "./NodeHttp.ts"

/** What one run tells the monitoring. Times are Unix seconds; decimals are plain text until they become gauges. */
export interface RunSummary {
  readonly exitCode: number
  readonly finishedAt: number
  readonly durationSeconds: number
  /** By status: `imported`, `already-synced` … Absent when the run failed before it knew. */
  readonly activities?: Readonly<Record<string, number>>
  readonly skipped?: Readonly<Record<string, number>>
  readonly statement?: { readonly toDate: number; readonly generatedAt?: number }
  /** Absent when this run could not reconcile: then the drift gauges stay as they were. */
  readonly reconciliation?: {
    readonly positions: ReadonlyArray<{
      readonly symbol: string
      readonly drift: string
      readonly statements: number
      /** What makes up all of the drift; absent where something is left. */
      readonly causes?: ReadonlyArray<string>
    }>
    readonly cash: ReadonlyArray<{ readonly currency: string; readonly drift: string; readonly trackerDrift: string }>
  }
  /** Mondays to Fridays in the ledger that are not proven: no statement, or rows that still wait. */
  readonly uncoveredDays?: number
  /** Instruments and currencies of which the tracker lacks what was held before the first statement. */
  readonly baselinePending?: number
  readonly tokenExpires?: number
}

export interface MetricsOptions {
  /** PUSHGATEWAY_URL; a user name and password in it are sent as basic authentication. */
  readonly url: string
  /** Value of the `account` label. */
  readonly account: string
  /** Of the job name `broker-sync-<provider>` and of the metric names `<provider>_…`. */
  readonly provider?: string
}

/** A success that compared says all there is to say. */
const replacesAll = ({ exitCode, reconciliation }: RunSummary): boolean =>
  exitCode === exitCodes.success && reconciliation !== undefined

/** The series of one push, in the text exposition format. Nothing is in it that the run does not know. */
export const exposition = (summary: RunSummary, provider: string): Promise<string> => {
  const registry = new Registry()
  const family = (suffix: MetricSuffix) =>
    new Gauge({
      name: metricName(provider, suffix),
      help: metrics[suffix].help,
      labelNames: metrics[suffix].labels,
      registers: [registry]
    })
  const gauge = (suffix: Unlabelled, value: number | undefined) => {
    if (value !== undefined) family(suffix).set(value)
  }
  const gauges = (suffix: Labelled, values: Iterable<readonly [string, number | string]> | undefined) => {
    if (values === undefined) return
    const [label] = metrics[suffix].labels
    const labelled = family(suffix)
    let isEmpty = true
    for (const [key, value] of values) {
      labelled.set({ [label]: key }, Number(value))
      isEmpty = false
    }
    if (isEmpty) clear(labelled, [label])
  }
  // A family without a series leaves the old ones standing where a push adds: one that is nobody's takes their place.
  const clear = (labelled: Gauge, labels: ReadonlyArray<string>) => {
    if (!replacesAll(summary)) labelled.set(Object.fromEntries(labels.map((label) => [label, ""])), 0)
  }
  const { finishedAt, reconciliation } = summary

  gauge("sync_last_run_timestamp_seconds", finishedAt)
  gauge("sync_last_exit_code", summary.exitCode)
  gauge("sync_duration_seconds", summary.durationSeconds)
  if (summary.exitCode === exitCodes.success) gauge("sync_last_success_timestamp_seconds", finishedAt)
  gauges("sync_activities", summary.activities && Object.entries(summary.activities))
  gauges("sync_skipped_rows", summary.skipped && Object.entries(summary.skipped))
  gauge("statement_generated_timestamp_seconds", summary.statement?.generatedAt)
  gauge("statement_to_timestamp_seconds", summary.statement?.toDate)
  gauge("uncovered_days", summary.uncoveredDays)
  gauge("baseline_pending", summary.baselinePending)
  gauge("flex_token_expires_timestamp_seconds", summary.tokenExpires)
  gauge("sync_last_reconciled_timestamp_seconds", reconciliation && finishedAt)
  gauges("position_drift_shares", reconciliation?.positions.map(({ drift, symbol }) => [symbol, drift]))
  gauges("position_drift_statements", reconciliation?.positions.map(({ statements, symbol }) => [symbol, statements]))
  if (reconciliation !== undefined) {
    const explained = family("position_drift_explained")
    for (const { causes = [], symbol } of reconciliation.positions) {
      for (const cause of causes) explained.set({ symbol, cause }, 1)
    }
    if (reconciliation.positions.every(({ causes = [] }) => causes.length === 0)) {
      clear(explained, metrics.position_drift_explained.labels)
    }
  }
  gauges("cash_drift", reconciliation?.cash.map(({ currency, trackerDrift }) => [currency, trackerDrift]))
  gauges("cash_unexplained", reconciliation?.cash.map(({ currency, drift }) => [currency, drift]))
  return registry.metrics()
}

/** Metrics by how many labels of their own they have: none, or the one that their series differ by. */
type OfLabels<Labels> = {
  [Suffix in MetricSuffix]: (typeof metrics)[Suffix]["labels"] extends Labels ? Suffix : never
}[MetricSuffix]
type Unlabelled = OfLabels<readonly []>
type Labelled = OfLabels<readonly [string]>

/** A value that a path segment cannot carry (empty, or with a slash) goes as base64, as the Pushgateway has it. */
const groupingLabel = (name: string, value: string) =>
  /^[\w.~-]+$/.test(value) ? `/${name}/${value}` : `/${name}@base64/${Buffer.from(value).toString("base64url") || "="}`

const target = ({ account, provider, url }: Required<MetricsOptions>) => {
  const base = URL.parse(/^https?:\/\//i.test(url) ? url : `http://${url}`)
  if (base === null) return undefined
  const path = `/metrics/job/broker-sync-${provider}${groupingLabel("account", account)}`
  const { host, password, username } = base
  base.username =
    base.password =
    base.search =
    base.hash =
      ""
  base.pathname = base.pathname.replace(/\/+$/, "") + path
  const authenticate = username === "" && password === ""
    ? (request: HttpClientRequest.HttpClientRequest) => request
    : HttpClientRequest.basicAuth(decodeURIComponent(username), Redacted.make(decodeURIComponent(password)))
  return { host, url: base.href, authenticate }
}

/** The innermost code or message: fetch wraps `ECONNREFUSED` in "fetch failed". Never the request: its URL is private. */
const rootCause = (cause: unknown): string => {
  if (!(cause instanceof Error)) return "unknown cause"
  if (cause.cause !== undefined) return rootCause(cause.cause)
  return "code" in cause ? `${cause.code}` : cause.message
}

const explain = (error: HttpClientError.HttpClientError) =>
  error.reason._tag === "TransportError" ? rootCause(error.reason.cause) : error.reason._tag

const pushTo = Effect.fnUntraced(function*(options: Required<MetricsOptions>) {
  const client = yield* HttpClient.HttpClient
  const notPushed = (host: string) => (why: string) => Effect.logWarning(`metrics were not pushed to ${host}: ${why}`)

  const push = Effect.fn("Metrics.push")(function*(summary: RunSummary) {
    const text = yield* Effect.promise(() => exposition(summary, options.provider))
    const gateway = target(options)
    if (gateway === undefined) {
      return yield* notPushed("the Pushgateway")("PUSHGATEWAY_URL is not an http or https address")
    }
    const { authenticate, host, url } = gateway
    const request = (replacesAll(summary) ? HttpClientRequest.put(url) : HttpClientRequest.post(url)).pipe(
      HttpClientRequest.bodyText(text, Registry.PROMETHEUS_CONTENT_TYPE),
      authenticate
    )
    yield* Effect.gen(function*() {
      const response = yield* client.execute(request)
      const answer = yield* response.text
      if (response.status >= 300) {
        yield* notPushed(host)(`it answered ${response.status} ${answer.trim().replaceAll(/\s+/g, " ").slice(0, 200)}`)
      }
    }).pipe(
      Effect.timeout("5 seconds"),
      Effect.catchTags({
        TimeoutError: () => notPushed(host)("no answer within 5 seconds"),
        HttpClientError: (error) => notPushed(host)(explain(error))
      })
    )
  }, Effect.catchDefect((defect) => notPushed("the Pushgateway")(rootCause(defect))))

  return Metrics.of({ push })
})

/** Never fails a run: what cannot be pushed is logged as a warning. */
export class Metrics extends Context.Service<Metrics, {
  /** A success that reconciled replaces the account's group (PUT); any other end adds what it knows (POST). */
  readonly push: (summary: RunSummary) => Effect.Effect<void>
}>()("broker-sync/Metrics") {
  static readonly layerNoDeps = (options: MetricsOptions): Layer.Layer<Metrics, never, HttpClient.HttpClient> =>
    Layer.effect(Metrics, pushTo({ provider: "ibkr", ...options }))

  static readonly layer = (options: MetricsOptions): Layer.Layer<Metrics> =>
    this.layerNoDeps(options).pipe(
      // It follows no redirect: a redirected PUT would arrive as a GET and look like a success.
      Layer.provide(NodeHttp.layer)
    )

  /** For dry runs: nothing happened, nothing is told. */
  static readonly layerSilent: Layer.Layer<Metrics> = Layer.succeed(
    Metrics,
    Metrics.of({ push: () => Effect.void })
  )

  static readonly layerNone: Layer.Layer<Metrics> = Layer.effect(
    Metrics,
    Effect.as(
      Effect.logInfo("PUSHGATEWAY_URL is not set: no metrics are pushed"),
      Metrics.of({ push: () => Effect.void })
    )
  )

  /** Appends every summary to `pushed`. */
  static readonly layerTest = (pushed: Array<RunSummary>): Layer.Layer<Metrics> =>
    Layer.succeed(
      Metrics,
      Metrics.of({
        push: (summary) => Effect.sync(() => void pushed.push(summary))
      })
    )
}
