import { type PlatformError, Schema } from "effect"
import { exitCodes, type Failure } from "../Failure.ts"
import { briefly } from "./BriefText.ts"

const kinds = {
  html: ["it is a web page", "download the statement again, in XML"],
  csv: ["it is CSV text", "set the format of the Flex Query to XML in the portal, and run it again"],
  empty: ["it is empty", "download the statement again"],
  envelope: ["it is a reply of the web service, not a statement", "download the statement from the portal"],
  doctype: ["it has a DOCTYPE, which IBKR never sends", "download the statement again, from IBKR itself"],
  malformed: ["it is not well-formed XML", "download the statement again; do not edit it by hand"],
  truncated: ["it is cut short: its end tag is missing", "nothing of it was used; get the whole statement again"],
  foreign: ["it is no Activity Flex statement", "download an Activity Flex Query in XML"]
} as const

/** The bytes are no statement, or not a whole one. Nothing of it is used. */
export class StatementMalformed extends Schema.TaggedError<StatementMalformed>()("StatementMalformed", {
  found: Schema.Literals(["html", "csv", "empty", "envelope", "doctype", "malformed", "truncated", "foreign"]),
  detail: Schema.optionalKey(Schema.String)
}) implements Failure {
  override get message() {
    const detail = this.detail === undefined ? "" : ` (${this.detail})`
    return `the statement cannot be read: ${kinds[this.found][0]}${detail}`
  }
  get hint() {
    return kinds[this.found][1]
  }
  readonly exitCode = exitCodes.statementUnreadable
}

/** The statement is about another account than the one configured. Nothing of it was written. */
export class IBKRAccountMismatch extends Schema.TaggedError<IBKRAccountMismatch>()("IBKRAccountMismatch", {
  expected: Schema.String,
  found: Schema.String
}) implements Failure {
  override get message() {
    return `the statement is about account ${briefly(this.found)}, not ${this.expected}: nothing of it was written`
  }
  readonly hint =
    "check IBKR_ACCOUNT_ID_UPSTREAM, and that token and query belong to that account; in the query, Display Account Alias "
    + "must be No"
  readonly exitCode = exitCodes.accountGuard
}

/** The query leaves out what a nightly run cannot do without. */
export class FlexSectionsMissing extends Schema.TaggedError<FlexSectionsMissing>()("FlexSectionsMissing", {
  findings: Schema.Array(Schema.String)
}) implements Failure {
  override get message() {
    return `the Flex Query cannot serve: ${this.findings.join("; ")}`
  }
  readonly hint =
    "edit the query in the portal as the README's checklist says (sections, level of detail, fields), then run again"
  readonly exitCode = exitCodes.query
}

/** `04/01/2026`: nobody can tell April from January. */
export class FlexDatesAmbiguous extends Schema.TaggedError<FlexDatesAmbiguous>()("FlexDatesAmbiguous", {
  section: Schema.String,
  field: Schema.String
}) implements Failure {
  override get message() {
    return `dates with slashes cannot be told apart (${this.section}, ${this.field}): US or European order?`
  }
  readonly hint = "set Date Format to yyyy-MM-dd in the Flex Query's delivery configuration"
  readonly exitCode = exitCodes.query
}

/** The data directory, or the system's temporary one, does not take what a statement is spooled to. */
export class SpoolError extends Schema.TaggedError<SpoolError>()("SpoolError", {
  path: Schema.String,
  reason: Schema.String
}) implements Failure {
  override get message() {
    return `a statement cannot be spooled to ${this.path}: ${this.reason}`
  }
  get hint() {
    const toDo = /^(ENOSPC|EDQUOT)/.test(this.reason)
      ? "free space on the volume of BROKER_SYNC_DATA_DIR or enlarge it, and run again"
      : "check space and permissions of BROKER_SYNC_DATA_DIR"
    return `${toDo}; nothing of the statement was written to the tracker`
  }
  readonly exitCode = exitCodes.store
}

/** The platform names the call that failed; only the system behind it says why: `ENOSPC: no space left on device, write`. */
export const systemReason = ({ message, reason }: PlatformError.PlatformError): string =>
  reason.cause instanceof Error ? reason.cause.message : message

/** The path given with --file or --save cannot be used. */
export class StatementFileError extends Schema.TaggedError<StatementFileError>()("StatementFileError", {
  path: Schema.String,
  reason: Schema.String
}) implements Failure {
  override get message() {
    return `cannot use ${this.path}: ${this.reason}`
  }
  readonly hint = "check the path given and its permissions"
  readonly exitCode = exitCodes.configuration
}

export type StatementError =
  | StatementMalformed
  | IBKRAccountMismatch
  | FlexSectionsMissing
  | FlexDatesAmbiguous
  | StatementFileError
  | SpoolError
