import { Effect, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { fromSqlError, type StoreError, storeError } from "./StoreError.ts"

/** Whose records: one upstream account imported into one tracker account. */
export interface RecordOwner {
  readonly upstream: string
  readonly tracker: string
}

/** Few enough that the text of a full statement, compiled once, serves all of them. */
export const rowsPerStatement = 100

/** What is asked for in one statement. */
export const idsPerStatement = 10_000

/** What every table of the store is read and written with: the client, whose rows, and typed failures. */
export const owned = Effect.fnUntraced(function*({ tracker, upstream }: RecordOwner, path: string) {
  const sql = yield* SqlClient.SqlClient
  return {
    sql,
    owner: { upstream, tracker },
    /** One parameter, however many they are: one text to compile. */
    among: (column: string, values: ReadonlyArray<string>) =>
      sql`${sql(column)} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`,
    ownRows: sql.and([sql`upstream = ${upstream}`, sql`tracker = ${tracker}`]),
    typed: <A>(effect: Effect.Effect<A, SqlError.SqlError | Schema.SchemaError>): Effect.Effect<A, StoreError> =>
      Effect.catchTags(effect, {
        SqlError: (error) => Effect.fail(fromSqlError(path)(error)),
        SchemaError: (error) =>
          Effect.fail(storeError("corrupt", path, `a row does not read as it should: ${error.message}`))
      }),
    rowsOf: <A, I>(row: Schema.Codec<A, I>, select: Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>) =>
      Effect.flatMap(select, Schema.decodeUnknownEffect(Schema.Array(row)))
  }
})

export type Owned = Effect.Success<ReturnType<typeof owned>>
