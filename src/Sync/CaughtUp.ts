import { DateTime, Duration, Effect } from "effect"
import { exitCodes } from "../Failure.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { HoldingsUnsettled, holdsItsRows } from "./HeldNow.ts"
import { behindNote, mayBeBehind, owe, oweComputation, owes, recalculated, settle } from "./Recalculation.ts"

/** Note: since when the tracker computes from the first row, as it was behind. */
const askedNote = "computation-asked"
/** Note: its holdings are not what its rows come to, whatever it computes. */
const otherNote = "holdings-differ"

/** By then a computation has ended, however long it takes. */
const longest = Duration.hours(6)

/**
 * Fails where the tracker's holdings may be of before what was written last, and do not become new in time. Most often it
 * has caught up in the meantime, and holds what its rows come to. Else it is asked to compute from the first row, once:
 * where that takes longer than is waited, a later run sees what came of it. Whether it was asked now.
 */
export const caughtUp = Effect.gen(function*() {
  if (!(yield* mayBeBehind)) return false
  const isAsked = (yield* holdsItsRows) ? false : yield* askOnce
  for (const note of [askedNote, behindNote]) yield* settle(note)
  return isAsked
})

/** Whether it computed now, or is to be taken as it is. */
const askOnce = Effect.gen(function*() {
  const store = yield* SyncRecordStore
  const [asked = "", now] = [yield* store.note(askedNote), yield* DateTime.now]
  if (asked !== "") {
    const waited = DateTime.distance(DateTime.makeUnsafe(asked), now)
    if (Duration.isLessThan(waited, longest)) return yield* new HoldingsUnsettled()
    yield* owe(otherNote)
    return false
  }
  yield* Effect.logInfo("Wealthfolio is behind what was written: it computes its holdings anew")
  yield* store.saveNote(askedNote, DateTime.formatIso(now))
  const isDone = yield* recalculated.pipe(
    // What was to be written is in: a run does not end by that.
    Effect.catchIf(
      ({ exitCode }) => exitCode === exitCodes.tracker,
      (error) => Effect.as(Effect.logWarning(error.message), false)
    )
  )
  return isDone || (yield* new HoldingsUnsettled())
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
