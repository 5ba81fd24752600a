import { Effect } from "effect"
import { waitingFor } from "../Progress.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"

/** Note: a split was written, or went: holdings are to be computed from the first row. */
const splitNote = "recalculation-owed"
/** Note: rows were written, and no computation was seen that knew them all. */
export const behindNote = "computation-owed"

export const owe = (note: string) => SyncRecordStore.use((store) => store.saveNote(note, "yes"))
export const owes = (note: string) =>
  SyncRecordStore.use((store) => Effect.map(store.note(note), (text) => text === "yes"))
export const settle = Effect.fnUntraced(function*(note: string) {
  const store = yield* SyncRecordStore
  if (yield* store.note(note)) yield* store.saveNote(note, "")
})

/** A split is about to be written, or to go: remembered, so that a run that ends in between leaves it to the next one. */
export const oweRecalculation = owe(splitNote)

/** Rows are about to be written or deleted that nobody waits for, or were by a run that was cut short. */
export const oweComputation = owe(behindNote)

/** Whether the tracker's holdings may be of before what was written last. */
export const mayBeBehind = owes(behindNote)

/**
 * Runs what writes, and waits until the tracker has computed it. That it may be behind is remembered before: a run that
 * ends in between, or does not see it in time, leaves it to the next. What an earlier one left is not in the computation
 * that these rows start: that one may begin at a later day.
 */
export const computedAfter = Effect.fnUntraced(function*<A, E, R>(write: Effect.Effect<A, E, R>) {
  const repo = yield* WealthfolioRepo
  const wasBehind = yield* mayBeBehind
  if (!wasBehind) yield* oweComputation
  const [result, recomputed] = yield* repo.recomputedAfter(write)
  if (!wasBehind && recomputed !== false) yield* settle(behindNote)
  return [result, recomputed] as const
})

/** Has the tracker compute its holdings from the first row; whether it did in time. */
export const recalculated = Effect.gen(function*() {
  const repo = yield* WealthfolioRepo
  const [, recomputed = false] = yield* repo.recomputedAfter(repo.recalculate).pipe(
    waitingFor("Wealthfolio recalculates its holdings")
  )
  if (recomputed) { for (const note of [splitNote, behindNote]) yield* settle(note) }
  return recomputed
}).pipe(Effect.withSpan("Sync.recalculate"))

/**
 * Has the tracker compute anew where splits ask for it: whether it did in time, or nothing where none is owed. It comes
 * after the computation that every write starts by itself: that one, begun from holdings before the split, must not be the
 * last.
 */
export const recalculateIfOwed = Effect.gen(function*() {
  return (yield* owes(splitNote)) ? yield* recalculated : undefined
})
