import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { RunSummary } from "../src/Metrics.ts"
import * as Decimals from "../src/Portfolio/Decimal.ts"
import * as PlainDates from "../src/Portfolio/PlainDate.ts"
import type { TrackerSeed } from "../src/Wealthfolio/InMemory.ts"
import { WealthfolioRepo } from "../src/WealthfolioRepo.ts"
import {
  assetOf,
  atNight,
  buy,
  deposit,
  failure,
  friday,
  type json,
  night,
  now,
  report,
  without,
  world
} from "./Sync/world.ts"

describe("a night, every service a fixture", () => {
  it.effect("imports, remembers, reconciles and reports; the same again, to the last digit", () =>
    Effect.gen(function*() {
      yield* atNight
      const once = Effect.suspend(() => {
        const pushed: Array<RunSummary> = []
        return night({ tokenExpires: PlainDates.of("2026-06-30") }).pipe(
          Effect.provide(world({ pushed })),
          Effect.map((result) => ({ result, pushed }))
        )
      })
      const { pushed, result } = yield* once
      assert.deepStrictEqual(result.counts, { imported: 3, planned: 0, alreadySynced: 0, skipped: 0, held: 0 })
      assert.isTrue(result.reconciled)
      assert.deepStrictEqual(result.positions, [
        { symbol: "AAA.L", broker: "10", wealthfolio: "10", drift: "0" },
        { symbol: "BBB.L", broker: "4", wealthfolio: "4", drift: "0" }
      ])
      assert.deepStrictEqual(result.cash, [
        { currency: "GBP", broker: "965", booked: "965", drift: "0", wealthfolio: "965", trackerDrift: "0" }
      ])
      assert.deepStrictEqual(pushed, [{
        exitCode: 0,
        finishedAt: now / 1000,
        durationSeconds: 0,
        activities: { imported: 3 },
        skipped: {},
        statement: { toDate: Date.parse("2026-01-09T00:00:00Z") / 1000 },
        reconciliation: {
          positions: [
            { symbol: "AAA.L", drift: "0", statements: 0 },
            { symbol: "BBB.L", drift: "0", statements: 0 }
          ],
          cash: [{ currency: "GBP", drift: "0", trackerDrift: "0" }]
        },
        tokenExpires: Date.parse("2026-06-30T00:00:00Z") / 1000
      }])
      assert.deepStrictEqual(yield* once, { pushed, result })
    }))

  it.effect("the same statement again imports nothing, with its store and without", () =>
    Effect.gen(function*() {
      yield* atNight
      const keyed = (id: string) => `U1234567/${id}`
      yield* Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        assert.strictEqual((yield* night()).counts.imported, 3)
        const second = yield* night({ runId: "second" })
        assert.deepStrictEqual(second.counts, { imported: 0, planned: 0, alreadySynced: 3, skipped: 0, held: 0 })
        assert.isTrue(second.reconciled)
        // A new, empty store over the same tracker.
        const lost = yield* night({ runId: "third" }).pipe(
          Effect.provide(Layer.fresh(world({ repo })), { local: true })
        )
        assert.strictEqual(lost.counts.alreadySynced, 3)
        assert.strictEqual(lost.counts.imported, 0)
        assert.strictEqual((yield* repo.existing([keyed("ibkr:trade:1"), keyed("ibkr:cash:1")])).size, 2)
        assert.strictEqual((yield* repo.activitiesAfter(PlainDates.of("2020-01-01"))).length, 3)
      }).pipe(Effect.provide(world()))
    }))

  it.effect("a dry run writes nothing anywhere", () =>
    Effect.gen(function*() {
      yield* atNight
      const never = () => Effect.die("a dry run wrote")
      const pushed: Array<RunSummary> = []
      const result = yield* night({ dryRun: true }).pipe(Effect.provide(world({
        pushed,
        backlog: [report()],
        repo: { importBatch: never, recomputedAfter: never, holdings: Effect.die("a dry run compared") },
        store: {
          beginRun: never,
          endRun: never,
          save: never,
          settle: never,
          saveInstruments: never,
          saveStatement: never,
          saveCoverage: never,
          saveDrift: never
        }
      })))
      assert.strictEqual(result.outcome, "success")
      assert.strictEqual(result.counts.planned, 3)
      assert.isFalse(result.reconciled)
      assert.deepStrictEqual(pushed, [])
    }))

  it.effect("what an earlier run received is imported first, and a row that both have is counted once", () =>
    Effect.gen(function*() {
      yield* atNight
      const backlog = [report({ to: PlainDates.of("2026-01-08"), activities: [deposit, buy("1", "AAA")] })]
      const result = yield* night().pipe(Effect.provide(world({ backlog })))
      assert.deepStrictEqual(result.statements.map(({ toDate }: { toDate: string }) => toDate), [
        "2026-01-08",
        "2026-01-09"
      ])
      assert.deepStrictEqual(result.counts, { imported: 3, planned: 0, alreadySynced: 0, skipped: 0, held: 0 })
      assert.isTrue(result.reconciled)

      const failing = yield* night().pipe(Effect.provide(world({ backlog, pulls: [failure(6)] })))
      assert.strictEqual(failing.error.exitCode, 6)
      assert.strictEqual(failing.counts.imported, 2)
    }))
})

describe("reconciliation", () => {
  const notCompared = (result: ReturnType<typeof json>, pushed: ReadonlyArray<RunSummary>, says: RegExp) => {
    assert.strictEqual(result.outcome, "success")
    assert.isFalse(result.reconciled)
    assert.isTrue(result.warnings.some((text: string) => says.test(text)), String(result.warnings))
    assert.isUndefined(pushed.at(-1)?.reconciliation)
    assert.strictEqual(pushed.at(-1)?.exitCode, 0)
  }
  const noDriftSaved = { saveDrift: () => Effect.die("a drift was saved") }
  const brokerSide = [{ symbol: "AAA.L", broker: "10" }, { symbol: "BBB.L", broker: "4" }]

  it.effect("holdings that were not recomputed in time are not compared", () =>
    Effect.gen(function*() {
      yield* atNight
      const pushed: Array<RunSummary> = []
      const script = { pushed, seed: { recomputes: false }, store: noDriftSaved }
      const result = yield* night().pipe(Effect.provide(world(script)))
      notCompared(result, pushed, /did not recompute/)
      assert.strictEqual(result.counts.imported, 3)
      assert.deepStrictEqual(result.positions, brokerSide)
    }))

  it.effect("no holdings at all beside rows that come to some are not compared", () =>
    Effect.gen(function*() {
      yield* atNight
      const pushed: Array<RunSummary> = []
      const script = { pushed, repo: { holdings: Effect.succeed([]) }, store: noDriftSaved }
      const result = yield* night().pipe(Effect.provide(world(script)))
      notCompared(result, pushed, /Wealthfolio shows no holdings/)
      assert.strictEqual(result.counts.imported, 3)
      assert.deepStrictEqual(result.positions, brokerSide)
    }))

  it.effect("no holdings where rows come to nothing, or stand for days to come, are compared", () =>
    Effect.gen(function*() {
      yield* atNight
      const back = {
        ...deposit,
        externalId: "ibkr:cash:2",
        type: "WITHDRAWAL" as const,
        contentHash: "hash of it back"
      }
      const planned = [{
        id: "planned",
        type: "DEPOSIT",
        date: PlainDates.of("2026-01-11"),
        currency: "GBP",
        amount: Decimals.of("5")
      }]
      for (const activities of [[], [deposit, back]]) {
        const result = yield* night().pipe(Effect.provide(world({
          pulls: [report({ activities })],
          seed: { activities: planned },
          repo: { holdings: Effect.succeed([]) }
        })))
        assert.isTrue(result.reconciled)
        assert.deepStrictEqual(result.positions.map(({ drift }: { drift: string }) => drift), ["10", "4"])
      }
    }))

  it.effect("without Open Positions there is nothing to compare", () =>
    Effect.gen(function*() {
      yield* atNight
      const pushed: Array<RunSummary> = []
      const script = { pushed, pulls: [without(report(), "positions")], store: noDriftSaved }
      const result = yield* night().pipe(Effect.provide(world(script)))
      notCompared(result, pushed, /does not say what the account holds/)
      assert.deepStrictEqual(result.positions, [])
      assert.strictEqual(result.counts.imported, 3)
    }))

  it.effect("an older statement is imported and not compared; the latest again is", () =>
    Effect.gen(function*() {
      yield* atNight
      const pushed: Array<RunSummary> = []
      const older = report({
        to: PlainDates.of("2026-01-02"),
        activities: [buy("0", "AAA", "3", PlainDates.of("2026-01-02"))]
      })
      yield* Effect.gen(function*() {
        assert.isTrue((yield* night()).reconciled)
        const second = yield* night({ runId: "second" })
        notCompared(second, pushed, /a later statement is known/)
        assert.strictEqual(second.counts.imported, 1)
        assert.deepStrictEqual(second.positions, brokerSide)
        const third = yield* night({ runId: "third" })
        assert.isTrue(third.reconciled)
        assert.strictEqual(third.positions[0].drift, "-3")
      }).pipe(Effect.provide(world({ pushed, pulls: [report(), older, report()] })))
    }))

  it.effect("rows that the tracker dates after the statement do not show", () =>
    Effect.gen(function*() {
      yield* atNight
      const typed = (id: string, date: string, quantity: string) => ({
        id,
        type: "BUY",
        date: PlainDates.of(date),
        assetId: "asset-1",
        currency: "GBP",
        quantity: Decimals.of(quantity),
        unitPrice: Decimals.of("3")
      })
      const seed: TrackerSeed = {
        assets: [assetOf("AAA")],
        activities: [typed("a", "2026-01-10", "7"), typed("b", "2026-01-10", "1")]
      }
      const result = yield* night({ failOnDrift: true }).pipe(Effect.provide(world({ seed })))
      assert.strictEqual(result.outcome, "success")
      assert.deepStrictEqual(result.positions[0], { symbol: "AAA.L", broker: "10", wealthfolio: "10", drift: "0" })
      assert.strictEqual(result.cash[0].trackerDrift, "0")

      const onTheDay = { ...seed, activities: [typed("a", "2026-01-09", "7")] }
      const drifted = yield* night({ failOnDrift: true }).pipe(Effect.provide(world({ seed: onTheDay })))
      assert.strictEqual(drifted.error.exitCode, 11)
      assert.match(drifted.error.message, /AAA\.L/)
      assert.strictEqual(drifted.positions[0].drift, "-7")
      assert.strictEqual(drifted.cash[0].trackerDrift, "21")
      assert.strictEqual(drifted.counts.imported, 3)
    }))

  it.effect("sixty assets", () =>
    Effect.gen(function*() {
      yield* atNight
      const keys = Array.from({ length: 60 }, (_, index) => `K${index + 100}`)
      const result = yield* night({ failOnDrift: true }).pipe(Effect.provide(world({
        pulls: [report({
          activities: keys.map((key, index) => buy(String(index), key, String(index + 1))),
          positions: keys.map((key, index) => ({
            instrumentKey: key,
            symbol: `${key}.L`,
            quantity: Decimals.of(String(index + 1))
          })),
          cash: []
        })]
      })))
      assert.strictEqual(result.outcome, "success")
      assert.strictEqual(result.positions.length, 60)
      for (const { drift } of result.positions) assert.strictEqual(drift, "0")
      assert.deepStrictEqual(result.cash, [])
    }))

  it.effect("a drift is counted over statements, not over runs", () =>
    Effect.gen(function*() {
      yield* atNight
      const pushed: Array<RunSummary> = []
      const short = (to: string) => report({ to: PlainDates.of(to), activities: [deposit, buy("1", "AAA")], cash: [] })
      const pulls = [short("2026-01-05"), short("2026-01-05"), short("2026-01-06"), report({ to: friday })]
      yield* Effect.forEach(["1", "2", "3", "4"], (runId) => night({ runId })).pipe(
        Effect.provide(world({ pushed, pulls }))
      )
      const counted = pushed.map(({ reconciliation }) =>
        reconciliation?.positions.map(({ drift, statements, symbol }) => `${symbol} ${drift} ${statements}`)
      )
      assert.deepStrictEqual(counted, [
        ["AAA.L 0 0", "BBB.L 4 1"],
        ["AAA.L 0 0", "BBB.L 4 1"],
        ["AAA.L 0 0", "BBB.L 4 2"],
        ["AAA.L 0 0", "BBB.L 0 0"]
      ])
    }))
})
