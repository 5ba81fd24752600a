import { Duration, Effect, Option, Redacted, type Scope, type Stream } from "effect"
import { HttpClient, type HttpClientResponse } from "effect/http"
import { version } from "../Version.ts"
import { withheld } from "../Withheld.ts"
import { isLoopbackUrl } from "./FlexAddress.ts"
import { connectionReason, openFlexBody } from "./FlexBody.ts"
import { decodeReply, type FlexReply } from "./FlexEnvelope.ts"
import {
  type FlexError,
  FlexRedirected,
  type FlexStep,
  FlexThrottled,
  FlexUnreachable,
  type StatementTruncated,
  StatementUnreadable
} from "./FlexError.ts"
import { makeFlexPace, type PaceMemory } from "./FlexPace.ts"
import { flexRoot } from "./FlexRoot.ts"

/** IBKR documents a User-Agent as required. */
export const userAgent = `broker-sync/${version}`

const requestTimeout = Duration.seconds(60)
/** Characters of a control reply; IBKR's are under 500. */
const envelopeLimit = 65_536

export type FlexAnswer =
  | FlexReply
  | { readonly _tag: "Statement"; readonly bytes: Stream.Stream<Uint8Array, StatementTruncated> }

/** One GET, never repeated; the body of a statement stays open as long as the scope. */
export type FlexHttp = (
  step: FlexStep,
  query: Readonly<Record<string, string>>
) => Effect.Effect<FlexAnswer, FlexError, Scope.Scope>

/** IBKR's text for one log line: short, without control characters, the token, or the words the log alert looks for. */
const clean = (text: string, token: Redacted.Redacted<string>): string => {
  const line = withheld(text, [token], "<token>")
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .replace(/\bcode (?=1003|1012)/gi, "code: ")
    .trim()
  return line === "" ? "(no text)" : line.slice(0, 300)
}

const statusError = (step: FlexStep, status: number): FlexError =>
  status === 429
    ? new FlexThrottled({ step, text: "HTTP status 429" })
    : new FlexUnreachable({ step, reason: `HTTP status ${status}`, temporary: status >= 500 || status === 408 })

/** Only the host is told: the rest may repeat the token. */
const redirected = ({ headers, status }: HttpClientResponse.HttpClientResponse) => {
  const to = URL.parse(headers["location"] ?? "")?.host
  return new FlexRedirected(to === undefined ? { status } : { status, to })
}

export const makeFlexHttp = Effect.fnUntraced(function*(options: {
  readonly token: Redacted.Redacted<string>
  readonly baseUrl: string
  /** Remembers the requests of earlier runs with this token. */
  readonly pace?: PaceMemory
}): Effect.fn.Return<FlexHttp, never, HttpClient.HttpClient> {
  const client = HttpClient.withScope(yield* HttpClient.HttpClient)
  const pace = isLoopbackUrl(options.baseUrl) ? Effect.void : yield* makeFlexPace(options.pace)
  const base = options.baseUrl.replace(/\/+$/, "")

  const read = Effect.fnUntraced(function*(step: FlexStep, response: HttpClientResponse.HttpClientResponse) {
    const { status } = response
    if (status >= 300 && status < 400) return yield* redirected(response)
    const body = yield* openFlexBody(response)
    const head = yield* body.textUntil((text, ended) => flexRoot(text, ended) !== "undecided")
    const root = flexRoot(head.text, head.ended)
    if (root === "envelope") {
      const reply = decodeReply((yield* body.textUntil((text) => text.length >= envelopeLimit)).text)
      if (Option.isNone(reply)) return yield* new StatementUnreadable({ step, found: "malformed" })
      if (reply.value._tag === "Accepted") return reply.value
      return { ...reply.value, text: clean(reply.value.text, options.token) }
    }
    if (status < 200 || status >= 300) return yield* statusError(step, status)
    if (root === "statement") return { _tag: "Statement" as const, bytes: body.statement }
    return yield* new StatementUnreadable({ step, found: root === "undecided" ? "unexpected" : root })
  })

  return Effect.fn("FlexHttp.get")(function*(step, query) {
    const unreachable = (reason: string) => new FlexUnreachable({ step, reason, temporary: true })
    yield* pace
    yield* Effect.annotateCurrentSpan({ step })
    return yield* client.get(`${base}/${step}`, {
      urlParams: { t: options.token, ...query, v: "3" },
      headers: { "User-Agent": userAgent }
    }).pipe(
      // Its own span would keep the response: a redirect's Location repeats the query, token and all.
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.flatMap((response) => read(step, response)),
      Effect.catchTag("HttpClientError", (error) => Effect.fail(unreachable(connectionReason(error)))),
      Effect.timeoutOrElse({
        duration: requestTimeout,
        orElse: () => Effect.fail(unreachable("no answer within 60 seconds"))
      })
    )
  })
})
