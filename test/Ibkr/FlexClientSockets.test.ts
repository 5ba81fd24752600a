import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Logger, Redacted, References, Stream, Tracer } from "effect"
import { inspect } from "node:util"
import { FlexClient, type FlexOptions } from "../../src/Ibkr/FlexClient.ts"
import type { FlexError } from "../../src/Ibkr/FlexError.ts"
import {
  emptyStatement,
  envelope,
  type FlexPhase,
  type FlexServer,
  type FlexServerOptions,
  type FlexStep,
  startFlex
} from "../support/FlexServer.ts"

/** It needs escaping in a URL, so that both forms can be looked for. */
const token = "SECRET/token+MARKER=="

const serve = (options?: FlexServerOptions) =>
  Effect.acquireRelease(Effect.promise(() => startFlex(options)), (server) => Effect.promise(server.close))

/** Too long to end a test that is about anything else. */
const patient = Duration.seconds(20)
const impatient = Duration.millis(300)

const clientOptions = (url: string, timeout: Duration.Duration): FlexOptions => ({
  token: Redacted.make(token),
  queryId: "42",
  baseUrl: url,
  pollInterval: Duration.millis(5),
  timeout
})

const pull = Effect.fnUntraced(function*(client: FlexClient["Service"]) {
  const reference = yield* client.send()
  return yield* client.retrieve(reference).pipe(Stream.decodeText(), Stream.mkString)
})

const run = (url: string, timeout = patient) =>
  FlexClient.use(pull).pipe(Effect.provide(FlexClient.layer(clientOptions(url, timeout))))

const failsWith = Effect.fnUntraced(function*(server: FlexServer, timeout = patient) {
  const error: FlexError = yield* Effect.flip(run(server.url, timeout))
  return { tag: error._tag, exitCode: error.exitCode, send: server.count("send"), get: server.count("get") }
})

describe("FlexClient over sockets", () => {
  it.live("pulls a statement; the token arrives as it is", () =>
    Effect.gen(function*() {
      const server = yield* serve({ token, queryId: "42", script: { get: [1019, 1019, 1019] } })
      assert.strictEqual(yield* run(server.url), emptyStatement)
      assert.strictEqual(server.count("send"), 1)
      assert.strictEqual(server.count("get"), 4)
      assert.notProperty(server.requests[0]?.headers, "traceparent")
    }))

  it.live("reads a compressed statement and one that comes in drips", () =>
    Effect.gen(function*() {
      const server = yield* serve({ script: { get: [{ kind: "success", gzip: true }] } })
      assert.strictEqual(yield* run(server.url), emptyStatement)
      server.plan("get", { kind: "drip", bytes: 60, everyMillis: 2 })
      assert.strictEqual(yield* run(server.url), emptyStatement)
    }))

  const large = `<FlexQueryResponse>${`<Trade quantity="1"/>`.repeat(200_000)}</FlexQueryResponse>`

  it.live("hands on a large statement whole", () =>
    Effect.gen(function*() {
      const server = yield* serve({ statement: large, script: { get: [{ kind: "success", gzip: true }] } })
      assert.strictEqual(yield* run(server.url), large)
      assert.strictEqual(yield* run(server.url), large)
    }))

  const at = 150
  const broken: ReadonlyArray<readonly [string, FlexPhase, FlexStep, string, number, number]> = [
    ["cut short, orderly", "get", { kind: "truncate", at, framing: "declared" }, "StatementTruncated", 8, 1],
    [
      "cut short, compressed",
      "get",
      { kind: "truncate", at, framing: "declared", gzip: true },
      "StatementTruncated",
      8,
      1
    ],
    ["cut short of its length", "get", { kind: "truncate", at, framing: "promised" }, "StatementTruncated", 8, 1],
    ["cut short in chunks", "get", { kind: "truncate", at, framing: "chunked" }, "StatementTruncated", 8, 1],
    ["nothing", "get", { kind: "empty" }, "StatementUnreadable", 8, 1],
    ["html", "get", { kind: "html" }, "StatementUnreadable", 8, 1],
    ["csv", "get", { kind: "csv" }, "StatementUnreadable", 8, 1],
    ["html instead of a reference", "send", { kind: "html" }, "StatementUnreadable", 8, 0],
    ["a server error instead of a reference", "send", { kind: "html", status: 500 }, "FlexUnreachable", 6, 0],
    ["a reset instead of a reference", "send", { kind: "reset" }, "FlexUnreachable", 6, 0],
    ["half a reference", "send", { kind: "truncate", at: 60, framing: "promised" }, "FlexUnreachable", 6, 0],
    [
      "half a reference, orderly",
      "send",
      { kind: "truncate", at: 60, framing: "declared" },
      "StatementUnreadable",
      8,
      0
    ]
  ]
  for (const [name, phase, step, tag, exitCode, get] of broken) {
    it.live(`${name} is ${tag}, once`, () =>
      Effect.gen(function*() {
        const server = yield* serve({ script: { [phase]: [step] } })
        assert.deepStrictEqual(yield* failsWith(server), { tag, exitCode, send: 1, get })
      }))
  }

  it.live("an unfinished statement is polled for two timeouts", () =>
    Effect.gen(function*() {
      const server = yield* serve({ script: { get: [{ kind: "hang", times: Infinity }] } })
      assert.deepStrictEqual(yield* failsWith(server, impatient), {
        tag: "StatementTimeout",
        exitCode: 6,
        send: 1,
        get: 2
      })
    }))

  it.live("a drip without end is given up", () =>
    Effect.gen(function*() {
      const server = yield* serve({
        script: { get: [{ kind: "drip", bytes: 45, everyMillis: 60_000, times: Infinity }] }
      })
      const { exitCode, send, tag } = yield* failsWith(server, impatient)
      assert.deepStrictEqual({ exitCode, send, tag }, { exitCode: 6, send: 1, tag: "StatementTimeout" })
    }))

  it.live("does not follow a redirect with the token", () =>
    Effect.gen(function*() {
      const other = yield* serve()
      for (const status of [301, 302, 303, 307, 308]) {
        const redirect: FlexStep = { kind: "redirect", to: `${other.url}/SendRequest`, status }
        const first = yield* serve({ script: { send: [redirect] } })
        assert.deepStrictEqual(yield* failsWith(first), { tag: "FlexRedirected", exitCode: 6, send: 1, get: 0 })
        const second = yield* serve({ script: { get: [redirect] } })
        assert.deepStrictEqual(yield* failsWith(second), { tag: "FlexRedirected", exitCode: 6, send: 1, get: 1 })
      }
      assert.lengthOf(other.requests, 0)
    }))

  it.live("a server that is not there is FlexUnreachable", () =>
    Effect.gen(function*() {
      const server = yield* serve()
      yield* Effect.promise(server.close)
      const error = yield* Effect.flip(run(server.url))
      assert.strictEqual(error._tag, "FlexUnreachable")
      assert.include(error.message, "ECONNREFUSED")
    }))

  it.live("lets go of the connection when the reader has had enough", () =>
    Effect.gen(function*() {
      const server = yield* serve({ statement: large })
      const first = yield* FlexClient.use(({ retrieve, send }) =>
        Effect.flatMap(send(), (reference) => retrieve(reference).pipe(Stream.take(1), Stream.runCollect))
      ).pipe(Effect.provide(FlexClient.layer(clientOptions(server.url, patient))))
      assert.lengthOf(first, 1)
      yield* Effect.promise(() => server.idle())
    }))
})

describe("The token", () => {
  const echo = envelope({
    Status: "Fail",
    ErrorCode: "1015",
    ErrorMessage: `Token ${token} (${encodeURIComponent(token)}) is invalid`
  })
  const scenarios: Record<string, FlexServerOptions["script"]> = {
    "a success": {},
    "an expired token": { send: [1012] },
    "a reply that repeats it": { send: [{ kind: "body", body: echo }] },
    "a server error": { send: [{ kind: "html", status: 500 }] },
    "a reset": { send: [{ kind: "reset" }] },
    "resets while polling": { get: [{ kind: "reset", times: Infinity }] },
    "a redirect that repeats it": { send: [{ kind: "redirect", to: "http://127.0.0.1:1/" }] },
    "a body cut short": { get: [{ kind: "truncate", at: 150, framing: "promised" }] },
    "html": { get: [{ kind: "html" }] },
    "a timeout": { get: [{ kind: "code", code: 1019, times: Infinity }] }
  }
  const forms = [token, encodeURIComponent(token), new URLSearchParams({ t: token }).toString().slice(2)]
  const everything = (value: unknown) =>
    inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null })

  for (const [name, script] of Object.entries(scenarios)) {
    it.live(`is in no error, span or log: ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* serve({ token, script: script ?? {} })
        const spans: Array<Tracer.NativeSpan> = []
        const logs: Array<string> = []
        const tracer = Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            spans.push(span)
            return span
          }
        })
        const logger = Logger.make((entry) => {
          logs.push(everything(entry.message), Cause.pretty(entry.cause))
        })
        const exit = yield* run(server.url, script?.get === undefined ? patient : impatient).pipe(
          Effect.tapCause((cause) => Effect.logError("pull failed", cause)),
          Effect.exit,
          Effect.withTracer(tracer),
          Effect.provideService(References.MinimumLogLevel, "All"),
          Effect.provide(Logger.layer([logger]))
        )
        const shown = [
          ...logs,
          ...spans.map((span) => everything([span.name, span.attributes, span.events, span.status])),
          ...spans.map((span) => JSON.stringify([...span.attributes])),
          ...(Exit.isFailure(exit)
            ? [
              Cause.pretty(exit.cause),
              everything(exit.cause),
              JSON.stringify(exit.cause),
              ...exit.cause.reasons.flatMap((reason) =>
                Cause.isFailReason(reason)
                  ? [JSON.stringify(reason.error), everything(reason.error), reason.error.message, reason.error.hint]
                  : []
              )
            ]
            : [])
        ].join("\n")
        assert.isAtLeast(spans.length, 2)
        assert.isAbove(logs.length, 0)
        assert.include(shown, "FlexClient.send")
        assert.include(shown, "SendRequest")
        for (const form of forms) assert.notInclude(shown, form)
      }))
  }
})
