import { Array as Arr, Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { join } from "node:path"
import type { SkipReason, SourceRow } from "./Portfolio/Activity.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"
import * as Database from "./Sql/Database.ts"
import { DriftRow, FlexRequestRow, InstrumentRow, LatestRow, StatementRow, SyncRecordRow } from "./Sql/Rows.ts"
import { fromSqlError, StoreError, storeError } from "./Sql/StoreError.ts"

/** What the store remembers of one broker row. */
export interface SyncRecord {
  readonly externalId: string
  /** `trade`, `cash` …: the second part of the external id. */
  readonly kind: string
  /** `pending`: sent, the answer not yet seen. `removed`: the user deleted it in the tracker. */
  readonly state: "pending" | "synced" | "skipped" | "removed"
  readonly contentHash: string
  readonly trackerId?: string
  readonly runId: string
  readonly reason?: SkipReason
  readonly detail?: string
  /** Tried again in every run; then `source` is there. */
  readonly held: boolean
  readonly source?: SourceRow
}

export interface RunRecord {
  readonly runId: string
  readonly startedAt: string
  readonly dryRun: boolean
}

export interface RunResult {
  readonly finishedAt: string
  readonly outcome: "success" | "failure"
  readonly exitCode: number
  readonly imported: number
  readonly alreadySynced: number
  readonly skipped: number
  readonly held: number
  /** SHA-256 of the statement. */
  readonly statement?: string
}

/** A statement received, with the days it covers. `imported` once every row of it is settled or held. */
export interface StatementRecord {
  readonly id: string
  readonly path: string
  readonly fromDate: PlainDate
  readonly toDate: PlainDate
  readonly receivedAt: string
  readonly imported: boolean
}

/** The last request to the broker for one window (`query` = the query id and window). */
export interface FlexRequestRecord {
  readonly query: string
  readonly referenceCode?: string
  readonly sentAt: string
  /**
   * `sent`: no answer seen. `accepted`: the reference can be polled. `received`: used up. `refused`: nothing may be sent
   * before `notBefore`.
   */
  readonly state: "sent" | "accepted" | "received" | "refused"
  /** The broker's code of a refusal. */
  readonly code?: number
  /** ISO instant. */
  readonly notBefore?: string
}

export { StoreError }

/** Whose records: one upstream account imported into one tracker account. */
export interface RecordOwner {
  readonly upstream: string
  readonly tracker: string
}

/** SQLite takes 32 766 parameters a statement. */
const rowsPerStatement = 1_000

const make = Effect.fnUntraced(function*({ tracker, upstream }: RecordOwner, path: string) {
  const sql = yield* SqlClient.SqlClient
  const owner = { upstream, tracker }
  const ownRows = sql.and([sql`upstream = ${upstream}`, sql`tracker = ${tracker}`])

  const typed = <A>(effect: Effect.Effect<A, SqlError.SqlError | Schema.SchemaError>): Effect.Effect<A, StoreError> =>
    Effect.catchTags(effect, {
      SqlError: (error) => Effect.fail(fromSqlError(path)(error)),
      SchemaError: (error) =>
        Effect.fail(storeError("corrupt", path, `a row does not read as it should: ${error.message}`))
    })

  const rowsOf = <A, I>(row: Schema.Codec<A, I>, select: Effect.Effect<ReadonlyArray<unknown>, SqlError.SqlError>) =>
    Effect.flatMap(select, Schema.decodeUnknownEffect(Schema.Array(row)))

  const encodeRecords = Schema.encodeEffect(Schema.Array(SyncRecordRow))
  const encodeStatement = Schema.encodeEffect(StatementRow)
  const encodeRequest = Schema.encodeEffect(FlexRequestRow)

  const beginRun = Effect.fn("SyncRecordStore.beginRun")(function*(run: RunRecord) {
    yield* sql`INSERT INTO run ${
      sql.insert({ ...owner, runId: run.runId, startedAt: run.startedAt, dryRun: run.dryRun ? 1 : 0 })
    }`
  }, typed)

  const endRun = Effect.fn("SyncRecordStore.endRun")(function*(runId: string, result: RunResult) {
    yield* sql`UPDATE run SET ${sql.update({ ...result, statement: result.statement ?? null })}
      WHERE ${ownRows} AND run_id = ${runId}`
  }, typed)

  const known = Effect.fn("SyncRecordStore.known")(function*(externalIds: ReadonlyArray<string>) {
    const records = new Map<string, SyncRecord>()
    for (const ids of Arr.chunksOf(externalIds, rowsPerStatement)) {
      const rows = yield* rowsOf(
        SyncRecordRow,
        sql`SELECT * FROM sync_record WHERE ${ownRows} AND ${sql.in("external_id", ids)}`
      )
      for (const row of rows) records.set(row.externalId, row)
    }
    return records
  }, typed)

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
          detail = excluded.detail, held = excluded.held, source = excluded.source`,
        { discard: true }
      )
    )
  }, typed)

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

  const statements = rowsOf(
    StatementRow,
    sql`SELECT * FROM statement WHERE ${ownRows} ORDER BY received_at, id`
  ).pipe(typed, Effect.withSpan("SyncRecordStore.statements"))

  const saveStatement = Effect.fn("SyncRecordStore.saveStatement")(function*(statement: StatementRecord) {
    const row = yield* encodeStatement(statement)
    yield* sql`INSERT INTO statement ${sql.insert({ ...owner, ...row })}
      ON CONFLICT (upstream, tracker, id) DO UPDATE SET
        path = excluded.path, from_date = excluded.from_date, to_date = excluded.to_date,
        received_at = excluded.received_at, imported = excluded.imported`
  }, typed)

  const saveCoverage = Effect.fn("SyncRecordStore.saveCoverage")(
    function*(fromDate: PlainDate, toDate: PlainDate, statementId: string) {
      yield* sql`INSERT INTO coverage ${sql.insert({ ...owner, fromDate, toDate, statementId })} ON CONFLICT DO NOTHING`
    },
    typed
  )

  const latestToDate = rowsOf(
    LatestRow,
    sql`SELECT max(to_date) AS to_date FROM statement WHERE ${ownRows} AND imported = 1`
  ).pipe(
    Effect.map((rows) => rows[0]?.toDate ?? undefined),
    typed,
    Effect.withSpan("SyncRecordStore.latestToDate")
  )

  const saveDrift = Effect.fn("SyncRecordStore.saveDrift")(
    function*(toDate: PlainDate, symbols: ReadonlyArray<string>) {
      const rows = yield* rowsOf(
        DriftRow,
        sql`SELECT symbol, statements, to_date FROM drift WHERE ${ownRows}`
      )
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

  const flexRequest = Effect.fn("SyncRecordStore.flexRequest")(function*(query: string) {
    const rows = yield* rowsOf(
      FlexRequestRow,
      sql`SELECT * FROM flex_request WHERE upstream = ${upstream} AND query = ${query}`
    )
    return rows[0]
  }, typed)

  const saveFlexRequest = Effect.fn("SyncRecordStore.saveFlexRequest")(function*(request: FlexRequestRecord) {
    const row = yield* encodeRequest(request)
    yield* sql`INSERT INTO flex_request ${sql.insert({ upstream, ...row })}
      ON CONFLICT (upstream, query) DO UPDATE SET
        reference_code = excluded.reference_code, sent_at = excluded.sent_at, state = excluded.state,
        code = excluded.code, not_before = excluded.not_before`
  }, typed)

  return SyncRecordStore.of({
    beginRun,
    endRun,
    known,
    save,
    held,
    instruments,
    saveInstruments,
    statements,
    saveStatement,
    saveCoverage,
    latestToDate,
    saveDrift,
    flexRequest,
    saveFlexRequest
  })
})

/**
 * All of it belongs to one (upstream account, tracker account) pair, but for the Flex requests, which belong to the
 * upstream account alone. The layer holds the account's lock while it lives. Every failure is a `StoreError`, exit 10.
 */
export class SyncRecordStore extends Context.Service<SyncRecordStore, {
  readonly beginRun: (run: RunRecord) => Effect.Effect<void, StoreError>
  readonly endRun: (runId: string, result: RunResult) => Effect.Effect<void, StoreError>
  /** The records of these ids that are there, by external id. */
  readonly known: (
    externalIds: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, SyncRecord>, StoreError>
  /** Inserts or replaces, in one transaction; of two records with one id the later one stays. */
  readonly save: (records: ReadonlyArray<SyncRecord>) => Effect.Effect<void, StoreError>
  readonly held: Effect.Effect<ReadonlyArray<SyncRecord>, StoreError>
  /** Instrument key → tracker asset id. */
  readonly instruments: Effect.Effect<ReadonlyMap<string, string>, StoreError>
  readonly saveInstruments: (assetIds: ReadonlyMap<string, string>) => Effect.Effect<void, StoreError>
  /** In the order received. */
  readonly statements: Effect.Effect<ReadonlyArray<StatementRecord>, StoreError>
  readonly saveStatement: (statement: StatementRecord) => Effect.Effect<void, StoreError>
  /** Days proven by a statement that is wholly imported. */
  readonly saveCoverage: (from: PlainDate, to: PlainDate, statementId: string) => Effect.Effect<void, StoreError>
  /** The latest toDate of any statement imported so far. */
  readonly latestToDate: Effect.Effect<PlainDate | undefined, StoreError>
  /**
   * Records which symbols differ as of `toDate`; returns, for each, on how many consecutive different toDates it has
   * now differed. The same toDate again does not count twice. Symbols not named have agreed and start anew.
   */
  readonly saveDrift: (
    toDate: PlainDate,
    symbols: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, number>, StoreError>
  readonly flexRequest: (query: string) => Effect.Effect<FlexRequestRecord | undefined, StoreError>
  readonly saveFlexRequest: (request: FlexRequestRecord) => Effect.Effect<void, StoreError>
}>()("broker-sync/SyncRecordStore") {
  /** Over a migrated database; `path` names it in errors. */
  static readonly layerNoDeps = (
    options: RecordOwner & { readonly path: string }
  ): Layer.Layer<SyncRecordStore, never, SqlClient.SqlClient> =>
    Layer.effect(SyncRecordStore, make(options, options.path))

  /** `sync.db` in `dataDir`: created if missing, locked for the account, migrated, proven writable. */
  static readonly layer = (
    options: RecordOwner & { readonly dataDir: string }
  ): Layer.Layer<SyncRecordStore, StoreError> =>
    this.layerNoDeps({ ...options, path: join(options.dataDir, "sync.db") }).pipe(
      Layer.provide(Database.layer(options))
    )

  /** In memory, empty: for a look at a file, which must leave nothing behind. */
  static readonly layerMemory: Layer.Layer<SyncRecordStore> = this.layerNoDeps({
    upstream: "U1234567",
    tracker: "tracker",
    path: ":memory:"
  }).pipe(Layer.provide(Database.layerMemory))

  static readonly layerTest: Layer.Layer<SyncRecordStore> = this.layerMemory
}
