interface Metric {
  readonly help: string
  /** Beside `job` and `account`, which the push itself carries. */
  readonly labels: ReadonlyArray<string>
}

/** Every metric there is, by its name without `<provider>_` in front. All are gauges. */
export const metrics = {
  sync_last_run_timestamp_seconds: { help: "When the last run ended, however it did", labels: [] },
  sync_last_exit_code: { help: "Exit code of the last run", labels: [] },
  sync_duration_seconds: { help: "How long the last run took", labels: [] },
  sync_last_success_timestamp_seconds: { help: "When the last successful run ended", labels: [] },
  sync_activities: { help: "Activities of the last run by what became of them", labels: ["outcome"] },
  sync_skipped_rows: { help: "Statement rows not booked by the last run, by reason", labels: ["reason"] },
  statement_generated_timestamp_seconds: { help: "When the broker generated the last statement", labels: [] },
  statement_to_timestamp_seconds: { help: "Last day that the last statement covers", labels: [] },
  uncovered_days: { help: "Account days not proven by a statement and imported", labels: [] },
  baseline_pending: {
    help: "Instruments and currencies that the tracker did not hold as the account did before the first statement",
    labels: []
  },
  flex_token_expires_timestamp_seconds: { help: "When the Flex token expires", labels: [] },
  sync_last_reconciled_timestamp_seconds: { help: "When positions were last compared", labels: [] },
  position_drift_shares: { help: "Shares at the broker minus shares in the tracker", labels: ["symbol"] },
  position_drift_statements: { help: "Consecutive statements on which the position differed", labels: ["symbol"] },
  position_drift_explained: {
    help: "1 for each cause of a position drift that is wholly explained",
    labels: ["symbol", "cause"]
  },
  cash_drift: { help: "Cash at the broker minus cash in the tracker", labels: ["currency"] },
  cash_unexplained: {
    help: "Closing cash of the broker minus its opening cash and what the rows move",
    labels: ["currency"]
  }
} as const satisfies Readonly<Record<string, Metric>>

export type MetricSuffix = keyof typeof metrics

/** As Prometheus has it. */
export const metricName = (provider: string, suffix: MetricSuffix): string => `${provider}_${suffix}`
