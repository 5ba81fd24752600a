import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { generateStatement } from "../../bench/generate-statement.ts"
import { countedFiles } from "../support/countedFiles.ts"
import { ibkrWorld } from "../Sync/ibkrWorld.ts"
import { atNight, night } from "../Sync/world.ts"

const run = Effect.fnUntraced(function*(rowsPerPart: number) {
  const reads = new Map<string, number>()
  return yield* Effect.gen(function*() {
    yield* atNight
    const files = yield* FileSystem.FileSystem
    const directory = yield* files.makeTempDirectoryScoped()
    generateStatement({ trades: 400, cash: 100, seed: 9, out: `${directory}/statement.xml` })
    const statement = yield* files.readFileString(`${directory}/statement.xml`)
    reads.clear()
    const result = yield* night().pipe(Effect.provide(ibkrWorld({ directory, statement, rowsPerPart })))
    assert.strictEqual(result.counts.imported, 500)
    return reads
  }).pipe(Effect.scoped, Effect.provide(countedFiles(reads)))
})

describe("a night", () => {
  it.effect("reads the statement once, to scan it, and each of its rows once, to map it", () =>
    Effect.gen(function*() {
      // 1 is what was received, 2 its rows.
      assert.deepStrictEqual(yield* run(500), new Map([["1", 1], ["2", 1]]))
    }))

  it.effect("in parts reads each row once more, to tell to which part it belongs", () =>
    Effect.gen(function*() {
      const reads = yield* run(100)
      const parts = reads.size - 2
      assert.isAtLeast(parts, 5)
      const names = ["1", "2", ...Array.from({ length: parts }, (_, part) => `2-${part + 1}`)]
      assert.deepStrictEqual(reads, new Map(names.map((name) => [name, 1])))
    }))
})
