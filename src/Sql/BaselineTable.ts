import { Array as Arr, Effect } from "effect"
import type { BaselineLine } from "../SyncRecordStore.ts"
import { type Owned, rowsPerStatement } from "./Owned.ts"
import { BaselineRow } from "./Rows.ts"

/** `baseline`: what the tracker lacks of the days before the first statement. */
export const baselineTable = ({ owner, ownRows, rowsOf, sql, typed }: Owned) => {
  const baseline = rowsOf(
    BaselineRow,
    sql`SELECT kind, name, symbol FROM baseline WHERE ${ownRows} ORDER BY kind, symbol, name`
  ).pipe(typed, Effect.withSpan("SyncRecordStore.baseline"))

  const saveBaseline = Effect.fn("SyncRecordStore.saveBaseline")(
    function*(lines: ReadonlyArray<BaselineLine>) {
      const rows = lines.map(({ kind, name, symbol }) => ({ ...owner, kind, name, symbol }))
      yield* sql`DELETE FROM baseline WHERE ${ownRows}`
      for (const chunk of Arr.chunksOf(rows, rowsPerStatement)) {
        yield* sql`INSERT INTO baseline ${sql.insert(chunk)} ON CONFLICT DO NOTHING`
      }
    },
    sql.withTransaction,
    typed
  )

  return { baseline, saveBaseline }
}
