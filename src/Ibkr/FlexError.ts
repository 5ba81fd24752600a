import { Duration, Schedule, Schema } from "effect"
import { exitCodes, type Failure } from "../Failure.ts"
import type { Retryable } from "../Retry.ts"

/** The two requests of the Flex Web Service, named as in its URLs. */
export const FlexStep = Schema.Literals(["SendRequest", "GetStatement"])
export type FlexStep = typeof FlexStep.Type

interface FlexFailure extends Failure, Retryable {
  readonly retry: Schedule.Schedule<unknown> | undefined
  /** How long no SendRequest may go out after this answer: failed generations in a row lock the account out (1025). */
  readonly sendBlockedFor: Duration.Duration | undefined
}

const refusalPause = Duration.minutes(60)
const lockoutPause = Duration.hours(24)
/** IBKR counts 10 requests in a minute (code 1018); the seconds on top allow for clocks and the way there. */
const throttlePause = Duration.seconds(65)
const unreachableBackoff = Schedule.min([Schedule.exponential("2 seconds"), Schedule.spaced("30 seconds")])

/** What IBKR said: `text` is its own wording, cleaned for a log line. */
const answer = { code: Schema.Int, text: Schema.String }

/** Longer numbers must not look like 1003 or 1012 to the log alert, which matches the start. */
const unknownCode = (code: number | undefined) =>
  code === undefined ? "no code" : code > 9999 ? `code: ${code}` : `code ${code}`

/** 1012; 1003 on a plain request; any refusal whose text says so. The log alert matches `code 1003` and `code 1012`. */
export class FlexTokenExpired extends Schema.TaggedError<FlexTokenExpired>()("FlexTokenExpired", {
  code: Schema.optionalKey(Schema.Int),
  text: Schema.String
}) implements FlexFailure {
  override get message() {
    if (this.code === 1003) return `IBKR has no statement for this token, most likely expired (code 1003): ${this.text}`
    const as = this.code === 1012 ? "code 1012" : `${unknownCode(this.code)}, same as code 1012`
    return `the Flex token has expired (${as}): ${this.text}`
  }
  get hint() {
    const renew =
      "sign in to IBKR Client Portal, Reports, Settings, Flex Web Service, make a new token (life: one year) " +
      "and put it in IBKR_FLEX_TOKEN"
    return this.code === 1003
      ? `${renew}; if the token is not at its end, the query may be new or hold a day that is not closed yet, or the ` +
        "request went to an address that IBKR has switched off: try again in a few hours, and run the query in the portal"
      : renew
  }
  readonly exitCode = exitCodes.credentials
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** 1015. */
export class FlexTokenInvalid extends Schema.TaggedError<FlexTokenInvalid>()("FlexTokenInvalid", answer)
  implements FlexFailure
{
  override get message() {
    return `IBKR does not know this Flex token (code ${this.code}): ${this.text}`
  }
  readonly hint =
    "copy IBKR_FLEX_TOKEN again from Client Portal, Flex Web Service: making a new token revokes the old one"
  readonly exitCode = exitCodes.credentials
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** 1011, 1013. */
export class FlexAccessDenied extends Schema.TaggedError<FlexAccessDenied>()("FlexAccessDenied", answer)
  implements FlexFailure
{
  override get message() {
    return this.code === 1013
      ? `IBKR refuses this machine's address (code 1013): ${this.text}`
      : `the Flex Web Service is not active for this login (code ${this.code}): ${this.text}`
  }
  get hint() {
    return this.code === 1013
      ? "the token is limited to other IP addresses: add the address this machine goes out by, or make one without a limit"
      : "switch on the Flex Web Service in IBKR Client Portal, Reports, Settings"
  }
  readonly exitCode = exitCodes.credentials
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

const queryHints: Readonly<Record<number, string>> = {
  1010: "make the query again as an Activity Flex Query: IBKR no longer serves this kind",
  1014: "check IBKR_FLEX_QUERY_ID in the portal: it must be an Activity Flex Query of the login that made the token",
  1016: "take accounts that are closed or not yours out of the query",
  1020: "check that IBKR_FLEX_TOKEN and IBKR_FLEX_QUERY_ID are not swapped; a query made just now may need an hour",
  1023: "give both --from and --to, at most 365 days apart, the last of them a day that is over"
}

/** 1010, 1014, 1016, 1020, 1023. */
export class FlexQueryInvalid extends Schema.TaggedError<FlexQueryInvalid>()("FlexQueryInvalid", answer)
  implements FlexFailure
{
  override get message() {
    return `IBKR does not accept the Flex Query (code ${this.code}): ${this.text}`
  }
  get hint() {
    return queryHints[this.code] ?? "check IBKR_FLEX_QUERY_ID and the query in the portal"
  }
  readonly exitCode = exitCodes.query
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** 1018, or HTTP 429: more than 1 request a second or 10 a minute with this token. */
export class FlexThrottled extends Schema.TaggedError<FlexThrottled>()("FlexThrottled", {
  step: FlexStep,
  text: Schema.String
}) implements FlexFailure {
  override get message() {
    return `IBKR counts too many requests with this token (code 1018): ${this.text}`
  }
  readonly hint = "nothing to do if the next run works; otherwise look for another program that uses the same token"
  readonly exitCode = exitCodes.brokerBusy
  get retry() {
    return this.step === "GetStatement" ? Schedule.spaced(throttlePause) : undefined
  }
  get sendBlockedFor() {
    return this.step === "SendRequest" ? refusalPause : undefined
  }
}

/** 1025: too many failed generations. Asking again makes it longer. */
export class FlexLockedOut extends Schema.TaggedError<FlexLockedOut>()("FlexLockedOut", answer) implements FlexFailure {
  override get message() {
    return `IBKR has locked this token out (code ${this.code}): ${this.text}`
  }
  readonly hint =
    "leave it alone for 24 hours: every further request makes it longer; meanwhile run the query in the " +
    "portal and import the download with --file"
  readonly exitCode = exitCodes.lockout
  readonly retry = undefined
  readonly sendBlockedFor = lockoutPause
}

/** 1001, 1004–1009, 1019, 1021 on GetStatement: the same reference is polled on. */
export class StatementNotReady extends Schema.TaggedError<StatementNotReady>()("StatementNotReady", {
  ...answer,
  pollInterval: Schema.Duration
}) implements FlexFailure {
  override get message() {
    return `the statement is not ready (code ${this.code}): ${this.text}`
  }
  readonly hint = "nothing: the next run goes on with the same request"
  readonly exitCode = exitCodes.brokerBusy
  get retry() {
    return Schedule.spaced(this.pollInterval)
  }
  readonly sendBlockedFor = undefined
}

/** 1001, 1004–1009, 1019, 1021 on SendRequest: no statement was started. Never sent again in the same run. */
export class FlexBusy extends Schema.TaggedError<FlexBusy>()("FlexBusy", answer) implements FlexFailure {
  override get message() {
    return `IBKR cannot make the statement now (code ${this.code}): ${this.text}`
  }
  readonly hint = "nothing: the next run asks again; asking at once can lock the token out"
  readonly exitCode = exitCodes.brokerBusy
  readonly retry = undefined
  get sendBlockedFor() {
    return this.code <= 1009 ? refusalPause : undefined
  }
}

/** 1017. */
export class FlexReferenceInvalid extends Schema.TaggedError<FlexReferenceInvalid>()("FlexReferenceInvalid", answer)
  implements FlexFailure
{
  override get message() {
    return `IBKR no longer knows the reference of this request (code ${this.code}): ${this.text}`
  }
  readonly hint = "nothing: the next run sends a new request"
  readonly exitCode = exitCodes.brokerBusy
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** 1003 on an explicit window. Worded without the code, which the log alert takes for an expired token. */
export class StatementUnavailable extends Schema.TaggedError<StatementUnavailable>()("StatementUnavailable", {
  from: Schema.String,
  to: Schema.String,
  text: Schema.String
}) implements FlexFailure {
  override get message() {
    return `IBKR has no statement for ${this.from} to ${this.to}: ${this.text}`
  }
  readonly hint =
    "the days may lie before the account was opened, or the last one may not be closed yet; if every window " +
    "answers like this, the token may have expired"
  readonly exitCode = exitCodes.credentials
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** The time for one reference is used up. Polled once more, for as long again, after `pause`. */
export class StatementTimeout extends Schema.TaggedError<StatementTimeout>()("StatementTimeout", {
  waited: Schema.Duration,
  pause: Schema.Duration,
  /** Message of the last answer. */
  last: Schema.String
}) implements FlexFailure {
  override get message() {
    return `no whole statement from IBKR within ${Duration.format(this.waited)}; last: ${this.last}`
  }
  readonly hint = "the next run goes on with the same request; if it persists, ask for fewer days or raise " +
    "IBKR_FLEX_TIMEOUT"
  readonly exitCode = exitCodes.brokerBusy
  get retry() {
    return Schedule.spaced(this.pause).pipe(Schedule.upTo({ times: 1 }))
  }
  readonly sendBlockedFor = undefined

  /** After a throttled answer the pause is as long as that one asks for. */
  static readonly after = (
    last: { readonly _tag: string; readonly message: string } | undefined,
    waited: Duration.Duration,
    pollInterval: Duration.Duration
  ) =>
    new StatementTimeout({
      waited,
      pause: last?._tag === "FlexThrottled" ? throttlePause : pollInterval,
      last: last?.message ?? "no answer"
    })
}

/** HTTP status, connection or time limit. `temporary` ones are tried again on GetStatement; SendRequest never is. */
export class FlexUnreachable extends Schema.TaggedError<FlexUnreachable>()("FlexUnreachable", {
  step: FlexStep,
  reason: Schema.String,
  temporary: Schema.Boolean
}) implements FlexFailure {
  override get message() {
    return `IBKR's Flex Web Service cannot be reached: ${this.reason}`
  }
  readonly hint = "check the network and IBKR's system status; the next run tries again"
  readonly exitCode = exitCodes.brokerBusy
  get retry() {
    return this.step === "GetStatement" && this.temporary ? unreachableBackoff : undefined
  }
  readonly sendBlockedFor = undefined
}

/** A redirect is not followed: the token is part of the URL. */
export class FlexRedirected extends Schema.TaggedError<FlexRedirected>()("FlexRedirected", {
  status: Schema.Int,
  /** Host only. */
  to: Schema.optionalKey(Schema.String)
}) implements FlexFailure {
  override get message() {
    const to = this.to === undefined ? "" : ` to ${this.to}`
    return `the Flex Web Service redirects${to} (HTTP ${this.status}), which is not followed: it would hand on the token`
  }
  readonly hint =
    "IBKR may be in maintenance: wait for the next run; if it persists, check IBKR_FLEX_BASE_URL and proxies"
  readonly exitCode = exitCodes.brokerBusy
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** A code without an entry here, as a warning: temporary. */
export class FlexUnknownWarning extends Schema.TaggedError<FlexUnknownWarning>()("FlexUnknownWarning", {
  code: Schema.optionalKey(Schema.Int),
  text: Schema.String
}) implements FlexFailure {
  override get message() {
    return `IBKR answers with a warning (${unknownCode(this.code)}): ${this.text}`
  }
  readonly hint = "the next run tries again; if it persists, look the text up in IBKR's Flex Web Service guide"
  readonly exitCode = exitCodes.brokerBusy
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** A code without an entry here, as a failure: permanent. */
export class FlexUnknownFailure extends Schema.TaggedError<FlexUnknownFailure>()("FlexUnknownFailure", {
  code: Schema.optionalKey(Schema.Int),
  text: Schema.String
}) implements FlexFailure {
  override get message() {
    return `IBKR refuses the request (${unknownCode(this.code)}): ${this.text}`
  }
  readonly hint = "run the query in the portal and look the text up in IBKR's Flex Web Service guide"
  readonly exitCode = exitCodes.query
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

const unreadable = {
  html: ["a web page", "IBKR may be in maintenance, or a proxy answers in its place: the next run tries again"],
  csv: ["CSV text", "set the format of the Flex Query to XML in the portal"],
  empty: ["nothing", "the next run tries again; if it persists, run the query in the portal"],
  doctype: ["XML with a DOCTYPE, which IBKR never sends", "check IBKR_FLEX_BASE_URL and proxies"],
  unexpected: ["an answer of the wrong kind", "the next run tries again; check IBKR_FLEX_BASE_URL and proxies"],
  malformed: ["something that is not well-formed", "the next run tries again; check IBKR_FLEX_BASE_URL and proxies"]
} as const

/** HTTP 200 with something that is no answer of the Flex Web Service. */
export class StatementUnreadable extends Schema.TaggedError<StatementUnreadable>()("StatementUnreadable", {
  step: FlexStep,
  found: Schema.Literals(["html", "csv", "empty", "doctype", "unexpected", "malformed"])
}) implements FlexFailure {
  override get message() {
    return `IBKR answered ${this.step} with ${unreadable[this.found][0]}`
  }
  get hint() {
    return unreadable[this.found][1]
  }
  readonly exitCode = exitCodes.statementUnreadable
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

/** The statement began and did not come to its end tag. */
export class StatementTruncated extends Schema.TaggedError<StatementTruncated>()("StatementTruncated", {
  received: Schema.Int,
  reason: Schema.String
}) implements FlexFailure {
  override get message() {
    return `the statement was cut short after ${this.received} bytes: ${this.reason}`
  }
  readonly hint = "nothing of it was used; the next run gets it again"
  readonly exitCode = exitCodes.statementUnreadable
  readonly retry = undefined
  readonly sendBlockedFor = undefined
}

export type FlexError =
  | FlexTokenExpired
  | FlexTokenInvalid
  | FlexAccessDenied
  | FlexQueryInvalid
  | FlexThrottled
  | FlexLockedOut
  | StatementNotReady
  | FlexBusy
  | FlexReferenceInvalid
  | StatementUnavailable
  | StatementTimeout
  | FlexUnreachable
  | FlexRedirected
  | FlexUnknownWarning
  | FlexUnknownFailure
  | StatementUnreadable
  | StatementTruncated
