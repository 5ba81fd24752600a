import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Layer, Redacted, Result, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { flexBaseUrl, isAllowedBaseUrl } from "../../src/Ibkr/FlexAddress.ts"
import { FlexClient, type FlexOptions } from "../../src/Ibkr/FlexClient.ts"
import type { FlexError } from "../../src/Ibkr/FlexError.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { emptyStatement, envelope, flexTexts } from "../support/FlexServer.ts"

/** A code, an HTTP status, `statement`, `accepted`, a broken connection, no answer at all, or a response of its own. */
type Answer = number | "statement" | "accepted" | "broken" | "never" | (() => Response)

const loopback = "http://127.0.0.1:1/flex"

const options: FlexOptions = {
  token: Redacted.make("token-123"),
  queryId: "42",
  baseUrl: loopback,
  pollInterval: Duration.seconds(6),
  timeout: Duration.minutes(5)
}

const toResponse = (answer: Exclude<Answer, "broken" | "never">): Response => {
  if (answer === "statement") return new Response(emptyStatement)
  if (answer === "accepted") return new Response(envelope({ Status: "Success", ReferenceCode: "777" }))
  if (typeof answer === "function") return answer()
  if (answer < 1000) return new Response("<html></html>", { status: answer })
  return new Response(
    envelope({ Status: "Warn", ErrorCode: String(answer), ErrorMessage: flexTexts[answer] ?? "New." })
  )
}

interface Call {
  readonly at: number
  readonly url: URL
  readonly userAgent: string | undefined
}

/** The real client over a scripted HTTP client; after the script, the last answer for ever. */
const scripted = (answers: ReadonlyArray<Answer>, changes: Partial<FlexOptions> = {}) => {
  const calls: Array<Call> = []
  const http = HttpClient.make(Effect.fnUntraced(function*(request, url) {
    calls.push({ at: (yield* Clock.currentTimeMillis) / 1000, url, userAgent: request.headers["user-agent"] })
    const answer = answers[calls.length - 1] ?? answers.at(-1) ?? "statement"
    if (answer === "never") return yield* Effect.never
    if (answer === "broken") {
      const cause = Object.assign(new Error(`fetch ${url.href} failed`), { code: "ECONNRESET" })
      return yield* new HttpClientError.HttpClientError({
        reason: new HttpClientError.TransportError({ request, cause })
      })
    }
    return HttpClientResponse.fromWeb(request, toResponse(answer))
  }))
  const layer = FlexClient.layerNoDeps({ ...options, ...changes }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
  )
  return { calls, layer }
}

const text = (client: FlexClient["Service"], ...args: Parameters<FlexClient["Service"]["retrieve"]>) =>
  client.retrieve(...args).pipe(Stream.decodeText(), Stream.mkString)

const window = { from: PlainDate.of("2025-01-01"), to: PlainDate.of("2025-12-31") }

/** Runs under the test clock; times of the calls in seconds, and what came of it. */
const timed = Effect.fnUntraced(function*(
  answers: ReadonlyArray<Answer>,
  use: (client: FlexClient["Service"]) => Effect.Effect<string, FlexError>,
  changes: Partial<FlexOptions> = {}
) {
  const { calls, layer } = scripted(answers, changes)
  const run = FlexClient.use(use).pipe(
    Effect.result,
    Effect.flatMap((result) => Effect.map(Clock.currentTimeMillis, (now) => ({ result, endedAt: now / 1000 }))),
    Effect.provide(layer)
  )
  const fiber = yield* Effect.forkChild(run)
  // Bodies are read by promises, so the clock goes on only when these have settled.
  for (let second = 0; second < 3600 && fiber.pollUnsafe() === undefined; second++) {
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    yield* TestClock.adjust("1 second")
  }
  const { endedAt, result } = yield* Fiber.join(fiber)
  const ended = Result.isSuccess(result) ? "success" : result.failure._tag
  return { times: calls.map(({ at }) => at), ended, endedAt, result, calls }
})

const send = (client: FlexClient["Service"]) => client.send()
const get = (client: FlexClient["Service"]) => text(client, "777")
const failure = (result: Result.Result<string, FlexError>) => Result.isFailure(result) ? result.failure : undefined

describe("FlexClient.send", () => {
  it.effect("asks once, with version and User-Agent, and returns the reference", () =>
    Effect.gen(function*() {
      const { calls, result } = yield* timed(["accepted"], send, { baseUrl: `${loopback}/` })
      assert.strictEqual(Result.getOrUndefined(result), "777")
      assert.lengthOf(calls, 1)
      const { url, userAgent } = calls[0]!
      assert.strictEqual(url.href, `${loopback}/SendRequest?t=token-123&q=42&v=3`)
      assert.match(userAgent ?? "", /^broker-sync\/\S+$/)
    }))

  it.effect("asks for explicit days", () =>
    Effect.gen(function*() {
      const { calls } = yield* timed(["accepted"], (client) => client.send(window))
      assert.strictEqual(calls[0]!.url.search, "?t=token-123&q=42&fd=20250101&td=20251231&v=3")
    }))

  const answers: ReadonlyArray<readonly [Answer, string]> = [
    ...Object.keys(flexTexts).map((code) => [Number(code), ""] as const),
    [1099, "FlexUnknownWarning"],
    [500, "FlexUnreachable"],
    [503, "FlexUnreachable"],
    [404, "FlexUnreachable"],
    [429, "FlexThrottled"],
    ["broken", "FlexUnreachable"],
    ["statement", "StatementUnreadable"]
  ]
  for (const [answer, tag] of answers) {
    it.effect(`never asks twice: ${answer}`, () =>
      Effect.gen(function*() {
        const { ended, endedAt, times } = yield* timed([answer], send)
        assert.deepStrictEqual(times, [0])
        assert.strictEqual(endedAt, 0)
        assert.notStrictEqual(ended, "success")
        if (tag !== "") assert.strictEqual(ended, tag)
      }))
  }

  it.effect("waits 60 seconds for an answer", () =>
    Effect.gen(function*() {
      const { ended, endedAt, times } = yield* timed(["never"], send)
      assert.deepStrictEqual([times, ended, endedAt], [[0], "FlexUnreachable", 60])
    }))

  it.effect("1003 for explicit days is no expired token", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* timed([1003], send)).ended, "FlexTokenExpired")
      assert.strictEqual((yield* timed([1003], (client) => client.send(window))).ended, "StatementUnavailable")
      assert.strictEqual((yield* timed([1003], (client) => text(client, "777", window))).ended, "StatementUnavailable")
    }))
})

describe("FlexClient.retrieve", () => {
  it.effect("polls the reference after one interval", () =>
    Effect.gen(function*() {
      const { calls, result, times } = yield* timed(["statement"], get)
      assert.strictEqual(Result.getOrUndefined(result), emptyStatement)
      assert.deepStrictEqual(times, [6])
      assert.strictEqual(calls[0]!.url.href, `${loopback}/GetStatement?t=token-123&q=777&v=3`)
    }))

  for (const code of [1001, 1004, 1005, 1006, 1007, 1008, 1009, 1019, 1021]) {
    it.effect(`${code} is polled at the interval`, () =>
      Effect.gen(function*() {
        const { ended, times } = yield* timed([code, code, code, "statement"], get)
        assert.deepStrictEqual([times, ended], [[6, 12, 18, 24], "success"])
      }))
  }

  for (const throttled of [1018, 429]) {
    it.effect(`${throttled} waits more than a minute, then goes on`, () =>
      Effect.gen(function*() {
        const { ended, times } = yield* timed([1019, throttled, throttled, 1019, "statement"], get)
        assert.deepStrictEqual([times, ended], [[6, 12, 77, 142, 148], "success"])
      }))
  }

  for (const code of [1003, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1020, 1023, 1025, 1099, 404, 403]) {
    it.effect(`${code} ends the polling`, () =>
      Effect.gen(function*() {
        const { ended, endedAt, times } = yield* timed([1019, code, "statement"], get)
        assert.deepStrictEqual([times, endedAt], [[6, 12], 12])
        assert.notStrictEqual(ended, "success")
      }))
  }

  for (const answer of [500, 503, "broken"] as const) {
    it.effect(`${answer} is tried again, ever slower`, () =>
      Effect.gen(function*() {
        const { ended, times } = yield* timed([...Array.from({ length: 7 }, () => answer), "statement"], get)
        assert.deepStrictEqual([times, ended], [[6, 8, 12, 20, 36, 66, 96, 126], "success"])
      }))
  }

  it.effect("gives up an unanswered poll after 60 seconds", () =>
    Effect.gen(function*() {
      const { ended, times } = yield* timed(["never", "statement"], get)
      assert.deepStrictEqual([times, ended], [[6, 68], "success"])
    }))

  it.effect("a timeout is retried once, by polling the same reference for as long again", () =>
    Effect.gen(function*() {
      const { calls, ended, endedAt, result, times } = yield* timed([1019], get, { timeout: Duration.seconds(20) })
      assert.deepStrictEqual(times, [6, 12, 18, 24, 32, 38, 44, 50])
      assert.deepStrictEqual([ended, endedAt], ["StatementTimeout", 52])
      assert.deepStrictEqual(new Set(calls.map(({ url }) => url.searchParams.get("q"))), new Set(["777"]))
      assert.include(failure(result)?.message, "20s")
      assert.include(failure(result)?.message, "code 1019")
      assert.strictEqual(failure(result)?.exitCode, 6)
    }))

  it.effect("finds the statement within the second timeout", () =>
    Effect.gen(function*() {
      const { ended, times } = yield* timed([1019, 1019, "statement"], get, { timeout: Duration.seconds(8) })
      assert.deepStrictEqual([times, ended], [[6, 12, 20], "success"])
    }))

  it.effect("is not asked sooner than a minute after a throttled answer, whatever the timeout", () =>
    Effect.gen(function*() {
      const { ended, times } = yield* timed([1018, "statement"], get, { timeout: Duration.seconds(10) })
      assert.deepStrictEqual([times, ended], [[6, 81], "success"])
    }))

  it.effect("the default of five minutes makes 51 polls at most each time", () =>
    Effect.gen(function*() {
      const { endedAt, times } = yield* timed([1019], get)
      assert.isAtMost(times.length, 102)
      assert.isAtLeast(times.length, 98)
      assert.strictEqual(endedAt, 6 + 300 + 6 + 300)
    }))

  it.effect("a stream that is not run asks nothing; each run polls anew", () =>
    Effect.gen(function*() {
      const { calls, layer } = scripted(["statement"], { pollInterval: Duration.zero })
      const stream = yield* FlexClient.use(({ retrieve }) => Effect.succeed(retrieve("777"))).pipe(
        Effect.provide(layer)
      )
      assert.lengthOf(calls, 0)
      yield* Stream.runDrain(stream)
      yield* Stream.runDrain(stream)
      assert.lengthOf(calls, 2)
    }))
})

describe("FlexClient reads bodies", () => {
  const body = (content: string | null, init?: ResponseInit) => () => new Response(content, init)
  /** Chunks of these sizes, then the end, an error, or silence. */
  const chunked = (content: string, size: number, end: "close" | "error" | "silence" = "close") => () => {
    const bytes = new TextEncoder().encode(content)
    let at = 0
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (at < bytes.length) return controller.enqueue(bytes.subarray(at, at += size))
          if (end === "close") return controller.close()
          if (end === "error") {
            return controller.error(Object.assign(new Error("terminated"), { code: "UND_ERR_SOCKET" }))
          }
          return new Promise(() => {})
        }
      })
    )
  }
  const half = emptyStatement.slice(0, 150)

  const good: Record<string, () => Response> = {
    "byte by byte": chunked(emptyStatement, 1),
    "with a byte order mark and a declaration": body(`\uFEFF<?xml version="1.0"?>\n${emptyStatement}`),
    "whatever the content type": body(emptyStatement, { headers: { "content-type": "text/html" } }),
    "an empty root": body("<FlexQueryResponse queryName=\"x\"/>"),
    "a compressed body, whose length is another": body(emptyStatement, {
      headers: { "content-encoding": "gzip", "content-length": "17" }
    })
  }
  for (const [name, response] of Object.entries(good)) {
    it.effect(`takes ${name}`, () =>
      Effect.gen(function*() {
        const { result } = yield* timed([response], get)
        assert.strictEqual(Result.getOrUndefined(result), yield* Effect.promise(() => response().text()))
      }))
  }

  it.effect("hands the bytes on as they are", () =>
    Effect.gen(function*() {
      const content = `\uFEFF${emptyStatement.replace("broker-sync", "é€𝄞 ")}`
      const { layer } = scripted([chunked(content, 7)], { pollInterval: Duration.zero })
      const chunks = yield* FlexClient.use(({ retrieve }) => Stream.runCollect(retrieve("777"))).pipe(
        Effect.provide(layer)
      )
      assert.deepStrictEqual(Buffer.concat(chunks), Buffer.from(content))
    }))

  const bad: ReadonlyArray<readonly [string, () => Response, string, number, string]> = [
    ["html", body("<!DOCTYPE html><html></html>"), "StatementUnreadable", 8, "web page"],
    ["csv", body("\"ClientAccountID\",\"Symbol\"\n"), "StatementUnreadable", 8, "format of the Flex Query to XML"],
    ["csv with sections", body("BOF,U1\n"), "StatementUnreadable", 8, "format of the Flex Query to XML"],
    ["an empty text", body(""), "StatementUnreadable", 8, "nothing"],
    ["no body", body(null), "StatementUnreadable", 8, "nothing"],
    ["a doctype", body(`<!DOCTYPE x [<!ENTITY a "b">]>${emptyStatement}`), "StatementUnreadable", 8, "DOCTYPE"],
    [
      "an acceptance",
      body(envelope({ Status: "Success", ReferenceCode: "1" })),
      "StatementUnreadable",
      8,
      "wrong kind"
    ],
    ["half a reply", body("<FlexStatementResponse><Status>Fa"), "StatementUnreadable", 8, "not well-formed"],
    [
      "an endless reply",
      chunked(`<FlexStatementResponse>${"x".repeat(200_000)}`, 50_000, "silence"),
      "StatementUnreadable",
      8,
      "not well-formed"
    ],
    ["an orderly end too soon", body(half), "StatementTruncated", 8, "after 150 bytes"],
    ["a broken connection", chunked(half, 40, "error"), "StatementTruncated", 8, "UND_ERR_SOCKET"],
    [
      "another length",
      body(emptyStatement, { headers: { "content-length": "9999" } }),
      "StatementTruncated",
      8,
      "9999"
    ],
    [
      "a redirect",
      body(null, { status: 302, headers: { location: "https://evil.example/x?t=token-123" } }),
      "FlexRedirected",
      6,
      "evil.example"
    ]
  ]
  for (const [name, response, tag, exitCode, words] of bad) {
    it.effect(`refuses ${name}`, () =>
      Effect.gen(function*() {
        const { ended, result, times } = yield* timed([response], get)
        assert.deepStrictEqual([ended, times], [tag, [6]])
        assert.strictEqual(failure(result)?.exitCode, exitCode)
        assert.include(`${failure(result)?.message} ${failure(result)?.hint}`, words)
      }))
  }

  it.effect("a body that stalls is given up when the timeout is over", () =>
    Effect.gen(function*() {
      const { ended, endedAt, times } = yield* timed([chunked(half, 40, "silence")], get)
      assert.deepStrictEqual([times, ended, endedAt], [[6], "StatementTimeout", 306])
    }))

  it.effect("a connection that breaks before the root is known is tried again", () =>
    Effect.gen(function*() {
      const { ended, times } = yield* timed([chunked("<Flex", 2, "error"), "statement"], get)
      assert.deepStrictEqual([times, ended], [[6, 8], "success"])
    }))

  it.effect("an envelope counts whatever the HTTP status", () =>
    Effect.gen(function*() {
      const refusal = envelope({ Status: "Fail", ErrorCode: "1012", ErrorMessage: "Token has expired." })
      assert.strictEqual((yield* timed([body(refusal, { status: 500 })], get)).ended, "FlexTokenExpired")
    }))

  it.effect("IBKR's text becomes one short line without what the alert looks for", () =>
    Effect.gen(function*() {
      const odd = `line one\n\tcode 1003\u0007 token-123 ${"x".repeat(1000)}`
      const refusal = envelope({ Status: "Fail", ErrorCode: "1014", ErrorMessage: odd })
      const message = failure((yield* timed([body(refusal)], send)).result)?.message ?? ""
      assert.include(message, "line one code: 1003 <token> xxx")
      assert.notMatch(message, /\p{Cc}|token-123|code 1003/u)
      assert.isBelow(message.length, 400)
    }))
})

describe("FlexClient pacing", () => {
  const mostWithin = (times: ReadonlyArray<number>, seconds: number) =>
    Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + seconds).length))

  it.effect("at most 1 request a second and 10 a minute against IBKR, SendRequest included", () =>
    Effect.gen(function*() {
      const { times } = yield* timed(
        ["accepted", 1019],
        (client) => Effect.flatMap(client.send(), (reference) => text(client, reference)),
        { baseUrl: flexBaseUrl, pollInterval: Duration.millis(100) }
      )
      assert.isAbove(times.length, 50)
      assert.strictEqual(mostWithin(times, 1), 1)
      assert.strictEqual(mostWithin(times, 60), 10)
      assert.strictEqual(times[0], 0)
    }))

  it.effect("several at once share the pace", () =>
    Effect.gen(function*() {
      const { times } = yield* timed(
        ["statement"],
        (client) =>
          Effect.as(
            Effect.forEach(Array.from({ length: 25 }, (_, i) => i), (i) => text(client, String(i)), {
              concurrency: "unbounded"
            }),
            ""
          ),
        { baseUrl: flexBaseUrl }
      )
      assert.lengthOf(times, 25)
      assert.strictEqual(mostWithin(times, 1), 1)
      assert.strictEqual(mostWithin(times, 60), 10)
    }))

  it.effect("only the poll interval counts on loopback", () =>
    Effect.gen(function*() {
      const { times } = yield* timed(
        ["accepted", ...Array.from({ length: 30 }, () => 1019), "statement"],
        (client) => Effect.flatMap(client.send(), (reference) => text(client, reference)),
        { pollInterval: Duration.millis(100) }
      )
      assert.lengthOf(times, 32)
      assert.approximately(times.at(-1) ?? 0, 3.1, 0.001)
    }))
})

describe("isAllowedBaseUrl", () => {
  const allowed = [
    flexBaseUrl,
    "https://gdcdyn.interactivebrokers.com/x",
    "http://127.0.0.1:8080/flex",
    "http://localhost:1",
    "http://[::1]:9/",
    "https://127.8.9.1/"
  ]
  const refused = [
    "http://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService",
    "https://ndcdyn.interactivebrokers.com.evil.example/",
    "https://evilinteractivebrokers.com/",
    "https://ndcdyn.interactivebrokers.com:8443/",
    "https://user@ndcdyn.interactivebrokers.com/",
    "https://ndcdyn.interactivebrokers.com/?x=1",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "http://10.0.0.1/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "ndcdyn.interactivebrokers.com",
    ""
  ]
  it("knows IBKR's hosts and loopback, nothing else", () => {
    assert.deepStrictEqual(allowed.filter((url) => !isAllowedBaseUrl(url)), [])
    assert.deepStrictEqual(refused.filter(isAllowedBaseUrl), [])
  })
})

describe("FlexClient.layerTest", () => {
  it.effect("gives each request its statement, the last one for good", () =>
    Effect.gen(function*() {
      const client = yield* FlexClient
      const pull = Effect.flatMap(client.send(), (reference) => text(client, reference))
      assert.deepStrictEqual([yield* pull, yield* pull, yield* pull], ["<a/>", "<b/>", "<b/>"])
    }).pipe(Effect.provide(FlexClient.layerTest({ statement: ["<a/>", "<b/>"] }))))
})
