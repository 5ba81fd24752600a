import { Cause, DateTime, Effect, Exit } from "effect"
import type { Broker } from "./Broker.ts"
import type { DecisionOptions } from "./Decisions/Booking.ts"
import type { DecisionReport } from "./Decisions/DecisionReport.ts"
import type { Failure } from "./Failure.ts"
import { layersOf, readRunSettings } from "./IbkrLayers.ts"
import { newRunId } from "./RunId.ts"
import { reportedError } from "./Sync.ts"
import type { SyncRecordStore } from "./SyncRecordStore.ts"
import type { WealthfolioRepo } from "./WealthfolioRepo.ts"

/** A command about single rows: what it is called, and what it does with store, tracker and archive. */
export interface Decision {
  readonly command: string
  readonly decide: (
    options: DecisionOptions
  ) => Effect.Effect<
    Pick<DecisionReport, "rows" | "notes">,
    Failure,
    Broker | SyncRecordStore | WealthfolioRepo
  >
}

const source = { dryRun: false, archiveOnly: true }

/** Runs it under the account's lock, with the settings of a nightly run but those of the web service. */
export const ibkrDecision = Effect.fn("ibkrDecision")(function*({ command, decide }: Decision) {
  const runId = newRunId(DateTime.toEpochMillis(yield* DateTime.now))
  return yield* Effect.gen(function*() {
    const settings = yield* Effect.exit(readRunSettings(source))
    const account = Exit.isSuccess(settings) ? settings.value.common.account : "ibkr-uk"
    const exit = yield* Effect.exit(Effect.gen(function*() {
      const known = yield* settings
      const layers = yield* layersOf(source, known)
      return yield* decide({ runId, upstream: known.upstream ?? "" }).pipe(Effect.provide(layers))
    })).pipe(Effect.annotateLogs({ account }))
    if (Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) return yield* Effect.interrupt
    const report: DecisionReport = Exit.isSuccess(exit)
      ? { runId, command, account, ...exit.value }
      : { runId, command, account, rows: [], notes: [], error: reportedError(exit.cause) }
    const { error } = report
    if (error !== undefined) {
      yield* Effect.logError(`${error.message} — ${error.hint}`).pipe(
        Effect.annotateLogs({ error: error.tag, exitCode: error.exitCode })
      )
    }
    return report
  }).pipe(Effect.annotateLogs({ runId }))
})
