import { Config, Duration, Redacted, Schema } from "effect"
import { cashTypeChoices, flexBaseUrl, isAllowedBaseUrl } from "./Broker/Ibkr.ts"
import { PlainDate } from "./Portfolio/PlainDate.ts"
import { checked, httpUrl, optional, period, setting } from "./Settings.ts"

const day = (name: string) => Config.schema(PlainDate, name)

/** Read by every run. */
export const commonSettings = {
  account: setting(
    "IBKR_ACCOUNT_LABEL",
    Config.withDefault(checked("IBKR_ACCOUNT_LABEL", /^\S+$/, "must be one word"), "ibkr-uk")
  ),
  cashTypes: setting(
    "IBKR_CASH_TYPES",
    Config.withDefault(Config.Literals(cashTypeChoices, "IBKR_CASH_TYPES"), "runbook" as const)
  ),
  symbolMap: setting("IBKR_SYMBOL_MAP", optional(Config.String("IBKR_SYMBOL_MAP"))),
  startDate: setting("IBKR_START_DATE", optional(day("IBKR_START_DATE"))),
  tokenExpires: setting("IBKR_FLEX_TOKEN_EXPIRES", optional(day("IBKR_FLEX_TOKEN_EXPIRES"))),
  adopt: setting(
    "IBKR_ADOPT",
    Config.withDefault(Config.Literals(["report", "adopt", "import"], "IBKR_ADOPT"), "report" as const)
  ),
  dataDir: setting("BROKER_SYNC_DATA_DIR", Config.withDefault(Config.String("BROKER_SYNC_DATA_DIR"), "./data")),
  pushgatewayUrl: setting("PUSHGATEWAY_URL", optional(httpUrl("PUSHGATEWAY_URL", { bare: true }))),
  healthcheckUrl: setting(
    "HEALTHCHECK_URL",
    optional(Config.map(httpUrl("HEALTHCHECK_URL"), (url) => Redacted.make(url)))
  )
}

export const loggingSettings = {
  level: setting("LOG_LEVEL", Config.withDefault(logLevel(), "Info" as const)),
  format: setting(
    "LOG_FORMAT",
    Config.withDefault(Config.Literals(["auto", "pretty", "json"], "LOG_FORMAT"), "auto" as const)
  )
}

function logLevel() {
  const names = {
    trace: "Trace",
    debug: "Debug",
    info: "Info",
    warn: "Warn",
    warning: "Warn",
    error: "Error",
    none: "None"
  } as const
  type Name = keyof typeof names
  const isName = (text: string): text is Name => text in names
  return Config.map(
    checked(
      "LOG_LEVEL",
      /^(trace|debug|info|warn|warning|error|none)$/i,
      "must be trace, debug, info, warn, error or none"
    ),
    (text) => {
      const name = text.toLowerCase()
      return isName(name) ? names[name] : "Info" as const
    }
  )
}

const swapped = "looks swapped with the other: IBKR_ACCOUNT_ID is the Wealthfolio account (a UUID), "
  + "IBKR_ACCOUNT_ID_UPSTREAM the IBKR account number (U…)"

const looksLikeUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-/i

const upstream = Config.schema(
  Schema.String.pipe(
    Schema.check(Schema.makeFilter((text: string) =>
      looksLikeUuid.test(text)
        ? swapped
        : /^\S+$/.test(text)
        ? undefined
        : "must be an IBKR account number such as U1234567"
    ))
  ),
  "IBKR_ACCOUNT_ID_UPSTREAM"
)

/** The account to guard; only a look at a file may leave it out. */
export const guardSettings = { upstream: setting("IBKR_ACCOUNT_ID_UPSTREAM", upstream) }
export const optionalGuardSettings = { upstream: setting("IBKR_ACCOUNT_ID_UPSTREAM", optional(upstream)) }

export const trackerAccountSettings = {
  accountId: setting(
    "IBKR_ACCOUNT_ID",
    Config.schema(
      Schema.String.pipe(
        Schema.check(Schema.makeFilter((text: string) =>
          /^[A-Z]{1,2}\d{5,}F?$/.test(text)
            ? swapped
            : /^\S+$/.test(text)
            ? undefined
            : "must be the id of a Wealthfolio account"
        ))
      ),
      "IBKR_ACCOUNT_ID"
    )
  )
}

export const trackerSettings = {
  ...trackerAccountSettings,
  baseUrl: setting("WF_BASE_URL", httpUrl("WF_BASE_URL")),
  password: setting("WF_PASSWORD", optional(Config.Redacted("WF_PASSWORD"))),
  sessionPath: setting("WF_SESSION_PATH", optional(Config.String("WF_SESSION_PATH"))),
  recalcTimeout: setting(
    "WF_RECALC_TIMEOUT",
    Config.withDefault(period("WF_RECALC_TIMEOUT"), Duration.minutes(10))
  )
}

/** A placeholder left in a secret is no token. */
const token: Config.Config<Redacted.Redacted<string>> = Config.schema(
  Schema.Redacted(Schema.String.pipe(Schema.check(
    Schema.makeFilter((text: string) => /^\S{8,}$/.test(text) ? undefined : "not provided")
  ))),
  "IBKR_FLEX_TOKEN"
)

export const flexSettings = {
  token: setting("IBKR_FLEX_TOKEN", token),
  queryId: setting("IBKR_FLEX_QUERY_ID", checked("IBKR_FLEX_QUERY_ID", /^\d+$/, "must be digits")),
  baseUrl: setting(
    "IBKR_FLEX_BASE_URL",
    Config.withDefault(
      Config.schema(
        Schema.String.pipe(
          Schema.check(
            Schema.makeFilter((text: string) =>
              isAllowedBaseUrl(text) ? undefined : "must be IBKR's own address or a loopback one: the token goes to it"
            )
          )
        ),
        "IBKR_FLEX_BASE_URL"
      ),
      flexBaseUrl
    )
  ),
  pollInterval: setting(
    "IBKR_FLEX_POLL_INTERVAL",
    Config.withDefault(period("IBKR_FLEX_POLL_INTERVAL"), Duration.seconds(6))
  ),
  timeout: setting("IBKR_FLEX_TIMEOUT", Config.withDefault(period("IBKR_FLEX_TIMEOUT"), Duration.minutes(5)))
}
