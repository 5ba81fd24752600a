import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { WealthfolioUnreachable } from "../../src/Wealthfolio/WealthfolioError.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { json, newActivity, scripted } from "./scripted.ts"
import { bulkServer } from "./standing.ts"

describe("recomputedAfter", () => {
  const event = (name: string) => `event: ${name}\ndata: null\n\n`
  const start = event("portfolio:update-start")
  const complete = event("portfolio:update-complete")

  /** A stream that a test writes to, and a bulk interface. */
  const watched = (recalcTimeout: Duration.Duration, stream: () => Response | undefined) => {
    const { script } = bulkServer(() => undefined)
    let quantity = 0
    const server = scripted((seen, nth) => {
      if (seen.line === "GET /events/stream") return stream()
      if (seen.line === "GET /valuations/latest") return json([])
      if (seen.line === "GET /holdings") {
        return json([{ holdingType: "cash", instrument: { id: "cash:GBP", symbol: "GBP" }, quantity }])
      }
      return script(seen, nth)
    }, { recalcTimeout })
    const run = (before: Effect.Effect<void>) =>
      WealthfolioRepo.use((repo) => repo.recomputedAfter(Effect.andThen(before, repo.importBatch([newActivity(1)]))))
    return { ...server, run, setQuantity: (value: number) => quantity = value }
  }
  const pipe = () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    return {
      response: () => new Response(readable, { headers: { "content-type": "text/event-stream" } }),
      // Nobody reads it once it is known.
      write: (text: string) =>
        Effect.promise(() => writer.write(new TextEncoder().encode(text)).catch(() => undefined)),
      end: Effect.promise(() => writer.close())
    }
  }
  /** Lets streams and fibers run until `condition` holds; no clock moves. */
  const until = Effect.fnUntraced(function*(condition: () => boolean) {
    while (!condition()) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  })

  type Watched = ReturnType<typeof watched>
  /** Until the rows are written; what is waited for then is up to the fiber. */
  const writing = Effect.fnUntraced(function*({ run, sent }: Watched, before: Effect.Effect<void> = Effect.void) {
    const fiber = yield* Effect.forkChild(run(before))
    yield* until(() => sent("POST /activities/bulk").length === 1)
    return fiber
  })
  /** Lets seconds pass until holdings were read so often. */
  const pollTo = Effect.fnUntraced(function*({ sent }: Watched, count: number) {
    while (sent("GET /holdings").length < count) {
      yield* TestClock.adjust("1 second")
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
  })

  interface Step {
    readonly says?: string
    readonly after?: Duration.Input
    readonly isDone?: boolean
  }
  /** Writes, then says step by step on the stream; whether it was recomputed, once that is known. */
  const following = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>, meanwhile = "") {
    const events = pipe()
    const server = watched(Duration.minutes(10), events.response)
    return yield* Effect.gen(function*() {
      const said = Effect.andThen(events.write(meanwhile), Effect.promise(() => new Promise(setImmediate)))
      const fiber = yield* writing(server, said)
      for (const { after = 0, isDone = false, says = "" } of steps) {
        yield* TestClock.adjust(after)
        yield* events.write(says)
        const isOver = () => fiber.pollUnsafe() !== undefined
        if (isDone) yield* until(isOver)
        else for (let turn = 0; turn < 20; turn++) yield* Effect.promise(() => new Promise(setImmediate))
        assert.strictEqual(isOver(), isDone, says)
      }
      const [, recomputed] = yield* Fiber.join(fiber)
      return recomputed
    }).pipe(Effect.provide(server.layer))
  })
  const sync = event("market:sync-start")
  const synced = event("market:sync-complete")
  const notSynced = event("market:sync-error")
  const enriching = event("asset:enrichment-start")
  const progress = event("asset:enrichment-progress")
  const enriched = event("asset:enrichment-complete")
  const failed = (message: string) => `event: portfolio:update-error\ndata: ${JSON.stringify(message)}\n\n`

  it.effect("waits for the end of a job that began after the write", () =>
    Effect.gen(function*() {
      assert.isTrue(
        yield* following([
          { after: "1 second", says: complete },
          { after: "5 seconds", says: sync },
          { after: "40 seconds", says: synced + start },
          { says: complete, isDone: true }
        ])
      )
      assert.isTrue(
        yield* following([
          { after: "1 second", says: enriching },
          { after: "20 seconds", says: progress + enriched + sync },
          { says: synced + start + complete, isDone: true }
        ])
      )
    }))

  it.effect("of a job that was at work already the end counts when no other follows", () =>
    Effect.gen(function*() {
      // It may be of another account, or of the first rows alone.
      const atWork: Step = { after: "40 seconds", says: synced + start + complete }
      assert.isTrue(yield* following([atWork, { after: "4999 millis" }, { after: "1 millis", isDone: true }], sync))
      assert.isTrue(
        yield* following([
          atWork,
          { after: "4 seconds", says: sync },
          { after: "40 seconds", says: synced + start },
          { says: complete, isDone: true }
        ], sync)
      )
      // The next one looks up new assets first: five of them may take half a minute.
      assert.isTrue(
        yield* following([
          { after: "40 seconds", says: enriched + sync + synced + start + complete },
          { after: "1 second", says: enriching },
          { after: "29 seconds", says: progress },
          { after: "29 seconds", says: progress + enriched + sync },
          { after: "40 seconds", says: synced + start + complete, isDone: true }
        ], progress)
      )
    }))

  it.effect("a job that the page starts beside it is not taken for it", () =>
    Effect.gen(function*() {
      const page: Step = { after: "1 second", says: sync + synced + start + complete }
      const ours: Step = { after: "40 seconds", says: synced + start }
      assert.isTrue(
        yield* following([{ after: "1 second", says: sync }, page, ours, { says: complete, isDone: true }])
      )
      // It begins before ours, and ends while ours computes.
      assert.isTrue(
        yield* following([
          { after: "500 millis", says: sync },
          { after: "500 millis", says: sync + synced + start },
          { after: "9 seconds", says: synced + start + complete },
          { after: "9 seconds" },
          { says: complete },
          { after: "5 seconds", isDone: true }
        ])
      )
      // One that had ended before ours began.
      assert.isTrue(
        yield* following([
          { after: "200 millis", says: sync + synced + start + complete },
          { after: "1 second", says: sync },
          { ...ours, says: synced + start + complete, isDone: true }
        ])
      )
    }))

  it.effect("a job that fails is no recomputation, but where it is only the value that it cannot tell", () =>
    Effect.gen(function*() {
      const job: Step = { after: "1 second", says: sync + synced + start }
      const snapshots = failed("Holdings snapshot calculation failed for targeted accounts: no rate")
      assert.isFalse(yield* following([job, { says: snapshots }, { says: complete, isDone: true }]))
      // Some releases do not go on.
      assert.isFalse(yield* following([job, { says: snapshots }, { after: "5 seconds", isDone: true }]))
      assert.isTrue(
        yield* following([
          job,
          { says: failed("Valuation history calculation failed for 1: no rate") },
          { says: complete, isDone: true }
        ])
      )
      assert.isFalse(yield* following([{ after: "1 second", says: sync + notSynced, isDone: true }]))
      assert.isFalse(
        yield* following([
          { after: "1 second", says: failed("Failed to list non-archived accounts: busy") },
          { after: "5 seconds", isDone: true }
        ])
      )
      // One that had begun before: the next one may do better.
      const before: Step = { after: "1 second", says: synced + start + snapshots + complete }
      assert.isFalse(yield* following([before, { after: "5 seconds", isDone: true }], sync))
      assert.isTrue(yield* following([before, job, { says: complete, isDone: true }], sync))
      const withoutPrices: Step = { after: "1 second", says: notSynced }
      assert.isTrue(yield* following([withoutPrices, job, { says: complete, isDone: true }], sync))
    }))

  it.effect("not in time is false", () => {
    const events = pipe()
    const server = watched(Duration.minutes(1), events.response)
    return Effect.gen(function*() {
      const fiber = yield* writing(server)
      yield* events.write(start)
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const [outcome, recomputed] = yield* Fiber.join(fiber)
      assert.isFalse(recomputed)
      assert.strictEqual(outcome.imported.size, 1)
    }).pipe(Effect.provide(server.layer))
  })

  for (const isBroken of [true, false]) {
    it.effect(`${isBroken ? "a stream that breaks" : "no stream"}: holdings must change and stand still`, () => {
      const events = pipe()
      const server = watched(
        Duration.minutes(10),
        () => isBroken ? events.response() : new Response("", { status: 404 })
      )
      return Effect.gen(function*() {
        const fiber = yield* writing(server)
        if (isBroken) yield* events.end
        yield* pollTo(server, 31)
        assert.isUndefined(fiber.pollUnsafe(), "still as before is not recomputed")
        server.setQuantity(7)
        yield* pollTo(server, 36)
        assert.isUndefined(fiber.pollUnsafe(), "changed, and not yet still")
        yield* pollTo(server, 37)
        const [, recomputed] = yield* Fiber.join(fiber)
        assert.isTrue(recomputed)
      }).pipe(Effect.provide(server.layer))
    })
  }

  it.effect("a server that needs minutes must stand still for longer: half-way it may show nothing", () => {
    const server = watched(Duration.minutes(10), () => new Response("", { status: 404 }))
    return Effect.gen(function*() {
      const fiber = yield* writing(server)
      yield* pollTo(server, 201)
      server.setQuantity(-1)
      yield* pollTo(server, 217)
      assert.isUndefined(fiber.pollUnsafe(), "15 readings are less than a tenth of the wait")
      server.setQuantity(7)
      yield* pollTo(server, 241)
      assert.isUndefined(fiber.pollUnsafe(), "23 readings are, too")
      yield* pollTo(server, 242)
      const [, recomputed] = yield* Fiber.join(fiber)
      assert.isTrue(recomputed)
    }).pipe(Effect.provide(server.layer))
  })

  it.effect("what an earlier part's computation changed is no sign of the last one's", () => {
    const server = watched(Duration.minutes(10), () => new Response("", { status: 404 }))
    return Effect.gen(function*() {
      const fiber = yield* writing(server, Effect.sync(() => void server.setQuantity(5)))
      yield* pollTo(server, 30)
      assert.isUndefined(fiber.pollUnsafe(), "changed before the last write, and not since")
      server.setQuantity(7)
      yield* pollTo(server, 36)
      const [, recomputed] = yield* Fiber.join(fiber)
      assert.isTrue(recomputed)
    }).pipe(Effect.provide(server.layer))
  })

  it.effect("a write that wrote nothing is not waited for; a failed write fails as it is", () => {
    const events = pipe()
    const { layer } = watched(Duration.minutes(10), events.response)
    return Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      assert.deepStrictEqual(yield* repo.recomputedAfter(Effect.succeed(1)), [1, undefined])
      const lost = new WealthfolioUnreachable({ operation: "POST /x", host: "h", detail: "gone" })
      assert.strictEqual(yield* Effect.flip(repo.recomputedAfter(Effect.fail(lost))), lost)
    }).pipe(Effect.provide(layer))
  })
})
