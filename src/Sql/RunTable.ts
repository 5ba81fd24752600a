import { Array as Arr, Effect } from "effect"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import type { RunRecord, RunResult } from "../SyncRecordStore.ts"
import { type Owned, rowsPerStatement } from "./Owned.ts"
import { DriftRow, NoteRow, RunRow } from "./Rows.ts"

/** `run`, `drift` and `note`: what runs did, and what they keep for the next. */
export const runTable = ({ owner, ownRows, rowsOf, sql, typed }: Owned) => {
  const beginRun = Effect.fn("SyncRecordStore.beginRun")(function*(run: RunRecord) {
    yield* sql`INSERT INTO run ${
      sql.insert({ ...owner, runId: run.runId, startedAt: run.startedAt, dryRun: run.dryRun ? 1 : 0 })
    }`
  }, typed)

  const endRun = Effect.fn("SyncRecordStore.endRun")(function*(runId: string, result: RunResult) {
    yield* sql`UPDATE run SET ${sql.update({ ...result, statement: result.statement ?? null })}
      WHERE ${ownRows} AND run_id = ${runId}`
  }, typed)

  const runs = rowsOf(RunRow, sql`SELECT * FROM run WHERE ${ownRows} ORDER BY started_at, run_id`).pipe(
    typed,
    Effect.withSpan("SyncRecordStore.runs")
  )

  const saveDrift = Effect.fn("SyncRecordStore.saveDrift")(
    function*(toDate: PlainDate, symbols: ReadonlyArray<string>) {
      const rows = yield* rowsOf(
        DriftRow,
        sql`SELECT symbol, statements, to_date FROM drift WHERE ${ownRows}`
      )
      if (rows.length === 0 && symbols.length === 0) return new Map<string, number>()
      const before = new Map(rows.map((row) => [row.symbol, row]))
      const after = Arr.map(Arr.dedupe(symbols), (symbol) => {
        const row = before.get(symbol)
        if (row === undefined) return { ...owner, symbol, statements: 1, toDate }
        return toDate > row.toDate
          ? { ...owner, symbol, statements: row.statements + 1, toDate }
          : { ...owner, ...row }
      })
      yield* sql`DELETE FROM drift WHERE ${ownRows}`
      for (const chunk of Arr.chunksOf(after, rowsPerStatement)) yield* sql`INSERT INTO drift ${sql.insert(chunk)}`
      return new Map(after.map((row) => [row.symbol, row.statements]))
    },
    sql.withTransaction,
    typed
  )

  const note = Effect.fn("SyncRecordStore.note")(
    (name: string) =>
      Effect.map(
        rowsOf(NoteRow, sql`SELECT value FROM note WHERE ${ownRows} AND name = ${name}`),
        (rows) => rows[0]?.value
      ),
    typed
  )

  const saveNote = Effect.fn("SyncRecordStore.saveNote")(function*(name: string, value: string) {
    yield* sql`INSERT INTO note ${sql.insert({ ...owner, name, value })}
      ON CONFLICT (upstream, tracker, name) DO UPDATE SET value = excluded.value`
  }, typed)

  return { beginRun, endRun, runs, saveDrift, note, saveNote }
}
