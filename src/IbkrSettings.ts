import { Config, Duration, Redacted, Schema } from "effect"
import { cashTypeChoices, flexBaseUrl, isAllowedBaseUrl } from "./Broker/Ibkr.ts"
import { PlainDate } from "./Portfolio/PlainDate.ts"
import { checked, httpUrl, optional, period, setting } from "./Settings.ts"

const day = (name: string) => Config.schema(PlainDate, name)

/** Read by every run. */
export const commonSettings = {
  account: setting(
    "IBKR_ACCOUNT_LABEL",
    (name) => Config.withDefault(checked(name, /^\S+$/, "must be one word"), "ibkr-uk")
  ),
  cashTypes: setting(
    "IBKR_CASH_TYPES",
    (name) => Config.withDefault(Config.Literals(cashTypeChoices, name), "runbook" as const)
  ),
  symbolMap: setting("IBKR_SYMBOL_MAP", (name) => optional(Config.String(name))),
  startDate: setting("IBKR_START_DATE", (name) => optional(day(name))),
  tokenExpires: setting("IBKR_FLEX_TOKEN_EXPIRES", (name) => optional(day(name))),
  adopt: setting(
    "IBKR_ADOPT",
    (name) => Config.withDefault(Config.Literals(["report", "adopt", "import"], name), "report" as const)
  ),
  dataDir: setting("BROKER_SYNC_DATA_DIR", (name) => Config.withDefault(Config.String(name), "./data")),
  pushgatewayUrl: setting("PUSHGATEWAY_URL", (name) => optional(httpUrl(name, { bare: true }))),
  healthcheckUrl: setting("HEALTHCHECK_URL", (name) => optional(Config.map(httpUrl(name), (url) => Redacted.make(url))))
}

export const loggingSettings = {
  level: setting("LOG_LEVEL", (name) => Config.withDefault(logLevel(name), "Info" as const)),
  format: setting(
    "LOG_FORMAT",
    (name) => Config.withDefault(Config.Literals(["auto", "pretty", "json"], name), "auto" as const)
  )
}

function logLevel(name: string) {
  const names = {
    trace: "Trace",
    debug: "Debug",
    info: "Info",
    warn: "Warn",
    warning: "Warn",
    error: "Error",
    none: "None"
  } as const
  const isLevel = (text: string): text is keyof typeof names => text in names
  return Config.map(
    checked(
      name,
      /^(trace|debug|info|warn|warning|error|none)$/i,
      "must be trace, debug, info, warn, error or none"
    ),
    (text) => {
      const level = text.toLowerCase()
      return isLevel(level) ? names[level] : "Info" as const
    }
  )
}

const swapped = "looks swapped with the other: IBKR_ACCOUNT_ID is the Wealthfolio account (a UUID), "
  + "IBKR_ACCOUNT_ID_UPSTREAM the IBKR account number (U…)"

const looksLikeUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-/i

const upstream = (name: string) =>
  Config.schema(
    Schema.String.pipe(
      Schema.check(Schema.makeFilter((text: string) =>
        looksLikeUuid.test(text)
          ? swapped
          : /^\S+$/.test(text)
          ? undefined
          : "must be an IBKR account number such as U1234567"
      ))
    ),
    name
  )

/** The account to guard; only a look at a file may leave it out. */
export const guardSettings = { upstream: setting("IBKR_ACCOUNT_ID_UPSTREAM", upstream) }
export const optionalGuardSettings = {
  upstream: setting("IBKR_ACCOUNT_ID_UPSTREAM", (name) => optional(upstream(name)))
}

export const trackerAccountSettings = {
  accountId: setting("IBKR_ACCOUNT_ID", (name) =>
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
      name
    ))
}

export const trackerSettings = {
  ...trackerAccountSettings,
  baseUrl: setting("WF_BASE_URL", (name) => httpUrl(name)),
  password: setting("WF_PASSWORD", (name) => optional(Config.Redacted(name))),
  sessionPath: setting("WF_SESSION_PATH", (name) => optional(Config.String(name))),
  recalcTimeout: setting("WF_RECALC_TIMEOUT", (name) => Config.withDefault(period(name), Duration.minutes(10)))
}

/** A placeholder left in a secret is no token. */
const token = (name: string): Config.Config<Redacted.Redacted<string>> =>
  Config.schema(
    Schema.Redacted(Schema.String.pipe(Schema.check(
      Schema.makeFilter((text: string) => /^\S{8,}$/.test(text) ? undefined : "not provided")
    ))),
    name
  )

export const flexSettings = {
  token: setting("IBKR_FLEX_TOKEN", token),
  queryId: setting("IBKR_FLEX_QUERY_ID", (name) => checked(name, /^\d+$/, "must be digits")),
  baseUrl: setting("IBKR_FLEX_BASE_URL", (name) =>
    Config.withDefault(
      Config.schema(
        Schema.String.pipe(
          Schema.check(
            Schema.makeFilter((text: string) =>
              isAllowedBaseUrl(text) ? undefined : "must be IBKR's own address or a loopback one: the token goes to it"
            )
          )
        ),
        name
      ),
      flexBaseUrl
    )),
  pollInterval: setting("IBKR_FLEX_POLL_INTERVAL", (name) => Config.withDefault(period(name), Duration.seconds(6))),
  timeout: setting("IBKR_FLEX_TIMEOUT", (name) => Config.withDefault(period(name), Duration.minutes(5)))
}
