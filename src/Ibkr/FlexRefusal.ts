import type { Duration } from "effect"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import type { Refused } from "./FlexEnvelope.ts"
import {
  FlexAccessDenied,
  FlexBusy,
  type FlexError,
  FlexLockedOut,
  FlexQueryInvalid,
  FlexReferenceInvalid,
  type FlexStep,
  FlexThrottled,
  FlexTokenExpired,
  FlexTokenInvalid,
  FlexUnknownFailure,
  FlexUnknownWarning,
  StatementNotReady,
  StatementUnavailable
} from "./FlexError.ts"

/** Days asked for explicitly; both ends are included. */
export interface FlexWindow {
  readonly from: PlainDate
  readonly to: PlainDate
}

export interface RefusalContext {
  readonly step: FlexStep
  readonly window?: FlexWindow | undefined
  readonly pollInterval: Duration.Duration
}

const saysExpired = /token.*expired/i

/**
 * The code table: IBKR's guide lists 1001 and 1003–1021, 1023 and 1025 are seen live. The text is a second signal for an
 * expired token. A code that is not here is temporary as a `Warn` and permanent as a `Fail`.
 */
export const refusalError = (refused: Refused, { pollInterval, step, window }: RefusalContext): FlexError => {
  const { code, text } = refused
  if (saysExpired.test(text)) return new FlexTokenExpired(code === undefined ? { text } : { code, text })
  switch (code) {
    case 1003:
      return window === undefined
        ? new FlexTokenExpired({ code, text })
        : new StatementUnavailable({ ...window, text })
    case 1012:
      return new FlexTokenExpired({ code, text })
    case 1015:
      return new FlexTokenInvalid({ code, text })
    case 1011:
    case 1013:
      return new FlexAccessDenied({ code, text })
    case 1010:
    case 1014:
    case 1016:
    case 1020:
    case 1023:
      return new FlexQueryInvalid({ code, text })
    case 1017:
      return new FlexReferenceInvalid({ code, text })
    case 1018:
      return new FlexThrottled({ step, text })
    case 1025:
      return new FlexLockedOut({ code, text })
    case 1001:
    case 1004:
    case 1005:
    case 1006:
    case 1007:
    case 1008:
    case 1009:
    case 1019:
    case 1021:
      return step === "GetStatement"
        ? new StatementNotReady({ code, text, pollInterval })
        : new FlexBusy({ code, text })
    default: {
      const answer = code === undefined ? { text } : { code, text }
      return refused.status === "Warn" ? new FlexUnknownWarning(answer) : new FlexUnknownFailure(answer)
    }
  }
}
