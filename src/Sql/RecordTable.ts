import { Array as Arr, Effect, String } from "effect"
import type { Statement } from "effect/sql"
import type { SkipReason } from "../Portfolio/Activity.ts"
import type { AskedRecord, PlacedRecord, SyncRecord } from "../SyncRecordStore.ts"
import { idsPerStatement, type Owned, rowsPerStatement } from "./Owned.ts"
import { AskedRow, InstrumentRow, PlacedRow, present, SyncRecordRow } from "./Rows.ts"

/** What is absent is NULL. */
const columns: ReadonlyArray<readonly [name: string, value: (record: SyncRecord) => string | number | null]> = [
  ["external_id", ({ externalId }) => externalId],
  ["kind", ({ kind }) => kind],
  ["state", ({ state }) => state],
  ["content_hash", ({ contentHash }) => contentHash],
  ["tracker_id", ({ trackerId }) => trackerId ?? null],
  ["run_id", ({ runId }) => runId],
  ["reason", ({ reason }) => reason ?? null],
  ["detail", ({ detail }) => detail ?? null],
  ["held", ({ held }) => held ? 1 : 0],
  ["source", ({ source }) => source === undefined ? null : JSON.stringify(source)],
  ["date", ({ date }) => date ?? null],
  ["subject", ({ subject }) => subject ?? null],
  ["statement_id", ({ statementId }) => statementId ?? null],
  ["intent", ({ intent }) => intent ?? null],
  ["intended_hash", ({ intendedHash }) => intendedHash ?? null]
]

const names = columns.map(([name]) => name)

/** Written out: a statement that is put together of fragments takes longer to be made than to be carried out. */
const upsertOf = (rows: number): string =>
  `INSERT INTO sync_record (upstream, tracker, ${names.join(", ")})
    VALUES ${Array.from({ length: rows }, () => `(?, ?${", ?".repeat(columns.length)})`).join(", ")}
    ON CONFLICT (upstream, tracker, external_id) DO UPDATE SET
      ${names.slice(1).map((name) => `${name} = excluded.${name}`).join(", ")}`

const settleOf = (rows: number): string =>
  `UPDATE sync_record SET state = 'synced', tracker_id = placed.column2, intent = NULL
    FROM (VALUES ${Array.from({ length: rows }, () => "(?, ?)").join(", ")}) AS placed
    WHERE upstream = ? AND tracker = ? AND external_id = placed.column1`

/** The text for as many rows as a statement takes is made once. */
const madeOnce = (textOf: (rows: number) => string) => {
  let full: string | undefined
  return (rows: number) => rows === rowsPerStatement ? full ??= textOf(rows) : textOf(rows)
}

const upsert = madeOnce(upsertOf)
const settlement = madeOnce(settleOf)

/** `sync_record` and `instrument`: what became of each broker row, and the asset of each instrument. */
export const recordTable = ({ among, owner, ownRows, rowsOf, sql, typed }: Owned) => {
  const columnsNamed = (row: { readonly fields: object }) =>
    sql.literal(Object.keys(row.fields).map((name) => String.camelToSnake(name)).join(", "))
  const recordColumns = columnsNamed(SyncRecordRow)
  const placedColumns = columnsNamed(PlacedRow)
  const askedColumns = columnsNamed(AskedRow)
  const asRecord = present(Object.keys(SyncRecordRow.fields))
  const asPlaced = present(Object.keys(PlacedRow.fields))
  const asAsked = present(Object.keys(AskedRow.fields))
  const recordsOf = ({ values }: Statement.Statement<object>) => rowsOf(SyncRecordRow, Effect.map(values, asRecord))
  const placedOf = ({ values }: Statement.Statement<object>) => rowsOf(PlacedRow, Effect.map(values, asPlaced))
  const askedOf = ({ values }: Statement.Statement<object>) => rowsOf(AskedRow, Effect.map(values, asAsked))

  const known = Effect.fn("SyncRecordStore.known")(function*(externalIds: ReadonlyArray<string>) {
    const records = new Map<string, SyncRecord>()
    for (const ids of Arr.chunksOf([...new Set(externalIds)], idsPerStatement)) {
      const rows = yield* recordsOf(
        sql`SELECT ${recordColumns} FROM sync_record WHERE ${ownRows} AND ${among("external_id", ids)}`
      )
      for (const row of rows) records.set(row.externalId, row)
    }
    return records
  }, typed)

  const withPrefix = Effect.fn("SyncRecordStore.withPrefix")(
    // The next character after ":" ends the range of the primary key.
    (prefix: `${string}:`) =>
      recordsOf(
        sql`SELECT ${recordColumns} FROM sync_record
          WHERE ${ownRows} AND external_id >= ${prefix} AND external_id < ${`${prefix.slice(0, -1)};`}`
      ),
    typed
  )

  const placed = placedOf(
    sql`SELECT ${placedColumns} FROM sync_record WHERE ${ownRows} AND state IN ('synced', 'removed')`
  ).pipe(typed, Effect.withSpan("SyncRecordStore.placed"))

  const hasPlaced = sql`SELECT 1 FROM sync_record WHERE ${ownRows} AND state IN ('synced', 'removed') LIMIT 1`.pipe(
    Effect.map((rows) => rows.length > 0),
    typed,
    Effect.withSpan("SyncRecordStore.hasPlaced")
  )

  const placedLately = Effect.fn("SyncRecordStore.placedLately")(function*(most: number) {
    const placed = new Map<string, AskedRecord>()
    for (const state of ["synced", "removed"]) {
      // In the order of their index: no more rows are looked at than are returned.
      const rows = yield* askedOf(
        sql`SELECT ${askedColumns} FROM sync_record WHERE ${ownRows} AND state = ${state}
          ORDER BY rowid DESC LIMIT ${most}`
      )
      for (const row of rows) placed.set(row.externalId, row)
    }
    const missing = yield* askedOf(
      sql`SELECT ${askedColumns} FROM sync_record INDEXED BY sync_record_missing
        WHERE ${ownRows} AND reason = 'missing' AND state = 'synced'`
    )
    for (const row of missing) placed.set(row.externalId, row)
    return [...placed.values()]
  }, typed)

  const placedAfter = Effect.fn("SyncRecordStore.placedAfter")(
    (externalId: string, most: number) =>
      askedOf(
        sql`SELECT ${askedColumns} FROM sync_record
          WHERE ${ownRows} AND external_id > ${externalId} AND +state IN ('synced', 'removed')
          ORDER BY external_id LIMIT ${most}`
      ),
    typed
  )

  const bySubject = Effect.fn("SyncRecordStore.bySubject")(function*(subjects: ReadonlyArray<string>) {
    const placed: Array<PlacedRecord> = []
    for (const chunk of Arr.chunksOf([...new Set(subjects)], idsPerStatement)) {
      const rows = yield* placedOf(
        sql`SELECT ${placedColumns} FROM sync_record
          WHERE ${ownRows} AND ${among("subject", chunk)}
            AND (+state IN ('synced', 'removed') OR (+held = 0 AND +reason IN ('ignored', 'cancelled', 'reversed', 'no-effect')))`
      )
      for (const row of rows) placed.push(row)
    }
    return placed
  }, typed)

  const inState = Effect.fn("SyncRecordStore.inState")(
    (state: SyncRecord["state"], reason?: SkipReason) =>
      recordsOf(
        sql`SELECT ${recordColumns} FROM sync_record WHERE ${ownRows} AND state = ${state}
          AND ${reason === undefined ? sql`TRUE` : sql`reason = ${reason}`} ORDER BY date, +external_id`
      ),
    typed
  )

  const { tracker, upstream } = owner

  const write = (records: ReadonlyArray<SyncRecord>) =>
    Effect.forEach(
      Arr.chunksOf(new Map(records.map((record) => [record.externalId, record])).values(), rowsPerStatement),
      (chunk) =>
        sql.unsafe(
          upsert(chunk.length),
          chunk.flatMap((record) => [upstream, tracker, ...columns.map(([, value]) => value(record))])
        ),
      { discard: true }
    )

  const save = Effect.fn("SyncRecordStore.save")(
    (records: ReadonlyArray<SyncRecord>) => records.length === 0 ? Effect.void : sql.withTransaction(write(records)),
    typed
  )

  const settle = Effect.fn("SyncRecordStore.settle")(
    (placed: ReadonlyMap<string, string>, others: ReadonlyArray<SyncRecord>) =>
      sql.withTransaction(Effect.andThen(
        write(others),
        // Three columns, of which one is in an index; `save` writes all, and with them what lies anywhere in another.
        Effect.forEach(
          Arr.chunksOf(placed, rowsPerStatement),
          (chunk) => sql.unsafe(settlement(chunk.length), [...chunk.flat(), upstream, tracker]),
          { discard: true }
        )
      )),
    typed
  )

  const forget = Effect.fn("SyncRecordStore.forget")(
    (externalIds: ReadonlyArray<string>) =>
      externalIds.length === 0
        ? Effect.void
        : Effect.asVoid(sql`DELETE FROM sync_record WHERE ${ownRows} AND ${among("external_id", externalIds)}`),
    typed
  )

  const held = recordsOf(
    // Named, as SQLite knows nothing of how few they are: it would look through all records.
    sql`SELECT ${recordColumns} FROM sync_record INDEXED BY sync_record_held
      WHERE ${ownRows} AND held = 1 ORDER BY external_id`
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
      if (assetIds.size === 0) return
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

  return {
    known,
    withPrefix,
    placed,
    hasPlaced,
    placedLately,
    placedAfter,
    bySubject,
    inState,
    save,
    settle,
    forget,
    held,
    instruments,
    saveInstruments
  }
}
