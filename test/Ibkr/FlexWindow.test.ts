import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result } from "effect"
import type { FlexClient } from "../../src/Ibkr/FlexClient.ts"
import type { FlexError, FlexStep } from "../../src/Ibkr/FlexError.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { flexTexts } from "../support/FlexServer.ts"
import { failure, get, send, text, timed, window } from "./scripted.ts"

const sendWindow = (client: FlexClient["Service"]) => client.send(window)
const getWindow = (client: FlexClient["Service"]) => text(client, "777", window)

const shown = (error: FlexError | undefined) => ({
  tag: error?._tag,
  exitCode: error?.exitCode,
  message: error?.message,
  blocked: error?.sendBlockedFor === undefined ? undefined : Duration.format(error.sendBlockedFor)
})

describe("Explicit days", () => {
  it.effect("are sent both, as yyyymmdd, with SendRequest alone", () =>
    Effect.gen(function*() {
      const leapYear = { from: PlainDate.of("2024-02-29"), to: PlainDate.of("2024-12-31") }
      const { calls } = yield* timed(
        ["accepted", 1019, "statement"],
        (client) => Effect.flatMap(client.send(leapYear), (reference) => text(client, reference, leapYear))
      )
      assert.deepStrictEqual(calls.map(({ url }) => `${url.pathname}${url.search}`), [
        "/flex/SendRequest?t=token-123&q=42&fd=20240229&td=20241231&v=3",
        "/flex/GetStatement?t=token-123&q=777&v=3",
        "/flex/GetStatement?t=token-123&q=777&v=3"
      ])
    }))

  it.effect("are not sent where none are asked for", () =>
    Effect.gen(function*() {
      const { calls } = yield* timed(
        ["accepted", "statement"],
        (client) => Effect.flatMap(client.send(), (reference) => text(client, reference))
      )
      assert.lengthOf(calls, 2)
      for (const { url } of calls) {
        assert.deepStrictEqual([...url.searchParams.keys()], ["t", "q", "v"])
      }
    }))

  const steps: ReadonlyArray<readonly [FlexStep, typeof send, typeof send]> = [
    ["SendRequest", send, sendWindow],
    ["GetStatement", get, getWindow]
  ]
  for (const [step, plain, explicit] of steps) {
    it.effect(`of all codes on ${step} only 1003 means something else`, () =>
      Effect.gen(function*() {
        const changed: Array<number> = []
        for (const code of [...Object.keys(flexTexts).map(Number), 1099]) {
          const answers = [code, "statement"] as const
          const [one, other] = [yield* timed(answers, plain), yield* timed(answers, explicit)]
          assert.lengthOf(other.times, one.times.length, `${code}`)
          const [expected, found] = [shown(failure(one.result)), shown(failure(other.result))]
          if (JSON.stringify(expected) !== JSON.stringify(found)) changed.push(code)
        }
        assert.deepStrictEqual(changed, [1003])
      }))

    it.effect(`1003 on ${step} says which days, once, and is no expired token`, () =>
      Effect.gen(function*() {
        const { result, times } = yield* timed([1003], explicit)
        assert.lengthOf(times, 1)
        const error = failure(result)
        assert.deepInclude(error, { _tag: "StatementUnavailable", from: "2025-01-01", to: "2025-12-31", exitCode: 4 })
        assert.isUndefined(error?.retry)
        assert.isUndefined(error?.sendBlockedFor)
      }))

    it.effect(`a redirect on ${step} ends there, wherever it leads`, () =>
      Effect.gen(function*() {
        const places = ["https://evil.example/?t=token-123", "http://127.0.0.1:1/other", "/elsewhere", "", undefined]
        for (const location of places) {
          for (const status of [301, 302, 303, 307, 308]) {
            const headers = location === undefined ? {} : { headers: { location } }
            const { result, times } = yield* timed([() => new Response(null, { status, ...headers })], explicit)
            assert.lengthOf(times, 1)
            assert.deepInclude(failure(result), { _tag: "FlexRedirected", status, exitCode: 6 })
            assert.isUndefined(failure(result)?.retry)
            assert.notInclude(failure(result)?.message, "token-123")
          }
        }
      }))
  }

  it.effect("a window that is not ready yet is polled on, and found", () =>
    Effect.gen(function*() {
      const { ended, result, times } = yield* timed([1001, 1004, 1019, "statement"], getWindow)
      assert.strictEqual(ended, "success")
      assert.lengthOf(times, 4)
      assert.include(Result.getOrUndefined(result), "FlexQueryResponse")
    }))
})
