import { DateTime, Duration, Effect } from "effect"
import { exitCodes } from "../Failure.ts"
import { waitingFor } from "../Progress.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { HoldingsUnsettled, holdsItsRows } from "./HeldNow.ts"

/** Note: a split was written, or went: holdings are to be computed from the first row. */
const splitNote = "recalculation-owed"
/** Note: rows were written, and no computation was seen that knew them all. */
const behindNote = "computation-owed"
/** Note: since when the tracker computes from the first row, as it was behind. */
const askedNote = "computation-asked"
/** Note: its holdings are not what its rows come to, whatever it computes. */
const otherNote = "holdings-differ"

const owe = (note: string) => SyncRecordStore.use((store) => store.saveNote(note, "yes"))
const owes = (note: string) => SyncRecordStore.use((store) => Effect.map(store.note(note), (text) => text === "yes"))
const settle = Effect.fnUntraced(function*(note: string) {
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
const recalculated = Effect.gen(function*() {
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

/** By then a computation has ended, however long it takes. */
const longest = Duration.hours(6)

/**
 * Fails where the tracker's holdings may be of before what was written last, and do not become new in time. Most often it
 * has caught up in the meantime, and holds what its rows come to. Else it is asked to compute from the first row, once:
 * where that takes longer than is waited, a later run sees what came of it. Whether it was asked now.
 */
export const caughtUp = Effect.gen(function*() {
  if (!(yield* mayBeBehind)) return false
  let hasAsked = false
  if (!(yield* holdsItsRows)) {
    const store = yield* SyncRecordStore
    const [asked = "", now] = [yield* store.note(askedNote), yield* DateTime.now]
    if (asked === "") {
      yield* Effect.logInfo("Wealthfolio is behind what was written: it computes its holdings anew")
      yield* store.saveNote(askedNote, DateTime.formatIso(now))
      const isDone = yield* recalculated.pipe(
        // What was to be written is in: a run does not end by that.
        Effect.catchIf(
          ({ exitCode }) => exitCode === exitCodes.tracker,
          (error) => Effect.as(Effect.logWarning(error.message), false)
        )
      )
      if (!isDone) return yield* new HoldingsUnsettled()
    } else if (Duration.isLessThan(DateTime.distance(DateTime.makeUnsafe(asked), now), longest)) {
      return yield* new HoldingsUnsettled()
    } else yield* owe(otherNote)
    hasAsked = asked === ""
  }
  for (const note of [askedNote, behindNote]) yield* settle(note)
  return hasAsked
})

/**
 * What is seen of the tracker's holdings, once it can be believed. Signs of a computation may be those of another: where
 * one was waited for, both sides differ, and it does not hold what its rows come to, it is behind after all.
 */
export const onceCaughtUp = Effect.fnUntraced(function*<A, E, R>(
  look: Effect.Effect<A, E, R>,
  { agrees, hasWritten, holds }: {
    readonly agrees: (seen: A) => boolean
    readonly hasWritten: boolean
    /** Whether it holds what its rows come to. */
    readonly holds: (seen: A) => Effect.Effect<boolean, E, R>
  }
) {
  const isWaitedFor = (yield* caughtUp) || hasWritten
  const seen = yield* look
  if (!isWaitedFor || agrees(seen)) return seen
  const isOther = yield* owes(otherNote)
  if (yield* holds(seen)) {
    if (isOther) yield* settle(otherNote)
    return seen
  }
  if (isOther) return seen
  yield* oweComputation
  yield* caughtUp
  const then = yield* look
  if (!(yield* holds(then))) yield* owe(otherNote)
  return then
})
