import { Effect, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync
} from "node:fs"
import { join } from "node:path"
import { acquire, exclusive } from "./AccountLock.ts"
import { latestVersion, migrate, type Migrations, migrations, storedVersion } from "./Migrations.ts"
import { make } from "./NodeSqlite.ts"
import { copyPath, copyStore } from "./StoreCopy.ts"
import { fromCause, fromSqlError, StoreError, storeError } from "./StoreError.ts"

export interface DatabaseOptions {
  /** Made with mode 0700 when it is not there. */
  readonly dataDir: string
  /** The account whose lock is held while the layer lives. */
  readonly upstream: string
  /** For tests of upgrades. */
  readonly migrations?: Migrations
}

/** Two accounts that open the same data directory create and migrate the file one after the other. */
const openingLockWaitMillis = 10_000

const attempt = <A>(path: string, run: () => A) => Effect.try({ try: run, catch: fromCause(path) })

const prepareDirectory = (dataDir: string) =>
  attempt(dataDir, () => {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  })

/** Whether there is a store. An empty file was something else before: no new start. */
const isThere = (path: string) =>
  attempt(path, () => {
    if (!existsSync(path)) return false
    if (statSync(path).size === 0) throw storeError("corrupt", path, "the file is empty")
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  })

/** SQLite would play them into whatever file it finds in their place. */
const putOrphansAside = Effect.fnUntraced(function*(path: string) {
  for (const orphan of ["-journal", "-wal", "-shm"].map((ending) => `${path}${ending}`)) {
    if (!existsSync(orphan)) continue
    const aside = `${orphan}.aside`
    yield* attempt(path, () => renameSync(orphan, aside))
    yield* Effect.logWarning(`${orphan} is of a record store that is not there any more: it is now ${aside}`)
  }
})

/** A run that is killed meanwhile leaves a file of another name, which the next one makes anew: never half a store. */
const create = Effect.fnUntraced(function*(path: string, known: Migrations) {
  const unfinished = `${path}.new`
  const remove = () => {
    rmSync(unfinished, { force: true })
    rmSync(`${unfinished}-journal`, { force: true })
  }
  yield* attempt(path, () => {
    remove()
    closeSync(openSync(unfinished, "wx", 0o600))
  })
  yield* Effect.scoped(Effect.gen(function*() {
    const sql = yield* make(unfinished)
    yield* sql`PRAGMA synchronous = FULL`
    yield* Effect.provideService(sql.withTransaction(migrate(known)), SqlClient.SqlClient, sql)
  })).pipe(
    Effect.catchTags({
      SqlError: (error) => Effect.fail(fromSqlError(path)(error)),
      MigrationError: (error) => Effect.fail(storeError("unavailable", path, error.message))
    }),
    Effect.onError(() => Effect.sync(remove))
  )
  yield* putOrphansAside(path)
  yield* attempt(path, () => renameSync(unfinished, path))
})

const newerStore = (dataDir: string, path: string, version: number, known: number) =>
  attempt(dataDir, () => {
    const copies = readdirSync(dataDir)
      .map((name) => Number(/^sync\.db\.before-(\d+)$/.exec(name)?.[1]))
      .filter((copy) => copy > known)
    const copy = copies.length === 0 ? undefined : copyPath(path, Math.min(...copies))
    return new StoreError({
      reason: "newer",
      path,
      message:
        `the record store ${path} was written by a newer release (schema ${version}, this program knows ${known})`,
      hint: copy === undefined
        ? "Run the newer release; no copy from before its change was found beside the store."
        : `Run the newer release, or put back the copy it made before its change: ${copy}`
    })
  })

/** Some 30 000 records: checked in a few hundredths of a second. */
const smallStore = 16 * 1024 * 1024
/** A large store is read through once a week of nights; damage to what a run reads shows in any. */
const openingsPerCheck = 7

/** Before the store is opened: whether a run that was cut short left its journal. */
const wasCutShort = (path: string) => existsSync(`${path}-journal`)

const checkPages = Effect.fnUntraced(function*(sql: SqlClient.SqlClient, path: string, cutShort: boolean) {
  const [pages] = yield* sql<{ bytes: number }>`SELECT page_count * page_size AS bytes
    FROM pragma_page_count, pragma_page_size`
  const size = yield* attempt(path, () => statSync(path).size)
  // SQLite reads zeros where the last page ends early.
  if (pages !== undefined && size < pages.bytes) {
    return yield* storeError("corrupt", path, `it has ${size} bytes of ${pages.bytes}`)
  }
  const [opening] = yield* sql<{ openings: number }>`SELECT openings FROM store_opening`
  if (size > smallStore && !cutShort && ((opening?.openings ?? 0) + 1) % openingsPerCheck !== 0) return
  const rows = yield* sql<{ quickCheck: string }>`PRAGMA quick_check(1)`
  const verdict = rows[0]?.quickCheck ?? "no answer"
  if (verdict !== "ok") return yield* storeError("corrupt", path, verdict.split("\n").at(-1))
})

const upgrade = Effect.fnUntraced(function*(
  sql: SqlClient.SqlClient,
  path: string,
  known: Migrations
) {
  const version = latestVersion(known)
  // The transaction keeps other runs from writing between the copy and the change.
  yield* sql.withTransaction(Effect.gen(function*() {
    const copy = copyPath(path, version)
    yield* copyStore(path, copy)
    yield* Effect.logInfo(`record store is brought to schema ${version}; copy of the old one: ${copy}`)
    yield* migrate(known)
  }))
})

const proveWritable = (sql: SqlClient.SqlClient) =>
  sql`INSERT INTO store_opening (id, openings) VALUES (1, 1)
    ON CONFLICT (id) DO UPDATE SET openings = store_opening.openings + 1`

const openFile = Effect.fnUntraced(function*(dataDir: string, path: string, known: Migrations) {
  if (!(yield* isThere(path))) yield* create(path, known)
  const cutShort = wasCutShort(path)
  const sql = yield* make(path).pipe(
    Effect.mapError(fromSqlError(path)),
    Effect.tap((sql) =>
      Effect.gen(function*() {
        const target = latestVersion(known)
        const version = yield* storedVersion
        if (version === undefined) return yield* storeError("corrupt", path, "it is not a store of broker-sync")
        if (version > target) return yield* yield* newerStore(dataDir, path, version, target)
        yield* checkPages(sql, path, cutShort)
        // No write-ahead log: it breaks on network file systems.
        yield* sql`PRAGMA journal_mode = DELETE`
        yield* sql`PRAGMA synchronous = FULL`
        if (version < target) yield* upgrade(sql, path, known)
        yield* proveWritable(sql)
      }).pipe(
        Effect.provideService(SqlClient.SqlClient, sql),
        Effect.catchTags({
          SqlError: (error) => Effect.fail(fromSqlError(path)(error)),
          MigrationError: (error) => Effect.fail(storeError("unavailable", path, error.message))
        })
      )
    )
  )
  return sql
})

/** `sync.db` in the data directory: locked for the account, migrated (a copy is made first) and proven writable. */
export const layer = (options: DatabaseOptions): Layer.Layer<SqlClient.SqlClient, StoreError> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function*() {
      yield* prepareDirectory(options.dataDir)
      yield* acquire(options.dataDir, options.upstream)
      const path = join(options.dataDir, "sync.db")
      const scope = yield* Effect.scope
      const open = openFile(options.dataDir, path, options.migrations ?? migrations)
      // The opening lock ends here, the connection with the layer.
      return yield* Effect.scoped(
        exclusive(join(options.dataDir, "lock.db"), openingLockWaitMillis).pipe(
          Effect.andThen(Effect.provideService(open, Scope.Scope, scope))
        )
      )
    })
  )

/** In memory: no file, no lock. */
export const layerMemory: Layer.Layer<SqlClient.SqlClient> = Layer.effect(
  SqlClient.SqlClient,
  Effect.gen(function*() {
    const sql = yield* make(":memory:")
    yield* Effect.provideService(migrate(migrations), SqlClient.SqlClient, sql)
    return sql
  })
).pipe(Layer.orDie)

/**
 * An existing store, to look at: no lock is taken, so that it can be read during a run, and nothing is created or migrated.
 * Not opened read-only: what a killed run left half-written has to be rolled back first.
 */
export const layerLook = (
  options: Omit<DatabaseOptions, "upstream">
): Layer.Layer<SqlClient.SqlClient, StoreError> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function*() {
      const path = join(options.dataDir, "sync.db")
      if (!existsSync(path)) {
        return yield* new StoreError({
          reason: "unavailable",
          path,
          message: `there is no record store at ${path}: no run was made with this data directory`,
          hint: "Check BROKER_SYNC_DATA_DIR, or make the first run: broker-sync ibkr"
        })
      }
      const known = options.migrations ?? migrations
      const target = latestVersion(known)
      const sql = yield* make(path).pipe(Effect.mapError(fromSqlError(path)))
      const version = yield* storedVersion.pipe(
        Effect.provideService(SqlClient.SqlClient, sql),
        Effect.mapError(fromSqlError(path))
      )
      if (version === undefined) return yield* storeError("corrupt", path, "it is not a store of broker-sync")
      if (version > target) return yield* yield* newerStore(options.dataDir, path, version, target)
      if (version < target) {
        return yield* new StoreError({
          reason: "unavailable",
          path,
          message: `the record store ${path} is of an earlier release (schema ${version})`,
          hint: "The next run brings it up to date; then look again."
        })
      }
      return sql
    })
  )
