/**
 * A stand-in for IBKR's Flex Web Service on loopback. Every call is a success unless a script says otherwise: the nth
 * request of a phase is answered by its nth step, and after the last step by a success.
 */
import { readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { gzipSync } from "node:zlib"

export type FlexPhase = "send" | "get"

export interface FlexDays {
  /** `YYYY-MM-DD` */
  readonly from: string
  readonly to: string
}

/** What is sent instead of a success. A bare number is that code with IBKR's usual status and text. */
export type FlexAnswerStep =
  | { readonly kind: "success" }
  | {
    readonly kind: "code"
    /** Without it the envelope has no ErrorCode. */
    readonly code?: number
    readonly status?: "Success" | "Warn" | "Fail"
    readonly text?: string
    /** Some real replies have none. */
    readonly timestamp?: boolean
  }
  /**
   * The statement's first `at` bytes. `declared`: content-length is that of the part, the end looks orderly. `promised`:
   * content-length is that of the whole, then the connection closes. `chunked`: the last chunk never comes.
   */
  | { readonly kind: "truncate"; readonly at: number; readonly framing: "declared" | "promised" | "chunked" }
  | { readonly kind: "drip"; readonly bytes: number; readonly everyMillis: number }
  | { readonly kind: "html"; readonly status?: number }
  | { readonly kind: "csv" }
  | { readonly kind: "empty" }
  /** `to` gets the query of the request, token and all, as careless servers do. */
  | { readonly kind: "redirect"; readonly to: string; readonly status?: number }
  /** The connection is torn down before a byte of an answer. */
  | { readonly kind: "reset" }
  /** No answer until the client goes away. */
  | { readonly kind: "hang" }
  | {
    readonly kind: "body"
    readonly body: string | Uint8Array
    readonly status?: number
    readonly contentType?: string
  }

export type FlexStep =
  | number
  | FlexAnswerStep & {
    readonly delayMillis?: number
    readonly gzip?: boolean
    /** How often; `Infinity` for ever. */
    readonly times?: number
  }

export interface FlexRequest {
  readonly phase: FlexPhase
  /** 1, 2 … within the phase. */
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingMessage["headers"]
}

export interface FlexServerOptions {
  /** The statement, or the path of its file, or what is said of these days (`undefined`: the saved period). */
  readonly statement?: string | Uint8Array | ((days: FlexDays | undefined) => string | Uint8Array)
  readonly script?: { readonly send?: ReadonlyArray<FlexStep>; readonly get?: ReadonlyArray<FlexStep> }
  /** Any other token is answered with 1015. */
  readonly token?: string
  /** Any other query is answered with 1014. */
  readonly queryId?: string
  /** Awaited before a request is handled. */
  readonly onRequest?: (phase: FlexPhase, request: FlexRequest) => void | Promise<void>
  /** Awaited once it is handled, before its answer is sent: IBKR knows the reference, the client does not yet. */
  readonly onHandled?: (phase: FlexPhase, request: FlexRequest) => void | Promise<void>
}

export interface FlexServer {
  /** For IBKR_FLEX_BASE_URL. */
  readonly url: string
  readonly requests: ReadonlyArray<FlexRequest>
  readonly count: (phase: FlexPhase) => number
  /** Replaces what is left of the script of a phase. */
  readonly plan: (phase: FlexPhase, ...steps: ReadonlyArray<FlexStep>) => void
  readonly setStatement: (statement: NonNullable<FlexServerOptions["statement"]>) => void
  /** Resolves once no request is being answered. */
  readonly idle: () => Promise<void>
  readonly close: () => Promise<void>
}

/** IBKR's wording. */
export const flexTexts: Readonly<Record<number, string>> = {
  1001: "Statement could not be generated at this time. Please try again shortly.",
  1003: "Statement is not available.",
  1004: "Statement is incomplete at this time. Please try again shortly.",
  1005: "Settlement data is not ready at this time. Please try again shortly.",
  1006: "FIFO P/L data is not ready at this time. Please try again shortly.",
  1007: "MTM P/L data is not ready at this time. Please try again shortly.",
  1008: "MTM and FIFO P/L data is not ready at this time. Please try again shortly.",
  1009: "The server is under heavy load. Statement could not be generated at this time. Please try again shortly.",
  1010: "Legacy Flex Queries are no longer supported. Please convert over to Activity Flex.",
  1011: "Service account is inactive.",
  1012: "Token has expired.",
  1013: "IP restriction.",
  1014: "Query is invalid.",
  1015: "Token is invalid.",
  1016: "Account in invalid.",
  1017: "Reference code is invalid.",
  1018: "Too many requests have been made from this token. Please try again shortly.",
  1019: "Statement generation in progress. Please try again shortly.",
  1020: "Invalid request or unable to validate request.",
  1021: "Statement could not be retrieved at this time. Please try again shortly.",
  1023: "Invalid date range: both from and to date are required.",
  1025: "Too many failed attempts. Please review your configuration."
}

const warnings = new Set([1001, 1004, 1005, 1006, 1007, 1008, 1009, 1018, 1019, 1021, 1025])

export const emptyStatement = `<FlexQueryResponse queryName="broker-sync" type="AF">
<FlexStatements count="1">
<FlexStatement accountId="U1234567" fromDate="2026-01-02" toDate="2026-01-02" period="LastBusinessDay" whenGenerated="2026-01-03;02:35:01">
</FlexStatement>
</FlexStatements>
</FlexQueryResponse>
`

const escape = (text: string) =>
  text.replace(/[&<>]/g, (character) => character === "&" ? "&amp;" : character === "<" ? "&lt;" : "&gt;")

/** A `FlexStatementResponse` as IBKR prints it: single quotes around attributes. */
export const envelope = (children: Readonly<Record<string, string>>, timestamp = true): string => {
  const open = timestamp
    ? "<FlexStatementResponse timestamp='03 January, 2026 02:35 AM EST'>"
    : "<FlexStatementResponse>"
  const lines = Object.entries(children).map(([name, text]) => `<${name}>${escape(text)}</${name}>`)
  return [open, ...lines, "</FlexStatementResponse>", ""].join("\n")
}

const html = "<!DOCTYPE html>\n<html><head><title>Service Unavailable</title></head>" +
  "<body><h1>Services are temporarily unavailable</h1></body></html>\n"

const csv = `"ClientAccountID","Symbol","Quantity"\n"U1234567","VUSA","10"\n`

const isoDay = (compact: string) => `${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6, 8)}`

export const startFlex = async (options: FlexServerOptions = {}): Promise<FlexServer> => {
  let statement = options.statement ?? emptyStatement
  const scripts: Record<FlexPhase, Array<FlexStep>> = {
    send: [...(options.script?.send ?? [])],
    get: [...(options.script?.get ?? [])]
  }
  const requests: Array<FlexRequest> = []
  const open = new Set<ServerResponse>()
  const references = new Map<string, FlexDays | undefined>()
  let lastReference = 1_000_000_000

  const statementBytes = (days: FlexDays | undefined): Buffer => {
    const given = typeof statement === "function" ? statement(days) : statement
    if (typeof given !== "string") return Buffer.from(given)
    return /^\s*</.test(given) ? Buffer.from(given) : readFileSync(given)
  }

  /** What even the stand-in checks; IBKR's order of checks is not known. */
  const complaint = (phase: FlexPhase, query: Readonly<Record<string, string>>): number | undefined => {
    if (query["v"] !== "3" || query["t"] === undefined || query["q"] === undefined) return 1020
    if (options.token !== undefined && query["t"] !== options.token) return 1015
    if (phase === "get") return references.has(query["q"]) ? undefined : 1017
    if (options.queryId !== undefined && query["q"] !== options.queryId) return 1014
    return (query["fd"] === undefined) === (query["td"] === undefined) ? undefined : 1023
  }

  const nextStep = (phase: FlexPhase): Exclude<FlexStep, number> => {
    const step = scripts[phase].shift()
    if (step === undefined) return { kind: "success" }
    if (typeof step === "number") return { kind: "code", code: step }
    if (step.times !== undefined && step.times > 1) scripts[phase].unshift({ ...step, times: step.times - 1 })
    return step
  }

  const accept = (query: Readonly<Record<string, string>>): string => {
    const reference = String(++lastReference)
    const [from, to] = [query["fd"], query["td"]]
    references.set(
      reference,
      from === undefined || to === undefined ? undefined : { from: isoDay(from), to: isoDay(to) }
    )
    return envelope({
      Status: "Success",
      ReferenceCode: reference,
      Url: "https://gdcdyn.interactivebrokers.com/AccountManagement/FlexWebService/GetStatement"
    })
  }

  const answer = async (request: FlexRequest, response: ServerResponse): Promise<void> => {
    const { phase, query } = request
    const planned = nextStep(phase)
    const code = planned.kind === "success" || planned.kind === "truncate" || planned.kind === "drip"
      ? complaint(phase, query)
      : undefined
    const step: Exclude<FlexStep, number> = code === undefined ? planned : { kind: "code", code }
    if (step.delayMillis !== undefined) await sleep(step.delayMillis, undefined, { ref: false })
    if (response.destroyed) return

    const whole = (body: string | Uint8Array, status = 200, contentType = "text/xml;charset=UTF-8") => {
      const bytes = step.gzip === true ? gzipSync(body) : Buffer.from(body)
      response.writeHead(status, {
        "content-type": contentType,
        "content-length": bytes.length,
        ...(step.gzip === true ? { "content-encoding": "gzip" } : {})
      })
      response.end(bytes)
    }
    const isAnswered = step.kind === "success" || step.kind === "truncate" || step.kind === "drip"
    const success = !isAnswered
      ? ""
      : phase === "send"
      ? accept(query)
      : statementBytes(references.get(query["q"] ?? ""))
    await options.onHandled?.(phase, request)
    if (response.destroyed) return

    switch (step.kind) {
      case "success":
        return whole(success)
      case "code": {
        const status = step.status ?? (step.code !== undefined && warnings.has(step.code) ? "Warn" : "Fail")
        const text = step.text ?? flexTexts[step.code ?? 0] ?? "Unknown error."
        const errorCode = step.code === undefined ? {} : { ErrorCode: String(step.code) }
        return whole(envelope({ Status: status, ...errorCode, ErrorMessage: text }, step.timestamp))
      }
      case "truncate": {
        const bytes = Buffer.from(success)
        const part = bytes.subarray(0, step.at)
        if (step.framing === "declared") return whole(part)
        const headers = step.framing === "promised" ? { "content-length": bytes.length } : {}
        response.writeHead(200, { "content-type": "text/xml", ...headers })
        response.write(part, () => response.socket?.end())
        return
      }
      case "drip": {
        const bytes = Buffer.from(success)
        response.writeHead(200, { "content-type": "text/xml", "content-length": bytes.length })
        for (let at = 0; at < bytes.length && !response.destroyed; at += step.bytes) {
          response.write(bytes.subarray(at, at + step.bytes))
          await sleep(step.everyMillis, undefined, { ref: false })
        }
        response.end()
        return
      }
      case "html":
        return whole(html, step.status, "text/html")
      case "csv":
        return whole(csv, 200, "text/csv")
      case "empty":
        return whole("")
      case "redirect": {
        const location = new URL(step.to)
        location.search = new URLSearchParams(query).toString()
        response.writeHead(step.status ?? 302, { location: location.href, "content-length": 0 })
        response.end()
        return
      }
      case "reset":
        response.socket?.resetAndDestroy()
        return
      case "hang":
        return
      case "body":
        return whole(step.body, step.status, step.contentType)
    }
  }

  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "/", "http://127.0.0.1")
    const phase = url.pathname.endsWith("/SendRequest")
      ? "send"
      : url.pathname.endsWith("/GetStatement")
      ? "get"
      : undefined
    if (phase === undefined || incoming.method !== "GET" || incoming.headers["user-agent"] === undefined) {
      response.writeHead(phase === undefined ? 404 : 400, { "content-length": 0 })
      response.end()
      return
    }
    const request: FlexRequest = {
      phase,
      number: requests.filter((earlier) => earlier.phase === phase).length + 1,
      at: Date.now(),
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: incoming.headers
    }
    requests.push(request)
    open.add(response)
    response.once("close", () => open.delete(response))
    const answered = async () => {
      await options.onRequest?.(phase, request)
      await answer(request, response)
    }
    answered().catch(() => response.destroy())
  })

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/AccountManagement/FlexWebService`,
    requests,
    count: (phase) => requests.filter((request) => request.phase === phase).length,
    plan: (phase, ...steps) => {
      scripts[phase] = [...steps]
    },
    setStatement: (next) => {
      statement = next
    },
    idle: async () => {
      await Promise.all([...open].map((response) => new Promise((resolve) => response.once("close", resolve))))
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
