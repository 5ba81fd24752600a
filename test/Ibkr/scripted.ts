import { Clock, Duration, Effect, Fiber, Layer, Redacted, Result, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { FlexClient, type FlexOptions } from "../../src/Ibkr/FlexClient.ts"
import type { FlexError } from "../../src/Ibkr/FlexError.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { emptyStatement, envelope, flexTexts } from "../support/FlexServer.ts"

/** A code, an HTTP status, `statement`, `accepted`, a broken connection, no answer at all, or a response of its own. */
export type Answer = number | "statement" | "accepted" | "broken" | "never" | (() => Response)

export const loopback = "http://127.0.0.1:1/flex"

export const options: FlexOptions = {
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

export interface Call {
  readonly at: number
  readonly url: URL
  readonly userAgent: string | undefined
}

/** The real client over a scripted HTTP client; after the script, the last answer for ever. */
export const scripted = (answers: ReadonlyArray<Answer>, changes: Partial<FlexOptions> = {}) => {
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

export const text = (client: FlexClient["Service"], ...args: Parameters<FlexClient["Service"]["retrieve"]>) =>
  client.retrieve(...args).pipe(Stream.decodeText(), Stream.mkString)

export const window = { from: PlainDate.of("2025-01-01"), to: PlainDate.of("2025-12-31") }

/** Runs under the test clock; times of the calls in seconds, and what came of it. */
export const timed = Effect.fnUntraced(function*(
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

export const send = (client: FlexClient["Service"]) => client.send()
export const get = (client: FlexClient["Service"]) => text(client, "777")
export const failure = (result: Result.Result<string, FlexError>) =>
  Result.isFailure(result) ? result.failure : undefined
