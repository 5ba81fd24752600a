import { Clock, Deferred, Duration, Effect, Fiber, Option, Queue, type Scope, Stream } from "effect"
import { followed, isSign, isStill, noSign, type Sign, type Write } from "./JobSigns.ts"

/** What tells that holdings were recomputed. */
export interface RecomputationSigns {
  /** `GET /events/stream` as text; `none` where it cannot be had. */
  readonly events: Effect.Effect<Option.Option<Stream.Stream<string, unknown>>, never, Scope.Scope>
  /** Changes when holdings or valuations do; `undefined` when they cannot be read. */
  readonly fingerprint: Effect.Effect<string | undefined>
  /**
   * How many requests may have changed something, since when the last change may have been there, and how many had
   * holdings computed at once.
   */
  readonly writes: { readonly count: number; readonly sentAt: number; readonly recalculations: number }
  readonly timeout: Duration.Duration
}

/** The stream is gone. */
const ended = "ended"

const openTimeout = "5 seconds"
/** The server begins with what it knows a second and some more after it, or after the job before. */
const quiet = "5 seconds"
/** Three keep-alive comments missed. */
const idleTimeout = "50 seconds"
const stableReadings = 5
/** Milliseconds: before that the server does not begin to compute what was written. */
const begunAfter = 1000
/** Of the time since the write, where that is more: a server that needs long shows for long what is half done. */
const stableShare = 0.1

/**
 * Runs `write`, then waits for the `portfolio:update-complete` of a job that knew all of it (`followed`). Without the stream
 * holdings are read every second until they have changed since the last write and stand still, for five readings or a tenth
 * of the wait. A write that wrote nothing is not waited for, and nothing is said of it.
 */
export const recomputedAfter = (signs: RecomputationSigns) =>
  Effect.fnUntraced(function*<A, E, R>(write: Effect.Effect<A, E, R>) {
    const before = yield* signs.fingerprint
    const { count: writesBefore, recalculations } = signs.writes
    const queue = yield* Queue.unbounded<Sign>()
    const opened = yield* Deferred.make<boolean>()
    const watcher = yield* Effect.forkChild(watch(signs.events, queue, opened))
    return yield* Effect.gen(function*() {
      const isWatching = yield* Effect.timeoutOrElse(Deferred.await(opened), {
        duration: openTimeout,
        orElse: () => Effect.succeed(false)
      })
      const result = yield* write
      if (signs.writes.count === writesBefore) return [result, undefined] as const
      const writtenAt = yield* Clock.currentTimeMillis
      const written = isWatching ? before : yield* signs.fingerprint
      // By then it may be computed: then what changed since the first write has to do.
      const isEarly = (yield* Clock.currentTimeMillis) - writtenAt < begunAfter &&
        signs.writes.recalculations === recalculations
      const poll = pollUntilStable(signs.fingerprint, { before: isEarly ? written : before, writtenAt })
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
    let event = ""
    yield* text.value.pipe(
      Stream.timeout(idleTimeout),
      Stream.splitLines,
      Stream.runForEach((line) => {
        const [, field, text = ""] = /^(event|data):\s*(.*?)\s*$/.exec(line) ?? []
        if (field === "event" || line === "") event = text
        return field === "data" && isSign(event, text) ? sign(queue, event) : Effect.void
      }),
      Effect.ignore
    )
    yield* sign(queue, ended)
  }).pipe(Effect.scoped)

const sign = Effect.fnUntraced(function*(queue: Queue.Queue<Sign>, name: string) {
  yield* Queue.offer(queue, { name, at: yield* Clock.currentTimeMillis })
})

const follow = Effect.fnUntraced(function*(queue: Queue.Queue<Sign>, write: Write, poll: Effect.Effect<boolean>) {
  const step = followed(write)
  let sofar = noSign
  while (!sofar.isSure) {
    const take = Queue.take(queue)
    const next = yield* sofar.recomputed !== undefined && isStill(sofar)
      ? Effect.timeoutOption(take, quiet)
      : Effect.asSome(take)
    if (Option.isNone(next)) break
    if (next.value.name === ended) return yield* poll
    sofar = step(sofar, next.value)
  }
  if (sofar.recomputed === false) {
    yield* Effect.logWarning("Wealthfolio could not recompute its holdings; its own log says why")
  }
  return sofar.recomputed === true
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
