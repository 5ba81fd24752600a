import type { StatementInfo } from "./Broker.ts"
import type { Activity, SkippedRow } from "./Portfolio/Activity.ts"
import type { CashBridge } from "./Portfolio/CashBridge.ts"
import * as Decimals from "./Portfolio/Decimal.ts"
import type { DriftExplanation } from "./Portfolio/DriftCause.ts"
import type { CashDrift, PositionDrift } from "./Portfolio/Reconcile.ts"
import type { WrittenActivities } from "./WrittenActivities.ts"

export const activityStatuses = ["imported", "already-synced", "planned", "replaced", "removed"] as const

export type ActivityStatus = (typeof activityStatuses)[number]

/** An activity with what became of it and what its instrument is called. */
export interface ReportedActivity {
  readonly activity: Activity
  readonly status: ActivityStatus
  readonly symbol?: string
  readonly isin?: string
  readonly conid?: string
}

export interface ReportedError {
  readonly tag: string
  readonly message: string
  readonly hint: string
  readonly exitCode: number
}

/** Positions before they could be compared have the broker's side only. */
export type ReportedPosition = Pick<PositionDrift, "symbol" | "broker"> & Partial<PositionDrift> & {
  /** Of a drift. */
  readonly explanation?: DriftExplanation
}

/** What one run did, whether it succeeded or not. */
export interface RunReport {
  readonly runId: string
  readonly provider: string
  readonly account: string
  readonly dryRun: boolean
  readonly statements: ReadonlyArray<StatementInfo>
  readonly activities: ReadonlyArray<ReportedActivity>
  /** Those of a large run that came before these. */
  readonly written?: WrittenActivities
  readonly skipped: ReadonlyArray<SkippedRow>
  readonly reconciled: boolean
  /** toDate of the latest statement. */
  readonly asOf?: string
  readonly positions: ReadonlyArray<ReportedPosition>
  readonly cash: ReadonlyArray<CashDrift>
  /** What the person should know; each is also a warning in the log. */
  readonly warnings: ReadonlyArray<string>
  readonly error?: ReportedError
}

/** A run of which nothing is known yet. */
export const emptyReport = (run: Pick<RunReport, "runId" | "provider" | "account" | "dryRun">): RunReport => ({
  ...run,
  statements: [],
  activities: [],
  skipped: [],
  reconciled: false,
  positions: [],
  cash: [],
  warnings: []
})

export const countOf = ({ activities, written }: RunReport, status: ActivityStatus): number =>
  (written?.count(status) ?? 0) + activities.filter((each) => each.status === status).length

export const counts = (report: RunReport) => {
  const of = (status: ActivityStatus) => countOf(report, status)
  const held = report.skipped.filter((row) => row.held).length
  return {
    imported: of("imported"),
    planned: of("planned"),
    alreadySynced: of("already-synced"),
    skipped: report.skipped.length,
    held
  }
}

const activityJson = ({ activity, conid, isin, status, symbol }: ReportedActivity) => ({
  externalId: activity.externalId,
  type: activity.type,
  subtype: activity.subtype,
  date: activity.date,
  time: activity.time,
  symbol,
  isin,
  conid,
  currency: activity.currency,
  quantity: activity.quantity && Decimals.format(activity.quantity),
  unitPrice: activity.unitPrice && Decimals.format(activity.unitPrice),
  amount: Decimals.format(activity.amount),
  fee: activity.fee && Decimals.format(activity.fee),
  ratio: activity.ratio && Decimals.format(activity.ratio),
  note: activity.note,
  status
})

const skippedJson = ({ detail, externalId, held, reason, section }: SkippedRow) => ({
  section,
  externalId,
  reason,
  detail,
  held
})

const positionJson = ({ broker, drift, explanation, symbol, tracker }: ReportedPosition) => ({
  symbol,
  broker: Decimals.format(broker),
  wealthfolio: tracker && Decimals.format(tracker),
  drift: drift && Decimals.format(drift),
  explained: explanation?.isWhole,
  causes: explanation?.evidence.map(({ cause, quantity, remedy, rows }) => ({
    cause,
    quantity: Decimals.format(quantity),
    rows,
    remedy
  }))
})

const bridgeJson = ({ opening, steps, unbooked }: CashBridge) => ({
  opening: Decimals.format(opening),
  steps: steps.map(({ booked, broker, difference, kind }) => ({
    kind,
    booked: Decimals.format(booked),
    broker: broker && Decimals.format(broker),
    difference: difference && Decimals.format(difference)
  })),
  unbooked: unbooked.map(({ amount, externalId, kind, reason, section }) => ({
    section,
    externalId,
    reason,
    kind,
    amount: amount && Decimals.format(amount)
  }))
})

const cashJson = ({ booked, bridge, broker, currency, drift, tracker, trackerDrift }: CashDrift) => ({
  currency,
  broker: Decimals.format(broker),
  booked: Decimals.format(booked),
  drift: Decimals.format(drift),
  wealthfolio: tracker && Decimals.format(tracker),
  trackerDrift: trackerDrift && Decimals.format(trackerDrift),
  bridge: bridge && bridgeJson(bridge)
})

const line = (value: unknown): string => `    ${JSON.stringify(value)}`

/** As it stands in the JSON of a run. */
export const activityLine = (row: ReportedActivity): string => line(activityJson(row))

/**
 * The public JSON of a run, in pieces, so that a year of activities is never one text in memory. Decimals are plain
 * strings; fields that do not apply are absent.
 */
export function* runJson(report: RunReport): Generator<string> {
  const { account, dryRun, error, provider, runId } = report
  const head = {
    runId,
    provider,
    account,
    dryRun,
    outcome: error === undefined ? "success" : "failure",
    ...(error === undefined ? {} : { error }),
    statements: report.statements,
    counts: counts(report)
  }
  yield JSON.stringify(head, undefined, 2).replace(/\n\}$/, ",\n")
  yield* list("activities", report.activities, activityJson, report.written?.text())
  yield ",\n"
  yield* list("skipped", report.skipped, skippedJson)
  const rest = { reconciled: report.reconciled, asOf: report.asOf }
  yield `,\n${JSON.stringify(rest, undefined, 2).slice(2, -2)},\n`
  yield* list("positions", report.positions, positionJson)
  yield ",\n"
  yield* list("cash", report.cash, cashJson)
  yield ",\n"
  yield* list("warnings", report.warnings, (text) => text)
  yield "\n}\n"
}

/** @param before what stands in the list already, as text */
function* list<A>(
  name: string,
  items: ReadonlyArray<A>,
  encode: (item: A) => unknown,
  before?: Iterable<string>
): Generator<string> {
  if (items.length === 0 && before === undefined) return yield `  "${name}": []`
  yield `  "${name}": [\n`
  if (before !== undefined) {
    yield* before
    yield items.length === 0 ? "\n" : ",\n"
  }
  for (let start = 0; start < items.length; start += 500) {
    const lines = items.slice(start, start + 500).map((item) => line(encode(item)))
    yield lines.join(",\n") + (start + 500 < items.length ? ",\n" : "\n")
  }
  yield "  ]"
}
