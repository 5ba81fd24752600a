import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { followed, isSign, noSign, type Sign } from "../../src/Wealthfolio/JobSigns.ts"
import { integer } from "../Portfolio/arbitrary.ts"

const started = "portfolio:update-start"
const completed = "portfolio:update-complete"
const failed = "portfolio:update-error"
const enriching = "asset:enrichment-start"
const syncing = "market:sync-start"
const notSynced = "market:sync-error"
const names = [started, completed, failed, enriching, "asset:enrichment-complete", syncing, notSynced]

const write = { sentAt: 1000, writtenAt: 1200 }
const step = followed(write)
const after = (signs: ReadonlyArray<Sign>) => signs.reduce(step, noSign)

/** Signs in the order of their times, from before the write to after it. */
const signs: Arbitrary.Arbitrary<ReadonlyArray<Sign>> = Arbitrary.map(
  Arbitrary.array(Arbitrary.all({ name: integer(0, names.length - 1), later: integer(0, 200) }), { maxLength: 16 }),
  (drawn) => {
    let at = 800
    return drawn.map(({ later, name }) => ({ name: names[name] ?? "", at: at += later }))
  }
)

/** Signs one after the other, from `at` on. */
const at = (from: number, ...named: ReadonlyArray<string>): ReadonlyArray<Sign> =>
  named.map((name, index) => ({ name, at: from + index }))

const endOf = (told: ReadonlyArray<Sign>) => Math.max(write.writtenAt, told.at(-1)?.at ?? 0)

describe("what a job's signs say of a write", () => {
  it.effect.prop(
    "recomputed: a computation began after it was sent, and what came last of the jobs is a completion",
    [signs],
    ([told]) =>
      Effect.sync(() => {
        const { recomputed } = after(told)
        const last = told.filter(({ name }) => !name.startsWith("asset:")).at(-1)
        const begun = told.findIndex((sign) => sign.name === started && sign.at >= write.sentAt)
        if (recomputed === true) {
          assert.strictEqual(last?.name, completed)
          assert.isAtLeast(begun, 0)
        }
        if (begun < 0 && !told.some(({ name }) => name === notSynced)) assert.isUndefined(recomputed)
      }),
    { arbitrary: { runs: 1000 } }
  )

  it.effect.prop(
    "whatever was said before, a job that begins after it decides, and at once",
    [signs],
    ([told]) =>
      Effect.sync(() => {
        // The one that was at work ends first.
        const before = [...told, ...at(endOf(told), completed)]
        const from = endOf(before) + 25
        const end = (...named: ReadonlyArray<string>) => {
          const { isSure, recomputed } = after([...before, ...at(from, ...named)])
          return { isSure, recomputed }
        }
        assert.deepStrictEqual(end(syncing, started, completed), { isSure: true, recomputed: true })
        assert.deepStrictEqual(end(enriching, syncing, started, completed), { isSure: true, recomputed: true })
        assert.deepStrictEqual(end(syncing, started, failed), { isSure: true, recomputed: false })
        assert.deepStrictEqual(end(syncing, notSynced), { isSure: true, recomputed: false })
      })
  )

  it.effect.prop(
    "of a job that began before it nothing is sure",
    [signs, integer(0, 24)],
    ([told, soon]) =>
      Effect.sync(() => {
        const before = told.filter(({ at }) => at < write.writtenAt + soon)
        const job = at(endOf(before) + 5000, started, completed)
        const begun = { name: syncing, at: write.writtenAt + soon }
        const { isSure, recomputed } = after([...before.filter(({ name }) => name !== notSynced), begun, ...job])
        assert.deepStrictEqual({ isSure, recomputed }, { isSure: false, recomputed: true })
      })
  )

  it.effect.prop("what failed is not mended by its completion", [signs], ([told]) =>
    Effect.sync(() => {
      const { recomputed } = after([...told, ...at(endOf(told), started, failed, completed)])
      assert.strictEqual(recomputed, false)
    }))

  it("a value that cannot be told is no failure, and what is of no job no sign", () => {
    assert.isTrue(isSign(failed, `"Holdings snapshot calculation failed: no rate"`))
    assert.isFalse(isSign(failed, `"Valuation history calculation failed for 1: no rate"`))
    for (const name of names) assert.isTrue(isSign(name, "null"), name)
    for (const name of ["market:sync-complete", "market:sync-errors", "", "broker:sync-start"]) {
      assert.isFalse(isSign(name, "null"), name)
    }
  })
})
