import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { afterEach, beforeEach, vi } from "vitest"
import { Progress, silent, terminal, waitingFor } from "../src/Progress.ts"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] })
})
afterEach(() => {
  vi.useRealTimers()
})

const wipe = "\r\u001b[2K"

it.live("a line that is rewritten each second and wiped at the end", () =>
  Effect.gen(function*() {
    const written: Array<string> = []
    const done = yield* Deferred.make<string>()
    const fiber = yield* Deferred.await(done).pipe(
      waitingFor("waiting for the broker's statement"),
      Effect.provideService(Progress, terminal((text) => written.push(text))),
      Effect.forkChild({ startImmediately: true })
    )
    vi.advanceTimersByTime(2000)
    yield* Deferred.succeed(done, "statement")
    assert.strictEqual(yield* Fiber.join(fiber), "statement")
    assert.deepStrictEqual(written, [
      `${wipe}waiting for the broker's statement … 0 s`,
      `${wipe}waiting for the broker's statement … 1 s`,
      `${wipe}waiting for the broker's statement … 2 s`,
      wipe
    ])
    vi.advanceTimersByTime(5000)
    assert.strictEqual(written.length, 4)
  }))

it.live("a failure and an interruption wipe it, too", () =>
  Effect.gen(function*() {
    const written: Array<string> = []
    const shown = Effect.provideService(Progress, terminal((text) => written.push(text)))
    const failed = yield* Effect.flip(Effect.fail("no").pipe(waitingFor("a"), shown))
    assert.strictEqual(failed, "no")
    assert.strictEqual(written.at(-1), wipe)
    const fiber = yield* Effect.never.pipe(waitingFor("b"), shown, Effect.forkChild({ startImmediately: true }))
    yield* Fiber.interrupt(fiber)
    assert.deepStrictEqual(written.slice(2), [`${wipe}b … 0 s`, wipe])
    assert.strictEqual(vi.getTimerCount(), 0)
  }))

it.live("where nobody looks, nothing is shown", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* Effect.succeed(1).pipe(waitingFor("a")), 1)
    assert.strictEqual(yield* silent.during("a", Effect.succeed(2)), 2)
    assert.strictEqual(vi.getTimerCount(), 0)
  }))
