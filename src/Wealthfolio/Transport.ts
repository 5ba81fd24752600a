import { Clock, Duration, Effect, Option, Redacted, type Scope } from "effect"
import {
  Cookies,
  type HttpClient,
  HttpClient as Http,
  type HttpClientError,
  HttpClientRequest,
  type HttpClientResponse
} from "effect/http"
import { retryAsErrorsTell } from "../Retry.ts"
import { withheld } from "../Withheld.ts"
import { WealthfolioSettingsError, WealthfolioUnreachable } from "./WealthfolioError.ts"

/** One request below `/api/v1`. */
export interface Call {
  readonly method: "GET" | "POST"
  /** `/accounts?includeArchived=true` */
  readonly path: string
  readonly body?: unknown
}

/** One whole answer, whatever its status. */
export interface Reply {
  readonly operation: string
  readonly host: string
  readonly status: number
  readonly contentType: string
  readonly text: string
  /** The session cookie that came with it. */
  readonly session?: Redacted.Redacted<string>
  /** Seconds, from `retry-after`. */
  readonly retryAfter?: number
  /** Where a redirect leads, without its query. */
  readonly location?: string
}

const sessionCookie = "wf_session"
const patience = 20_000
const readTimeout = 10_000
const leastTimeout = 2_000

/** `GET /accounts` */
export const operationOf = (call: Call): string => `${call.method} ${call.path.replace(/\?.*$/, "")}`

/** An undecodable session is a 500 (Wealthfolio apps/server/src/auth.rs): it means 401. */
export const isUnauthorized = (reply: Reply): boolean =>
  reply.status === 401 || (reply.status === 500 && reply.text.includes("Failed to validate token"))

export const isTransient = (reply: Reply): boolean =>
  !isUnauthorized(reply) && (reply.status >= 500 || reply.status === 408 || reply.status === 429)

/**
 * Plain exchanges with one host; follows no redirect. `patiently` repeats, with backoff, what is safe to repeat, and
 * gives up once 20 s have passed since the host last answered: over all attempts and all requests, not for each.
 * Refusals come without the password and the session, should the host repeat them.
 */
export const make = (
  client: HttpClient.HttpClient,
  baseUrl: string,
  password?: Redacted.Redacted<string>
) => {
  const base = parseBase(baseUrl)
  const host = base === undefined ? "" : new URL(base).host
  const scoped = Http.withScope(client)
  let silentSince: number | undefined

  const unanswered = (operation: string, detail: string) => new WealthfolioUnreachable({ operation, host, detail })

  const open = Effect.fnUntraced(function*(
    call: Call,
    session: Redacted.Redacted<string> | undefined,
    accept: string
  ): Effect.fn.Return<
    HttpClientResponse.HttpClientResponse,
    WealthfolioUnreachable | WealthfolioSettingsError,
    Scope.Scope
  > {
    if (base === undefined) {
      return yield* new WealthfolioSettingsError({
        message: "WF_BASE_URL is not an http(s) address without user name and password",
        hint: "Set WF_BASE_URL to Wealthfolio's own address, for instance http://wealthfolio:8088."
      })
    }
    let request = HttpClientRequest.make(call.method)(`${base}/api/v1${call.path}`).pipe(
      HttpClientRequest.accept(accept)
    )
    if (call.body !== undefined) {
      request = HttpClientRequest.bodyText(request, JSON.stringify(call.body), "application/json")
    }
    if (session !== undefined) {
      request = HttpClientRequest.setHeader(request, "cookie", `${sessionCookie}=${Redacted.value(session)}`)
    }
    return yield* scoped.execute(request).pipe(
      Effect.mapError((error) => unanswered(operationOf(call), reasonOf(error)))
    )
  })

  const once = (call: Call, session: Redacted.Redacted<string> | undefined, timeout: Duration.Input) =>
    open(call, session, "application/json").pipe(
      Effect.flatMap((response) =>
        response.text.pipe(
          Effect.mapError((error) => unanswered(operationOf(call), reasonOf(error))),
          Effect.map((text) =>
            replyOf(call, host, response, mayEcho(call, response) ? withheld(text, [password, session]) : text)
          )
        )
      ),
      Effect.scoped,
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.fail(
            unanswered(operationOf(call), `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`)
          )
      })
    )

  const patiently = Effect.fnUntraced(function*(
    call: Call,
    session: Redacted.Redacted<string> | undefined,
    options?: { readonly throttled: "answer" }
  ) {
    let last: WealthfolioUnreachable | undefined
    const attempt = Effect.gen(function*() {
      const started = yield* Clock.currentTimeMillis
      const left = silentSince === undefined ? patience : silentSince + patience - started
      const reply = yield* once(call, session, Math.min(readTimeout, Math.max(left, leastTimeout))).pipe(
        Effect.filterOrFail(
          (reply) => !isTransient(reply) || (reply.status === 429 && options?.throttled === "answer"),
          (reply) => unanswered(operationOf(call), `${reply.status} ${messageOf(reply)}`.trim())
        ),
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (error._tag === "WealthfolioUnreachable") last = error
            silentSince ??= started
          })
        )
      )
      silentSince = undefined
      return reply
    })
    const now = yield* Clock.currentTimeMillis
    const left = silentSince === undefined ? patience : silentSince + patience - now
    if (left <= 0) return yield* attempt
    return yield* attempt.pipe(
      retryAsErrorsTell,
      Effect.timeoutOrElse({
        duration: left,
        orElse: () => Effect.fail(last ?? unanswered(operationOf(call), "no answer"))
      })
    )
  })

  return { host, open, once, patiently }
}

export type Transport = ReturnType<typeof make>

/** `http://host:8088`, whatever slash or `/api/v1` was written behind it. */
const parseBase = (text: string): string | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  // Credentials in the address would become an Authorization header, which Wealthfolio then looks at alone.
  if (url.username !== "" || url.password !== "") return undefined
  return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "").replace(/\/+$/, "")
}

/**
 * What refuses a request may repeat it, a proxy above all. The words in which Wealthfolio refuses rows and assets decide
 * what is done next: they stay as they are.
 */
const mayEcho = ({ path }: Call, { status }: { readonly status: number }): boolean =>
  status >= 300 && (path.startsWith("/auth/") || (status !== 400 && status !== 409 && status !== 422))

const replyOf = (call: Call, host: string, response: HttpClientResponse.HttpClientResponse, text: string): Reply => {
  const cookie = Option.getOrUndefined(Cookies.get(response.cookies, sessionCookie))?.valueEncoded
  const retryAfter = Number(response.headers["retry-after"] ?? "x")
  const location = response.headers["location"]?.replace(/[?#].*$/, "")
  return {
    operation: operationOf(call),
    host,
    status: response.status,
    contentType: response.headers["content-type"] ?? "",
    text,
    ...(cookie === undefined || cookie === "" ? {} : { session: Redacted.make(cookie) }),
    ...(Number.isFinite(retryAfter) ? { retryAfter } : {}),
    ...(location === undefined ? {} : { location })
  }
}

/** `{ "code", "message" }` of Wealthfolio, or the start of a plain text. */
export const messageOf = (reply: Reply): string => {
  if (reply.contentType.includes("json")) {
    try {
      const body: unknown = JSON.parse(reply.text)
      if (typeof body === "object" && body !== null && "message" in body) return String(body.message)
    } catch {
      // Not JSON after all: shown as text.
    }
  }
  if (/html/.test(reply.contentType)) {
    return `a web page (${/<title>([^<]*)/i.exec(reply.text)?.[1]?.trim() ?? "no title"})`
  }
  return reply.text.trim().slice(0, 200)
}

const reasonOf = (error: HttpClientError.HttpClientError): string => {
  let cause: unknown = error.reason.cause
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (!(cause instanceof Error)) return error.reason.description ?? error.reason._tag
  return "code" in cause && typeof cause.code === "string" && !cause.message.includes(cause.code)
    ? `${cause.code} ${cause.message}`.trim()
    : cause.message
}
