import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/Sql/Database.ts"
import { type FlexRequestRecord, type SyncRecord, SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { first, record, second, statement, third } from "../support/syncRecords.ts"

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
