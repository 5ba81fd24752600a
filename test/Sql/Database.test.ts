import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Database from "../../src/Sql/Database.ts"
import { type Migrations, migrations } from "../../src/Sql/Migrations.ts"
import { type SyncRecord, SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { temporaryDirectory } from "./childStore.ts"

const owner = { upstream: "U1", tracker: "tracker" }

const record: SyncRecord = {
  externalId: "ibkr:trade:1",
  kind: "trade",
  state: "removed",
  contentHash: "aa",
  runId: "r",
  held: false
}

const use = <A, E>(dataDir: string, f: (store: SyncRecordStore["Service"]) => Effect.Effect<A, E>) =>
  SyncRecordStore.use(f).pipe(Effect.provide(SyncRecordStore.layer({ ...owner, dataDir })))

const open = (dataDir: string, known: Migrations = migrations) =>
  SqlClient.SqlClient.pipe(
    Effect.andThen((sql) => sql`SELECT count(*) AS openings FROM store_opening`),
    Effect.catchTag("SqlError", Effect.die),
    Effect.provide(Database.layer({ dataDir, upstream: "U1", migrations: known }))
  )

const newerRelease: Migrations = {
  ...migrations,
  "0005_note": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`ALTER TABLE sync_record ADD COLUMN note TEXT`
  }),
  "0006_broker": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`ALTER TABLE run ADD COLUMN broker TEXT`
  })
}

const mode = (path: string) => statSync(path).mode & 0o777

it.effect("the data directory and the file are made, for their owner alone", () =>
  Effect.gen(function*() {
    const dataDir = join(yield* temporaryDirectory, "a", "b")
    yield* use(dataDir, (store) => store.save([record]))
    assert.strictEqual(mode(dataDir), 0o700)
    assert.strictEqual(mode(join(dataDir, "sync.db")), 0o600)
    assert.deepStrictEqual([...yield* use(dataDir, (store) => store.known([record.externalId]))], [
      [record.externalId, record]
    ])
    assert.deepStrictEqual(readdirSync(dataDir).filter((name) => name.startsWith("sync.db")), ["sync.db"])
  }))

it.effect("a rollback journal with full synchronisation, and a committed write on every opening", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    yield* open(dataDir)
    const answers = yield* Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      return [
        (yield* sql`PRAGMA journal_mode`)[0],
        (yield* sql`PRAGMA synchronous`)[0]
      ]
    }).pipe(Effect.provide(Database.layer({ dataDir, upstream: "U1" })))
    assert.deepStrictEqual(answers.map((row) => ({ ...row })), [{ journalMode: "delete" }, { synchronous: 2 }])
    const db = new DatabaseSync(join(dataDir, "sync.db"), { readOnly: true })
    assert.strictEqual(db.prepare("SELECT openings FROM store_opening").get()?.["openings"], 2)
    db.close()
  }))

it.effect("before a migration the file is copied, complete and usable by the release before it", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const copy = join(dataDir, "sync.db.before-6")
    yield* use(dataDir, (store) => store.save([record]))
    yield* open(dataDir, newerRelease)
    assert.strictEqual(mode(copy), 0o600)
    const db = new DatabaseSync(copy, { readOnly: true })
    assert.strictEqual(db.prepare("SELECT state FROM sync_record").get()?.["state"], "removed")
    assert.strictEqual(db.prepare("SELECT max(migration_id) AS version FROM schema_migration").get()?.["version"], 4)
    assert.strictEqual(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok")
    db.close()

    const refused = yield* Effect.flip(use(dataDir, (store) => store.held))
    assert.strictEqual(refused.reason, "newer")
    assert.include(refused.hint, copy)
    writeFileSync(join(dataDir, "sync.db"), readFileSync(copy))
    assert.strictEqual((yield* use(dataDir, (store) => store.known([record.externalId]))).size, 1)
    yield* open(dataDir, newerRelease)
    assert.deepStrictEqual(readdirSync(dataDir).filter((name) => name.includes("before")), ["sync.db.before-6"])
  }))

it.effect("a store of the first release is brought up to date, and keeps what it knows", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const { "0001_records": first } = migrations
    if (first === undefined) return assert.fail("no first release")
    yield* open(dataDir, { "0001_records": first })
    const db = new DatabaseSync(join(dataDir, "sync.db"))
    db.exec(`INSERT INTO sync_record (upstream, tracker, external_id, kind, state, content_hash, run_id, held)
      VALUES ('U1', 'tracker', 'ibkr:trade:1', 'trade', 'removed', 'aa', 'r', 0)`)
    db.close()
    assert.deepStrictEqual([...yield* use(dataDir, (store) => store.known([record.externalId]))], [
      [record.externalId, record]
    ])
    yield* use(dataDir, (store) => store.save([{ ...record, subject: "trade|1" }]))
    assert.isTrue(readdirSync(dataDir).includes("sync.db.before-4"))
  }))

it.effect("a new store needs no copy", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    yield* open(dataDir, newerRelease)
    yield* open(dataDir, newerRelease)
    assert.deepStrictEqual(readdirSync(dataDir).filter((name) => name.includes("before")), [])
  }))

it.effect("a migration that fails leaves the store as it was", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    yield* use(dataDir, (store) => store.save([record]))
    const failing: Migrations = {
      ...newerRelease,
      "0007_broken": Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* sql`ALTER TABLE no_such_table ADD COLUMN x TEXT`
      })
    }
    const error = yield* Effect.flip(open(dataDir, failing))
    assert.strictEqual(error.exitCode, 10)
    assert.include(error.message, "7_broken")
    assert.strictEqual((yield* use(dataDir, (store) => store.known([record.externalId]))).size, 1)
  }))

it.effect("a store from a newer release is refused untouched; the oldest copy after this release is named", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    yield* open(dataDir, newerRelease)
    const path = join(dataDir, "sync.db")
    const before = readFileSync(path)
    const bare = yield* Effect.flip(open(dataDir))
    assert.strictEqual(bare.reason, "newer")
    assert.strictEqual(bare.exitCode, 10)
    assert.include(bare.message, "schema 6, this program knows 4")
    assert.include(bare.hint, "no copy")
    for (const version of ["2", "3", "4", "5", "6"]) writeFileSync(`${path}.before-${version}`, "")
    const named = yield* Effect.flip(open(dataDir))
    assert.include(named.hint, `${path}.before-5`)
    assert.isTrue(before.equals(readFileSync(path)))
  }))

const damages: ReadonlyArray<readonly [string, (path: string) => void]> = [
  ["not a database", (path) => writeFileSync(path, "<html>not a database, whatever its name</html>".repeat(100))],
  ["cut short", (path) => truncateSync(path, 6_000)],
  ["emptied", (path) => truncateSync(path, 0)],
  ["overwritten in the middle", (path) => {
    const bytes = readFileSync(path)
    bytes.fill(0xaa, 4096, 12_288)
    writeFileSync(path, bytes)
  }],
  ["somebody else's database", (path) => {
    truncateSync(path, 0)
    const db = new DatabaseSync(path)
    db.exec("CREATE TABLE bookmarks (url TEXT)")
    db.close()
  }]
]

it.effect.each(damages)("a file that is %s is refused and left as it is", ([, damage]) =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const path = join(dataDir, "sync.db")
    yield* use(dataDir, (store) => store.save([record]))
    damage(path)
    const before = readFileSync(path)
    const error = yield* Effect.flip(use(dataDir, (store) => store.held))
    assert.strictEqual(error.reason, "corrupt")
    assert.strictEqual(error.exitCode, 10)
    assert.include(error.message, path)
    assert.isNotEmpty(error.hint)
    assert.isTrue(before.equals(readFileSync(path)))
  }))

it.effect("a data directory that is a file, or lies below one", () =>
  Effect.gen(function*() {
    const file = join(yield* temporaryDirectory, "data")
    writeFileSync(file, "")
    for (const dataDir of [file, join(file, "below")]) {
      const error = yield* Effect.flip(use(dataDir, (store) => store.held))
      assert.strictEqual(error.reason, "unavailable")
      assert.strictEqual(error.exitCode, 10)
      assert.include(error.message, dataDir)
    }
  }))
