import { Cause, type Duration, Effect, type Pull, Schedule } from "effect"

/** An error that says itself whether and when its operation is tried again. */
export interface Retryable {
  readonly _tag: string
  /** `undefined`: never. Asked once per tag and call, at the first failure with that tag. */
  readonly retry?: Schedule.Schedule<unknown> | undefined
}

type Step = (now: number, error: unknown) => Pull.Pull<[unknown, Duration.Duration], never, unknown>

const asErrorsTell = <E extends Retryable>(): Schedule.Schedule<unknown, E> =>
  Schedule.fromStep(Effect.sync(() => {
    const steps = new Map<string, Step>()
    return Effect.fnUntraced(function*(now: number, error: E) {
      const schedule = error.retry
      if (schedule === undefined) return yield* Cause.done<unknown>(undefined)
      const step = steps.get(error._tag) ?? (yield* Schedule.toStep(schedule))
      steps.set(error._tag, step)
      return yield* step(now, error)
    })
  }))

/**
 * Tries again as each failure's own `retry` schedule says. Every tag has one schedule for the whole call, so failures of
 * different kinds do not use up each other's tries. Fails with the last error once its schedule ends or where it has none.
 */
export const retryAsErrorsTell = <A, E extends Retryable, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(self, asErrorsTell<E>())
