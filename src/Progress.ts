import { Context, Effect } from "effect"

/** Tells a person at a terminal what is being waited for; everywhere else it does nothing. */
export interface ProgressReporter {
  readonly during: <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const silent: ProgressReporter = { during: (_what, effect) => effect }

export const Progress = Context.Reference<ProgressReporter>("broker-sync/Progress", { defaultValue: () => silent })

const during = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.service(Progress), (progress) => progress.during(what, effect))

/** `effect` under the words that say what it waits for. */
export const waitingFor = (what: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => during(what, effect)

/** One line on standard error, rewritten each second and wiped at the end. */
export const terminal = (write: (text: string) => void): ProgressReporter => ({
  during: (what, effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const start = performance.now()
        const show = () => write(`\r\u001b[2K${what} … ${Math.round((performance.now() - start) / 1000)} s`)
        show()
        return setInterval(show, 1000)
      }),
      () => effect,
      (timer) =>
        Effect.sync(() => {
          clearInterval(timer)
          write("\r\u001b[2K")
        })
    )
})
