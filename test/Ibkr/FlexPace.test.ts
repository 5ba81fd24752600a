import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { flexBaseUrl } from "../../src/Ibkr/FlexAddress.ts"
import { text, timed } from "./scripted.ts"

describe("FlexClient pacing", () => {
  const mostWithin = (times: ReadonlyArray<number>, seconds: number) =>
    Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + seconds).length))

  it.effect("at most 1 request a second and 10 a minute against IBKR, SendRequest included", () =>
    Effect.gen(function*() {
      const { times } = yield* timed(
        ["accepted", 1019],
        (client) => Effect.flatMap(client.send(), (reference) => text(client, reference)),
        { baseUrl: flexBaseUrl, pollInterval: Duration.millis(100) }
      )
      assert.isAbove(times.length, 50)
      assert.strictEqual(mostWithin(times, 1), 1)
      assert.strictEqual(mostWithin(times, 60), 10)
      assert.strictEqual(times[0], 0)
    }))

  it.effect("several at once share the pace", () =>
    Effect.gen(function*() {
      const { times } = yield* timed(
        ["statement"],
        (client) =>
          Effect.as(
            Effect.forEach(Array.from({ length: 25 }, (_, i) => i), (i) => text(client, String(i)), {
              concurrency: "unbounded"
            }),
            ""
          ),
        { baseUrl: flexBaseUrl }
      )
      assert.lengthOf(times, 25)
      assert.strictEqual(mostWithin(times, 1), 1)
      assert.strictEqual(mostWithin(times, 60), 10)
    }))

  it.effect("only the poll interval counts on loopback", () =>
    Effect.gen(function*() {
      const { times } = yield* timed(
        ["accepted", ...Array.from({ length: 30 }, () => 1019), "statement"],
        (client) => Effect.flatMap(client.send(), (reference) => text(client, reference)),
        { pollInterval: Duration.millis(100) }
      )
      assert.lengthOf(times, 32)
      assert.approximately(times.at(-1) ?? 0, 3.1, 0.001)
    }))
})
