import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { PlainDate } from "../../src/Portfolio/PlainDate.ts"
import { presence } from "../../src/Sync/Presence.ts"
import { type SyncRecord, SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"

const idOf = (number: number) => `ibkr:trade:${String(number).padStart(6, "0")}`

const record = (number: number): SyncRecord => ({
  externalId: idOf(number),
  kind: "trade",
  state: "synced",
  contentHash: "aa",
  trackerId: `row of U1/${idOf(number)}`,
  runId: `run-${Math.floor(number / 1000)}`,
  held: false,
  date: PlainDate.make("2026-01-05")
})

const options = { upstream: "U1", dryRun: false }

/** Booked are so many rows; the tracker lost these. */
const history = (rows: number, lost: ReadonlyArray<number>) => {
  const asked: Array<string> = []
  const gone = new Set(lost.map((number) => `U1/${idOf(number)}`))
  const repo = WealthfolioRepo.layerTest({}, {
    existing: (keys) =>
      Effect.sync(() => {
        for (const key of keys) asked.push(key)
        return new Map(keys.flatMap((key) => gone.has(key) ? [] : [[key, `row of ${key}`] as const]))
      })
  })
  const booked = SyncRecordStore.use((store) => store.save(Array.from({ length: rows }, (_, number) => record(number))))
  return {
    asked,
    layer: Layer.mergeAll(repo, Layer.provideMerge(Layer.effectDiscard(booked), SyncRecordStore.layerMemory))
  }
}

describe("what the tracker has of what was booked", { timeout: 60_000 }, () => {
  it.effect("of an ordinary history it is asked for every row", () => {
    const { asked, layer } = history(9_000, [3, 4])
    return Effect.gen(function*() {
      const found = yield* presence(options)
      assert.lengthOf(new Set(asked), 9_000)
      assert.deepStrictEqual([...found.removed].sort(), [idOf(3), idOf(4)])
      const before = asked.length
      assert.isFalse(yield* found.askAbout(yield* (yield* SyncRecordStore).placed))
      assert.lengthOf(asked, before)
    }).pipe(Effect.provide(layer))
  })

  it.effect("of a long one for the last rows and, from night to night, for a part of the others", () => {
    const { asked, layer } = history(35_000, [15_000])
    return Effect.gen(function*() {
      const store = yield* SyncRecordStore
      const nights: Array<ReadonlyArray<string>> = []
      const removed: Array<number> = []
      for (let night = 0; night < 4; night++) {
        const from = asked.length
        removed.push((yield* presence(options)).removed.size)
        nights.push(asked.slice(from))
        assert.isAtMost(asked.length - from, 20_001)
      }
      for (const night of nights) assert.isTrue(night.includes(`U1/${idOf(34_999)}`))
      assert.lengthOf(new Set(asked), 35_000)
      assert.deepStrictEqual(removed, [0, 1, 0, 0])
      assert.strictEqual((yield* store.known([idOf(15_000)])).get(idOf(15_000))?.state, "removed")
    }).pipe(Effect.provide(layer))
  })

  it.effect("and for what a statement brings again, before that is judged", () => {
    const { layer } = history(35_000, [15_000])
    return Effect.gen(function*() {
      const store = yield* SyncRecordStore
      const found = yield* presence(options)
      assert.strictEqual(found.removed.size, 0)
      const rows = yield* store.placedAfter(idOf(14_998), 3)
      assert.isTrue(yield* found.askAbout(rows))
      assert.deepStrictEqual([...found.removed], [idOf(15_000)])
      assert.strictEqual((yield* store.known([idOf(15_000)])).get(idOf(15_000))?.state, "removed")
      assert.isFalse(yield* found.askAbout(rows))
    }).pipe(Effect.provide(layer))
  })

  it.effect("what a restored tracker lost of a long history stays in question every night", () => {
    const lost = Array.from({ length: 20 }, (_, index) => 15_000 + index)
    const { layer } = history(35_000, lost)
    return Effect.gen(function*() {
      assert.strictEqual((yield* presence(options)).missing.size, 0)
      for (let night = 0; night < 3; night++) assert.strictEqual((yield* presence(options)).missing.size, 20)
    }).pipe(Effect.provide(layer))
  })
})
