/** What a run takes for the time. Loaded into its process before the program, so that no test has to wait for it. */
import type { Env } from "./support.ts"

const preload = (script: string): Env => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}`
})

/** The run begins on this day, at seven in the morning UTC. */
export const onDay = (day: string): Env =>
  preload(`
    const RealDate = Date
    const ahead = RealDate.parse("${day}T07:00:00Z") - RealDate.now()
    globalThis.Date = class extends RealDate {
      constructor(...given) { super(...(given.length === 0 ? [RealDate.now() + ahead] : given)) }
      static now() { return RealDate.now() + ahead }
    }
  `)

/** A wait of exactly `long` milliseconds is one of 50; all others are what they are. */
export const shortened = (long: number): Env =>
  preload(`
    const wait = setTimeout
    globalThis.setTimeout = (then, millis, ...given) => wait(then, millis === ${long} ? 50 : millis, ...given)
  `)
