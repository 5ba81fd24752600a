import { Effect } from "effect"
import { Broker } from "../Broker.ts"
import { prepare } from "../Sync/Prepare.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { book, type DecisionOptions } from "./Booking.ts"
import { RowUndecidable, unknownRow } from "./RowOutcome.ts"

/** The broker's row takes the place of the one typed by hand; the user's date and note are kept. */
export const adopt = Effect.fn("Decisions.adopt")(function*(externalId: string, options: DecisionOptions) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const state = yield* prepare({ ...options, dryRun: false })
  const record = (yield* store.known([externalId])).get(externalId)
  if (record === undefined) return yield* unknownRow(externalId)
  const candidates = (yield* store.held).filter(({ reason }) => reason === "adopt-candidate")
  if (!candidates.some((each) => each.externalId === externalId)) {
    return yield* new RowUndecidable({
      message: `${externalId} does not wait to be adopted: ${record.reason ?? record.state}`,
      hint: "broker-sync ibkr status lists the rows that do"
    })
  }
  // All candidates: a row by hand may stand for several fills.
  const ids = new Set(candidates.map((each) => each.externalId))
  const report = yield* broker.map(candidates.flatMap(({ source }) => source ?? []))
  const outcomes = yield* book(
    {
      activities: report.activities.filter((activity) => ids.has(activity.externalId)),
      instruments: report.instruments,
      statementOf: new Map()
    },
    { ...options, adopt: "report", adoptIds: new Set([externalId]) },
    state
  )
  return outcomes.filter((row) => row.externalId === externalId || row.outcome !== "held")
})
