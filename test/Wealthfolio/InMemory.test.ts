import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Decimal from "../../src/Portfolio/Decimal.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import type { TrackerSeed } from "../../src/Wealthfolio/InMemory.ts"
import { type Change, WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { integer } from "../support/arbitrary.ts"
import { newActivity } from "./scripted.ts"
import { storing } from "./storing.ts"

const day = PlainDate.of("2026-01-02")
const key = (n: number) => `U1234567/ibkr:cash:${n}`

const seed: TrackerSeed = {
  account: { id: "mine", name: "Mine", currency: "GBP", timeZone: "America/New_York" },
  assets: [{ id: "asset-1", instrumentSymbol: "VUSA", instrumentExchangeMic: "XLON" }],
  activities: [
    { id: "hand", type: "BUY", date: day, assetId: "asset-1", currency: "GBP", quantity: Decimal.one, key: "hash" },
    {
      id: "edited",
      type: "DEPOSIT",
      date: day,
      currency: "GBP",
      note: "n",
      isUserModified: true,
      instant: "2026-01-02T23:00:00Z"
    },
    { id: "draft", type: "DEPOSIT", date: day, currency: "GBP", amount: Decimal.one, status: "DRAFT" },
    { id: "elsewhere", type: "DEPOSIT", date: day, currency: "GBP", accountId: "other", key: key(9) }
  ]
}

describe("the tracker in memory", () => {
  it.effect("shows what it was given, by account, with what a row usually has", () =>
    Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      const rows = yield* repo.rows({ from: day, to: day })
      assert.deepStrictEqual(rows.map(({ id, instant }) => [id, instant]), [
        ["hand", "2026-01-02T05:00:00.000Z"],
        ["draft", "2026-01-02T05:00:00.000Z"],
        ["edited", "2026-01-02T23:00:00Z"]
      ])
      assert.deepInclude(rows[0], {
        key: "hash",
        accountId: "mine",
        accountName: "Mine",
        symbol: "VUSA",
        sourceSystem: "MANUAL",
        isUserModified: false,
        status: "POSTED"
      })
      assert.deepInclude(rows[2], { note: "n", isUserModified: true })
      assert.deepStrictEqual(yield* repo.rows({ from: PlainDate.addDays(day, 1) }), [])
      assert.deepStrictEqual(yield* repo.rows({ to: PlainDate.addDays(day, -1) }), [])
      assert.deepStrictEqual((yield* repo.keyed("U1234567/")).map(({ accountId, id }) => [id, accountId]), [
        ["elsewhere", "other"]
      ])
      const after = yield* repo.activitiesAfter(PlainDate.addDays(day, -1))
      assert.deepStrictEqual(after.map(({ id }) => id), ["hand", "edited"])
      assert.deepStrictEqual((yield* repo.holdings).map(({ quantity }) => Decimal.format(quantity)), ["1"])
    }).pipe(Effect.provide(WealthfolioRepo.layerTest(seed))))

  it.effect("replaces wholly or not at all, and keeps an adopted row's instant", () => {
    const refuses: TrackerSeed["refuses"] = ({ activity }) => activity.externalId.endsWith(":3") ? "no" : undefined
    return Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      const before = yield* repo.rows({})
      const remove = [{ id: "edited" }, { id: "gone" }]
      const refused = yield* repo.replace({ remove, add: [newActivity(1), newActivity(3)] })
      assert.deepStrictEqual(refused, { _tag: "Refused", message: "no" })
      assert.deepStrictEqual(yield* repo.rows({}), before)
      const adopted = { ...newActivity(1, { note: "n" }), instant: "2026-01-04T03:00:00Z" }
      const done = yield* repo.replace({ remove, add: [adopted] })
      const id = (yield* repo.existing([key(1)])).get(key(1)) ?? ""
      assert.deepStrictEqual(done, { _tag: "Done", added: new Map([["ibkr:cash:1", id]]) })
      const rows = yield* repo.rows({})
      assert.deepStrictEqual(rows.map((row) => row.id), ["hand", "draft", id])
      assert.deepInclude(rows[2], {
        key: key(1),
        date: PlainDate.of("2026-01-03"),
        instant: adopted.instant,
        note: "n",
        sourceSystem: "IBKR"
      })
    }).pipe(Effect.provide(WealthfolioRepo.layerTest({ ...seed, refuses })))
  })

  /** Which rows go, by their place, and which come, by number; 9 is a row that is not there. */
  const step = Arbitrary.all({
    remove: Arbitrary.array(integer(0, 9), { maxLength: 3 }),
    add: Arbitrary.array(integer(1, 5), { maxLength: 3 })
  })

  it.effect.prop(
    "does what the stand-in does, whatever is replaced by what",
    [Arbitrary.array(step, { maxLength: 5 })],
    ([steps]) => {
      const play = Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        // Each at its own second, so that places are told apart.
        const activity = (n: number, amount: number) =>
          newActivity(n, { time: `12:00:0${n}`, amount: Decimal.of(String(amount)) })
        yield* repo.importBatch([1, 2].map((n) => activity(n, n)))
        const seen: Array<unknown> = []
        for (const [index, { add, remove }] of steps.entries()) {
          const rows = yield* repo.rows({})
          const change: Change = {
            remove: remove.map((place) => rows[place] ?? { id: "gone" }),
            add: add.map((n) => activity(n, index + 10))
          }
          const outcome = yield* repo.replace(change)
          const there = yield* repo.existing(add.map(key))
          const isNamed = outcome._tag === "Refused" ||
            [...outcome.added].every(([externalId, id]) => there.get(`U1234567/${externalId}`) === id)
          const after = (yield* repo.rows({})).map(({ amount, date, key, type }) =>
            [key, type, date, Decimal.format(amount ?? Decimal.zero)].join(" ")
          )
          seen.push([outcome._tag, isNamed, after.sort()])
        }
        return seen
      })
      return Effect.gen(function*() {
        const inMemory = yield* play.pipe(Effect.provide(WealthfolioRepo.layerTest()))
        const onStandIn = yield* play.pipe(Effect.provide(storing().layer))
        assert.deepStrictEqual(inMemory, onStandIn)
      })
    },
    { arbitrary: { runs: 60 }, timeout: 60_000 }
  )

  it.effect("offline there are no rows", () =>
    Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      assert.deepStrictEqual([yield* repo.rows({}), yield* repo.keyed("")], [[], []])
    }).pipe(Effect.provide(WealthfolioRepo.layerOffline)))
})
