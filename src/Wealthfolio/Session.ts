import { Duration, Effect, type FileSystem, Redacted, Semaphore } from "effect"
import { isUnauthorized, messageOf, type Reply, type Transport } from "./Transport.ts"
import { type ExchangeError, WealthfolioLoginRefused, WealthfolioSettingsError } from "./WealthfolioError.ts"
import { AuthStatus, decode, unexpected } from "./Wire.ts"

/** How requests are let in: nothing asked, or the value of the session cookie. */
type Entry =
  | { readonly _tag: "Open"; readonly oidcOnly: boolean }
  | { readonly _tag: "Session"; readonly cookie: Redacted.Redacted<string> }

const decodeStatus = decode(AuthStatus)
/** What a cookie may consist of (RFC 6265): anything else in the session file is not a session. */
const cookieValue = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/
const longestThrottle = 60
const throttledAttempts = 3

/**
 * Lets requests in. The session cookie is kept in a 0600 file between runs; a 401 logs in once and repeats the request
 * once (a 401 wrote nothing). A wrong password is never tried again.
 */
export const make = (
  transport: Transport,
  fs: FileSystem.FileSystem,
  options: {
    readonly password?: Redacted.Redacted<string>
    readonly sessionPath: string
    readonly accountId: string
  }
) => {
  // One name for an account, which one run has at a time: what a killed run left of it is used up by the next login.
  const temporary = `${options.sessionPath}.${options.accountId.replace(/[^A-Za-z0-9-]/g, "_")}.tmp`
  const lock = Semaphore.makeUnsafe(1)
  let entry: Entry | undefined
  let wrongPassword: WealthfolioLoginRefused | undefined

  const load = fs.readFileString(options.sessionPath).pipe(
    Effect.map((text) => cookieValue.test(text.trim()) ? Redacted.make(text.trim()) : undefined),
    Effect.orElseSucceed(() => undefined)
  )

  /** A session that cannot be kept costs the next run a login, no more. */
  const keep = (cookie: Redacted.Redacted<string>) =>
    Effect.gen(function*() {
      const folder = options.sessionPath.replace(/[/\\]?[^/\\]*$/, "")
      if (folder !== "") yield* fs.makeDirectory(folder, { recursive: true })
      yield* fs.remove(temporary, { force: true })
      yield* fs.writeFileString(temporary, Redacted.value(cookie), { flag: "wx", mode: 0o600 })
      yield* fs.rename(temporary, options.sessionPath)
    }).pipe(
      Effect.tapError(() => Effect.ignore(fs.remove(temporary, { force: true }))),
      Effect.catch((error) =>
        Effect.logWarning(`The Wealthfolio session cannot be kept (WF_SESSION_PATH): ${error.reason._tag}`)
      )
    )

  const logIn = Effect.fn("Wealthfolio.logIn")(function*(): Effect.fn.Return<Entry, ExchangeError> {
    if (options.password === undefined) {
      return yield* new WealthfolioSettingsError({
        message: "Wealthfolio asks for a password and WF_PASSWORD was not provided",
        hint: "Set WF_PASSWORD to the password of Wealthfolio's web page."
      })
    }
    if (wrongPassword !== undefined) return yield* wrongPassword
    const call = { method: "POST", path: "/auth/login", body: { password: Redacted.value(options.password) } } as const
    for (let attempt = 1;; attempt++) {
      const reply = yield* transport.patiently(call, undefined, { throttled: "answer" })
      if (reply.status === 429) {
        // `retry-after` is in whole seconds rounded down, so it can be 0.
        const seconds = (reply.retryAfter ?? 12) + 1
        if (attempt > throttledAttempts || seconds > longestThrottle) {
          return yield* new WealthfolioLoginRefused({
            message: `Wealthfolio at ${transport.host} takes no more logins for ${seconds} s`,
            hint: "Something else is logging in again and again; try later."
          })
        }
        yield* Effect.logInfo(`Wealthfolio asks to wait ${seconds} s before the next login`)
        yield* Effect.sleep(Duration.seconds(seconds))
        continue
      }
      if (reply.status === 401) {
        wrongPassword = new WealthfolioLoginRefused({
          message: `Wealthfolio at ${transport.host} refused the password: ${messageOf(reply)}`,
          hint: "Check WF_PASSWORD: it is the password of Wealthfolio's web page. It is not tried again in this run."
        })
        return yield* wrongPassword
      }
      if (reply.status === 404 && reply.contentType.includes("json")) return { _tag: "Open", oidcOnly: false }
      if (reply.status !== 200 || reply.session === undefined) return yield* unexpected(reply)
      yield* keep(reply.session)
      return { _tag: "Session", cookie: reply.session }
    }
  })

  const enter = lock.withPermit(Effect.gen(function*() {
    if (entry !== undefined) return entry
    const reply = yield* transport.patiently({ method: "GET", path: "/auth/status" }, undefined)
    const status = yield* decodeStatus(reply)
    if (!status.requiresPassword) return entry = { _tag: "Open", oidcOnly: status.oidcEnabled === true }
    const kept = yield* load
    return entry = kept === undefined ? yield* logIn() : { _tag: "Session", cookie: kept }
  }))

  /** A new way in after `refused` was; one login, however many requests find out at once. */
  const renew = (refused: Entry) =>
    lock.withPermit(Effect.gen(function*() {
      if (entry !== undefined && entry !== refused) return entry
      if (refused._tag === "Open") {
        return yield* refused.oidcOnly
          ? new WealthfolioLoginRefused({
            message: `Wealthfolio at ${transport.host} lets people in by OpenID Connect only`,
            hint: "A program needs the password login: set WF_AUTH_PASSWORD_HASH on the server and WF_PASSWORD here."
          })
          : new WealthfolioLoginRefused({
            message: `Wealthfolio at ${transport.host} answers 401 although it asks for no password`,
            hint: "Something in front of Wealthfolio asks for a login: point WF_BASE_URL at Wealthfolio itself."
          })
      }
      return entry = yield* logIn()
    }))

  const cookieOf = (entry: Entry) => entry._tag === "Session" ? entry.cookie : undefined

  const send = Effect.fnUntraced(function*<E>(
    exchange: (cookie: Redacted.Redacted<string> | undefined) => Effect.Effect<Reply, E>
  ): Effect.fn.Return<Reply, E | ExchangeError> {
    const first = yield* enter
    let reply = yield* exchange(cookieOf(first))
    if (isUnauthorized(reply)) {
      reply = yield* exchange(cookieOf(yield* renew(first)))
      if (isUnauthorized(reply)) {
        return yield* new WealthfolioLoginRefused({
          message: `Wealthfolio at ${transport.host} answered ${reply.operation} with 401 right after a login`,
          hint: "Check that nothing between here and Wealthfolio removes cookies or adds an Authorization header."
        })
      }
    }
    if (reply.session !== undefined && reply.status < 400 && entry?._tag === "Session") {
      entry = { _tag: "Session", cookie: reply.session }
      yield* keep(reply.session)
    }
    return reply
  })

  /** The cookie as it stands, for the event stream. */
  const cookie = Effect.map(enter, cookieOf)

  return { send, cookie }
}

export type Session = ReturnType<typeof make>
