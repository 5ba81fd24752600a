import { Context, type Duration, Effect, Exit, Layer, type Redacted, Scope, Stream } from "effect"
import type { HttpClient } from "effect/http"
import * as NodeHttp from "../NodeHttp.ts"
import { retryAsErrorsTell } from "../Retry.ts"
import { type FlexError, StatementTimeout, StatementUnreadable } from "./FlexError.ts"
import { type FlexAnswer, makeFlexHttp } from "./FlexHttp.ts"
import type { PaceMemory } from "./FlexPace.ts"
import { type FlexWindow, refusalError } from "./FlexRefusal.ts"

export interface FlexOptions {
  readonly token: Redacted.Redacted<string>
  /** Digits. */
  readonly queryId: string
  readonly baseUrl: string
  /** Also waited before the first poll. */
  readonly pollInterval: Duration.Duration
  /** For the polls of one reference, once more for its second try, and for the body of the statement. */
  readonly timeout: Duration.Duration
  /** Requests of earlier runs with this token; without it only those of this client count. */
  readonly pace?: PaceMemory
}

const compact = (date: string) => date.replaceAll("-", "")

/**
 * IBKR's Flex Web Service, version 3: a request makes IBKR generate a statement, its reference is polled until it is
 * there. At most 1 request a second and 10 a minute, except to a stand-in on loopback.
 */
export class FlexClient extends Context.Service<FlexClient, {
  /** One SendRequest, 60 s at most, never repeated. Returns the reference code (digits). */
  readonly send: (window?: FlexWindow) => Effect.Effect<string, FlexError>
  /**
   * Polls a reference until the statement is there, then its bytes as they come. Fails with `StatementTruncated` after
   * the last byte if that was not the end of the document: nothing may be used before the stream has ended well.
   * `window` is what the reference was sent for.
   */
  readonly retrieve: (referenceCode: string, window?: FlexWindow) => Stream.Stream<Uint8Array, FlexError>
}>()("broker-sync/FlexClient") {
  static readonly layerNoDeps = (options: FlexOptions): Layer.Layer<FlexClient, never, HttpClient.HttpClient> =>
    Layer.effect(
      FlexClient,
      Effect.gen(function*() {
        const { pollInterval, timeout } = options
        const http = yield* makeFlexHttp(options)

        const send = Effect.fn("FlexClient.send")(function*(window?: FlexWindow) {
          const step = "SendRequest"
          const days = window === undefined ? {} : { fd: compact(window.from), td: compact(window.to) }
          const answer = yield* Effect.scoped(http(step, { q: options.queryId, ...days }))
          if (answer._tag === "Refused") return yield* refusalError(answer, { step, window, pollInterval })
          if (answer._tag === "Statement") return yield* new StatementUnreadable({ step, found: "unexpected" })
          yield* Effect.logDebug(`IBKR makes the statement, reference ${answer.referenceCode}`)
          return answer.referenceCode
        })

        const poll = Effect.fn("FlexClient.poll")(function*(referenceCode: string, window?: FlexWindow) {
          const step = "GetStatement"
          const answer: FlexAnswer = yield* http(step, { q: referenceCode })
          if (answer._tag === "Refused") return yield* refusalError(answer, { step, window, pollInterval })
          if (answer._tag === "Accepted") return yield* new StatementUnreadable({ step, found: "unexpected" })
          return answer.bytes
        })

        const open = Effect.fnUntraced(function*(referenceCode: string, window?: FlexWindow) {
          const streamScope = yield* Effect.scope
          const attempt = Effect.gen(function*() {
            const scope = yield* Scope.fork(streamScope)
            return yield* poll(referenceCode, window).pipe(
              Scope.provide(scope),
              Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit))
            )
          })
          const withinTimeout = Effect.suspend(() => {
            let last: FlexError | undefined
            return attempt.pipe(
              Effect.tapError((error) => {
                last = error
                // What ends the run is told once, by whoever ends it: the log alert counts lines.
                return error.retry === undefined ? Effect.void : Effect.logDebug(error.message)
              }),
              retryAsErrorsTell,
              Effect.timeoutOrElse({
                duration: timeout,
                orElse: () => Effect.fail(StatementTimeout.after(last, timeout, pollInterval))
              })
            )
          })
          yield* Effect.sleep(pollInterval)
          const bytes = yield* retryAsErrorsTell(withinTimeout)
          const tooSlow = new StatementTimeout({ waited: timeout, pause: pollInterval, last: "it came too slowly" })
          return Stream.interruptWhen(bytes, Effect.andThen(Effect.sleep(timeout), Effect.fail(tooSlow)))
        })

        return FlexClient.of({
          send,
          retrieve: (referenceCode, window) =>
            Stream.unwrap(open(referenceCode, window)).pipe(Stream.withSpan("FlexClient.retrieve"))
        })
      })
    )

  /** Over Node's own fetch. Redirects are not followed: the token is part of the URL. */
  static readonly layer = (options: FlexOptions): Layer.Layer<FlexClient> =>
    FlexClient.layerNoDeps(options).pipe(
      Layer.provide(NodeHttp.layerUnpacking)
    )

  /** Answers at once. The nth request gets the nth statement, the last one for good; references are "1", "2" … */
  static readonly layerTest = (
    options: { readonly statement: string | ReadonlyArray<string> }
  ): Layer.Layer<FlexClient> =>
    Layer.sync(FlexClient, () => {
      const statements = typeof options.statement === "string" ? [options.statement] : options.statement
      let sent = 0
      return FlexClient.of({
        send: () => Effect.sync(() => String(++sent)),
        retrieve: (referenceCode) =>
          Stream.suspend(() =>
            Stream.make(new TextEncoder().encode(statements[Number(referenceCode) - 1] ?? statements.at(-1) ?? ""))
          )
      })
    })
}
