import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Metrics, type RunSummary } from "../src/Metrics.ts"

interface Pushed {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** A gateway on loopback that keeps what it gets and answers as told. */
const scriptedGateway = (answer: (response: ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.callback<
      { readonly url: string; readonly host: string; readonly pushed: Array<Pushed>; readonly close: () => void }
    >(
      (resume) => {
        const pushed: Array<Pushed> = []
        const server = createServer((request, response) => {
          let body = ""
          request.setEncoding("utf8").on("data", (text: string) => body += text)
          request.on("end", () => {
            pushed.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body })
            answer(response)
          })
        })
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          const host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`
          resume(Effect.succeed({ host, url: `http://${host}`, pushed, close }))
        })
      }
    ),
    (gateway) => Effect.sync(gateway.close)
  )

const accepts = (response: ServerResponse) => response.writeHead(200).end()

const pushAll = (options: { url: string; account?: string }, ...summaries: ReadonlyArray<RunSummary>) =>
  Metrics.use((metrics) => Effect.forEach(summaries, metrics.push, { discard: true })).pipe(
    Effect.provide(Metrics.layer({ account: "ibkr-uk", ...options }))
  )

/** Runs it with all log lines kept. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const keep = Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel} ${message}`)
    })
    return effect.pipe(Effect.provide(Logger.layer([keep])), Effect.as(lines))
  })

const seriesOf = (body: string) => body.split("\n").filter((line) => line !== "" && !line.startsWith("#")).sort()

const namesOf = (body: string) => [...new Set(seriesOf(body).map((line) => line.replace(/[{ ].*/, "")))]

const reconciled: RunSummary = {
  exitCode: 0,
  finishedAt: 1_767_400_000,
  durationSeconds: 61.5,
  activities: { imported: 12, "already-synced": 3 },
  skipped: { "unknown-type": 1 },
  statement: { toDate: 1_767_312_000, generatedAt: 1_767_398_101 },
  reconciliation: {
    positions: [
      { symbol: "VUSA.L", drift: "0", statements: 0 },
      { symbol: "BRK B", drift: "-0.5", statements: 3 }
    ],
    cash: [{ currency: "GBP", drift: "0.01", trackerDrift: "-12.34" }]
  },
  tokenExpires: 1_790_000_000
}

const { reconciliation: _, ...notReconciled } = reconciled

it.effect("a success that reconciled replaces the account's group with all there is to know", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    const lines = yield* logged(pushAll(gateway, reconciled))
    assert.deepStrictEqual(lines, [])
    const [push] = gateway.pushed
    assert.strictEqual(push?.method, "PUT")
    assert.strictEqual(push?.path, "/metrics/job/broker-sync-ibkr/account/ibkr-uk")
    assert.match(push?.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/)
    assert.deepStrictEqual(seriesOf(push?.body ?? ""), [
      "ibkr_cash_drift{currency=\"GBP\"} -12.34",
      "ibkr_cash_unexplained{currency=\"GBP\"} 0.01",
      "ibkr_flex_token_expires_timestamp_seconds 1790000000",
      "ibkr_position_drift_shares{symbol=\"BRK B\"} -0.5",
      "ibkr_position_drift_shares{symbol=\"VUSA.L\"} 0",
      "ibkr_position_drift_statements{symbol=\"BRK B\"} 3",
      "ibkr_position_drift_statements{symbol=\"VUSA.L\"} 0",
      "ibkr_statement_generated_timestamp_seconds 1767398101",
      "ibkr_statement_to_timestamp_seconds 1767312000",
      "ibkr_sync_activities{outcome=\"already-synced\"} 3",
      "ibkr_sync_activities{outcome=\"imported\"} 12",
      "ibkr_sync_duration_seconds 61.5",
      "ibkr_sync_last_exit_code 0",
      "ibkr_sync_last_reconciled_timestamp_seconds 1767400000",
      "ibkr_sync_last_run_timestamp_seconds 1767400000",
      "ibkr_sync_last_success_timestamp_seconds 1767400000",
      "ibkr_sync_skipped_rows{reason=\"unknown-type\"} 1"
    ])
    const kinds = push?.body.split("\n").filter((line) => line.startsWith("# TYPE")) ?? []
    assert.isTrue(kinds.every((line) => line.endsWith(" gauge")))
  }))

it.effect("a failed run adds what it knows: no success, no drift, nothing it did not get to", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    yield* pushAll(gateway, { exitCode: 9, finishedAt: 5, durationSeconds: 1 })
    assert.strictEqual(gateway.pushed[0]?.method, "POST")
    assert.deepStrictEqual(seriesOf(gateway.pushed[0]?.body ?? ""), [
      "ibkr_sync_duration_seconds 1",
      "ibkr_sync_last_exit_code 9",
      "ibkr_sync_last_run_timestamp_seconds 5"
    ])
  }))

it.effect("a success that could not reconcile adds its success and leaves the drift alone", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    yield* pushAll(gateway, notReconciled)
    assert.strictEqual(gateway.pushed[0]?.method, "POST")
    const names = namesOf(gateway.pushed[0]?.body ?? "")
    assert.include(names, "ibkr_sync_last_success_timestamp_seconds")
    for (const name of names) assert.notMatch(name, /drift|cash|reconciled/)
  }))

it.effect("a run that ends in --fail-on-drift shows the drift, but is no success", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    yield* pushAll(gateway, { ...reconciled, exitCode: 11 })
    assert.strictEqual(gateway.pushed[0]?.method, "POST")
    const names = namesOf(gateway.pushed[0]?.body ?? "")
    assert.include(names, "ibkr_position_drift_shares")
    assert.include(names, "ibkr_sync_last_reconciled_timestamp_seconds")
    assert.notInclude(names, "ibkr_sync_last_success_timestamp_seconds")
  }))

it.effect("where a push adds, a family without a series gets one that is nobody's, so that no old one stands", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    const nothing = { ...reconciled, skipped: {}, reconciliation: { positions: [], cash: [] } }
    yield* pushAll(gateway, { ...nothing, exitCode: 11 }, nothing)
    const [added = [], replaced = []] = gateway.pushed.map(({ body }) => seriesOf(body))
    assert.deepStrictEqual(added.filter((line) => line.includes("=\"\"")), [
      "ibkr_cash_drift{currency=\"\"} 0",
      "ibkr_cash_unexplained{currency=\"\"} 0",
      "ibkr_position_drift_explained{symbol=\"\",cause=\"\"} 0",
      "ibkr_position_drift_shares{symbol=\"\"} 0",
      "ibkr_position_drift_statements{symbol=\"\"} 0",
      "ibkr_sync_skipped_rows{reason=\"\"} 0"
    ])
    assert.deepStrictEqual(replaced.filter((line) => line.includes("=\"\"")), [])
  }))

it.effect("no push carries anything over from the one before", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    const closed = { ...reconciled, reconciliation: { positions: [], cash: [] } }
    yield* pushAll(gateway, reconciled, closed)
    assert.strictEqual(gateway.pushed[1]?.method, "PUT")
    for (const name of namesOf(gateway.pushed[1]?.body ?? "")) assert.notMatch(name, /drift|cash/)
  }))

it.effect("a label that a path cannot carry goes as base64, odd symbols are escaped", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    yield* pushAll({ ...gateway, account: "a/b c" }, {
      ...reconciled,
      reconciliation: { positions: [{ symbol: "A\"B\\C\n", drift: "1", statements: 1 }], cash: [] }
    })
    assert.strictEqual(gateway.pushed[0]?.path, "/metrics/job/broker-sync-ibkr/account@base64/YS9iIGM")
    assert.include(gateway.pushed[0]?.body, "symbol=\"A\\\"B\\\\C\\n\"")
  }))

it.effect("a base path is kept; user name and password go into the header and nowhere else", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway((response) => response.writeHead(401).end("who are you"))
    const lines = yield* logged(pushAll({ url: `http://user:p%40ss@${gateway.host}/push/` }, reconciled))
    assert.strictEqual(gateway.pushed[0]?.path, "/push/metrics/job/broker-sync-ibkr/account/ibkr-uk")
    assert.strictEqual(gateway.pushed[0]?.headers.authorization, `Basic ${btoa("user:p@ss")}`)
    assert.deepStrictEqual(lines, [`Warn metrics were not pushed to ${gateway.host}: it answered 401 who are you`])
  }))

it.effect.each([400, 500, 302])(
  "a gateway that answers %i is a warning that names it",
  (status) =>
    Effect.gen(function*() {
      const gateway = yield* scriptedGateway((response) =>
        response.writeHead(status, { location: "/elsewhere" }).end("pushed metrics are invalid:\n  no")
      )
      const lines = yield* logged(pushAll(gateway, reconciled))
      assert.deepStrictEqual(lines, [
        `Warn metrics were not pushed to ${gateway.host}: it answered ${status} pushed metrics are invalid: no`
      ])
      assert.strictEqual(gateway.pushed.length, 1)
    })
)

it.effect("a gateway that is not there is a warning that names it", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    gateway.close()
    const lines = yield* logged(pushAll({ url: `http://user:secret@${gateway.host}` }, reconciled))
    assert.deepStrictEqual(lines, [`Warn metrics were not pushed to ${gateway.host}: ECONNREFUSED`])
  }))

it.effect("a gateway that never answers is given up after five seconds, also while the run is being ended", () =>
  Effect.gen(function*() {
    const asked = yield* Deferred.make<void>()
    const gateway = yield* scriptedGateway(() => Deferred.doneUnsafe(asked, Effect.void))
    const run = yield* Effect.forkChild(logged(Effect.uninterruptible(pushAll(gateway, reconciled))))
    yield* Deferred.await(asked)
    yield* TestClock.adjust("4999 millis")
    assert.isUndefined(run.pollUnsafe())
    yield* TestClock.adjust("1 millis")
    assert.deepStrictEqual(yield* Fiber.join(run), [
      `Warn metrics were not pushed to ${gateway.host}: no answer within 5 seconds`
    ])
  }))

it.effect("an address that is none is a warning, without the address", () =>
  Effect.gen(function*() {
    const lines = yield* logged(pushAll({ url: "http://user:secret@:0:0" }, reconciled))
    assert.deepStrictEqual(lines, [
      "Warn metrics were not pushed to the Pushgateway: PUSHGATEWAY_URL is not an http or https address"
    ])
  }))

it.effect("an address without a scheme is taken for http", () =>
  Effect.gen(function*() {
    const gateway = yield* scriptedGateway(accepts)
    yield* pushAll({ url: gateway.host }, reconciled)
    assert.strictEqual(gateway.pushed.length, 1)
  }))

it.effect("without a Pushgateway it says so once", () =>
  Effect.gen(function*() {
    const pushTwice = Metrics.use((metrics) => Effect.andThen(metrics.push(reconciled), metrics.push(reconciled)))
    const lines = yield* logged(pushTwice.pipe(Effect.provide(Metrics.layerNone)))
    assert.deepStrictEqual(lines, ["Info PUSHGATEWAY_URL is not set: no metrics are pushed"])
  }))

it.effect("the test layer keeps the summaries", () =>
  Effect.gen(function*() {
    const pushed: Array<RunSummary> = []
    yield* Metrics.use((metrics) => metrics.push(reconciled)).pipe(
      Effect.provide(Layer.fresh(Metrics.layerTest(pushed)))
    )
    assert.deepStrictEqual(pushed, [reconciled])
  }))
