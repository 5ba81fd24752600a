import { metricName, metrics, type MetricSuffix } from "../../src/MetricNames.ts"

export const provider = "ibkr"

/** What counts as a difference, as for `--fail-on-drift`. */
const tolerance = 0.01

/** One series for each account and the metric's own labels, whatever the scrape adds: `instance`, `pod` … */
const series = (suffix: MetricSuffix, matcher = ""): string =>
  `max by (${["account", ...metrics[suffix].labels].join(", ")}) ` +
  `(${metricName(provider, suffix)}{account=~"$account"${matcher}})`

const secondsSince = (suffix: MetricSuffix): string => `time() - ${series(suffix)}`

/**
 * A gauge that stands from one push to the next, seen once for each successful run: at the one step of five minutes that
 * is 2 to 7 minutes after it, when every usual scrape interval has brought it in.
 */
const oncePerSuccess = (selected: string): string =>
  `${selected} and on (account) (${secondsSince("sync_last_success_timestamp_seconds")} >= 120 < 420)`

/** For a step of a day: the value at midnight is about the day that begins then. */
const ofDay = (overTime: "max_over_time" | "sum_over_time", selected: string): string =>
  `${overTime}((${oncePerSuccess(selected)})[1d:5m] offset -1d)`

const drift = series("position_drift_shares")
const explained = series("position_drift_explained")
const unexplainedDrift = `abs(${drift}) > ${tolerance} unless on (account, symbol) ${explained}`
const explainedDrift = `abs(${drift}) > ${tolerance} and on (account, symbol) ${explained}`

/** A count that is 0, not absent, for every account that ever ran. */
const countPerAccount = (selected: string): string =>
  `count by (account) (${selected}) or 0 * ${series("sync_last_run_timestamp_seconds")}`

/** Of each position that differs, a series for each cause; where not all of the drift is explained, one that says so. */
const byCause = (selected: string): string =>
  `(${selected} and on (account, symbol) ${drift} != 0) * on (account, symbol) group_right () ${explained} ` +
  `or label_replace((${selected} and on (account, symbol) ${drift} != 0) unless on (account, symbol) ${explained}, ` +
  `"cause", "${notExplained}", "", "")`

export const notExplained = "not explained"

export const queries = {
  accounts: `label_values(${metricName(provider, "sync_last_run_timestamp_seconds")}, account)`,
  exitCode: series("sync_last_exit_code"),
  sinceSuccess: secondsSince("sync_last_success_timestamp_seconds"),
  sinceStatementDay: secondsSince("statement_to_timestamp_seconds"),
  sinceReconciled: secondsSince("sync_last_reconciled_timestamp_seconds"),
  duration: series("sync_duration_seconds"),
  importsOfDay: `sum by (account) (${ofDay("sum_over_time", series("sync_activities", ", outcome=\"imported\""))})`,
  skipsOfDay: `sum by (reason) (${ofDay("max_over_time", series("sync_skipped_rows"))})`,
  driftingUnexplained: countPerAccount(unexplainedDrift),
  driftingExplained: countPerAccount(explainedDrift),
  driftBySymbol: byCause(drift),
  statementsBySymbol: byCause(series("position_drift_statements")),
  driftUnexplained: `(${drift} != 0) unless on (account, symbol) ${explained}`,
  driftExplained: `(${drift} != 0) and on (account, symbol) ${explained}`,
  cashDrifting: countPerAccount(`abs(${series("cash_drift")}) > ${tolerance}`),
  cashDrift: series("cash_drift"),
  cashUnexplained: series("cash_unexplained"),
  uncoveredDays: series("uncovered_days"),
  baselinePending: series("baseline_pending"),
  tokenLeft: `${series("flex_token_expires_timestamp_seconds")} - time()`
} as const
