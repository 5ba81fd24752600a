import { Effect } from "effect"
import { waitingFor } from "../Progress.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"

const note = "recalculation-owed"

/** A split is about to be written, or to go: remembered, so that a run that ends in between leaves it to the next one. */
export const oweRecalculation = Effect.gen(function*() {
  yield* (yield* SyncRecordStore).saveNote(note, "yes")
})

/**
 * Has the tracker compute its holdings anew where splits ask for it: whether it did in time, or nothing where none is
 * owed. It comes after the computation that every write starts by itself: that one, begun from holdings before the split,
 * must not be the last.
 */
export const recalculateIfOwed = Effect.gen(function*() {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  if ((yield* store.note(note)) !== "yes") return undefined
  const [, recomputed] = yield* repo.recomputedAfter(repo.recalculate).pipe(
    waitingFor("Wealthfolio recalculates its holdings after a split")
  )
  if (recomputed) yield* store.saveNote(note, "")
  return recomputed
}).pipe(Effect.withSpan("Sync.recalculate"))
