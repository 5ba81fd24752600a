import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as PlainDate from "../src/Portfolio/PlainDate.ts"
import * as Database from "../src/Sql/Database.ts"
import {
  type FlexRequestRecord,
  type StatementRecord,
  type SyncRecord,
  SyncRecordStore
} from "../src/SyncRecordStore.ts"

const record = (externalId: string, changes: Partial<SyncRecord> = {}): SyncRecord => ({
  externalId,
  kind: "trade",
  state: "synced",
  contentHash: "aa",
  runId: "run-1",
  held: false,
  ...changes
})

const statement = (id: string, toDate: string, changes: Partial<StatementRecord> = {}): StatementRecord => ({
  id,
  path: `statements/${id}.xml`,
  fromDate: PlainDate.of("2026-01-01"),
  toDate: PlainDate.of(toDate),
  receivedAt: `${toDate}T03:00:00Z`,
  imported: true,
  ...changes
})

const first = PlainDate.of("2026-01-02")
const second = PlainDate.of("2026-01-05")
const third = PlainDate.of("2026-01-06")

const twoOwners = (a: { upstream: string; tracker: string }, b: { upstream: string; tracker: string }) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const storeOf = (owner: typeof a) =>
      SyncRecordStore.pipe(
        Effect.provide(SyncRecordStore.layerNoDeps({ ...owner, path: ":memory:" })),
        Effect.provideService(SqlClient.SqlClient, sql)
      )
    return [yield* storeOf(a), yield* storeOf(b)] as const
  })

it.layer(Database.layerMemory)("rows as they lie in the file", (it) => {
  it.effect("a run is written when it begins and completed when it ends", () =>
    Effect.gen(function*() {
      const [store] = yield* twoOwners({ upstream: "U1", tracker: "t" }, { upstream: "U2", tracker: "t" })
      yield* store.beginRun({ runId: "r1", startedAt: "2026-01-03T03:00:00Z", dryRun: false })
      yield* store.beginRun({ runId: "r2", startedAt: "2026-01-04T03:00:00Z", dryRun: true })
      yield* store.endRun("r1", {
        finishedAt: "2026-01-03T03:01:00Z",
        outcome: "failure",
        exitCode: 9,
        imported: 1,
        alreadySynced: 2,
        skipped: 3,
        held: 4,
        statement: "abc"
      })
      const sql = yield* SqlClient.SqlClient
      const rows =
        yield* sql`SELECT run_id, dry_run, finished_at, exit_code, already_synced, statement FROM run ORDER BY 1`
      assert.deepStrictEqual(rows.map((row) => ({ ...row })), [
        {
          runId: "r1",
          dryRun: 0,
          finishedAt: "2026-01-03T03:01:00Z",
          exitCode: 9,
          alreadySynced: 2,
          statement: "abc"
        },
        { runId: "r2", dryRun: 1, finishedAt: null, exitCode: null, alreadySynced: null, statement: null }
      ])
    }))

  it.effect("the same days proven twice by one statement are one row", () =>
    Effect.gen(function*() {
      const [store] = yield* twoOwners({ upstream: "U1", tracker: "t" }, { upstream: "U2", tracker: "t" })
      yield* store.saveCoverage({ from: first, to: second }, "s1")
      yield* store.saveCoverage({ from: first, to: second }, "s1")
      yield* store.saveCoverage({ from: second, to: third }, "s2")
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql`SELECT from_date, to_date, statement_id FROM coverage ORDER BY 1`
      assert.deepStrictEqual(rows.map((row) => ({ ...row })), [
        { fromDate: first, toDate: second, statementId: "s1" },
        { fromDate: second, toDate: third, statementId: "s2" }
      ])
    }))

  it.effect("another upstream account or another tracker account sees none of it", () =>
    Effect.gen(function*() {
      for (const other of [{ upstream: "U9", tracker: "a" }, { upstream: "U8", tracker: "b" }]) {
        const [mine, theirs] = yield* twoOwners({ upstream: "U8", tracker: "a" }, other)
        yield* mine.save([record("x", { held: true })])
        yield* mine.saveInstruments(new Map([["265598", "asset"]]))
        yield* mine.saveStatement(statement("s", "2026-01-02"))
        yield* mine.saveDrift(first, ["AAPL"])
        yield* mine.saveBaseline([{ kind: "cash", name: "GBP", symbol: "GBP" }])
        assert.deepStrictEqual(yield* theirs.baseline, [])
        assert.strictEqual((yield* theirs.known(["x"])).size, 0)
        assert.deepStrictEqual(yield* theirs.held, [])
        assert.strictEqual((yield* theirs.instruments).size, 0)
        assert.deepStrictEqual(yield* theirs.statements, [])
        assert.isUndefined(yield* theirs.latestToDate)
        assert.deepStrictEqual([...yield* theirs.saveDrift(second, ["AAPL"])], [["AAPL", 1]])
        yield* theirs.save([record("x", { contentHash: "theirs" })])
        assert.strictEqual((yield* mine.known(["x"])).get("x")?.contentHash, "aa")
      }
    }))

  it.effect("a Flex request belongs to the upstream account, whatever the tracker", () =>
    Effect.gen(function*() {
      const [mine, otherTracker] = yield* twoOwners({ upstream: "U7", tracker: "a" }, { upstream: "U7", tracker: "b" })
      const [otherUpstream] = yield* twoOwners({ upstream: "U6", tracker: "a" }, { upstream: "U6", tracker: "a" })
      const request: FlexRequestRecord = { query: "1", sentAt: "2026-01-03T03:00:00Z", state: "sent" }
      yield* mine.saveFlexRequest(request)
      assert.deepStrictEqual(yield* otherTracker.flexRequests, [request])
      assert.deepStrictEqual(yield* otherUpstream.flexRequests, [])
    }))

  it.effect("a save that fails on its last row leaves none of its rows", () =>
    Effect.gen(function*() {
      const [store] = yield* twoOwners({ upstream: "U4", tracker: "t" }, { upstream: "U2", tracker: "t" })
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TRIGGER refuse BEFORE INSERT ON sync_record WHEN new.external_id = 'last'
        BEGIN SELECT raise(ABORT, 'refused by the test'); END`
      const many = Array.from({ length: 2_500 }, (_, index) => record(`id-${index}`))
      yield* store.save([record("id-0", { contentHash: "before" })])
      const error = yield* Effect.flip(store.save([...many, record("last")]))
      yield* sql`DROP TRIGGER refuse`
      assert.strictEqual(error.exitCode, 10)
      assert.include(error.message, "refused by the test")
      const known = yield* store.known(many.map((one) => one.externalId))
      assert.deepStrictEqual([...known.values()], [record("id-0", { contentHash: "before" })])
    }))

  it.effect("what was on its way is in, with all that was known of it: all of a batch, or none of it", () =>
    Effect.gen(function*() {
      const [store, theirs] = yield* twoOwners({ upstream: "U3", tracker: "t" }, { upstream: "U3", tracker: "u" })
      const sql = yield* SqlClient.SqlClient
      const rows = Array.from({ length: 250 }, (_, index) =>
        record(`id-${index}`, {
          date: first,
          subject: `trade|${index}`,
          statementId: "s",
          source: { section: "Trades", fields: { symbol: "AAPL" } }
        }))
      const onItsWay = rows.map((row): SyncRecord => ({ ...row, state: "pending", intent: "create" }))
      yield* store.save([...onItsWay, record("not in", { state: "pending", intent: "create" })])
      yield* theirs.save(onItsWay)
      const placed = new Map(rows.map(({ externalId }, index) => [externalId, `tracker-${index}`]))
      const refused = record("refused", { state: "skipped", reason: "refused", detail: "no such asset" })

      yield* sql`CREATE TRIGGER refuse BEFORE UPDATE ON sync_record WHEN new.tracker_id = 'tracker-249'
        BEGIN SELECT raise(ABORT, 'refused by the test'); END`
      const error = yield* Effect.flip(store.settle(placed, [refused]))
      yield* sql`DROP TRIGGER refuse`
      assert.strictEqual(error.exitCode, 10)
      assert.lengthOf(yield* store.inState("pending"), 251)
      assert.lengthOf(yield* store.inState("skipped"), 0)

      yield* store.settle(placed, [refused])
      assert.sameDeepMembers(
        [...(yield* store.known([...placed.keys(), "refused"])).values()],
        [...rows.map((row, index): SyncRecord => ({ ...row, trackerId: `tracker-${index}` })), refused]
      )
      assert.deepStrictEqual((yield* store.inState("pending")).map(({ externalId }) => externalId), ["not in"])
      assert.sameDeepMembers([...yield* theirs.inState("pending")], onItsWay)
    }))

  it.effect("a row that does not read as it should is a typed failure, not a wrong record", () =>
    Effect.gen(function*() {
      const [store] = yield* twoOwners({ upstream: "U5", tracker: "t" }, { upstream: "U2", tracker: "t" })
      yield* store.save([record("x")])
      const sql = yield* SqlClient.SqlClient
      yield* sql`UPDATE sync_record SET state = 'half' WHERE upstream = 'U5'`
      const error = yield* Effect.flip(store.known(["x"]))
      assert.strictEqual(error._tag, "StoreError")
      assert.strictEqual(error.exitCode, 10)
      assert.include(error.message, "state")
    }))
})

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
