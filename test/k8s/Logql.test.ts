import { assert, describe, it } from "@effect/vitest"
import { parser } from "@grafana/lezer-logql"
import { Duration, Effect, Logger } from "effect"
import { UsageError } from "../../src/Cli/Ending.ts"
import { RowUndecidable } from "../../src/Decisions/RowOutcome.ts"
import * as FlexErrors from "../../src/Ibkr/FlexError.ts"
import { refusalError } from "../../src/Ibkr/FlexRefusal.ts"
import { FlexSendWithheld } from "../../src/Ibkr/FlexRequests.ts"
import * as StatementErrors from "../../src/Ibkr/StatementError.ts"
import { StdinError } from "../../src/IbkrLayers.ts"
import * as Logging from "../../src/Logging.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { SettingsError } from "../../src/Settings.ts"
import { storeError } from "../../src/Sql/StoreError.ts"
import { ArchiveError } from "../../src/StatementArchive.ts"
import * as SyncFailures from "../../src/Sync/Failures.ts"
import { RowsElsewhere } from "../../src/Sync/FirstContact.ts"
import { HoldingsUnsettled } from "../../src/Sync/HeldNow.ts"
import { WindowCollapsed } from "../../src/Sync/Windows.ts"
import * as WealthfolioErrors from "../../src/Wealthfolio/WealthfolioError.ts"
import { flexTexts } from "../support/FlexServer.ts"
import { allRules, lokiRules } from "./alerts/tools.ts"

interface Failing {
  readonly _tag: string
  readonly message: string
  readonly hint?: string
  readonly exitCode?: number
}

/** Texts of the stages of this kind in the expression, without quotes. */
const stages = (expr: string) => {
  const found: Array<{ readonly kind: string; readonly text: string }> = []
  parser.parse(expr).iterate({
    enter: ({ from, name, to }) => void found.push({ kind: name, text: expr.slice(from, to) })
  })
  return found
}

const unquoted = (text: string) => /[`"]([^]*)[`"]/.exec(text)?.[1] ?? ""

const [rule] = allRules(lokiRules())
if (rule === undefined) throw new Error("there is no rule for Loki")
const parsed = stages(rule.expr)
const ofKind = (kind: string) => parsed.filter((stage) => stage.kind === kind).map(({ text }) => text)

const filter = new RegExp(unquoted(ofKind("LineFilter")[0] ?? "(nothing)"))
const account = new RegExp(unquoted(ofKind("LabelParser")[0] ?? "(nothing)").replaceAll("(?P<", "(?<"))

describe("the expression of the log alert", () => {
  it("is LogQL", () => {
    assert.notInclude(parsed.map(({ kind }) => kind), "⚠")
    assert.include(stages("sum(count_over_time({a=\"b\"} |~ [1h]))").map(({ kind }) => kind), "⚠")
  })

  it("has one selector, one line filter, and the range of a night and two hours", () => {
    assert.deepStrictEqual(ofKind("Selector"), ["{namespace=\"broker-sync\"}"])
    assert.deepStrictEqual(ofKind("LineFilter"), ["|~ `code (1003|1012)`"])
    assert.deepStrictEqual(ofKind("Range"), ["[26h]"])
    assert.deepStrictEqual(ofKind("JsonExpressionParser"), [])
  })
})

const loggers: ReadonlyArray<readonly [string, Logger.Logger<unknown, string>]> = [
  ["json", Logging.jsonLine],
  ["pretty", Logging.prettyLine({ colors: false })],
  ["pretty, in colours", Logging.prettyLine({ colors: true })]
]

/** The lines of a run that ends so: its failure, and its message alone where it is waited out or passed over. */
const linesOf = (logger: Logger.Logger<unknown, string>, error: Failing): Promise<ReadonlyArray<string>> =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const keep = Logger.map(logger, (line) => void lines.push(line))
    return Effect.logError(`${error.message} — ${error.hint ?? ""}`).pipe(
      Effect.annotateLogs({ error: error._tag, exitCode: error.exitCode ?? 1 }),
      Effect.andThen(Effect.logWarning(error.message)),
      Effect.annotateLogs({ account: "ibkr-isa" }),
      Effect.annotateLogs({ runId: "01JX0000000000000000001003" }),
      Effect.provide(Logger.layer([keep])),
      Effect.as(lines)
    )
  }).pipe(Effect.runPromise)

const window = { from: PlainDate.of("2025-01-01"), to: PlainDate.of("2025-12-31") }
const pollInterval = Duration.seconds(6)

const refusals = [...Object.keys(flexTexts).map(Number), 1099, 10031, 101299].flatMap((code) =>
  (["SendRequest", "GetStatement"] as const).flatMap((step) =>
    (["Warn", "Fail"] as const).flatMap((status) =>
      [undefined, window].map((window) => {
        const refused = { _tag: "Refused" as const, status, code, text: flexTexts[code] ?? "Something new." }
        return { code, window, error: refusalError(refused, { step, window, pollInterval }) }
      })
    )
  )
)
const isExpiry = ({ code, window }: (typeof refusals)[number]) =>
  code === 1012 || (code === 1003 && window === undefined)

const step = "GetStatement"
const text = { message: "Wealthfolio says no", hint: "do something" }
const place = { operation: "GET /accounts", host: "wealthfolio:8088", detail: "HTTP status 500" }

const others: ReadonlyArray<Failing> = [
  new FlexErrors.FlexUnreachable({ step, reason: "HTTP status 503", temporary: true }),
  new FlexErrors.FlexRedirected({ status: 302, to: "login.example" }),
  new FlexErrors.StatementTruncated({ received: 1003, reason: "the connection was closed" }),
  ...(["html", "csv", "empty", "doctype", "unexpected", "malformed"] as const).map((found) =>
    new FlexErrors.StatementUnreadable({ step, found })
  ),
  ...refusals.filter((refusal) => !isExpiry(refusal)).map(({ error: last }) =>
    FlexErrors.StatementTimeout.after(last, Duration.minutes(5), pollInterval)
  ),
  new FlexErrors.FlexUnknownFailure({ text: "no code at all" }),
  ...[1001, 1018, 1025].map((code) => new FlexSendWithheld({ until: "03:05", code })),
  ...(["html", "csv", "empty", "envelope", "doctype", "malformed", "truncated", "foreign"] as const).map((found) =>
    new StatementErrors.StatementMalformed({ found })
  ),
  new StatementErrors.IBKRAccountMismatch({ expected: "U1003", found: "U1012" }),
  new StatementErrors.FlexSectionsMissing({ findings: ["Trades is missing"] }),
  new StatementErrors.FlexDatesAmbiguous({ section: "Trades", field: "tradeDate" }),
  new StatementErrors.SpoolError({ path: "/data/1003", reason: "ENOSPC" }),
  new StatementErrors.StatementFileError({ path: "/data/1012.xml", reason: "ENOENT" }),
  new StdinError({ reason: "closed" }),
  new SettingsError({ problems: ["IBKR_FLEX_TOKEN not provided"] }),
  ...(["busy", "corrupt", "full", "not-permitted", "read-only", "unavailable"] as const).map((reason) =>
    storeError(reason, "/data/sync.db", "1003")
  ),
  new ArchiveError({ path: "/data/statements/1003.xml.gz", reason: "ENOENT" }),
  new SyncFailures.RowsRefused({ rows: 1003, first: "ibkr:trade:1012: no" }),
  new SyncFailures.TrackerRestored({ rows: 1012, some: "ibkr:trade:1003" }),
  new SyncFailures.DriftFound({ symbols: ["1003.HK"] }),
  new SyncFailures.ReportNotWritten({ directory: "/data/1012", reason: "ENOSPC" }),
  new RowsElsewhere({ rows: 1003, there: "A", here: "B" }),
  new WindowCollapsed({ asked: "2025-01-01 to 2025-12-31", returned: "2025-12-31 to 2025-12-31" }),
  new WealthfolioErrors.WealthfolioUnreachable(place),
  new WealthfolioErrors.WealthfolioReplyError(place),
  new WealthfolioErrors.WealthfolioLoginRefused(text),
  new WealthfolioErrors.WealthfolioSettingsError(text),
  new WealthfolioErrors.WealthfolioAccountError(text),
  new RowUndecidable(text),
  new HoldingsUnsettled(),
  new UsageError({ message: "--from must be a day as YYYY-MM-DD, not 1003" }),
  { _tag: "Defect", message: "a defect in broker-sync; the log has the details", hint: "please report it" },
  { _tag: "Interrupted", message: "interrupted", hint: "the next run goes on where this one stopped" }
]

describe.each(loggers)("its line filter on lines as %s", (_, logger) => {
  const expired = [
    ...refusals.filter(isExpiry).map(({ error }) => error),
    refusalError({ _tag: "Refused", status: "Fail", code: 1015, text: "Token has expired." }, { step, pollInterval }),
    refusalError({ _tag: "Refused", status: "Fail", text: "Token has expired." }, { step, pollInterval })
  ]

  it.each([...new Map(expired.map((error) => [error.message, error]))])("takes: %s", async (_, error) => {
    for (const line of await linesOf(logger, error)) {
      assert.match(line, filter)
      assert.strictEqual(account.exec(line)?.groups?.["account"], "ibkr-isa")
    }
  })

  it("leaves every other answer of IBKR", async () => {
    const left = refusals.filter((refusal) => !isExpiry(refusal))
    assert.isAbove(left.length, 150)
    for (const { error } of left) for (const line of await linesOf(logger, error)) assert.notMatch(line, filter)
  })

  it("leaves every other failure", async () => {
    for (const error of others) for (const line of await linesOf(logger, error)) assert.notMatch(line, filter)
  })
})

it("every kind of failure was tried", () => {
  const tried = new Set([...refusals.map(({ error }) => error._tag), ...others.map(({ _tag }) => _tag)])
  const classes = [FlexErrors, StatementErrors, SyncFailures, WealthfolioErrors].flatMap((module) =>
    Object.entries(module).filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
  )
  assert.isAbove(classes.length, 25)
  assert.deepStrictEqual(classes.map(([name]) => name).filter((name) => !tried.has(name)), [])
})
