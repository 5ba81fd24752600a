import { Effect } from "effect"
import { Broker } from "../Broker.ts"
import { prepare } from "../Sync/Prepare.ts"
import { without } from "../Sync/Records.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import type { DecisionOptions } from "./Booking.ts"
import { type RowOutcome, RowUndecidable, unknownRow } from "./RowOutcome.ts"

/**
 * A row stays out for good, and so do the rows made from the same broker row; of a booked row that the user edited and the
 * broker changed, the edit stays.
 */
export const ignore = Effect.fn("Decisions.ignore")(function*(externalId: string, options: DecisionOptions) {
  const store = yield* SyncRecordStore
  yield* prepare({ ...options, dryRun: false })
  const record = (yield* store.known([externalId])).get(externalId)
  if (record === undefined) return yield* unknownRow(externalId)
  if (record.state === "synced" && !record.held) {
    return yield* new RowUndecidable({
      message: `${externalId} is booked`,
      hint: "delete it in Wealthfolio: what is deleted there stays out"
    })
  }
  if (record.state === "synced") {
    yield* store.save([yield* settledByEdit(record)])
    const kept: RowOutcome = { externalId, outcome: "kept", detail: "as it was edited", date: record.date }
    return [kept]
  }
  const legs = (yield* store.held).filter((leg) =>
    leg.externalId !== externalId && leg.contentHash === record.contentHash && leg.state === "skipped"
  )
  const ignored = [record, ...legs].map((each): SyncRecord => ({
    ...without(without(each, "source"), "trackerId"),
    state: "skipped",
    reason: "ignored",
    detail: "by your word",
    held: false
  }))
  yield* store.save(ignored)
  return ignored.map((each): RowOutcome => ({ externalId: each.externalId, outcome: "ignored", date: each.date }))
})

/** What the broker prints now is known, and the user's row stays as it is. */
const settledByEdit = Effect.fnUntraced(function*(record: SyncRecord) {
  const broker = yield* Broker
  const report = yield* broker.map(record.source === undefined ? [] : [record.source])
  const now = report.activities.find(({ externalId }) => externalId === record.externalId)
  const settled: SyncRecord = {
    ...without(record, "source"),
    held: false,
    contentHash: now?.contentHash ?? record.contentHash
  }
  return settled
})
