import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Decimal from "../../src/Portfolio/Decimal.ts"
import * as Accounts from "./Wealthfolio/Accounts.ts"
import * as Activities from "./Wealthfolio/Activities.ts"
import * as Assets from "./Wealthfolio/Assets.ts"
import { Auth } from "./Wealthfolio/Auth.ts"
import { type Fault, faultReply, Faults, plain, type RequestInfo, tooLarge } from "./Wealthfolio/Faults.ts"
import * as Input from "./Wealthfolio/Input.ts"
import type { Account, Activity, Asset, Reply, Version } from "./Wealthfolio/Model.ts"
import { Problem, Unreadable } from "./Wealthfolio/Model.ts"
import { holdsShorts } from "./Wealthfolio/Prepare.ts"
import { Recompute } from "./Wealthfolio/Recompute.ts"
import { find } from "./Wealthfolio/Routes.ts"
import { Store } from "./Wealthfolio/Store.ts"

const base = "/api/v1"
const bodyLimit = 2 * 1024 * 1024

export interface WealthfolioOptions {
  /** None: the server asks for no password. */
  readonly password?: string
  readonly version?: Version
  /** IANA zone of the settings; a new server has none, which is UTC. */
  readonly timezone?: string
  readonly baseCurrency?: string
  /** Quiet time before holdings are computed; the real server waits 1000. Default 50. */
  readonly recomputeMillis?: number
  /** What fetching quotes takes before each computation. Default 0. */
  readonly syncMillis?: number
  readonly sessionSeconds?: number
  readonly loginThrottle?: boolean
  /** Moves sessions, timestamps and "today"; default the system's clock. */
  readonly now?: () => Date
  readonly onRequest?: OnRequest
}

/** Runs before a request is handled, and after it is done and before it is answered. A promise holds the request back. */
export type OnRequest = (
  phase: "before" | "after",
  info: RequestInfo & { readonly status: number | undefined }
) => void | Promise<void>

export interface LoggedRequest extends RequestInfo {
  /** As answered; `undefined` where no answer was sent. */
  status: number | undefined
}

/**
 * A Wealthfolio on 127.0.0.1 that keeps its state in memory. It does what `test/contract` says, where the same tests
 * hold a real server to it.
 */
export class WealthfolioServer {
  readonly state: Store
  readonly auth: Auth
  readonly faults = new Faults()
  readonly recompute: Recompute
  readonly requests: Array<LoggedRequest> = []
  onRequest: OnRequest | undefined
  private readonly streams = new Set<ServerResponse>()
  private readonly server = createServer((request, response) => {
    void this.serve(request, response).catch((cause: unknown) => {
      response.destroy(cause instanceof Error ? cause : undefined)
    })
  })

  constructor(options: WealthfolioOptions) {
    const now = options.now ?? (() => new Date())
    this.onRequest = options.onRequest
    this.state = new Store({
      version: options.version ?? "TREE",
      now,
      baseCurrency: options.baseCurrency ?? "GBP",
      timezone: options.timezone ?? ""
    })
    this.auth = new Auth({
      password: options.password,
      ttlSeconds: options.sessionSeconds ?? 3600,
      millis: () => now().getTime(),
      throttled: options.loginThrottle ?? true
    })
    const timing = { debounceMillis: options.recomputeMillis ?? 50, syncMillis: options.syncMillis ?? 0 }
    this.recompute = new Recompute(this.state, timing, (event, data) => this.publish(event, data))
  }

  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async listen(): Promise<void> {
    // As Wealthfolio's own server does, it keeps connections and says nothing of how long.
    this.server.keepAliveTimeout = 0
    this.server.listen(0, "127.0.0.1")
    await once(this.server, "listening")
  }

  async close(): Promise<void> {
    this.recompute.close()
    for (const stream of this.streams) stream.destroy()
    this.server.closeAllConnections()
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve))
  }

  /** An account in TRANSACTIONS mode, in GBP, unless told otherwise. */
  addAccount(fields: Partial<Omit<Account, "id">> = {}): Account {
    return Accounts.create(this.state, {
      name: "Interactive Brokers",
      accountType: "SECURITIES",
      currency: "GBP",
      isDefault: false,
      isActive: true,
      trackingMode: "TRANSACTIONS",
      ...fields
    })
  }

  /** An asset as POST /assets makes it: `instrumentSymbol` and `quoteCcy` at least. */
  addAsset(
    fields: Partial<Omit<Asset, "id">> & { readonly instrumentSymbol: string; readonly quoteCcy: string }
  ): Asset {
    return Assets.create(this.state, { kind: "INVESTMENT", quoteMode: "MARKET", instrumentType: "EQUITY", ...fields })
  }

  /** A row as typed by hand on the page: the body of POST /activities. Holdings follow as after any write. */
  addActivity(body: Readonly<Record<string, unknown>>): Activity {
    const { reply, touched } = Activities.create(this.state, body)
    if (touched !== undefined) this.recompute.schedule(touched)
    const stored = this.state.activities.get((reply as { readonly id: string }).id)
    if (stored === undefined) throw new Error("the row is gone")
    return stored
  }

  /** How many `to` one `from` is worth, on every day. */
  addRate(from: string, to: string, rate: string): void {
    this.state.rates.set(`${from}/${to}`, Decimal.of(rate))
  }

  /** What the quote source says that an asset closed at. */
  addQuote(assetId: string, day: string, close: string, currency: string): void {
    this.state.quotes.set(assetId, [...this.state.quotes.get(assetId) ?? [], { day, close, currency }])
  }

  /** Sends an event to everyone who listens to `/events/stream`. */
  publish(event: string, data: unknown): void {
    for (const stream of this.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readBody(request)
    const path = request.url ?? "/"
    const logged: LoggedRequest = {
      number: this.requests.length + 1,
      method: request.method ?? "GET",
      path,
      headers: request.headers,
      body: parsed(bytes),
      status: undefined
    }
    this.requests.push(logged)
    const fault = this.faults.take(logged)
    if (fault?.kind === "expire-sessions") this.auth.expireAll()
    await this.onRequest?.("before", logged)
    if (fault !== undefined && this.spoil(fault, "before", logged, response)) return
    if (request.method === "GET" && path.split("?")[0] === `${base}/events/stream`) {
      this.stream(request, response, logged)
      return
    }
    const reply = this.answer(request, bytes)
    await this.onRequest?.("after", { ...logged, status: reply.status })
    if (fault !== undefined && this.spoil(fault, "after", logged, response)) return
    logged.status = reply.status
    if (fault?.kind === "reset") halfSend(request, response, reply)
    else send(request, response, reply)
  }

  /** Plays a fault whose time has come; true when the request has got its answer, or never will. */
  private spoil(fault: Fault, when: "before" | "after", logged: LoggedRequest, response: ServerResponse): boolean {
    if (fault.kind === "reset" || fault.kind === "expire-sessions") return false
    if (when !== ("when" in fault ? fault.when : "before")) return false
    if (fault.kind === "hang") return true
    if (fault.kind === "drop") {
      response.destroy()
      return true
    }
    const { status, text, headers } = faultReply(fault)
    logged.status = status
    response.writeHead(status, headers).end(text)
    return true
  }

  private answer(request: IncomingMessage, bytes: Buffer): Reply {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url)
    const method = request.method ?? "GET"
    if (!pathname.startsWith(`${base}/`)) return page(method)
    const path = pathname.slice(base.length)
    const contentType = request.headers["content-type"]
    const body = (): unknown => {
      if (bytes.length > bodyLimit) throw new Unreadable(tooLarge, 413)
      return Input.body(contentType, bytes)
    }
    try {
      const open = this.open(method, path, request, body)
      if (open !== undefined) return open
      const route = find(method, path)
      if (route === undefined) return page(method)
      const guarded = this.auth.guard(request.headers)
      if ("refusal" in guarded) return guarded.refusal
      const reply = route.handler({
        store: this.state,
        recompute: this.recompute,
        query: searchParams,
        id: route.id,
        body,
        optionalBody: () => (contentType === undefined ? undefined : body())
      })
      return { ...reply, headers: { ...reply.headers, ...guarded.headers } }
    } catch (cause) {
      if (cause instanceof Problem) {
        return { status: cause.status, json: { code: cause.status, message: cause.message } }
      }
      if (cause instanceof Unreadable) return { status: cause.status, text: cause.message, headers: plain }
      throw cause
    }
  }

  /** What needs no session. */
  private open(method: string, path: string, request: IncomingMessage, body: () => unknown): Reply | undefined {
    switch (`${method} ${path}`) {
      case "GET /healthz":
      case "GET /readyz":
        return { status: 200, text: "ok", headers: plain }
      case "GET /auth/status": {
        const oidc = holdsShorts(this.state) ? { oidcEnabled: false } : {}
        return { status: 200, json: { requiresPassword: this.auth.isOn, ...oidc } }
      }
      case "POST /auth/login":
        return this.auth.throttle() ??
          this.auth.login({ password: Input.required(Input.record(body(), ""), "password", "") })
      case "GET /auth/me":
        return this.auth.me(request.headers)
      case "POST /auth/logout":
        return this.auth.logout()
      default:
        return undefined
    }
  }

  private stream(request: IncomingMessage, response: ServerResponse, logged: LoggedRequest): void {
    const guarded = this.auth.guard(request.headers)
    if ("refusal" in guarded) {
      logged.status = guarded.refusal.status
      send(request, response, guarded.refusal)
      return
    }
    // Who asked may have gone while a hook held the request back.
    if (response.destroyed) return
    logged.status = 200
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache", ...guarded.headers })
    response.flushHeaders()
    this.streams.add(response)
    const alive = setInterval(() => response.write(":\n\n"), 15_000)
    response.on("close", () => {
      clearInterval(alive)
      this.streams.delete(response)
    })
  }
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const parsed = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined
  const text = bytes.toString("utf8")
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** The web page answers every path that nobody else does. */
const page = (method: string): Reply =>
  method === "GET"
    ? { status: 200, text: "<!doctype html><title>Wealthfolio</title>", headers: { "content-type": "text/html" } }
    : { status: 405, headers: { allow: "GET,HEAD" } }

const headersOf = (request: IncomingMessage, reply: Reply): Record<string, string> => {
  const id = request.headers["x-request-id"]
  return {
    ...(reply.json === undefined ? {} : { "content-type": "application/json" }),
    ...(typeof id === "string" ? { "x-request-id": id } : {}),
    ...reply.headers
  }
}

const textOf = (reply: Reply): string => reply.text ?? (reply.json === undefined ? "" : JSON.stringify(reply.json))

const send = (request: IncomingMessage, response: ServerResponse, reply: Reply): void => {
  response.writeHead(reply.status, headersOf(request, reply)).end(textOf(reply))
}

const halfSend = (request: IncomingMessage, response: ServerResponse, reply: Reply): void => {
  const text = Buffer.from(textOf(reply))
  response.writeHead(reply.status, { ...headersOf(request, reply), "content-length": text.length })
  response.write(text.subarray(0, Math.floor(text.length / 2)), () => response.socket?.resetAndDestroy())
}

export const startWealthfolio = async (options: WealthfolioOptions = {}): Promise<WealthfolioServer> => {
  const server = new WealthfolioServer(options)
  await server.listen()
  return server
}
