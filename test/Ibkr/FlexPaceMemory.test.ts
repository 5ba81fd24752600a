import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { flexBaseUrl } from "../../src/Ibkr/FlexAddress.ts"
import { makeFlexPace, type PaceMemory } from "../../src/Ibkr/FlexPace.ts"
import { integer } from "../Portfolio/arbitrary.ts"
import { send, text, timed } from "./scripted.ts"

/** What a store keeps: the last ten, in the order they came. */
const memoryOf = (initial: ReadonlyArray<number> = []) => {
  const all = [...initial]
  const memory: PaceMemory = {
    recent: Effect.sync(() => all.slice(-10)),
    remember: (at) =>
      Effect.sync(() => {
        all.push(at)
      })
  }
  return { all, memory }
}

/** As a client would ask, one request after the other; the times at which they went out. */
const requests = Effect.fnUntraced(function*(memory: PaceMemory | undefined, count: number) {
  const pace = yield* makeFlexPace(memory)
  return yield* Effect.forEach(
    Array.from({ length: count }),
    () => Effect.andThen(pace, Clock.currentTimeMillis)
  )
})

/** To the end, on a clock that goes as far as it takes. */
const finished = Effect.fnUntraced(function*<A, E>(effect: Effect.Effect<A, E>) {
  const fiber = yield* Effect.forkChild(effect)
  for (let turn = 0; turn < 1000 && fiber.pollUnsafe() === undefined; turn++) yield* TestClock.adjust("10 seconds")
  return yield* Fiber.join(fiber)
})

const mostWithin = (times: ReadonlyArray<number>, millis: number) =>
  Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + millis).length))

const assertWithinLimits = (times: ReadonlyArray<number>) => {
  assert.isAtMost(mostWithin(times, 1_000), 1)
  assert.isAtMost(mostWithin(times, 60_000), 10)
}

/** 2026-01-03T02:35:00Z. */
const now = 1_767_407_700_000

describe("FlexPace with a memory", () => {
  const waits: ReadonlyArray<readonly [string, ReadonlyArray<number>, number]> = [
    ["nothing", [], 0],
    ["a request 1.1 seconds ago", [-1_100], 0],
    ["a request a moment less ago", [-1_099], 1],
    ["a request now", [0], 1_100],
    ["ten, the oldest 61 seconds ago", [-61_000, ...Array.from({ length: 9 }, (_, index) => -9_000 + index * 900)], 0],
    ["nine within the minute", Array.from({ length: 9 }, (_, index) => -30_000 + index * 2_000), 0],
    ["ten within the minute", Array.from({ length: 10 }, (_, index) => -30_000 + index * 2_000), 31_000],
    ["ten, the oldest about to leave", [-60_999, ...Array.from({ length: 9 }, (_, index) => -20_000 + index)], 1],
    ["ten, of two runs at once", [-60_000, -60_000, ...Array.from({ length: 8 }, () => -20_000)], 1_000],
    ["ten of yesterday", Array.from({ length: 10 }, (_, index) => -86_400_000 + index), 0]
  ]
  for (const [name, ago, expected] of waits) {
    it.effect(`${name}: waits ${expected} ms`, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(now)
        const { all, memory } = memoryOf(ago.map((millis) => now + millis))
        const [first] = yield* finished(requests(memory, 1))
        assert.strictEqual(first, now + expected)
        assert.strictEqual(all.at(-1), first)
      }))
  }

  it.effect("two clients, one after the other, share the limits of their token", () =>
    Effect.gen(function*() {
      const { all, memory } = memoryOf()
      const run = timed(
        ["accepted", 1019, 1019, 1019, 1019, 1019, "statement"],
        (client) => Effect.flatMap(client.send(), (reference) => text(client, reference)),
        { baseUrl: flexBaseUrl, pollInterval: Duration.millis(100), pace: memory }
      )
      const [first, second, third] = [yield* run, yield* run, yield* run]
      const times = [first, second, third].flatMap(({ calls }) => calls.map(({ at }) => Math.round(at * 1000)))
      assert.deepStrictEqual(all, times, "each is remembered at the time it is sent")
      assert.lengthOf(times, 21)
      assertWithinLimits(times)
      // The eleventh of them, the second client's fourth, waits for the first to be a minute old.
      assert.strictEqual(times[10]! - times[0]!, 61_000)
    }))

  it.effect("without it each client starts anew", () =>
    Effect.gen(function*() {
      const times = [...yield* finished(requests(undefined, 10)), ...yield* finished(requests(undefined, 1))]
      assert.isBelow(times[10]! - times[0]!, 60_000)
    }))

  it.effect("is remembered before the request goes out, one that fails too", () =>
    Effect.gen(function*() {
      for (const answer of ["never", "broken", 1025] as const) {
        const { all, memory } = memoryOf()
        const { calls } = yield* timed([answer], send, { baseUrl: flexBaseUrl, pace: memory })
        assert.deepStrictEqual(all.map((at) => at / 1000), calls.map(({ at }) => at))
      }
    }))

  it.effect("is not asked, and not told, on loopback", () =>
    Effect.gen(function*() {
      const memory: PaceMemory = { recent: Effect.die("asked"), remember: () => Effect.die("told") }
      assert.strictEqual((yield* timed(["accepted"], send, { pace: memory })).ended, "success")
    }))

  it.effect("one that keeps nothing leaves the limits of the process", () =>
    Effect.gen(function*() {
      const memory: PaceMemory = { recent: Effect.succeed([]), remember: () => Effect.void }
      const times = yield* finished(requests(memory, 25))
      assertWithinLimits(times)
      assert.strictEqual(times[24]! - times[0]!, 2 * 61_000 + 4 * 1_100)
    }))

  it.effect("a slow one does not shorten the second", () =>
    Effect.gen(function*() {
      let delay = 1_900
      const memory: PaceMemory = {
        recent: Effect.succeed([]),
        remember: () => Effect.suspend(() => Effect.sleep(Duration.millis(delay = delay === 900 ? 0 : 900)))
      }
      const times = yield* finished(requests(memory, 8))
      assert.isAtMost(mostWithin(times, 1_000), 1)
    }))

  it.effect("a request of another run goes first while this one waits", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      const { all, memory } = memoryOf([now])
      const fiber = yield* Effect.forkChild(requests(memory, 1))
      yield* TestClock.adjust("1 second")
      all.push(now + 1_000)
      assert.deepStrictEqual(yield* finished(Fiber.join(fiber)), [now + 2_100])
    }))

  it.effect("times in the future count as now: the clock was moved back", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      const hour = 3_600_000
      const { memory } = memoryOf(Array.from({ length: 10 }, (_, index) => now + hour + index * 1_100))
      const times = yield* finished(requests(memory, 3))
      assert.deepStrictEqual(times, [now + 61_000, now + 62_100, now + 63_200])
      // Kept by time, not by order, the future ones would stay for the hour.
      const stuck: PaceMemory = {
        recent: Effect.succeed(Array.from({ length: 10 }, (_, index) => now + 10 * hour + index)),
        remember: () => Effect.void
      }
      const [first = 0, ...others] = yield* finished(requests(stuck, 12))
      assertWithinLimits([first, ...others])
      assert.strictEqual(others.at(-1)! - first, 61_000 + 1_100)
    }))

  it.effect("a clock moved back while the process runs stops nothing", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      const pace = yield* makeFlexPace(memoryOf().memory)
      yield* pace
      yield* TestClock.setTime(now - 86_400_000)
      const second = yield* finished(Effect.andThen(pace, Clock.currentTimeMillis))
      assert.strictEqual(second, now - 86_400_000 + 1_100)
    }))

  const runs = Arbitrary.array(Arbitrary.all({ count: integer(1, 14), pause: integer(0, 40_000) }), {
    minLength: 1,
    maxLength: 5
  })
  it.effect.prop(
    "any runs in a row keep the limits, and remember what they sent",
    [runs],
    ([runs]) =>
      Effect.gen(function*() {
        const { all, memory } = memoryOf()
        const times: Array<number> = []
        for (const { count, pause } of runs) {
          times.push(...yield* finished(requests(memory, count)))
          yield* TestClock.adjust(Duration.millis(pause))
        }
        assert.deepStrictEqual(all, times)
        assertWithinLimits(times)
      })
  )
})
