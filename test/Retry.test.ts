import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { type Retryable, retryAsErrorsTell } from "../src/Retry.ts"

class Failed implements Retryable {
  readonly _tag: string
  readonly retry: Schedule.Schedule<unknown> | undefined
  constructor(tag: string, retry?: Schedule.Schedule<unknown>) {
    this._tag = tag
    this.retry = retry
  }
}

const soon = new Failed("soon", Schedule.spaced("5 seconds"))
const twice = new Failed("twice", Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })))
const growing = new Failed("growing", Schedule.exponential("1 second"))
const fatal = new Failed("fatal")

/** Seconds at which the operation ran, and what came of it; `outcomes` in turn, then success. */
const run = Effect.fnUntraced(function*(...outcomes: ReadonlyArray<Failed>) {
  const calls: Array<number> = []
  const operation = Effect.gen(function*() {
    calls.push((yield* Clock.currentTimeMillis) / 1000)
    const failure = outcomes[calls.length - 1]
    return failure === undefined ? "done" : yield* Effect.fail(failure)
  })
  const fiber = yield* Effect.forkChild(Effect.result(retryAsErrorsTell(operation)))
  yield* TestClock.adjust("1 hour")
  const result = yield* Fiber.join(fiber)
  return { calls, ended: result._tag === "Success" ? result.success : result.failure._tag }
})

describe("retryAsErrorsTell", () => {
  it.effect("runs a success once", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(), { calls: [0], ended: "done" })
    }))

  it.effect("does not repeat an error without a schedule", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(fatal), { calls: [0], ended: "fatal" })
      assert.deepStrictEqual((yield* run(soon, soon, fatal)).ended, "fatal")
    }))

  it.effect("waits as the error says", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(soon, soon, soon), { calls: [0, 5, 10, 15], ended: "done" })
      assert.deepStrictEqual(
        (yield* run(growing, growing, growing)).calls.map((at, i, all) => at - (all[i - 1] ?? at)),
        [
          0,
          1,
          2,
          4
        ]
      )
    }))

  it.effect("gives up with the last error when the schedule ends", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(twice, twice, twice, twice), { calls: [0, 1, 2], ended: "twice" })
    }))

  it.effect("keeps one schedule per tag", () =>
    Effect.gen(function*() {
      const { calls, ended } = yield* run(twice, soon, twice, growing, soon, growing)
      assert.deepStrictEqual(calls, [0, 1, 6, 7, 8, 13, 15])
      assert.strictEqual(ended, "done")
      assert.strictEqual((yield* run(twice, soon, twice, soon, twice)).ended, "twice")
    }))
})
