import { Cause, DateTime, Effect, Exit, Option } from "effect"
import type { Failure } from "./Failure.ts"
import { type CommonSettings, layersOf, readRunSettings, type RunSettings } from "./IbkrLayers.ts"
import { commonSettings } from "./IbkrSettings.ts"
import { Metrics } from "./Metrics.ts"
import type { DaySpan } from "./Portfolio/Coverage.ts"
import { newRunId } from "./RunId.ts"
import { emptyReport, type RunReport } from "./RunReport.ts"
import { readSettings, type SettingsError } from "./Settings.ts"
import { reportedError, sync } from "./Sync.ts"
import { summaryOf } from "./Sync/Summary.ts"
import { StoreError, SyncRecordStore } from "./SyncRecordStore.ts"

export interface IbkrFlags {
  readonly dryRun: boolean
  /** A statement on disk instead of the web service; `-` is standard input. */
  readonly file?: string
  /** Where to keep the statement pulled. */
  readonly save?: string
  readonly failOnDrift: boolean
  /** These days, from the web service. */
  readonly backfill?: DaySpan
}

/** One run, from the environment to its report. What fails is in the report; only an interruption ends it otherwise. */
export const ibkrRun = Effect.fn("ibkrRun")(function*(flags: IbkrFlags) {
  const runId = newRunId(DateTime.toEpochMillis(yield* DateTime.now))
  return yield* Effect.gen(function*() {
    const settings = yield* Effect.exit(readRunSettings(flags))
    const common = yield* Effect.option(readSettings(commonSettings))
    if (Option.isNone(common)) {
      return yield* failed(
        failedReport(runId, "ibkr-uk", flags, Exit.isFailure(settings) ? settings.cause : Cause.empty)
      )
    }
    const { account } = common.value
    return yield* runWith(runId, flags, common.value, settings).pipe(Effect.annotateLogs({ account }))
  }).pipe(Effect.annotateLogs({ runId }))
})

/** The run under its metrics: whatever ends it, also a setting that is missing, is told to the Pushgateway. */
const runWith = Effect.fnUntraced(function*(
  runId: string,
  flags: IbkrFlags,
  common: CommonSettings,
  settings: Exit.Exit<RunSettings, SettingsError>
) {
  const metrics = flags.dryRun
    ? Metrics.layerSilent
    : common.pushgatewayUrl === undefined
    ? Metrics.layerNone
    : Metrics.layer({ url: common.pushgatewayUrl.href, account: common.account })
  const { account, tokenExpires } = common
  const run = Effect.gen(function*() {
    for (const warning of notYet(common)) yield* Effect.logWarning(warning)
    const startedAt = yield* DateTime.now
    const exit = yield* Effect.exit(Effect.gen(function*() {
      const known = yield* settings
      const layers = yield* layersOf(flags, known)
      return yield* sync({
        runId,
        account,
        upstream: known.upstream ?? "unguarded",
        dryRun: flags.dryRun,
        failOnDrift: flags.failOnDrift,
        adopt: common.adopt,
        ...(flags.backfill === undefined ? {} : { backfill: flags.backfill }),
        ...(tokenExpires === undefined ? {} : { tokenExpires })
      }).pipe(Effect.provide(layers))
    }))
    if (Exit.isSuccess(exit)) return yield* failed(exit.value)
    if (Cause.hasInterrupts(exit.cause)) return yield* Effect.interrupt
    const report = failedReport(runId, account, flags, exit.cause)
    if (!isLocked(exit.cause)) {
      const gateway = yield* Metrics
      const finishedAt = yield* DateTime.now
      const summary = yield* summaryOf(report, { startedAt, finishedAt, tokenExpires }).pipe(
        Effect.provide(SyncRecordStore.layerMemory)
      )
      yield* gateway.push(summary)
    }
    return yield* failed(report)
  })
  return yield* Effect.provide(run, metrics)
})

/** Another run holds the lock: that one tells the monitoring how the night went. */
const isLocked = (cause: Cause.Cause<Failure>): boolean =>
  cause.reasons.some((reason) =>
    Cause.isFailReason(reason) && reason.error instanceof StoreError && reason.error.reason === "locked"
  )

/** The one line that says what went wrong and what to do. */
const failed = Effect.fnUntraced(function*(report: RunReport) {
  const { error } = report
  if (error !== undefined) {
    yield* Effect.logError(`${error.message} — ${error.hint}`).pipe(
      Effect.annotateLogs({ error: error.tag, exitCode: error.exitCode })
    )
  }
  return report
})

/** Settings that are public already and do nothing in this release say so. */
const notYet = (common: CommonSettings): ReadonlyArray<string> =>
  common.healthcheckUrl === undefined ? [] : ["HEALTHCHECK_URL has no effect in this release: nothing is pinged"]

const failedReport = (
  runId: string,
  account: string,
  flags: IbkrFlags,
  cause: Cause.Cause<Failure>
): RunReport => ({
  ...emptyReport({ runId, provider: "ibkr", account, dryRun: flags.dryRun }),
  error: reportedError(cause)
})
