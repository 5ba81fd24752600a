import type { Headers } from "./Model.ts"

/** A request as hooks, matchers and the log see it. */
export interface RequestInfo {
  /** Counted from 1. */
  readonly number: number
  readonly method: string
  /** Path and query, as sent: `/api/v1/activities/bulk`. */
  readonly path: string
  readonly headers: NodeJS.Dict<string | Array<string>>
  /** Parsed JSON, the text where it is none, `undefined` where there is no body. */
  readonly body: unknown
}

/**
 * What goes wrong once. `when: "before"`: nothing was done yet; `"after"`: it is done and committed, and the answer is
 * lost or wrong.
 */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly when: "before" | "after"; readonly text?: string }
  | { readonly kind: "drop"; readonly when: "before" | "after" }
  /** The head and half of the answer arrive, then the connection is reset. */
  | { readonly kind: "reset" }
  | { readonly kind: "too-large" }
  | { readonly kind: "throttle"; readonly retryAfter: number }
  /** Every session is expired just before this request is looked at. */
  | { readonly kind: "expire-sessions" }
  | { readonly kind: "hang"; readonly when: "before" | "after" }

/** End of the path (`/activities/bulk`), `METHOD /end`, a pattern on `METHOD /path`, or any test. */
export type Matcher = string | RegExp | ((request: RequestInfo) => boolean)

export const matches = (matcher: Matcher, request: RequestInfo): boolean => {
  if (typeof matcher === "function") return matcher(request)
  const [path = ""] = request.path.split("?")
  const line = `${request.method} ${path}`
  if (typeof matcher !== "string") return matcher.test(line)
  const [method, end] = matcher.includes(" ") ? matcher.split(" ") : [request.method, matcher]
  return method === request.method && path.endsWith(end ?? "")
}

/** Faults wait in line; each is used by one request that it matches. */
export class Faults {
  private readonly waiting: Array<{ readonly matcher: Matcher; readonly fault: Fault }> = []

  next(matcher: Matcher, fault: Fault, times = 1): void {
    for (let count = 0; count < times; count++) this.waiting.push({ matcher, fault })
  }

  clear(): void {
    this.waiting.length = 0
  }

  /** How many are still waiting: none left means that all were met. */
  get left(): number {
    return this.waiting.length
  }

  take(request: RequestInfo): Fault | undefined {
    const index = this.waiting.findIndex(({ matcher }) => matches(matcher, request))
    return index < 0 ? undefined : this.waiting.splice(index, 1)[0]?.fault
  }
}

/** The answer that a status fault gives instead. */
export const faultReply = (
  fault: Fault
): { readonly status: number; readonly text: string; readonly headers: Headers } => {
  if (fault.kind === "too-large") return { status: 413, text: tooLarge, headers: plain }
  if (fault.kind === "throttle") {
    const wait = String(fault.retryAfter)
    return {
      status: 429,
      text: `Too Many Requests! Wait for ${wait}s`,
      headers: { "retry-after": wait, "x-ratelimit-after": wait }
    }
  }
  const status = fault.kind === "status" ? fault.status : 500
  const text = fault.kind === "status" ? fault.text : undefined
  if (text !== undefined) return { status, text, headers: plain }
  if (status === 408) return { status, text: "", headers: {} }
  return {
    status,
    text: JSON.stringify({ code: status, message: "Internal server error" }),
    headers: { "content-type": "application/json" }
  }
}

export const plain: Headers = { "content-type": "text/plain; charset=utf-8" }

export const tooLarge = "Failed to buffer the request body: length limit exceeded"
