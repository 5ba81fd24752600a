import { Effect, Option } from "effect"
import { waitingFor } from "../Progress.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { HoldingsUnsettled } from "./HeldNow.ts"

/** Note: holdings are to be computed from the first row. */
const anewNote = "recalculation-owed"

/** Note: rows were written, and no computation was seen that knew them all. */
const behindNote = "computation-owed"

const owe = (note: string) => SyncRecordStore.use((store) => store.saveNote(note, "yes"))
const owes = (note: string) => SyncRecordStore.use((store) => Effect.map(store.note(note), (text) => text === "yes"))
const settle = (note: string) => SyncRecordStore.use((store) => store.saveNote(note, ""))

/** A split is about to be written, or to go: remembered, so that a run that ends in between leaves it to the next one. */
export const oweRecalculation = owe(anewNote)

/** Rows are about to be written that nobody waits for, or were by a run that was cut short. */
export const oweComputation = owe(behindNote)

/** Whether the tracker's holdings may be of before what was written last. */
export const mayBeBehind = Effect.gen(function*() {
  return (yield* owes(behindNote)) || (yield* owes(anewNote))
})

/**
 * Runs what writes, and waits until the tracker has computed it. That it may be behind is remembered before: a run that
 * ends in between, or does not see it in time, leaves it to the next. What an earlier one left is not in the computation
 * that these rows start: that one may begin at a later day.
 */
const seen = (note: string) =>
  Effect.fnUntraced(function*<A, E, R>(write: Effect.Effect<A, E, R>) {
    const repo = yield* WealthfolioRepo
    const wasBehind = yield* owes(note)
    if (!wasBehind) yield* owe(note)
    const [result, recomputed] = yield* repo.recomputedAfter(write)
    if (!wasBehind && recomputed !== false) yield* settle(note)
    return [result, recomputed] as const
  })

/** Of rows that bring the tracker to what the broker says: once both agree it has caught up. */
export const computedAfter = seen(behindNote)

/** Of opening rows that go: as long as it does not know it the tracker agrees with the broker. */
export const computedWithout = seen(anewNote)

/** Has the tracker compute its holdings from the first row; whether it did in time. */
const recalculated = Effect.fn("Sync.recalculate")(function*(why: string) {
  const repo = yield* WealthfolioRepo
  const [, recomputed = false] = yield* repo.recomputedAfter(repo.recalculate).pipe(waitingFor(why))
  if (!recomputed) return false
  for (const note of [anewNote, behindNote]) if (yield* owes(note)) yield* settle(note)
  return true
})

/**
 * Has the tracker compute anew where that is owed: whether it did in time, or nothing where it is not. It comes after the
 * computation that every write starts by itself: that one, begun from holdings before a split, must not be the last.
 */
export const recalculateIfOwed = Effect.gen(function*() {
  if (!(yield* owes(anewNote))) return undefined
  return yield* recalculated("Wealthfolio recalculates its holdings")
})

/** Fails where the tracker's holdings may be of before what was written last, and do not become new in time. */
export const caughtUp = Effect.gen(function*() {
  if (!(yield* mayBeBehind)) return
  yield* Effect.logInfo("Wealthfolio was not seen to compute what was written last: it computes its holdings anew")
  if (!(yield* recalculated("Wealthfolio recalculates its holdings"))) return yield* new HoldingsUnsettled()
})

/**
 * What is seen of the tracker's holdings, once it can be believed. Most often it has caught up in the meantime: only where
 * it may be behind, and what is seen does not agree, it is asked to compute anew, and looked at again.
 */
export const onceCaughtUp = Effect.fnUntraced(function*<A, E, R>(
  look: Effect.Effect<A, E | HoldingsUnsettled, R>,
  agrees: (seen: A) => boolean
) {
  if (!(yield* mayBeBehind)) return yield* look
  const seen = yield* Effect.asSome(look).pipe(
    Effect.catchIf((error) => error instanceof HoldingsUnsettled, () => Effect.succeedNone)
  )
  if (Option.isSome(seen) && agrees(seen.value)) {
    yield* settle(behindNote)
    return seen.value
  }
  yield* caughtUp
  return yield* look
})
