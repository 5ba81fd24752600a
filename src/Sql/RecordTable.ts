import { Array as Arr, Effect, Schema } from "effect"
import type { PlacedRecord, SyncRecord } from "../SyncRecordStore.ts"
import { type Owned, rowsPerStatement } from "./Owned.ts"
import { InstrumentRow, PlacedRow, SyncRecordRow } from "./Rows.ts"

const encodeRecords = Schema.encodeEffect(Schema.Array(SyncRecordRow))

/** `sync_record` and `instrument`: what became of each broker row, and the asset of each instrument. */
export const recordTable = ({ owner, ownRows, rowsOf, sql, typed }: Owned) => {
  const known = Effect.fn("SyncRecordStore.known")(function*(externalIds: ReadonlyArray<string>) {
    const records = new Map<string, SyncRecord>()
    for (const ids of Arr.chunksOf(Arr.dedupe(externalIds), rowsPerStatement)) {
      const rows = yield* rowsOf(
        SyncRecordRow,
        sql`SELECT * FROM sync_record WHERE ${ownRows} AND ${sql.in("external_id", ids)}`
      )
      for (const row of rows) records.set(row.externalId, row)
    }
    return records
  }, typed)

  const placedColumns = sql.literal(
    "external_id, state, content_hash, tracker_id, run_id, date, subject, statement_id, reason"
  )

  const placed = rowsOf(
    PlacedRow,
    sql`SELECT ${placedColumns} FROM sync_record WHERE ${ownRows} AND state IN ('synced', 'removed')`
  ).pipe(typed, Effect.withSpan("SyncRecordStore.placed"))

  const bySubject = Effect.fn("SyncRecordStore.bySubject")(function*(subjects: ReadonlyArray<string>) {
    const placed: Array<PlacedRecord> = []
    for (const chunk of Arr.chunksOf(Arr.dedupe(subjects), rowsPerStatement)) {
      placed.push(
        ...yield* rowsOf(
          PlacedRow,
          sql`SELECT ${placedColumns} FROM sync_record
            WHERE ${ownRows} AND (state IN ('synced', 'removed') OR (held = 0 AND reason IN ('ignored', 'cancelled', 'reversed', 'no-effect')))
              AND ${sql.in("subject", chunk)}`
        )
      )
    }
    return placed
  }, typed)

  const inState = Effect.fn("SyncRecordStore.inState")(
    (state: SyncRecord["state"]) =>
      rowsOf(
        SyncRecordRow,
        sql`SELECT * FROM sync_record WHERE ${ownRows} AND state = ${state} ORDER BY date, external_id`
      ),
    typed
  )

  const save = Effect.fn("SyncRecordStore.save")(function*(records: ReadonlyArray<SyncRecord>) {
    const latest = new Map(records.map((record) => [record.externalId, record]))
    const rows = yield* encodeRecords([...latest.values()])
    yield* sql.withTransaction(
      Effect.forEach(
        Arr.chunksOf(rows, rowsPerStatement),
        (chunk) =>
          sql`INSERT INTO sync_record ${sql.insert(Arr.map(chunk, (row) => ({ ...owner, ...row })))}
        ON CONFLICT (upstream, tracker, external_id) DO UPDATE SET
          kind = excluded.kind, state = excluded.state, content_hash = excluded.content_hash,
          tracker_id = excluded.tracker_id, run_id = excluded.run_id, reason = excluded.reason,
          detail = excluded.detail, held = excluded.held, source = excluded.source, date = excluded.date,
          subject = excluded.subject, statement_id = excluded.statement_id, intent = excluded.intent,
          intended_hash = excluded.intended_hash`,
        { discard: true }
      )
    )
  }, typed)

  const forget = Effect.fn("SyncRecordStore.forget")(
    (externalIds: ReadonlyArray<string>) =>
      sql.withTransaction(
        Effect.forEach(
          Arr.chunksOf(externalIds, rowsPerStatement),
          (chunk) => sql`DELETE FROM sync_record WHERE ${ownRows} AND ${sql.in("external_id", chunk)}`,
          { discard: true }
        )
      ),
    typed
  )

  const held = rowsOf(
    SyncRecordRow,
    sql`SELECT * FROM sync_record WHERE ${ownRows} AND held = 1 ORDER BY external_id`
  ).pipe(typed, Effect.withSpan("SyncRecordStore.held"))

  const instruments = rowsOf(
    InstrumentRow,
    sql`SELECT instrument_key, asset_id FROM instrument WHERE ${ownRows}`
  ).pipe(
    Effect.map((rows) => new Map(rows.map((row) => [row.instrumentKey, row.assetId]))),
    typed,
    Effect.withSpan("SyncRecordStore.instruments")
  )

  const saveInstruments = Effect.fn("SyncRecordStore.saveInstruments")(
    function*(assetIds: ReadonlyMap<string, string>) {
      const rows = Array.from(assetIds, ([instrumentKey, assetId]) => ({ ...owner, instrumentKey, assetId }))
      yield* sql.withTransaction(
        Effect.forEach(Arr.chunksOf(rows, rowsPerStatement), (chunk) =>
          sql`INSERT INTO instrument ${sql.insert(chunk)}
          ON CONFLICT (upstream, tracker, instrument_key) DO UPDATE SET asset_id = excluded.asset_id`, {
          discard: true
        })
      )
    },
    typed
  )

  return { known, placed, bySubject, inState, save, forget, held, instruments, saveInstruments }
}
