import { Effect, Semaphore, Stream, String } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import type { SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite"
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

/** A statement as SQLite compiled it; its rows come as arrays, which is half the work of objects. */
interface Compiled {
  readonly statement: StatementSync
  /** Of its columns, once rows were read by them. */
  names?: { readonly plain: ReadonlyArray<string>; readonly camel: ReadonlyArray<string> }
}

/** More than a run has; what would not fit are inserts of so many rows that each is another text. */
const compiledKept = 100

/** Compiles a text once per connection: a run says the same few over and over. */
const compiler = (db: DatabaseSync) => {
  const known = new Map<string, Compiled>()
  return (sql: string): Compiled => {
    const kept = known.get(sql)
    if (kept !== undefined) return kept
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    const compiled: Compiled = { statement }
    if (known.size >= compiledKept) known.clear()
    known.set(sql, compiled)
    return compiled
  }
}

const namesOf = (compiled: Compiled) => {
  if (compiled.names !== undefined) return compiled.names
  const plain = compiled.statement.columns().map(({ name }) => name)
  return compiled.names = { plain, camel: plain.map(String.snakeToCamel) }
}

const rowOf = (names: ReadonlyArray<string>, values: ReadonlyArray<SQLOutputValue>) => {
  const row: Record<string, SQLOutputValue> = {}
  // Not by its iterator: there are a dozen columns a row, and rows by the ten thousand.
  for (let index = 0; index < names.length; index++) row[names[index] ?? ""] = values[index] ?? null
  return row
}

/** Only says that names are to be changed: it is done as rows are read. */
const camelCase = <A extends object>(rows: ReadonlyArray<A>): ReadonlyArray<A> => rows

const connect = Effect.fnUntraced(function*(filename: string) {
  const db = yield* Effect.acquireRelease(
    Effect.try({
      try: () => new DatabaseSync(filename, { timeout: busyTimeoutMillis }),
      catch: toSqlError("open")
    }),
    (db) => Effect.sync(() => db.close())
  )
  const compile = compiler(db)
  const read = <A>(
    sql: string,
    params: ReadonlyArray<unknown>,
    as: (compiled: Compiled, rows: SQLOutputValue[][]) => A
  ) =>
    Effect.try({
      try: () => {
        const compiled = compile(sql)
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return as(
          compiled,
          compiled.statement.all(...params as ReadonlyArray<SQLInputValue>) as unknown as SQLOutputValue[][]
        )
      },
      catch: toSqlError("execute")
    })
  const execute: SqlConnection.Connection["execute"] = (sql, params, transform) =>
    read(sql, params, (compiled, rows) => {
      if (rows.length === 0) return []
      const { camel, plain } = namesOf(compiled)
      const columns = transform === undefined ? plain : camel
      return rows.map((values) => rowOf(columns, values))
    })
  const executeValues: SqlConnection.Connection["executeValues"] = (sql, params) => read(sql, params, (_, rows) => rows)
  const connection: SqlConnection.Connection & { readonly db: DatabaseSync } = {
    db,
    execute,
    executeUnprepared: execute,
    executeRaw: (sql, params) => execute(sql, params, undefined),
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
    transformRows: camelCase,
    beginTransaction: "BEGIN IMMEDIATE",
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    driver: "node:sqlite",
    spanAttributes: [["db.system.name", "sqlite"]]
  })
}, Effect.provide(Reactivity.layer))
