import { Clock, Duration, Effect, Semaphore } from "effect"

/** IBKR's limits for one token, code 1018 beyond them; the margins allow for the way there. */
const perSecond = { requests: 1, millis: 1_100 }
const perMinute = { requests: 10, millis: 61_000 }

/** An effect that returns once a request may go out, and counts it. Sliding windows; waits its turn. */
export const makeFlexPace: Effect.Effect<Effect.Effect<void>> = Effect.map(Semaphore.make(1), (turn) => {
  const sent: Array<number> = []
  const freeAt = ({ millis, requests }: typeof perMinute) => {
    const oldest = sent.at(-requests)
    return oldest === undefined ? 0 : oldest + millis
  }
  const next = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const at = Math.max(now, freeAt(perSecond), freeAt(perMinute))
    if (at > now) yield* Effect.sleep(Duration.millis(at - now))
    sent.push(at)
    if (sent.length > perMinute.requests) sent.shift()
  })
  return turn.withPermits(1)(next)
})
