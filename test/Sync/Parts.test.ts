import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { readdirSync } from "node:fs"
import { generateStatement } from "../../bench/generate-statement.ts"
import type { RunSummary } from "../../src/Metrics.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { ibkrWorld } from "./ibkrWorld.ts"
import { atNight, failure, type json, night } from "./world.ts"

/** A statement too large for memory, in the pipeline: everything behind and before its bytes a fixture. */

const trades = 600
const cashRows = 150

const large = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const out = `${directory}/statement.xml`
  generateStatement({ trades, cash: cashRows, seed: 5, out })
  return { directory, statement: yield* files.readFileString(out) }
})

type Json = ReturnType<typeof json>

/** Whatever the order of the rows. */
const sorted = ({ activities, positions, ...rest }: Json) => ({
  ...rest,
  activities: activities.map((row: unknown) => JSON.stringify(row)).sort(),
  positions: positions.map((row: unknown) => JSON.stringify(row)).sort()
})

describe("a statement in parts", () => {
  it.effect("is imported, reconciled and reported as one", () =>
    Effect.gen(function*() {
      yield* atNight
      const found = yield* Effect.forEach([undefined, 100], (rowsPerPart) =>
        Effect.gen(function*() {
          const from = yield* large
          const pushed: Array<RunSummary> = []
          const [first, again] = yield* Effect.forEach(["1", "2"], (runId) => night({ runId, scratch: from.directory }))
            .pipe(
              Effect.provide(ibkrWorld({ ...from, pushed, ...(rowsPerPart === undefined ? {} : { rowsPerPart }) }))
            )
          // Nothing is left beside the archive: what was too much for memory has no name on the disk.
          assert.deepStrictEqual(
            readdirSync(from.directory).filter((name) => name.startsWith("broker-sync-report")),
            []
          )
          return { first, again, pushed }
        }))
      const [whole, parts] = found
      if (whole === undefined || parts === undefined) return assert.fail("two runs")
      const rows = trades + cashRows
      assert.strictEqual(parts.first.counts.imported, rows)
      assert.strictEqual(parts.again.counts.alreadySynced, rows)
      assert.isTrue(parts.first.reconciled)
      assert.isAbove(parts.first.positions.length, 10)
      for (const { drift } of parts.first.positions) assert.strictEqual(drift, "0")
      assert.strictEqual(parts.first.cash.length, 6)
      for (const { drift } of parts.first.cash) assert.strictEqual(drift, "0")
      assert.deepStrictEqual(sorted(parts.first), sorted(whole.first))
      assert.deepStrictEqual(sorted(parts.again), sorted(whole.again))
      assert.deepStrictEqual(parts.pushed[0]?.activities, { imported: rows })
      assert.deepStrictEqual(parts.pushed[1]?.activities, { "already-synced": rows })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("a run that fails between parts says what is in, and the next one imports the rest", () =>
    Effect.gen(function*() {
      yield* atNight
      const from = yield* large
      let batches = 0
      const isDown = { now: true }
      const inner = yield* WealthfolioRepo
      const repo: Partial<WealthfolioRepo["Service"]> = {
        ...inner,
        importBatch: (rows) =>
          Effect.suspend(() => isDown.now && ++batches > 3 ? Effect.fail(failure(9)) : inner.importBatch(rows))
      }
      const [first, second] = yield* Effect.gen(function*() {
        const first = yield* night({ runId: "1" })
        isDown.now = false
        return [first, yield* night({ runId: "2" })] as const
      }).pipe(Effect.provide(ibkrWorld({ ...from, rowsPerPart: 100, repo })))
      assert.strictEqual(first.error.exitCode, 9)
      assert.isAbove(first.counts.imported, 150)
      assert.isBelow(first.counts.imported, 500)
      assert.strictEqual(second.outcome, "success")
      assert.strictEqual(second.counts.imported + second.counts.alreadySynced, trades + cashRows)
      assert.strictEqual(second.counts.alreadySynced, first.counts.imported)
      for (const { drift } of second.positions) assert.strictEqual(drift, "0")
      const ids = new Set(second.activities.map(({ externalId }: { readonly externalId: string }) => externalId))
      assert.strictEqual(ids.size, trades + cashRows)
    }).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, WealthfolioRepo.layerTest({})])))

  it.effect("a disk without room for the report is told, and what is in is remembered", () =>
    Effect.gen(function*() {
      yield* atNight
      const from = yield* large
      const [first, second] = yield* Effect.gen(function*() {
        const first = yield* night({ runId: "1", scratch: `${from.directory}/nowhere` })
        return [first, yield* night({ runId: "2" })] as const
      }).pipe(Effect.provide(ibkrWorld({ ...from, rowsPerPart: 100 })))
      assert.deepInclude(first.error, { tag: "ReportNotWritten", exitCode: 10 })
      assert.isTrue(first.error.message.includes(`${from.directory}/nowhere`))
      assert.isAbove(first.counts.imported, 20)
      assert.strictEqual(second.counts.alreadySynced, first.counts.imported)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
