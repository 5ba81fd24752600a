import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { type Followed, followed, isSign, isStill, noSign, type Sign } from "../../src/Wealthfolio/JobSigns.ts"
import { integer } from "../Portfolio/arbitrary.ts"

const started = "portfolio:update-start"
const completed = "portfolio:update-complete"
const failed = "portfolio:update-error"
const enriching = "asset:enrichment-start"
const enriched = "asset:enrichment-complete"
const syncing = "market:sync-start"
const synced = "market:sync-complete"
const notSynced = "market:sync-error"
const names = [started, completed, failed, enriching, "asset:enrichment-progress", enriched, syncing, synced, notSynced]

const job = [syncing, synced, started, completed]
const withAssets = [enriching, "asset:enrichment-progress", enriched, ...job]

const write = { sentAt: 1000, writtenAt: 1200 }
/** What begins from here on knew it. */
const known = write.writtenAt + 800
const step = followed(write)
const after = (signs: ReadonlyArray<Sign>, from: Followed = noSign) => signs.reduce(step, from)
const told = ({ isSure, recomputed }: Followed) => ({ isSure, recomputed })

/** Signs in the order of their times, from before the write to after it. */
const signs: Arbitrary.Arbitrary<ReadonlyArray<Sign>> = Arbitrary.map(
  Arbitrary.array(Arbitrary.all({ name: integer(0, names.length - 1), later: integer(0, 400) }), { maxLength: 16 }),
  (drawn) => {
    let at = 800
    return drawn.map(({ later, name }) => ({ name: names[name] ?? "", at: at += later }))
  }
)

/** Signs one after the other, from `at` on. */
const at = (from: number, named: ReadonlyArray<string>): ReadonlyArray<Sign> =>
  named.map((name, index) => ({ name, at: from + index }))

const endOf = (said: ReadonlyArray<Sign>) => Math.max(known, said.at(-1)?.at ?? 0)

/** As it is once all that was at work has ended. */
const ended = (said: ReadonlyArray<Sign>): Followed => {
  const { computing, fetched, fetching } = after(said)
  const names = [
    enriched,
    ...Array.from({ length: fetching }, () => synced),
    ...Array.from({ length: fetching + fetched }, () => started),
    ...Array.from({ length: fetching + fetched + computing }, () => completed)
  ]
  return { ...after(at(endOf(said), names), after(said)), enrichedFrom: undefined }
}

describe("what jobs' signs say of a write", () => {
  it.effect.prop(
    "recomputed: a computation began after it was sent, and nothing is at work",
    [signs],
    ([said]) =>
      Effect.sync(() => {
        const now = after(said)
        const hasBegun = said.some((sign) => sign.name === started && sign.at >= write.sentAt)
        if (now.recomputed === true) assert.isTrue(hasBegun)
        if (now.isSure) assert.isTrue(isStill(now) && now.fetched + now.computing === 0)
        if (!hasBegun && !said.some(({ name }) => name === notSynced || name === failed)) {
          assert.isUndefined(now.recomputed)
        }
      }),
    { arbitrary: { runs: 1000 } }
  )

  it.effect.prop(
    "whatever was said before, a job that begins late enough decides, and at once",
    [signs],
    ([said]) =>
      Effect.sync(() => {
        const before = ended(said)
        const end = (...named: ReadonlyArray<string>) => told(after(at(endOf(said) + 100, named), before))
        assert.deepStrictEqual(end(...job), { isSure: true, recomputed: true })
        assert.deepStrictEqual(end(...withAssets), { isSure: true, recomputed: true })
        assert.deepStrictEqual(end(syncing, synced, started, failed, completed), { isSure: true, recomputed: false })
        assert.deepStrictEqual(end(syncing, notSynced), { isSure: true, recomputed: false })
      })
  )

  it.effect.prop(
    "of a job that began too soon nothing is sure",
    [integer(-400, 799), integer(0, 1)],
    ([soon, kind]) =>
      Effect.sync(() => {
        const [begun = "", ...rest] = kind === 0 ? job : withAssets
        const all = [{ name: begun, at: write.writtenAt + soon }, ...at(endOf([]) + 5000, rest)]
        assert.deepStrictEqual(told(after(all)), { isSure: false, recomputed: true })
      })
  )

  it.effect.prop(
    "beside a job of the page's the one that knows it is waited for",
    [Arbitrary.array(integer(0, 1), { maxLength: 16 }), integer(0, 1), integer(0, 1)],
    ([turns, kind, isEarly]) =>
      Effect.sync(() => {
        const ours = [...kind === 0 ? job : withAssets]
        const page = [...job]
        let now = noSign
        // It had begun before ours, or begins beside it.
        if (isEarly === 1) now = step(now, { name: page.shift() ?? "", at: write.sentAt })
        now = step(now, { name: ours.shift() ?? "", at: known })
        for (const turn of [...turns, ...ours.map(() => 0), ...page.map(() => 1)]) {
          const from = turn === 0 ? ours : page
          const name = from.shift()
          if (name !== undefined) now = step(now, { name, at: known + 1 })
          // The one follows at once upon the other.
          if (name === enriched) now = step(now, { name: from.shift() ?? "", at: known + 1 })
          assert.isFalse(now.isSure && ours.length > 0)
        }
        // What began beside an earlier one may be the page's: ours may wait for that one to end.
        assert.strictEqual(now.recomputed, true)
        if (isEarly === 0) assert.isTrue(now.isSure)
      }),
    { arbitrary: { runs: 1000 } }
  )

  it.effect.prop("what failed is not mended by its completion", [signs], ([said]) =>
    Effect.sync(() => {
      const { recomputed } = after(at(endOf(said), [started, failed, completed]), ended(said))
      assert.strictEqual(recomputed, false)
    }))

  it("what begins beside an earlier job, or fetches no prices, is not sure to be what follows a write", () => {
    const earlier = after(at(write.sentAt, [syncing]))
    const page = after(at(known + 1000, job), earlier)
    assert.deepStrictEqual(told(page), { isSure: false, recomputed: undefined })
    const both = after(at(known + 2000, job.slice(1)), page)
    assert.deepStrictEqual(told(both), { isSure: false, recomputed: true })
    assert.deepStrictEqual(told(after(at(known + 3000, job), both)), { isSure: true, recomputed: true })
    assert.deepStrictEqual(told(after(at(known, [started, completed]))), { isSure: false, recomputed: true })
  })

  it("a job that finds no prices does not end another's computation; one that fails may have ended", () => {
    const computing = after(at(known, [syncing, syncing, synced, started]))
    assert.isFalse(isStill(after(at(known + 10, [notSynced]), computing)))
    assert.isTrue(isStill(after(at(known + 10, [notSynced, failed]), computing)))
  })

  it("prices that are fetched for themselves are followed by no computation, and are no job of a write's", () => {
    const page = after(at(known, [syncing, synced]), after(at(write.sentAt, job)))
    assert.isTrue(isStill(page))
    assert.deepStrictEqual(told(page), { isSure: false, recomputed: true })
  })

  it("a value that cannot be told is no failure, and what is of no job no sign", () => {
    assert.isTrue(isSign(failed, `"Holdings snapshot calculation failed: no rate"`))
    assert.isFalse(isSign(failed, `"Valuation history calculation failed for 1: no rate"`))
    for (const name of names) assert.isTrue(isSign(name, "null"), name)
    for (const name of ["asset:classifications-changed", "", "broker:sync-start"]) {
      assert.isFalse(isSign(name, "null"), name)
    }
  })
})
