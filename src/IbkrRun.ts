import { Cause, DateTime, Effect, Exit, Option } from "effect"
import { exitCodes, type Failure } from "./Failure.ts"
import { HealthCheck, pinging, silent } from "./HealthCheck.ts"
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
      const report = failedReport(runId, "ibkr-uk", flags, Exit.isFailure(settings) ? settings.cause : Cause.empty)
      if (!flags.dryRun) yield* tellAlone(report)
      return report
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
    if (common.healthcheckUrl === undefined && !flags.dryRun) {
      yield* Effect.logInfo("HEALTHCHECK_URL is not set: no health check is told")
    }
    yield* (yield* HealthCheck).started
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
        ...(known.tracker === undefined ? {} : { scratch: common.dataDir }),
        ...(flags.backfill === undefined ? {} : { backfill: flags.backfill }),
        ...(tokenExpires === undefined ? {} : { tokenExpires })
      }).pipe(Effect.provide(layers))
    }))
    if (Exit.isSuccess(exit)) return exit.value
    if (Cause.hasInterrupts(exit.cause)) return yield* Effect.interrupt
    const report = failedReport(runId, account, flags, exit.cause)
    if (!isLocked(exit.cause)) {
      const gateway = yield* Metrics
      const finishedAt = yield* DateTime.now
      const summary = yield* summaryOf(report, { startedAt, finishedAt, tokenExpires }).pipe(
        Effect.provide(SyncRecordStore.layerMemory)
      )
      yield* gateway.push(summary)
      yield* (yield* HealthCheck).ended(report, summary)
    }
    return report
  })
  const healthCheck = flags.dryRun || common.healthcheckUrl === undefined ? silent : pinging(common.healthcheckUrl)
  return yield* run.pipe(Effect.provide(metrics), Effect.provideService(HealthCheck, healthCheck))
})

/** Settings that every run has are wrong: of all places that could be told, the health check may still be known. */
const tellAlone = Effect.fnUntraced(function*(report: RunReport) {
  const { url } = yield* Effect.orElseSucceed(
    readSettings({ url: commonSettings.healthcheckUrl }),
    () => ({ url: undefined })
  )
  if (url === undefined) return
  const finishedAt = Math.floor(DateTime.toEpochMillis(yield* DateTime.now) / 1000)
  const exitCode = report.error?.exitCode ?? exitCodes.defect
  yield* pinging(url).ended(report, { exitCode, finishedAt, durationSeconds: 0 })
})

/** Another run holds the lock: that one tells the monitoring, and the health check, how the night went. */
const isLocked = (cause: Cause.Cause<Failure>): boolean =>
  cause.reasons.some((reason) =>
    Cause.isFailReason(reason) && reason.error instanceof StoreError && reason.error.reason === "locked"
  )

/**
 * The one line that says what went wrong and what to do. Last of all, after the report: a pod's termination message is the
 * end of what it wrote.
 */
export const sayFailure = ({ account, error, runId }: RunReport): Effect.Effect<void> =>
  error === undefined
    ? Effect.void
    : Effect.logError(`${error.message} — ${error.hint}`).pipe(
      Effect.annotateLogs({ error: error.tag, exitCode: error.exitCode, runId, account })
    )

const failedReport = (
  runId: string,
  account: string,
  flags: IbkrFlags,
  cause: Cause.Cause<Failure>
): RunReport => ({
  ...emptyReport({ runId, provider: "ibkr", account, dryRun: flags.dryRun }),
  error: reportedError(cause)
})
