import { Clock, Duration, Effect, Semaphore } from "effect"

/** IBKR's limits for one token, code 1018 beyond them; the margins allow for the way there. */
const perSecond = { requests: 1, millis: 1_100 }
const perMinute = { requests: 10, millis: 61_000 }

/** Outlives the process, so that the runs of one token share its limits. */
export interface PaceMemory {
  /** Times (Unix milliseconds) of the last requests with this token, oldest first; at most 10. */
  readonly recent: Effect.Effect<ReadonlyArray<number>, never>
  /** Remembers one, before it is sent. Failing to remember must not fail the request. */
  readonly remember: (at: number) => Effect.Effect<void, never>
}

const forgetful: PaceMemory = { recent: Effect.succeed([]), remember: () => Effect.void }

/** An effect that returns once a request may go out, and counts it. Sliding windows; waits its turn. */
export const makeFlexPace = (memory: PaceMemory = forgetful): Effect.Effect<Effect.Effect<void>> =>
  Effect.map(Semaphore.make(1), (turn) => {
    let sent: ReadonlyArray<number> = []
    let lastReleased = -Infinity
    /** What each remembered time counts as: no later than when it was first seen, as the clock may have moved back. */
    let counted: ReadonlyMap<number, number> = new Map()

    const pause = Effect.gen(function*() {
      const remembered = yield* memory.recent
      const now = yield* Clock.currentTimeMillis
      const known = [...remembered, ...sent.filter((at) => !remembered.includes(at))]
      counted = new Map(known.map((at) => [at, Math.min(counted.get(at) ?? at, now)]))
      lastReleased = Math.min(lastReleased, now)
      const times = known.map((at) => counted.get(at) ?? at).sort((a, b) => a - b)
      const freeAt = ({ millis, requests }: typeof perMinute) => (times.at(-requests) ?? -Infinity) + millis
      return Math.max(freeAt(perSecond), freeAt(perMinute), lastReleased + perSecond.millis) - now
    })

    const next = Effect.gen(function*() {
      // Asked again after each pause: another run with this token may have gone first.
      for (let millis = yield* pause; millis > 0; millis = yield* pause) yield* Effect.sleep(Duration.millis(millis))
      const now = yield* Clock.currentTimeMillis
      sent = [...sent, now].slice(-perMinute.requests)
      yield* memory.remember(now)
      // Remembering takes its time, on a slow disk more than the margin of the second.
      lastReleased = yield* Clock.currentTimeMillis
    })
    return turn.withPermits(1)(next)
  })
