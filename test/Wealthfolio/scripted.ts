import { Duration, Effect, FileSystem, Layer, Redacted } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { systemError } from "effect/PlatformError"
import type { Activity } from "../../src/Portfolio/Activity.ts"
import * as Decimal from "../../src/Portfolio/Decimal.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { type NewActivity, type WealthfolioOptions, WealthfolioRepo } from "../../src/WealthfolioRepo.ts"

export interface Seen {
  readonly line: string
  readonly body: unknown
  readonly cookie: string | undefined
}

/** An answer, a connection that breaks, or one that never answers. */
export type Answer = Response | "drop" | "hang"

/** What a request is answered, by `METHOD /path`; the number counts requests of that line from 1. */
export type Script = (seen: Seen, nth: number) => Answer | undefined

export const json = (body: unknown, init: ResponseInit = {}): Response =>
  new Response(JSON.stringify(body), {
    ...init,
    headers: { "content-type": "application/json", ...Object.fromEntries(new Headers(init.headers)) }
  })

export const failure = (status: number, message: string): Response => json({ code: status, message }, { status })

export const accountId = "09168f13-67b1-4700-8596-706734c6de66"

export const account = (more: Readonly<Record<string, unknown>> = {}) => ({
  id: accountId,
  name: "Interactive Brokers (UK)",
  currency: "GBP",
  isArchived: false,
  trackingMode: "TRANSACTIONS",
  surprise: { nested: true },
  ...more
})

/** A server without password, with one account in UTC. */
const usual: Script = ({ line }) => {
  switch (line) {
    case "GET /auth/status":
      return json({ requiresPassword: false })
    case "GET /accounts":
      return json([account()])
    case "GET /settings":
      return json({ timezone: "", baseCurrency: "GBP" })
    default:
      return undefined
  }
}

/** Files kept in memory, with the modes they were written with. */
export const memoryFiles = (files: Map<string, { text: string; mode: number | undefined }>) =>
  FileSystem.layerNoop({
    makeDirectory: () => Effect.void,
    readFileString: (path) => {
      const file = files.get(path)
      return file === undefined
        ? Effect.fail(systemError({ _tag: "NotFound", module: "FileSystem", method: "readFileString" }))
        : Effect.succeed(file.text)
    },
    writeFileString: (path, text, options) => Effect.sync(() => files.set(path, { text, mode: options?.mode })),
    rename: (from, to) =>
      Effect.sync(() => {
        const file = files.get(from)
        if (file !== undefined) files.set(to, file)
        files.delete(from)
      }),
    remove: (path) => Effect.sync(() => files.delete(path))
  })

export const sessionPath = "/data/session"

/** The real layer on a scripted server; `seen` records what was sent. */
export const scripted = (
  script: Script,
  options: Partial<Omit<WealthfolioOptions, "password">> & { password?: string } = {}
) => {
  const seen: Array<Seen> = []
  const files = new Map<string, { text: string; mode: number | undefined }>()
  const counts = new Map<string, number>()
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const line = `${request.method} ${url.pathname.replace("/api/v1", "")}`
      const { body } = request
      const each = {
        line,
        body: body._tag === "Uint8Array" ? JSON.parse(new TextDecoder().decode(body.body)) : undefined,
        cookie: request.headers["cookie"]
      }
      seen.push(each)
      const nth = (counts.get(line) ?? 0) + 1
      counts.set(line, nth)
      const answer = script(each, nth) ?? usual(each, nth) ?? new Response("", { status: 404 })
      if (answer === "hang") return Effect.never
      if (answer === "drop") {
        const cause = new TypeError("fetch failed", { cause: new Error("other side closed") })
        return Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
        )
      }
      return Effect.succeed(HttpClientResponse.fromWeb(request, answer))
    })
  )
  const { password, ...rest } = options
  const layer = WealthfolioRepo.layerNoDeps({
    baseUrl: "http://tracker.test:8088/",
    sessionPath,
    recalcTimeout: Duration.minutes(10),
    accountId,
    ...(password === undefined ? {} : { password: Redacted.make(password) }),
    ...rest
  }).pipe(Layer.provide([Layer.succeed(HttpClient.HttpClient, client), memoryFiles(files)]))
  const sent = (line: string) => seen.filter((each) => each.line === line)
  return { layer, seen, sent, files }
}

export const newActivity = (n: number, more: Partial<Activity> = {}, assetId?: string): NewActivity => ({
  key: `U1234567/ibkr:cash:${n}`,
  activity: {
    externalId: `ibkr:cash:${n}`,
    type: "DEPOSIT",
    date: PlainDate.of("2026-01-02"),
    millisecond: 0,
    currency: "GBP",
    amount: Decimal.of("5"),
    contentHash: "",
    section: "CashTransactions",
    ...more
  },
  ...(assetId === undefined ? {} : { assetId })
})
