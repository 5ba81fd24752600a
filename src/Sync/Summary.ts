import { DateTime, Effect, Option } from "effect"
import type { RunSummary } from "../Metrics.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import * as PlainDates from "../Portfolio/PlainDate.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { activityStatuses, countOf, type RunReport } from "../RunReport.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { ledger } from "./Ledger.ts"

const secondsPerDay = 86_400

const seconds = (date: PlainDate): number => PlainDates.toEpochDay(date) * secondsPerDay

const activitiesOf = (report: RunReport): Record<string, number> =>
  Object.fromEntries(
    activityStatuses.map((status) => [status, countOf(report, status)] as const).filter(([, count]) => count > 0)
  )

const tally = (names: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** What the monitoring is told of a run. The broker's wall clock is taken as UTC: it is only looked at in hours. */
export const summaryOf = Effect.fnUntraced(function*(
  report: RunReport,
  run: {
    readonly startedAt: DateTime.Utc
    readonly finishedAt: DateTime.Utc
    readonly tokenExpires: PlainDate | undefined
  }
) {
  const store = yield* SyncRecordStore
  const latest = [...report.statements].sort((a, b) => a.toDate < b.toDate ? -1 : 1).at(-1)
  const known = yield* Effect.orElseSucceed(store.latestToDate, () => undefined)
  const isLatest = latest !== undefined && (known === undefined || latest.toDate >= known)
  const drifting = report.positions.filter(({ drift }) => drift !== undefined && !Decimals.isZero(drift))
  const standing = report.reconciled && latest !== undefined
    ? yield* store.saveDrift(latest.toDate, drifting.map(({ symbol }) => symbol)).pipe(
      Effect.catch((error) => Effect.as(Effect.logWarning(error.message), new Map<string, number>()))
    )
    : new Map<string, number>()
  const days = yield* Effect.option(ledger)
  const baseline = yield* Effect.option(store.baseline)
  const isProven = Option.isSome(days) && days.value.covered.length > 0
  const generated = latest?.whenGenerated === undefined ? undefined : Date.parse(`${latest.whenGenerated}Z`) / 1000
  const start = DateTime.toEpochMillis(run.startedAt)
  const end = DateTime.toEpochMillis(run.finishedAt)
  const summary: RunSummary = {
    exitCode: report.error?.exitCode ?? 0,
    finishedAt: Math.floor(end / 1000),
    durationSeconds: (end - start) / 1000,
    ...(latest === undefined ? {} : {
      activities: activitiesOf(report),
      skipped: tally(report.skipped.map(({ reason }) => reason))
    }),
    // An old statement that is read again makes the data no older.
    ...(latest === undefined || !isLatest ? {} : {
      statement: { toDate: seconds(latest.toDate), ...(generated === undefined ? {} : { generatedAt: generated }) }
    }),
    ...(report.reconciled
      ? {
        reconciliation: {
          positions: report.positions.map(({ drift = Decimals.zero, explanation, symbol }) => ({
            symbol,
            ...(explanation?.isWhole === true
              ? { causes: [...new Set(explanation.evidence.map(({ cause }) => cause))] }
              : {}),
            drift: Decimals.format(drift),
            statements: standing.get(symbol) ?? 0
          })),
          cash: report.cash.map(({ currency, drift, trackerDrift = Decimals.zero }) => ({
            currency,
            drift: Decimals.format(drift),
            trackerDrift: Decimals.format(trackerDrift)
          }))
        }
      }
      : {}),
    ...(isProven ? { uncoveredDays: days.value.uncoveredDays } : {}),
    ...(isProven && Option.isSome(baseline) ? { baselinePending: baseline.value.length } : {}),
    ...(run.tokenExpires === undefined ? {} : { tokenExpires: seconds(run.tokenExpires) })
  }
  return summary
})
