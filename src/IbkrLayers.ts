import { Effect, type FileSystem, Layer, Path, Result, Schema, Stdio, Stream } from "effect"
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
import { readSettings, SettingsError, type Values } from "./Settings.ts"
import { readSymbolMap } from "./SymbolMapFile.ts"
import { SyncRecordStore } from "./SyncRecordStore.ts"
import { WealthfolioRepo } from "./WealthfolioRepo.ts"

export type CommonSettings = Values<typeof commonSettings>

export interface RunSettings {
  readonly common: CommonSettings
  readonly upstream: string | undefined
  readonly tracker: Values<typeof trackerSettings> | undefined
  readonly flex: Values<typeof flexSettings> | undefined
}

/** Where statements come from, and how they are read. */
export interface SourceOptions {
  readonly dryRun: boolean
  /** A statement on disk instead of the web service; `-` is standard input. */
  readonly file?: string
  /** Where to keep the statement pulled. */
  readonly save?: string
  /** Nothing is pulled: only what was received before is read. */
  readonly archiveOnly?: boolean
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

/** All groups that this run needs are read before any problem is reported, so that one edit mends them all. */
export const readRunSettings = Effect.fnUntraced(function*(source: SourceOptions) {
  const isFile = source.file !== undefined
  const offline = source.dryRun && isFile
  const logging = yield* Effect.result(readSettings(loggingSettings))
  const flex = isFile || source.archiveOnly === true ? undefined : yield* Effect.result(readSettings(flexSettings))
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

/** Which adapters this run is made of. The store comes first: nothing is sent before it is open, locked and writable. */
export const layersOf = Effect.fnUntraced(function*(source: SourceOptions, settings: RunSettings) {
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
    ...(source.dryRun ? {} : { archiveDir: common.dataDir }),
    ...(source.save === undefined ? {} : { saveAs: source.save }),
    strict: !source.dryRun && source.file === undefined
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
  const broker: Layer.Layer<Broker, Failure, SyncRecordStore | FileSystem.FileSystem> = source.archiveOnly === true
    ? Ibkr.layerArchive(ibkr)
    : flex === undefined
    ? Ibkr.layerFile({ ...ibkr, path: source.file ?? "-", stdin: yield* stdin })
    : Ibkr.layer({ ...ibkr, ...flex })
  return Layer.mergeAll(Layer.provideMerge(broker, store), repo)
})

const stdin = Effect.map(
  Stdio.Stdio,
  (stdio) => Stream.mapError(stdio.stdin, (error): Failure => new StdinError({ reason: error.message }))
)
