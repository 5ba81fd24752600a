import { Cause, DateTime, Effect, Exit, FileSystem, Layer, Option, Path, Result, Schema, Stdio, Stream } from "effect"
import type { Broker } from "./Broker.ts"
import * as Ibkr from "./Broker/Ibkr.ts"
import { exitCodes, type Failure } from "./Failure.ts"
import {
  commonSettings,
  flexSettings,
  guardSettings,
  loggingSettings,
  optionalGuardSettings,
  trackerSettings
} from "./IbkrSettings.ts"
import { Metrics } from "./Metrics.ts"
import type { DaySpan } from "./Portfolio/Coverage.ts"
import { newRunId } from "./RunId.ts"
import { emptyReport, type RunReport } from "./RunReport.ts"
import { readSettings, SettingsError, type Values } from "./Settings.ts"
import { readSymbolMap } from "./SymbolMapFile.ts"
import { reportedError, sync } from "./Sync.ts"
import { summaryOf } from "./Sync/Summary.ts"
import { StoreError, SyncRecordStore } from "./SyncRecordStore.ts"
import { WealthfolioRepo } from "./WealthfolioRepo.ts"

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

/** A statement given on standard input could not be read. */
export class StdinError extends Schema.TaggedError<StdinError>()("StdinError", {
  reason: Schema.String
}) implements Failure {
  override get message() {
    return `standard input cannot be read: ${this.reason}`
  }
  readonly hint = "pipe a statement into it, or give --file a path"
  readonly exitCode = exitCodes.configuration
}

type CommonSettings = Values<typeof commonSettings>

interface RunSettings {
  readonly common: CommonSettings
  readonly upstream: string | undefined
  readonly tracker: Values<typeof trackerSettings> | undefined
  readonly flex: Values<typeof flexSettings> | undefined
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

/** All groups that this run needs are read before any problem is reported, so that one edit mends them all. */
const readRunSettings = Effect.fnUntraced(function*(flags: IbkrFlags) {
  const isFile = flags.file !== undefined
  const offline = flags.dryRun && isFile
  const logging = yield* Effect.result(readSettings(loggingSettings))
  const flex = isFile ? undefined : yield* Effect.result(readSettings(flexSettings))
  const tracker = offline ? undefined : yield* Effect.result(readSettings(trackerSettings))
  const guard = yield* Effect.result(offline ? readSettings(optionalGuardSettings) : readSettings(guardSettings))
  const common = yield* Effect.result(readSettings(commonSettings))
  const groups: ReadonlyArray<Result.Result<unknown, SettingsError> | undefined> = [
    flex,
    tracker,
    guard,
    common,
    logging
  ]
  const [first, ...rest] = groups.flatMap((group) =>
    group !== undefined && Result.isFailure(group) ? group.failure.problems : []
  )
  if (first !== undefined) return yield* new SettingsError({ problems: [first, ...rest] })
  const settings: RunSettings = {
    common: yield* Effect.fromResult(common),
    upstream: (yield* Effect.fromResult(guard)).upstream,
    tracker: tracker === undefined ? undefined : yield* Effect.fromResult(tracker),
    flex: flex === undefined ? undefined : yield* Effect.fromResult(flex)
  }
  return settings
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

/** Which adapters this run is made of. The store comes first: nothing is sent before it is open, locked and writable. */
const layersOf = Effect.fnUntraced(function*(flags: IbkrFlags, settings: RunSettings) {
  const path = yield* Path.Path
  const { common, flex, tracker, upstream } = settings
  const symbolMap = yield* readSymbolMap(
    common.symbolMap ?? path.join(common.dataDir, "symbol-map.json"),
    common.symbolMap !== undefined
  )
  const offline = tracker === undefined
  const ibkr: Ibkr.IbkrOptions = {
    ...(upstream === undefined ? {} : { account: upstream }),
    report: {
      cashTypes: common.cashTypes,
      symbolMap,
      ...(common.startDate === undefined ? {} : { startDate: common.startDate })
    },
    ...(offline ? {} : { spoolDir: common.dataDir }),
    ...(flags.dryRun ? {} : { archiveDir: common.dataDir }),
    ...(flags.save === undefined ? {} : { saveAs: flags.save }),
    strict: !flags.dryRun && flags.file === undefined
  }
  const store = offline
    ? SyncRecordStore.layerMemory
    : SyncRecordStore.layer({ dataDir: common.dataDir, upstream: upstream ?? "", tracker: tracker.accountId })
  const repo = offline ? WealthfolioRepo.layerOffline : WealthfolioRepo.layer({
    baseUrl: tracker.baseUrl.href,
    ...(tracker.password === undefined ? {} : { password: tracker.password }),
    sessionPath: tracker.sessionPath ?? path.join(common.dataDir, "wealthfolio-session"),
    recalcTimeout: tracker.recalcTimeout,
    accountId: tracker.accountId
  })
  const broker: Layer.Layer<Broker, Failure, SyncRecordStore | FileSystem.FileSystem> = flex === undefined
    ? Ibkr.layerFile({ ...ibkr, path: flags.file ?? "-", stdin: yield* stdin })
    : Ibkr.layer({ ...ibkr, ...flex })
  return Layer.mergeAll(Layer.provideMerge(broker, store), repo)
})

const stdin = Effect.map(
  Stdio.Stdio,
  (stdio) => Stream.mapError(stdio.stdin, (error): Failure => new StdinError({ reason: error.message }))
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
