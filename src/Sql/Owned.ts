import { Effect, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { fromSqlError, type StoreError, storeError } from "./StoreError.ts"

/** Whose records: one upstream account imported into one tracker account. */
export interface RecordOwner {
  readonly upstream: string
  readonly tracker: string
}

/** SQLite takes 32 766 parameters a statement. */
export const rowsPerStatement = 1_000

/** What every table of the store is read and written with: the client, whose rows, and typed failures. */
export const owned = Effect.fnUntraced(function*({ tracker, upstream }: RecordOwner, path: string) {
  const sql = yield* SqlClient.SqlClient
  return {
    sql,
    owner: { upstream, tracker },
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
