import { Schedule, Schema } from "effect"
import type { Failure } from "../Failure.ts"

/** No usable answer: refused or dropped connection, timeout, 5xx, 408, 429. */
export class WealthfolioUnreachable extends Schema.TaggedError<WealthfolioUnreachable>()("WealthfolioUnreachable", {
  /** `POST /activities/bulk` */
  operation: Schema.String,
  /** Host and port of WF_BASE_URL. */
  host: Schema.String,
  detail: Schema.String
}) implements Failure {
  readonly exitCode = 9
  /** For reads and other requests that may be repeated; `Transport` ends it after 20 s of silence in all. */
  readonly retry = Schedule.min([Schedule.exponential("500 millis"), Schedule.spaced("4 seconds")])

  override get message(): string {
    return `Wealthfolio at ${this.host} cannot be reached: ${this.operation}: ${this.detail}`
  }

  get hint(): string {
    return "Check that Wealthfolio is running and that WF_BASE_URL leads to it; the next run goes on where this one stopped."
  }
}

/** An answer that is none of those the interface knows. */
export class WealthfolioReplyError extends Schema.TaggedError<WealthfolioReplyError>()("WealthfolioReplyError", {
  operation: Schema.String,
  host: Schema.String,
  detail: Schema.String
}) implements Failure {
  readonly exitCode = 9

  override get message(): string {
    return `Wealthfolio at ${this.host} answered ${this.operation} with ${this.detail}`
  }

  get hint(): string {
    return "Check that WF_BASE_URL is Wealthfolio itself and not a login page in front of it, and that its version is 3.1.0 or later."
  }
}

/** The password is wrong, or this server has no way in for a program. Never tried again within a run. */
export class WealthfolioLoginRefused extends Schema.TaggedError<WealthfolioLoginRefused>()("WealthfolioLoginRefused", {
  message: Schema.String,
  hint: Schema.String
}) implements Failure {
  readonly exitCode = 9
}

/** A `WF_…` variable is missing or cannot be used. */
export class WealthfolioSettingsError
  extends Schema.TaggedError<WealthfolioSettingsError>()("WealthfolioSettingsError", {
    message: Schema.String,
    hint: Schema.String
  })
  implements Failure
{
  readonly exitCode = 2
}

/** The account cannot be imported into as configured. */
export class WealthfolioAccountError extends Schema.TaggedError<WealthfolioAccountError>()("WealthfolioAccountError", {
  message: Schema.String,
  hint: Schema.String
}) implements Failure {
  readonly exitCode = 2
}

/** What any exchange with the tracker can end in. */
export type ExchangeError =
  | WealthfolioUnreachable
  | WealthfolioReplyError
  | WealthfolioLoginRefused
  | WealthfolioSettingsError
