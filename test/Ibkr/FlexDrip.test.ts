import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result } from "effect"
import { emptyStatement, envelope } from "../support/FlexServer.ts"
import { failure, get, send, timed } from "./scripted.ts"

/** A body that comes a few bytes at a time, on the test's clock; `again` and again where it has no end. */
const dripping = Effect.fnUntraced(function*(
  content: string,
  { again, bytes, every }: { readonly bytes: number; readonly every: Duration.Duration; readonly again?: string }
) {
  const context = yield* Effect.context<never>()
  const pause = () => Effect.runPromiseWith(context)(Effect.sleep(every))
  return () => {
    let left = content
    return new Response(
      new ReadableStream({
        async pull(controller) {
          await pause()
          if (left === "") left = again ?? ""
          if (left === "") return controller.close()
          controller.enqueue(new TextEncoder().encode(left.slice(0, bytes)))
          left = left.slice(bytes)
        }
      })
    )
  }
})

describe("A slow drip", () => {
  it.effect("of a statement is given up when the timeout is over, and not asked for again", () =>
    Effect.gen(function*() {
      const drip = yield* dripping(emptyStatement, { bytes: 30, every: Duration.seconds(5), again: "<Trade />" })
      const { ended, endedAt, result, times } = yield* timed([drip], get)
      // Polled at 6, known for a statement at 11 by its first bytes.
      assert.deepStrictEqual([ended, endedAt, times], ["StatementTimeout", 11 + 300, [6]])
      assert.strictEqual(failure(result)?.exitCode, 6)
      assert.include(failure(result)?.message, "it came too slowly")
    }))

  it.effect("of a statement that is there in time is read", () =>
    Effect.gen(function*() {
      const drip = yield* dripping(emptyStatement, { bytes: 30, every: Duration.seconds(5) })
      const { result } = yield* timed([drip], get)
      assert.strictEqual(Result.getOrUndefined(result), emptyStatement)
    }))

  it.effect("before the root of a statement is an unanswered poll: asked again, within two timeouts", () =>
    Effect.gen(function*() {
      const drip = yield* dripping(" ", { bytes: 1, every: Duration.seconds(5), again: " " })
      const { ended, endedAt, result, times } = yield* timed([drip], get)
      assert.deepStrictEqual([ended, endedAt], ["StatementTimeout", 6 + 300 + 6 + 300])
      assert.deepStrictEqual(times.slice(0, 3), [6, 68, 132])
      assert.include(failure(result)?.message, "no answer within 60 seconds")
    }))

  it.effect("of a reference ends after 60 seconds, without a second SendRequest", () =>
    Effect.gen(function*() {
      const reply = envelope({ Status: "Success", ReferenceCode: "777" })
      const slow = yield* dripping(reply, { bytes: 2, every: Duration.seconds(5), again: " " })
      assert.deepInclude(yield* timed([slow], send), { ended: "FlexUnreachable", endedAt: 60, times: [0] })
      const fast = yield* dripping(reply, { bytes: 40, every: Duration.seconds(5) })
      assert.strictEqual(Result.getOrUndefined((yield* timed([fast], send)).result), "777")
    }))
})
