import { Effect } from "effect"
import { looksRestored } from "../Portfolio/Restored.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { keyOf, without } from "./Records.ts"

/** Booked rows that the tracker does not have any more. */
export interface Presence {
  /** The user deleted them: they stay out. */
  readonly removed: ReadonlySet<string>
  /** So many that the tracker looks restored from a backup: somebody has to say what they are. */
  readonly missing: ReadonlySet<string>
}

/** Asks the tracker for every row booked so far. */
export const presence = Effect.fn("Sync.presence")(function*(options: {
  readonly upstream: string
  readonly dryRun: boolean
}) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const placed = yield* store.placed
  const there = yield* repo.existing(placed.map(({ externalId }) => keyOf(externalId, options.upstream)))
  const idOf = (externalId: string) => there.get(keyOf(externalId, options.upstream))
  const synced = placed.filter(({ state }) => state === "synced")
  const gone = new Set(synced.flatMap(({ externalId }) => idOf(externalId) === undefined ? [externalId] : []))
  const back = placed.filter(({ externalId, reason, state, trackerId }) => {
    const id = idOf(externalId)
    return id !== undefined && (state === "removed" || id !== trackerId || reason === "missing")
  })
  // What was missing once stays so until somebody decides, however the account grows.
  const undecided = new Set(synced.flatMap(({ externalId, reason }) => reason === "missing" ? [externalId] : []))
  const restored = looksRestored(synced, gone)
  const found: Presence = {
    removed: restored ? new Set() : gone.difference(undecided),
    missing: restored ? gone : gone.intersection(undecided)
  }
  if (found.removed.size > 0) {
    yield* Effect.logWarning(
      `${found.removed.size} row(s) were deleted in Wealthfolio and stay out: ${some(found.removed)}; ` +
        "broker-sync ibkr restore <externalId> brings one back"
    )
  }
  if (options.dryRun) return found
  const changed = yield* store.known([...gone, ...back.map(({ externalId }) => externalId)])
  yield* store.save([...changed.values()].map((record): SyncRecord => {
    const trackerId = idOf(record.externalId)
    if (found.missing.has(record.externalId)) return { ...record, reason: "missing" }
    return trackerId === undefined
      ? { ...record, state: "removed", held: false }
      : { ...without(record, "reason"), state: "synced", trackerId }
  }))
  return found
})

const shown = 5

/** The first few of many. */
export const some = (ids: Iterable<string>): string => {
  const all = [...ids]
  return all.length <= shown ? all.join(", ") : `${all.slice(0, shown).join(", ")} and ${all.length - shown} more`
}
