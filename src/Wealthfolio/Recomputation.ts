import { Clock, Deferred, Duration, Effect, Fiber, Option, Queue, type Scope, Stream } from "effect"

/** What tells that holdings were recomputed. */
export interface RecomputationSigns {
  /** `GET /events/stream` as text; `none` where it cannot be had. */
  readonly events: Effect.Effect<Option.Option<Stream.Stream<string, unknown>>, never, Scope.Scope>
  /** Changes when holdings or valuations do; `undefined` when they cannot be read. */
  readonly fingerprint: Effect.Effect<string | undefined>
  /** How many requests may have changed something, and since when the last change may have been there. */
  readonly writes: { readonly count: number; readonly sentAt: number }
  readonly timeout: Duration.Duration
}

interface Sign {
  readonly name: "portfolio:update-start" | "portfolio:update-complete" | "portfolio:update-error" | "ended"
  readonly at: number
}

/** The server waits 1 s for further writes: a start this soon after ours was answered may belong to an earlier one. */
const tooSoon = 25
/** By then the server has started on whatever it knew when ours was answered. */
const quiet = "2 seconds"
const openTimeout = "5 seconds"
/** Three keep-alive comments missed. */
const idleTimeout = "50 seconds"
const stableReadings = 5
/** Of the time since the write, where that is more: a server that needs long shows for long what is half done. */
const stableShare = 0.1

/**
 * Runs `write`, then waits for a `portfolio:update-complete` whose `portfolio:update-start` came after it: completions of
 * other jobs are announced alike. (A write whose answer was lost may have been worked through before its end was known
 * here: a start since it was sent counts, if no other follows.) Without the stream holdings are read every second until they have changed and stand
 * still, for five readings or a tenth of the wait. A write that wrote nothing is not waited for.
 */
export const recomputedAfter = (signs: RecomputationSigns) =>
  Effect.fnUntraced(function*<A, E, R>(write: Effect.Effect<A, E, R>) {
    const before = yield* signs.fingerprint
    const writesBefore = signs.writes.count
    const queue = yield* Queue.unbounded<Sign>()
    const opened = yield* Deferred.make<boolean>()
    const watcher = yield* Effect.forkChild(watch(signs.events, queue, opened))
    return yield* Effect.gen(function*() {
      const isWatching = yield* Effect.timeoutOrElse(Deferred.await(opened), {
        duration: openTimeout,
        orElse: () => Effect.succeed(false)
      })
      const result = yield* write
      if (signs.writes.count === writesBefore) return [result, true] as const
      const writtenAt = yield* Clock.currentTimeMillis
      const poll = pollUntilStable(signs.fingerprint, { before, writtenAt })
      const recomputed = yield* Effect.timeoutOrElse(
        isWatching ? follow(queue, { sentAt: signs.writes.sentAt, writtenAt }, poll) : poll,
        {
          duration: signs.timeout,
          orElse: () => Effect.succeed(false)
        }
      )
      return [result, recomputed] as const
    }).pipe(Effect.ensuring(Fiber.interrupt(watcher)))
  })

const watch = (
  events: RecomputationSigns["events"],
  queue: Queue.Queue<Sign>,
  opened: Deferred.Deferred<boolean>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const text = yield* events
    yield* Deferred.succeed(opened, Option.isSome(text))
    if (Option.isNone(text)) return
    yield* text.value.pipe(
      Stream.timeout(idleTimeout),
      Stream.splitLines,
      Stream.runForEach(Effect.fnUntraced(function*(line) {
        const name = /^event:\s*(portfolio:update-(?:start|complete|error))\s*$/.exec(line)?.[1]
        if (name !== undefined) yield* sign(queue, name)
      })),
      Effect.ignore
    )
    yield* sign(queue, "ended")
  }).pipe(Effect.scoped)

const sign = Effect.fnUntraced(function*(queue: Queue.Queue<Sign>, name: string) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  yield* Queue.offer(queue, { name, at: yield* Clock.currentTimeMillis } as Sign)
})

const follow = Effect.fnUntraced(function*(
  queue: Queue.Queue<Sign>,
  { sentAt, writtenAt }: { readonly sentAt: number; readonly writtenAt: number },
  poll: Effect.Effect<boolean>
) {
  let startedAt: number | undefined
  for (;;) {
    let next = yield* Queue.take(queue)
    if (next.name === "portfolio:update-complete" && startedAt !== undefined) {
      if (startedAt - writtenAt >= tooSoon) return true
      const another = yield* Effect.timeoutOption(Queue.take(queue), quiet)
      if (Option.isNone(another)) return true
      next = another.value
    }
    if (next.name === "ended") return yield* poll
    if (next.name === "portfolio:update-start" && next.at >= sentAt) startedAt = next.at
    if (next.name === "portfolio:update-error" && startedAt !== undefined) {
      yield* Effect.logWarning("Wealthfolio could not recompute its holdings; its own log says why")
      return false
    }
  }
})

const pollUntilStable = Effect.fnUntraced(function*(
  fingerprint: Effect.Effect<string | undefined>,
  { before, writtenAt }: { readonly before: string | undefined; readonly writtenAt: number }
) {
  let last: string | undefined
  let equal = 0
  for (;;) {
    yield* Effect.sleep("1 second")
    const now = yield* fingerprint
    equal = now !== undefined && now === last ? equal + 1 : 0
    last = now
    const waited = (yield* Clock.currentTimeMillis) - writtenAt
    const needed = Math.max(stableReadings, waited / 1000 * stableShare)
    if (equal >= needed && before !== undefined && now !== before) return true
  }
})
