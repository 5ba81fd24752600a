import { Effect } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"

/** By `<number>_<name>`; the number of the last one is the version of the schema. A released one is never edited. */
export type Migrations = Readonly<Record<string, Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient>>>

const table = "schema_migration"

export const migrations: Migrations = {
  "0001_records": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE store_opening (id INTEGER PRIMARY KEY NOT NULL, openings INTEGER NOT NULL)`
    yield* sql`CREATE TABLE sync_record (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, external_id TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL,
      content_hash TEXT NOT NULL, tracker_id TEXT, run_id TEXT NOT NULL, reason TEXT, detail TEXT, held INTEGER NOT NULL,
      source TEXT, PRIMARY KEY (upstream, tracker, external_id))`
    yield* sql`CREATE INDEX sync_record_held ON sync_record (upstream, tracker) WHERE held = 1`
    yield* sql`CREATE TABLE run (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, run_id TEXT NOT NULL, started_at TEXT NOT NULL, dry_run INTEGER NOT NULL,
      finished_at TEXT, outcome TEXT, exit_code INTEGER, imported INTEGER, already_synced INTEGER, skipped INTEGER,
      held INTEGER, statement TEXT, PRIMARY KEY (upstream, tracker, run_id))`
    yield* sql`CREATE TABLE instrument (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, instrument_key TEXT NOT NULL, asset_id TEXT NOT NULL,
      PRIMARY KEY (upstream, tracker, instrument_key))`
    yield* sql`CREATE TABLE statement (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, id TEXT NOT NULL, path TEXT NOT NULL, from_date TEXT NOT NULL,
      to_date TEXT NOT NULL, received_at TEXT NOT NULL, imported INTEGER NOT NULL, PRIMARY KEY (upstream, tracker, id))`
    yield* sql`CREATE TABLE coverage (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, from_date TEXT NOT NULL, to_date TEXT NOT NULL,
      statement_id TEXT NOT NULL, PRIMARY KEY (upstream, tracker, from_date, to_date, statement_id))`
    yield* sql`CREATE TABLE drift (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, symbol TEXT NOT NULL, statements INTEGER NOT NULL,
      to_date TEXT NOT NULL, PRIMARY KEY (upstream, tracker, symbol))`
    // Of the broker alone: what it was asked, and when it may be asked again, does not depend on the tracker.
    yield* sql`CREATE TABLE flex_request (
      upstream TEXT NOT NULL, query TEXT NOT NULL, reference_code TEXT, sent_at TEXT NOT NULL, state TEXT NOT NULL,
      code INTEGER, not_before TEXT, PRIMARY KEY (upstream, query))`
  }),
  "0002_corrections_and_coverage": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    for (const column of ["date", "subject", "statement_id", "intent", "intended_hash"]) {
      yield* sql`ALTER TABLE sync_record ADD COLUMN ${sql(column)} TEXT`
    }
    yield* sql`CREATE INDEX sync_record_subject ON sync_record (upstream, tracker, subject) WHERE subject IS NOT NULL`
    yield* sql`CREATE INDEX sync_record_state ON sync_record (upstream, tracker, state)`
    yield* sql`CREATE TABLE backfill (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, from_date TEXT NOT NULL, to_date TEXT NOT NULL, reached TEXT NOT NULL,
      PRIMARY KEY (upstream, tracker))`
    yield* sql`CREATE TABLE note (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (upstream, tracker, name))`
    // Of the token, whichever accounts it serves: a digest of it, never the token.
    yield* sql`CREATE TABLE flex_call (token_digest TEXT NOT NULL, at INTEGER NOT NULL)`
  }),
  "0003_baseline": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE baseline (
      upstream TEXT NOT NULL, tracker TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, symbol TEXT NOT NULL,
      PRIMARY KEY (upstream, tracker, kind, name))`
  }),
  "0004_missing": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE INDEX sync_record_missing ON sync_record (upstream, tracker) WHERE reason = 'missing'`
  })
}

export const latestVersion = (known: Migrations): number =>
  Math.max(...Object.keys(known).map((name) => Number.parseInt(name, 10)))

/** The schema version of the open file; `undefined` when it is a database, but not one of this program. */
export const storedVersion: Effect.Effect<number | undefined, SqlError.SqlError, SqlClient.SqlClient> = Effect.gen(
  function*() {
    const sql = yield* SqlClient.SqlClient
    const tables = yield* sql`SELECT name FROM sqlite_master WHERE type = 'table' AND name = ${table}`
    if (tables.length === 0) return undefined
    const rows = yield* sql<{ version: number | null }>`SELECT max(migration_id) AS version FROM ${sql(table)}`
    return rows[0]?.version ?? undefined
  }
)

export const migrate = (known: Migrations) => Migrator.make({})({ loader: Migrator.fromRecord(known), table })
