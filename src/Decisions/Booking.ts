import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import { Broker } from "../Broker.ts"
import type { Activity, SkippedRow } from "../Portfolio/Activity.ts"
import { importReport } from "../Sync/Import.ts"
import type { ImportOptions } from "../Sync/ImportOptions.ts"
import type { RunState } from "../Sync/Prepare.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import type { RowOutcome } from "./RowOutcome.ts"

export interface DecisionOptions {
  readonly runId: string
  readonly upstream: string
}

/** Broker rows that are at hand outside of a statement. */
export interface RowsAtHand extends Pick<BrokerReport, "activities" | "instruments"> {
  /** By content hash. */
  readonly statementOf: ReadonlyMap<string, string>
}

/** Books rows outside of a nightly run, by the same steps. */
export const book = Effect.fn("Decisions.book")(function*(
  rows: RowsAtHand,
  options: DecisionOptions & Partial<Pick<ImportOptions, "force" | "adopt" | "adoptIds">>,
  state: RunState
) {
  const broker = yield* Broker
  const store = yield* SyncRecordStore
  const report: BrokerReport = {
    ...rows,
    statements: [],
    skipped: [],
    cash: [],
    carriedOver: new Set(),
    warnings: [],
    complete: true
  }
  const records = yield* store.known(rows.activities.map(({ externalId }) => externalId))
  const kept = new Map(
    [...records.values()].flatMap(({ contentHash, statementId }) =>
      statementId === undefined ? [] : [[contentHash, statementId] as const]
    )
  )
  const statementOf = (hash: string) => rows.statementOf.get(hash) ?? kept.get(hash)
  const result = yield* importReport(
    {
      statementOf,
      recalled: new Set(),
      sources: (hashes) =>
        broker.recall([...hashes].flatMap((contentHash) => {
          const statementId = statementOf(contentHash)
          return statementId === undefined ? [] : [{ contentHash, statementId }]
        }))
    },
    report,
    {
      adopt: "import",
      force: new Set(),
      adoptIds: new Set(),
      ...options,
      ...state.presence,
      handRows: state.handRows,
      rebuiltUntil: state.rebuiltUntil,
      dryRun: false,
      note: () => Effect.void,
      recomputed: state.recomputed
    }
  )
  return [
    ...result.activities.map(({ activity, status }): RowOutcome => ({
      externalId: activity.externalId,
      outcome: status,
      date: activity.date,
      row: activity
    })),
    ...result.skipped.flatMap((row) => skippedOutcome(row, rows.activities))
  ]
})

const skippedOutcome = (
  { detail, externalId, held, reason }: SkippedRow,
  activities: ReadonlyArray<Activity>
): ReadonlyArray<RowOutcome> => {
  if (externalId === undefined) return []
  const activity = activities.find((each) => each.externalId === externalId)
  return [{
    externalId,
    outcome: held ? "held" : "skipped",
    detail: `${reason}: ${detail}`,
    ...(activity === undefined ? {} : { row: activity, date: activity.date })
  }]
}
