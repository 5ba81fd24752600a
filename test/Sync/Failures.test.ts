import { assert, describe, it } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Failure } from "../../src/Failure.ts"
import type { RunSummary } from "../../src/Metrics.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { StoreError } from "../../src/SyncRecordStore.ts"
import type { TrackerSeed } from "../../src/Wealthfolio/InMemory.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { atNight, failure, night, report, type Script, world } from "./world.ts"

describe("rows that the tracker refuses", () => {
  it.effect("wait with their source, over nights without them, until it takes them", () =>
    Effect.gen(function*() {
      yield* atNight
      const tracker = { refuses: true }
      const seed: TrackerSeed = {
        refuses: ({ activity }) =>
          tracker.refuses && activity.externalId === "ibkr:trade:2" ? "CHECK failed" : undefined
      }
      const quiet = (to: string) => report({ to: PlainDates.of(to), activities: [], cash: [] })
      const pulls = [report(), quiet("2026-01-12"), quiet("2026-01-13"), quiet("2026-01-14"), quiet("2026-01-15")]
      yield* Effect.gen(function*() {
        for (const runId of ["1", "2", "3"]) {
          const refused = yield* night({ runId })
          assert.strictEqual(refused.error.exitCode, 9)
          assert.match(refused.error.message, /1 row.*ibkr:trade:2.*CHECK failed/)
          assert.deepStrictEqual(refused.skipped, [
            { section: "Trades", externalId: "ibkr:trade:2", reason: "refused", detail: "CHECK failed", held: true }
          ])
          assert.isTrue(refused.reconciled)
          assert.strictEqual(refused.positions[1].drift, "4")
        }
        tracker.refuses = false
        const taken = yield* night({ runId: "4" })
        assert.strictEqual(taken.outcome, "success")
        assert.strictEqual(taken.counts.imported, 1)
        assert.strictEqual(taken.positions[1].drift, "0")
        assert.deepStrictEqual((yield* night({ runId: "5" })).activities, [])
      }).pipe(Effect.provide(world({ pulls, seed })))
    }))

  it.effect("are not forgotten by a run that dies while it sends them again", () =>
    Effect.gen(function*() {
      yield* atNight
      const tracker = { dies: false, refuses: true }
      const seed: TrackerSeed = {
        refuses: ({ activity }) => tracker.refuses && activity.externalId === "ibkr:trade:2" ? "no" : undefined
      }
      const pulls = [report(), report({ to: PlainDates.of("2026-01-12"), activities: [], cash: [] })]
      yield* Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        const importBatch: WealthfolioRepo["Service"]["importBatch"] = (rows) =>
          tracker.dies ? Effect.fail(failure(9)) : repo.importBatch(rows)
        const provided = Effect.provideService(WealthfolioRepo, WealthfolioRepo.of({ ...repo, importBatch }))
        assert.strictEqual((yield* night({ runId: "1" }).pipe(provided)).counts.held, 1)
        tracker.dies = true
        assert.strictEqual((yield* night({ runId: "2" }).pipe(provided)).error.exitCode, 9)
        tracker.dies = false
        tracker.refuses = false
        assert.strictEqual((yield* night({ runId: "3" }).pipe(provided)).counts.imported, 1)
      }).pipe(Effect.provide(world({ pulls, seed })))
    }))
})

describe("what goes wrong", () => {
  const broken = failure(9, "the tracker broke")
  const store = new StoreError({ reason: "full", path: "sync.db", message: "the disk is full", hint: "make room" })
  const refusesStore = () => Effect.fail(store)

  it.effect.each<[string, Script, Failure["exitCode"], number]>([
    ["Broker.pull", { pulls: [failure(6)] }, 6, 0],
    ["Broker, another account", { pulls: [failure(3)] }, 3, 0],
    ["WealthfolioRepo.account", { repo: { account: Effect.fail(broken) } }, 9, 0],
    ["WealthfolioRepo.existing", { repo: { existing: () => Effect.fail(broken) } }, 9, 0],
    ["WealthfolioRepo.assets", { repo: { assets: () => Effect.fail(broken) } }, 9, 0],
    ["WealthfolioRepo.importBatch", { repo: { importBatch: () => Effect.fail(broken) } }, 9, 0],
    ["WealthfolioRepo.recomputedAfter", { repo: { recomputedAfter: () => Effect.fail(broken) } }, 9, 0],
    ["WealthfolioRepo.holdings", { repo: { holdings: Effect.fail(broken) } }, 9, 3],
    ["WealthfolioRepo.activitiesAfter", { repo: { activitiesAfter: () => Effect.fail(broken) } }, 9, 3],
    ["SyncRecordStore.beginRun", { store: { beginRun: refusesStore } }, 10, 0],
    ["SyncRecordStore.held", { store: { held: Effect.fail(store) } }, 10, 0],
    ["SyncRecordStore.known", { store: { known: refusesStore } }, 10, 0],
    ["SyncRecordStore.instruments", { store: { instruments: Effect.fail(store) } }, 10, 0],
    ["SyncRecordStore.saveInstruments", { store: { saveInstruments: refusesStore } }, 10, 0],
    ["SyncRecordStore.save", { store: { save: refusesStore } }, 10, 0],
    ["SyncRecordStore.settle", { store: { settle: refusesStore } }, 10, 3],
    ["SyncRecordStore.saveStatement", { store: { saveStatement: refusesStore } }, 10, 3],
    ["SyncRecordStore.latestToDate", { store: { latestToDate: Effect.fail(store) } }, 10, 0]
  ])(
    "%s fails: its exit code, and the report of what was done",
    ([, script, exitCode, imported]) =>
      Effect.gen(function*() {
        yield* atNight
        const pushed: Array<RunSummary> = []
        const result = yield* night().pipe(Effect.provide(world({ ...script, pushed })))
        assert.strictEqual(result.outcome, "failure")
        assert.strictEqual(result.error.exitCode, exitCode)
        assert.isNotEmpty(result.error.hint)
        assert.isFalse(result.reconciled)
        assert.strictEqual(result.counts.imported, imported)
        assert.deepStrictEqual(pushed.map((summary) => [summary.exitCode, summary.reconciliation]), [[
          exitCode,
          undefined
        ]])
      })
  )

  it.effect.each<[string, Script]>([
    ["the broker", { pull: Effect.die(new Error("a bug")) }],
    ["the tracker", { repo: { assets: () => Effect.die(new Error("a bug")) } }],
    ["the store", { store: { known: () => Effect.die(new Error("a bug")) } }],
    ["the comparison", { repo: { holdings: Effect.die(new Error("a bug")) } }]
  ])("a defect in %s is exit 1, with a report", ([, script]) =>
    Effect.gen(function*() {
      yield* atNight
      const pushed: Array<RunSummary> = []
      const result = yield* night().pipe(Effect.provide(world({ ...script, pushed })))
      assert.strictEqual(result.error.exitCode, 1)
      assert.strictEqual(result.error.tag, "Defect")
      assert.notInclude(JSON.stringify(result), "a bug")
      assert.strictEqual(pushed[0]?.exitCode, 1)
    }))

  it.effect("a store that cannot note the end of the run spoils nothing", () =>
    Effect.gen(function*() {
      yield* atNight
      const script = { store: { endRun: refusesStore, saveDrift: refusesStore } }
      const result = yield* night().pipe(Effect.provide(world(script)))
      assert.strictEqual(result.outcome, "success")
      assert.strictEqual(result.counts.imported, 3)
    }))

  it.effect("an interruption is noted with 130, and pushed", () =>
    Effect.gen(function*() {
      yield* atNight
      const pushed: Array<RunSummary> = []
      const ended: Array<number> = []
      const waiting = yield* Deferred.make<void>()
      const script: Script = {
        pushed,
        pull: Effect.andThen(Deferred.succeed(waiting, undefined), Effect.never),
        store: { endRun: (_runId, { exitCode }) => Effect.sync(() => void ended.push(exitCode)) }
      }
      const fiber = yield* Effect.forkChild(night().pipe(Effect.provide(world(script))))
      yield* Deferred.await(waiting)
      yield* TestClock.adjust("90 seconds")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(ended, [130])
      const finishedAt = DateTime.toEpochMillis(yield* DateTime.now) / 1000
      assert.deepStrictEqual(pushed, [{ exitCode: 130, finishedAt, durationSeconds: 90 }])
    }))
})
