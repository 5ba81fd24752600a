import { afterAll, assert, beforeAll, vi } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { Version } from "../support/Wealthfolio/Model.ts"
import type { WealthfolioServer } from "../support/WealthfolioServer.ts"
import { startWealthfolio } from "../support/WealthfolioServer.ts"

/**
 * What the client relies on, said over HTTP. Without `WF_CONTRACT_URL` the stand-in is asked, started per file; with it a
 * real server, logged in to with `WF_CONTRACT_PASSWORD`. Accounts and assets are made anew under random names and nothing
 * else of the server is touched, so it may hold anything.
 */
export const realUrl = process.env["WF_CONTRACT_URL"]?.replace(/\/$/, "")
export const realPassword = process.env["WF_CONTRACT_PASSWORD"]
export const standInPassword = "correct horse"
export const isStandIn = realUrl === undefined
const standInVersion = (process.env["WF_CONTRACT_VERSION"] ?? "TREE") as Version

/** A real server may take its time, most of all while it looks for quotes. */
export const recomputeMillis = realUrl === undefined ? 10_000 : 120_000

vi.setConfig({ testTimeout: recomputeMillis + 30_000, hookTimeout: 120_000 })

export type Json = Record<string, unknown>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Parsed where the content type says JSON. */
  readonly json: unknown
}

export interface Call {
  readonly headers?: Record<string, string>
  /** Sent as it is instead of a JSON body. */
  readonly raw?: string
  /** Without the session. */
  readonly anonymous?: boolean
}

export class Target {
  readonly url: string
  private cookie = ""

  constructor(url: string) {
    this.url = url
  }

  get session(): string {
    return this.cookie.slice("wf_session=".length)
  }

  async call(method: string, path: string, body?: unknown, options: Call = {}): Promise<Answer> {
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const headers: Record<string, string> = {
      ...(this.cookie === "" || options.anonymous === true ? {} : { cookie: this.cookie }),
      ...(payload === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers
    }
    const init = payload === undefined ? { method, headers } : { method, headers, body: payload }
    const response = await fetch(`${this.url}/api/v1${path}`, init)
    const text = await response.text()
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? (JSON.parse(text) as unknown) : undefined
    }
  }

  /** The JSON of an answer that must be 200. */
  async ok<A = Json>(method: string, path: string, body?: unknown): Promise<A> {
    const answer = await this.call(method, path, body)
    assert.strictEqual(answer.status, 200, `${method} ${path}: ${answer.text}`)
    return answer.json as A
  }

  /** Waits out the throttle, which counts every login of this host. */
  async login(password: string): Promise<Answer> {
    for (;;) {
      const answer = await this.call("POST", "/auth/login", { password }, { anonymous: true })
      if (answer.status !== 429) {
        this.cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? ""
        return answer
      }
      await sleep((Number(answer.headers.get("retry-after")) + 1) * 1000)
    }
  }

  async account(fields: Json = {}): Promise<string> {
    const account = await this.ok("POST", "/accounts", {
      name: `contract ${randomUUID()}`,
      accountType: "SECURITIES",
      currency: "GBP",
      isDefault: false,
      isActive: true,
      trackingMode: "TRANSACTIONS",
      ...fields
    })
    return String(account["id"])
  }

  /** MANUAL unless told otherwise: nobody looks for its quotes. */
  async asset(fields: Json = {}): Promise<Json> {
    return this.ok("POST", "/assets", {
      kind: "INVESTMENT",
      quoteMode: "MANUAL",
      quoteCcy: "GBP",
      instrumentType: "EQUITY",
      instrumentSymbol: ticker(),
      instrumentExchangeMic: "XLON",
      ...fields
    })
  }

  async bulk(creates: ReadonlyArray<Json>, deleteIds: ReadonlyArray<string> = []): Promise<Answer> {
    return this.call("POST", "/activities/bulk", { creates, updates: [], deleteIds })
  }

  /** A bulk that must go through: what it created. */
  async import(creates: ReadonlyArray<Json>, deleteIds: ReadonlyArray<string> = []): Promise<ReadonlyArray<Json>> {
    const answer = await this.bulk(creates, deleteIds)
    assert.strictEqual(answer.status, 200, answer.text)
    const { created, errors } = answer.json as { readonly created: ReadonlyArray<Json>; readonly errors: unknown }
    assert.deepStrictEqual(errors, [])
    assert.lengthOf(created, creates.length)
    return created
  }

  async known(keys: ReadonlyArray<unknown>): Promise<Record<string, string>> {
    const answer = await this.ok("POST", "/activities/import/check-duplicates", { idempotencyKeys: keys })
    return answer["duplicates"] as Record<string, string>
  }

  async holdings(accountId: string): Promise<Holdings> {
    const all = await this.ok<ReadonlyArray<Json>>("GET", `/holdings?accountId=${accountId}`)
    const instrumentId = (holding: Json) => String((holding["instrument"] as Json)["id"])
    const quantities = (type: string) =>
      Object.fromEntries(
        all.filter((each) => each["holdingType"] === type)
          .map((each) => [instrumentId(each).replace("cash:", ""), each["quantity"] as number])
      )
    return { all, shares: quantities("security"), cash: quantities("cash") }
  }

  /** Polls until the account holds this, by asset id and by currency, and nothing else. */
  async eventually(
    accountId: string,
    wanted: { readonly shares?: Record<string, number>; readonly cash?: Record<string, number> }
  ): Promise<Holdings> {
    return eventually(async () => {
      const found = await this.holdings(accountId)
      const { shares, cash } = rounded(found)
      assert.deepStrictEqual({ shares, cash }, { shares: wanted.shares ?? {}, cash: wanted.cash ?? {} })
      return found
    })
  }
}

export interface Holdings {
  readonly all: ReadonlyArray<Json>
  /** By asset id. */
  readonly shares: Record<string, number>
  /** By currency. */
  readonly cash: Record<string, number>
}

/** Holdings come through 64-bit floats: what is below 1e-8 is nothing. */
const rounded = ({ shares, cash }: Holdings) => {
  const round = (all: Record<string, number>) =>
    Object.fromEntries(Object.entries(all).map(([key, value]) => [key, Number(value.toFixed(8))]))
  return { shares: round(shares), cash: round(cash) }
}

export const eventually = async <A>(check: () => Promise<A>): Promise<A> => {
  const until = performance.now() + recomputeMillis
  for (;;) {
    try {
      return await check()
    } catch (cause) {
      if (performance.now() > until) throw cause
      await sleep(isStandIn ? 10 : 250)
    }
  }
}

/** Eight letters that no exchange lists. */
export const ticker = (): string =>
  `Q${Array.from({ length: 7 }, () => String.fromCharCode(65 + Math.floor(Math.random() * 26))).join("")}`

export const key = (): string => `U0000000/contract:${randomUUID()}`

/** A deposit of 1 GBP under a key of its own, unless told otherwise. */
export const row = (accountId: string, fields: Json = {}): Json => ({
  id: randomUUID(),
  accountId,
  activityType: "DEPOSIT",
  activityDate: "2026-01-05T12:00:00Z",
  currency: "GBP",
  amount: "1",
  idempotencyKey: key(),
  sourceSystem: "CONTRACT",
  ...fields
})

/** A trade on an asset by its id, with the cash that it moves as `amount`. */
export const trade = (accountId: string, type: "BUY" | "SELL", assetId: unknown, fields: Json): Json => {
  const { quantity, unitPrice, fee } = { fee: "0", ...fields } as Record<string, unknown>
  const value = Number(quantity) * Number(unitPrice)
  const amount = type === "BUY" ? value + Number(fee) : value - Number(fee)
  return row(accountId, { activityType: type, symbol: { id: assetId }, amount: String(amount), ...fields })
}

/** The server of this file: the stand-in, started and stopped with it, or the real one. Logged in to. */
export const useTarget = (): { readonly target: Target; readonly standIn: WealthfolioServer | undefined } => {
  const used: { target: Target | undefined; standIn: WealthfolioServer | undefined } = {
    target: undefined,
    standIn: undefined
  }
  beforeAll(async () => {
    if (realUrl === undefined) used.standIn = await startWealthfolio({ version: standInVersion })
    used.target = new Target(realUrl ?? used.standIn?.url ?? "")
    if (realPassword === undefined || realUrl === undefined) return
    const answer = await used.target.login(realPassword)
    assert.strictEqual(answer.status, 200, "WF_CONTRACT_PASSWORD is refused")
  })
  afterAll(async () => used.standIn?.close())
  return {
    get target() {
      assert.isDefined(used.target)
      return used.target
    },
    get standIn() {
      return used.standIn
    }
  }
}
