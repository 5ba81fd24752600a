import { Effect, Semaphore, Stream, String } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import type { SQLInputValue } from "node:sqlite"
import { DatabaseSync } from "./Sqlite.ts"

/** Other accounts of the same data directory hold the file for a transaction at a time. */
const busyTimeoutMillis = 10_000

/** node:sqlite reports SQLite's result code as `errcode`; the classifier of effect/sql reads `errno`. */
const toSqlError = (operation: string) => (cause: unknown) =>
  new SqlError.SqlError({
    reason: SqlError.classifySqliteError(
      cause instanceof Error && "errcode" in cause ? Object.assign(cause, { errno: cause.errcode }) : cause,
      { operation, message: cause instanceof Error ? cause.message : `${cause}` }
    )
  })

const connect = Effect.fnUntraced(function*(filename: string) {
  const db = yield* Effect.acquireRelease(
    Effect.try({
      try: () => new DatabaseSync(filename, { timeout: busyTimeoutMillis }),
      catch: toSqlError("open")
    }),
    (db) => Effect.sync(() => db.close())
  )
  const run = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.try({
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      try: () => db.prepare(sql).all(...params as ReadonlyArray<SQLInputValue>),
      catch: toSqlError("execute")
    })
  const execute: SqlConnection.Connection["execute"] = (sql, params, transform) =>
    transform === undefined ? run(sql, params) : Effect.map(run(sql, params), transform)
  const executeValues: SqlConnection.Connection["executeValues"] = (sql, params) =>
    Effect.map(run(sql, params), (rows) => rows.map((row) => Object.values(row)))
  const connection: SqlConnection.Connection & { readonly db: DatabaseSync } = {
    db,
    execute,
    executeUnprepared: execute,
    executeRaw: run,
    executeValues,
    executeValuesUnprepared: executeValues,
    executeStream: () => Stream.die("node:sqlite statements are not streamed here")
  }
  return connection
})

/**
 * SqlClient of one file (or `:memory:`) over node:sqlite, closed with its scope. Columns are `snake_case` in SQL and
 * `camelCase` in rows. Transactions take the write lock at once, so that none fails half-way for want of it.
 */
export const make = Effect.fnUntraced(function*(filename: string) {
  const connection = yield* connect(filename)
  const semaphore = yield* Semaphore.make(1)
  return yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore,
      isTransaction: (connection) => connection.db.isTransaction
    }),
    compiler: Statement.makeCompilerSqlite(String.camelToSnake),
    transformRows: Statement.defaultTransforms(String.snakeToCamel).array,
    beginTransaction: "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    driver: "node:sqlite",
    spanAttributes: [["db.system.name", "sqlite"]]
  })
}, Effect.provide(Reactivity.layer))
