import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import type { Headers, Reply } from "./Model.ts"

const burst = 5
const refillMillis = 12_000
const leewaySeconds = 60

const unauthorized: Reply = { status: 401, json: { code: 401, message: "Unauthorized" } }

const refused = (code: number, message: string): Reply => ({ status: code, json: { code, message } })

type Session =
  | { readonly _tag: "Valid"; readonly issuedAt: number }
  | { readonly _tag: "Refused"; readonly reply: Reply }

/**
 * The one password and its sessions: signed tokens, in a cookie or as Bearer. Any Authorization header hides the cookie.
 * Logging out revokes nothing.
 */
export class Auth {
  private readonly password: string | undefined
  private readonly ttlSeconds: number
  private readonly millis: () => number
  private readonly throttled: boolean
  private readonly secret = randomBytes(32)
  /** Tokens numbered below this are dead. */
  private oldest = 0
  private issued = 0
  private requestsLeft: number | undefined
  private tokens = burst
  private refilledAt: number
  /** Logins that were answered, good or bad; throttled ones are not. */
  logins = 0

  constructor(options: {
    readonly password: string | undefined
    readonly ttlSeconds: number
    readonly millis: () => number
    readonly throttled: boolean
  }) {
    this.password = options.password
    this.ttlSeconds = options.ttlSeconds
    this.millis = options.millis
    this.throttled = options.throttled
    this.refilledAt = options.millis()
  }

  get isOn(): boolean {
    return this.password !== undefined
  }

  /** From now on every session handed out so far is expired. */
  expireAll(): void {
    this.oldest = this.issued
  }

  /** Takes `expireAll` back, for a test that goes back to an earlier night. */
  reviveAll(): void {
    this.oldest = 0
    this.requestsLeft = undefined
  }

  /** After `count` more protected requests every session handed out by then is expired. */
  expireAfter(count: number): void {
    this.requestsLeft = count
  }

  login(body: { readonly password?: unknown }): Reply {
    if (this.password === undefined) return refused(404, "Authentication is not configured for this server")
    this.logins += 1
    if (body.password !== this.password) return refused(401, "Invalid password")
    return {
      status: 200,
      json: { authenticated: true, expiresIn: this.ttlSeconds },
      headers: this.cookie(this.token(), this.ttlSeconds)
    }
  }

  /** One token for every attempt, one back every 12 s. `undefined` lets it pass. */
  throttle(): Reply | undefined {
    if (!this.throttled) return undefined
    const now = this.millis()
    const back = Math.floor((now - this.refilledAt) / refillMillis)
    if (back > 0) {
      this.tokens = Math.min(burst, this.tokens + back)
      this.refilledAt += back * refillMillis
    }
    if (this.tokens === burst) this.refilledAt = now
    if (this.tokens > 0) {
      this.tokens -= 1
      return undefined
    }
    const wait = String(Math.floor((this.refilledAt + refillMillis - now) / 1000))
    return {
      status: 429,
      text: `Too Many Requests! Wait for ${wait}s`,
      headers: { "retry-after": wait, "x-ratelimit-after": wait }
    }
  }

  logout(): Reply {
    return { status: 204, headers: this.cookie("", 0) }
  }

  me(headers: NodeJS.Dict<string | Array<string>>): Reply {
    const session = this.session(headers)
    return session._tag === "Refused" ? session.reply : { status: 200, json: { authenticated: true } }
  }

  /** For a protected request: the refusal, or the headers that go with the answer (a fresh cookie past half the TTL). */
  guard(headers: NodeJS.Dict<string | Array<string>>): { readonly refusal: Reply } | { readonly headers: Headers } {
    if (!this.isOn) return { headers: {} }
    if (this.requestsLeft !== undefined && this.requestsLeft-- <= 0) {
      this.requestsLeft = undefined
      this.expireAll()
    }
    const session = this.session(headers)
    if (session._tag === "Refused") return { refusal: session.reply }
    const age = this.millis() / 1000 - session.issuedAt
    return { headers: age > this.ttlSeconds / 2 ? this.cookie(this.token(), this.ttlSeconds) : {} }
  }

  private session(headers: NodeJS.Dict<string | Array<string>>): Session {
    if (!this.isOn) return { _tag: "Valid", issuedAt: this.millis() / 1000 }
    const authorization = headers["authorization"]
    const cookie = /(?:^|;\s*)wf_session=([^;]*)/.exec(String(headers["cookie"] ?? ""))?.[1]
    const token = authorization === undefined
      ? cookie
      : /^bearer\s+(\S+)$/i.exec(String(authorization).trim())?.[1]
    return token === undefined || token === "" ? { _tag: "Refused", reply: unauthorized } : this.verify(token)
  }

  private verify(token: string): Session {
    const [head, claims, signature, ...more] = token.split(".")
    if (head === undefined || claims === undefined || signature === undefined || more.length > 0) {
      return { _tag: "Refused", reply: unauthorized }
    }
    if (![head, claims, signature].every((part) => /^[\w-]{2,}$/.test(part) && part.length % 4 !== 1)) {
      return {
        _tag: "Refused",
        reply: refused(500, "Failed to validate token: Base64(InvalidLength(1))")
      }
    }
    const wanted = this.sign(`${head}.${claims}`)
    if (wanted.length !== signature.length || !timingSafeEqual(Buffer.from(wanted), Buffer.from(signature))) {
      return { _tag: "Refused", reply: unauthorized }
    }
    const { exp, iat, jti } = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, number>
    const isDead = (jti ?? 0) < this.oldest || this.millis() / 1000 > (exp ?? 0) + leewaySeconds
    return isDead ? { _tag: "Refused", reply: unauthorized } : { _tag: "Valid", issuedAt: iat ?? 0 }
  }

  private token(): string {
    const iat = Math.floor(this.millis() / 1000)
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
    const claims = { sub: "wealthfolio", iat, exp: iat + this.ttlSeconds, jti: this.issued++ }
    const signed = `${part({ typ: "JWT", alg: "HS256" })}.${part(claims)}`
    return `${signed}.${this.sign(signed)}`
  }

  private sign(text: string): string {
    return createHmac("sha256", this.secret).update(text).digest("base64url")
  }

  private cookie(value: string, maxAge: number): Headers {
    return { "set-cookie": `wf_session=${value}; HttpOnly; SameSite=Lax; Path=/api; Max-Age=${maxAge}` }
  }
}
