import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PlainDate from "../src/Portfolio/PlainDate.ts"
import { type FlexRequestRecord, SyncRecordStore } from "../src/SyncRecordStore.ts"
import { first, record, second, statement, third } from "./support/syncRecords.ts"

it.effect("records come back as they were saved, absent fields absent", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    const plain = record("ibkr:trade:1")
    const full = record("ibkr:cash:2", {
      kind: "cash",
      state: "skipped",
      trackerId: "activity-2",
      reason: "unknown-venue",
      detail: "listed on ??",
      held: true,
      source: {
        section: "Trades",
        fields: { symbol: "ÅBC", "": "" },
        context: [{ section: "SecuritiesInfo", fields: {} }]
      }
    })
    yield* store.save([plain, full])
    assert.deepStrictEqual([...yield* store.known(["ibkr:trade:1", "ibkr:cash:2", "ibkr:trade:3"])], [
      ["ibkr:cash:2", full],
      ["ibkr:trade:1", plain]
    ])
    assert.deepStrictEqual(yield* store.held, [full])
    yield* store.save([{ ...plain, externalId: full.externalId, state: "synced" }])
    assert.deepStrictEqual(yield* store.held, [])
    assert.notProperty((yield* store.known([full.externalId])).get(full.externalId), "reason")
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("100 000 ids at once; of two records with one id the later one stays", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    const ids = Array.from({ length: 100_000 }, (_, index) => `ibkr:trade:${index}`)
    yield* store.save([
      ...ids.slice(0, 50_000).map((id) => record(id)),
      record("ibkr:trade:7", { contentHash: "later" })
    ])
    const known = yield* store.known(ids)
    assert.strictEqual(known.size, 50_000)
    assert.strictEqual(known.get("ibkr:trade:7")?.contentHash, "later")
    yield* store.save([])
    assert.strictEqual((yield* store.known([])).size, 0)
  }).pipe(Effect.provide(SyncRecordStore.layerTest)), 60_000)

it.effect("instruments are remembered and can be tied anew", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    yield* store.saveInstruments(new Map([["265598", "a"], ["133025", "b"]]))
    yield* store.saveInstruments(new Map([["133025", "c"]]))
    yield* store.saveInstruments(new Map())
    assert.deepStrictEqual([...yield* store.instruments].sort(), [["133025", "c"], ["265598", "a"]])
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("statements in the order received; the latest day counts only what is imported", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    assert.isUndefined(yield* store.latestToDate)
    const late = statement("a", "2026-01-06", { imported: false })
    const early = statement("z", "2026-01-02")
    const middle = statement("m", "2026-01-05")
    yield* store.saveStatement(late)
    yield* store.saveStatement(middle)
    yield* store.saveStatement(early)
    assert.deepStrictEqual(yield* store.statements, [early, middle, late])
    assert.strictEqual(yield* store.latestToDate, second)
    yield* store.saveStatement({ ...late, imported: true })
    assert.strictEqual(yield* store.latestToDate, third)
    assert.strictEqual((yield* store.statements).length, 3)
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("of the baseline the lines saved last are there", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    const shares = { kind: "asset", name: "51000001", symbol: "VUSA.L" } as const
    const cash = { kind: "cash", name: "GBP", symbol: "GBP" } as const
    assert.deepStrictEqual(yield* store.baseline, [])
    yield* store.saveBaseline([cash, shares, cash])
    assert.deepStrictEqual(yield* store.baseline, [shares, cash])
    yield* store.saveBaseline([cash])
    assert.deepStrictEqual(yield* store.baseline, [cash])
    yield* store.saveBaseline([])
    assert.deepStrictEqual(yield* store.baseline, [])
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("drift counts different days on end, and starts anew after agreement", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    const drift = (day: PlainDate.PlainDate, ...symbols: ReadonlyArray<string>) =>
      Effect.map(store.saveDrift(day, symbols), (counts) => Object.fromEntries(counts))
    assert.deepStrictEqual(yield* drift(first, "AAPL", "VUSA.L", "AAPL"), { "AAPL": 1, "VUSA.L": 1 })
    assert.deepStrictEqual(yield* drift(first, "AAPL", "VUSA.L"), { "AAPL": 1, "VUSA.L": 1 })
    assert.deepStrictEqual(yield* drift(second, "AAPL"), { "AAPL": 2 })
    assert.deepStrictEqual(yield* drift(first, "AAPL"), { "AAPL": 2 })
    assert.deepStrictEqual(yield* drift(second, "AAPL"), { "AAPL": 2 })
    assert.deepStrictEqual(yield* drift(third, "VUSA.L", "AAPL"), { "VUSA.L": 1, "AAPL": 3 })
    assert.deepStrictEqual(yield* drift(third), {})
    assert.deepStrictEqual(yield* drift(third, "AAPL"), { "AAPL": 1 })
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("a Flex request is replaced by what became of it", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    const sent: FlexRequestRecord = { query: "123456", sentAt: "2026-01-03T03:00:00Z", state: "sent" }
    yield* store.saveFlexRequest(sent)
    yield* store.saveFlexRequest({ ...sent, state: "accepted", referenceCode: "99" })
    assert.deepStrictEqual(yield* store.flexRequests, [{ ...sent, state: "accepted", referenceCode: "99" }])
    const refused = { ...sent, state: "refused", code: 1018, notBefore: "2026-01-03T04:00:00Z" } as const
    yield* store.saveFlexRequest(refused)
    assert.deepStrictEqual(yield* store.flexRequests, [refused])
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("two test stores share nothing", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    yield* store.save([record("x")])
    const other = SyncRecordStore.use((other) => other.known(["x"]))
    const known = yield* Effect.provide(other, Layer.fresh(SyncRecordStore.layerTest))
    assert.strictEqual(known.size, 0)
    assert.strictEqual((yield* store.known(["x"])).size, 1)
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("days that are not proven any more are cut out of what covers them", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    const day = (text: string) => PlainDate.of(`2026-01-${text}`)
    yield* store.saveCoverage({ from: day("01"), to: day("10") }, "a")
    yield* store.saveCoverage({ from: day("09"), to: day("12") }, "b")
    yield* store.uncover(new Set([day("01"), day("05"), day("10"), day("20")]))
    const spans = yield* store.coverage
    assert.deepStrictEqual(spans, [
      { from: day("02"), to: day("04") },
      { from: day("06"), to: day("09") },
      { from: day("09"), to: day("09") },
      { from: day("11"), to: day("12") }
    ])
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("rows are found by subject and state, and forgotten as if never seen", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    yield* store.save([
      record("a", { subject: "trade|1", state: "synced", trackerId: "t" }),
      record("b", { subject: "trade|1", state: "removed" }),
      record("c", { subject: "trade|1", state: "skipped", reason: "ignored" }),
      record("d", { subject: "trade|1", state: "skipped", reason: "cancelled" }),
      record("e", { subject: "trade|2", state: "synced" })
    ])
    const ids = (rows: ReadonlyArray<{ readonly externalId: string }>) =>
      rows.map(({ externalId }) => externalId).sort()
    assert.deepStrictEqual(ids(yield* store.bySubject(["trade|1", "trade|9"])), ["a", "b", "c", "d"])
    assert.deepStrictEqual(ids(yield* store.placed), ["a", "b", "e"])
    assert.deepStrictEqual(ids(yield* store.inState("skipped")), ["c", "d"])
    yield* store.forget(["a", "nobody"])
    assert.deepStrictEqual(ids(yield* store.placed), ["b", "e"])
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))

it.effect("notes, a backfill under way, and the last ten calls of a token", () =>
  Effect.gen(function*() {
    const store = yield* SyncRecordStore
    assert.isUndefined(yield* store.note("re-read"))
    yield* store.saveNote("re-read", "1")
    yield* store.saveNote("re-read", "2")
    assert.strictEqual(yield* store.note("re-read"), "2")
    assert.isUndefined(yield* store.backfill)
    const under = { from: first, to: third, reached: second }
    yield* store.saveBackfill({ ...under, reached: first })
    yield* store.saveBackfill(under)
    assert.deepStrictEqual(yield* store.backfill, under)
    yield* store.saveBackfill(undefined)
    assert.isUndefined(yield* store.backfill)
    for (let at = 1; at <= 12; at++) yield* store.saveFlexCall("token", at)
    yield* store.saveFlexCall("other", 99)
    assert.deepStrictEqual(yield* store.flexCalls("token"), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    assert.deepStrictEqual(yield* store.flexCalls("other"), [99])
  }).pipe(Effect.provide(SyncRecordStore.layerTest)))
