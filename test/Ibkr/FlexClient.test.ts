import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result, Stream } from "effect"
import { flexBaseUrl, isAllowedBaseUrl } from "../../src/Ibkr/FlexAddress.ts"
import { FlexClient } from "../../src/Ibkr/FlexClient.ts"
import { emptyStatement, flexTexts } from "../support/FlexServer.ts"
import { type Answer, failure, get, loopback, scripted, send, text, timed, window } from "./scripted.ts"

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
