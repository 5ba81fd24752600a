import { Effect } from "effect"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { keyOf, settled } from "./Records.ts"

/** What a run that ended half-way left open: the row as it turned out, or nothing when it is to be forgotten. */
export const settledAs = (record: SyncRecord, there: string | undefined): SyncRecord | undefined => {
  const plain = settled(record)
  const { trackerId: _, ...unbooked } = plain
  switch (record.intent) {
    case "replace":
      if (there === undefined) return { ...plain, state: "removed", held: false }
      return there === record.trackerId
        ? { ...plain, state: "synced" }
        : { ...plain, state: "synced", trackerId: there, contentHash: record.intendedHash ?? "" }
    case "take-out":
      return there === undefined ? { ...unbooked, state: "skipped" } : { ...plain, state: "synced", trackerId: there }
    case "undo":
      return there === undefined ? undefined : { ...plain, state: "synced", trackerId: there }
    case "restore":
      return there === undefined ? { ...plain, state: "removed" } : { ...plain, state: "synced", trackerId: there }
    case "recreate":
      return { ...plain, state: "synced", ...(there === undefined ? {} : { trackerId: there }) }
    default:
      if (there !== undefined) return { ...plain, state: "synced", trackerId: there, held: false }
      // Its statement brings it again; a held one has no other statement to come with.
      return record.held ? { ...plain, state: "skipped" } : undefined
  }
}

/**
 * The tracker is asked what became of every row whose answer was not seen, before anything else is done. True when there
 * were any: the tracker may still be computing.
 */
export const settlePending = Effect.fn("Sync.settlePending")(function*(upstream: string) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const pending = yield* store.inState("pending")
  if (pending.length === 0) return false
  const there = yield* repo.existing(pending.map(({ externalId }) => keyOf(externalId, upstream)))
  const outcomes = pending.map((record) => ({
    record,
    outcome: settledAs(record, there.get(keyOf(record.externalId, upstream)))
  }))
  yield* store.save(outcomes.flatMap(({ outcome }) => outcome ?? []))
  yield* store.forget(outcomes.flatMap(({ outcome, record }) => outcome === undefined ? [record.externalId] : []))
  yield* Effect.logInfo(
    `${pending.length} rows were on their way when an earlier run ended: ${there.size} of them are in the tracker`
  )
  return true
})
