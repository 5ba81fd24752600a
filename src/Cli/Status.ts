import { DateTime, Effect } from "effect"
import { Command } from "effect/cli"
import { type Failure } from "../Failure.ts"
import { commonSettings, guardSettings, trackerAccountSettings } from "../IbkrSettings.ts"
import { newRunId } from "../RunId.ts"
import { readSettings } from "../Settings.ts"
import { statusReport } from "../Status.ts"
import { statusJson, statusTable } from "../StatusTable.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { endWith, format, isTable, print } from "./Ending.ts"

const look = Effect.gen(function*() {
  const { account, accountId, dataDir, upstream } = yield* readSettings({
    ...guardSettings,
    ...trackerAccountSettings,
    ...commonSettings
  })
  return yield* statusReport({ account, upstream }).pipe(
    Effect.provide(SyncRecordStore.layerLook({ dataDir, upstream, tracker: accountId }))
  )
})

/** Reads the store alone, also while a run is in progress. */
export const status = Command.make(
  "status",
  { format },
  Effect.fnUntraced(function*(given) {
    const runId = newRunId(DateTime.toEpochMillis(yield* DateTime.now))
    yield* look.pipe(
      Effect.flatMap((report) =>
        Effect.flatMap(isTable(given.format), (table) => print(table ? statusTable(report) : statusJson(report)))
      ),
      Effect.catchIf(
        (error): error is Extract<typeof error, Failure> => "exitCode" in error,
        (error) => Effect.andThen(Effect.logError(`${error.message} — ${error.hint}`), endWith(error))
      ),
      Effect.annotateLogs({ runId })
    )
  })
).pipe(Command.withDescription("Show the last runs, the age of the data, its coverage, and the rows that wait"))
