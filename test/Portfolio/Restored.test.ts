import { assert, it } from "@effect/vitest"
import { looksRestored } from "../../src/Portfolio/Restored.ts"

/** `sizes[n]` rows of run n. */
const booked = (...sizes: ReadonlyArray<number>) =>
  sizes.flatMap((size, run) =>
    Array.from({ length: size }, (_, row) => ({ externalId: `${run}.${row}`, runId: `run ${run}` }))
  )

const missing = (...ids: ReadonlyArray<string>) => new Set(ids)
const first = (run: number, rows: number) => Array.from({ length: rows }, (_, row) => `${run}.${row}`)

it.each<[string, boolean, ReadonlyArray<number>, ReadonlyArray<string>]>([
  ["nothing missing", false, [5], []],
  ["two rows, though all of a run", false, [2, 100], first(0, 2)],
  ["three of a hundred, from a larger run", false, [50, 50], first(0, 3)],
  ["three, all of a run", true, [3, 500], first(0, 3)],
  ["three, among them all of a run of one", true, [1, 50, 50], ["0.0", "1.0", "1.1"]],
  ["ten of a hundred: a tenth, not more", false, [50, 50], first(0, 10)],
  ["ten of ninety-nine: more than a tenth", true, [50, 49], first(0, 10)],
  ["eleven of a thousand: more than ten", true, [500, 500], first(0, 11)],
  ["three of twenty-nine: more than a tenth", true, [15, 14], first(0, 3)]
])("%s: %s", (_name, restored, sizes, ids) => {
  assert.strictEqual(looksRestored(booked(...sizes), missing(...ids)), restored)
})
