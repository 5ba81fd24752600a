import { Context, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { join } from "node:path"
import type { SkipReason, SourceRow } from "./Portfolio/Activity.ts"
import type { DaySpan } from "./Portfolio/Coverage.ts"
import type { OpeningLine } from "./Portfolio/Opening.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"
import { baselineTable } from "./Sql/BaselineTable.ts"
import * as Database from "./Sql/Database.ts"
import { flexTable } from "./Sql/FlexTable.ts"
import { owned, type RecordOwner } from "./Sql/Owned.ts"
import { recordTable } from "./Sql/RecordTable.ts"
import { runTable } from "./Sql/RunTable.ts"
import { statementTable } from "./Sql/StatementTable.ts"
import { StoreError } from "./Sql/StoreError.ts"

/** What the store remembers of one broker row. */
export interface SyncRecord {
  readonly externalId: string
  /** `trade`, `cash` …: the second part of the external id. */
  readonly kind: string
  /**
   * `pending`: about to be changed in the tracker, the answer not yet seen. `removed`: the user deleted it there.
   */
  readonly state: "pending" | "synced" | "skipped" | "removed"
  /** Of the broker's fields as they were booked; empty where a lost store was rebuilt from the tracker. */
  readonly contentHash: string
  readonly trackerId?: string
  /** The run that booked it. */
  readonly runId: string
  /** Why it is not booked; of a `synced` row, `missing`: the tracker lost it, and somebody has to decide. */
  readonly reason?: SkipReason
  readonly detail?: string
  /** Tried again in every run; then `source` is there. */
  readonly held: boolean
  readonly source?: SourceRow
  /** The broker's day. */
  readonly date?: PlainDate
  /** Rows of one subject may correct one another. */
  readonly subject?: string
  /** The archived statement that has it. */
  readonly statementId?: string
  /**
   * Of a `pending` row: what is being done. `restore` brings back a `removed` one, `recreate` one that a restored tracker
   * lost; `replace`, `take-out` and `undo` begin with the row that `trackerId` names.
   */
  readonly intent?: "create" | "restore" | "recreate" | "replace" | "take-out" | "undo"
  /** Of a `replace`: the content hash of the row that takes its place. */
  readonly intendedHash?: string
}

/** A row that is or was booked, or would be if it had not been taken back or ignored (`skipped`). */
export interface PlacedRecord extends
  Pick<
    SyncRecord,
    "externalId" | "contentHash" | "trackerId" | "runId" | "date" | "subject" | "statementId" | "reason"
  >
{
  readonly state: "synced" | "removed" | "skipped"
}

/** What bears on whether the tracker still has a row. */
export type AskedRecord = Pick<PlacedRecord, "externalId" | "state" | "trackerId" | "runId" | "reason">

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

/** A run as it stands in the store; one that was killed has no end. */
export interface PastRun extends Partial<Omit<RunResult, "statement">> {
  readonly runId: string
  readonly startedAt: string
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

/** A backfill that is under way: all before `reached` is imported. */
export interface BackfillRecord extends DaySpan {
  readonly reached: PlainDate
}

/** An instrument or currency of which the tracker did not hold what the account did before the first statement. */
export type BaselineLine = Pick<OpeningLine, "kind" | "name" | "symbol">

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

export { type RecordOwner, StoreError }

const make = (owner: RecordOwner, path: string) =>
  Effect.map(
    owned(owner, path),
    (store) =>
      SyncRecordStore.of({
        ...recordTable(store),
        ...statementTable(store),
        ...runTable(store),
        ...flexTable(store),
        ...baselineTable(store)
      })
  )

/**
 * All of it belongs to one (upstream account, tracker account) pair, but for the Flex requests, which belong to the
 * upstream account alone. The layer holds the account's lock while it lives. Every failure is a `StoreError`, exit 10.
 */
export class SyncRecordStore extends Context.Service<SyncRecordStore, {
  readonly beginRun: (run: RunRecord) => Effect.Effect<void, StoreError>
  readonly endRun: (runId: string, result: RunResult) => Effect.Effect<void, StoreError>
  /** Oldest first. */
  readonly runs: Effect.Effect<ReadonlyArray<PastRun>, StoreError>
  /** The records of these ids that are there, by external id. */
  readonly known: (
    externalIds: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, SyncRecord>, StoreError>
  /** Whose external ids begin so (`ibkr:fxcomm:`), whatever became of them. */
  readonly withPrefix: (prefix: `${string}:`) => Effect.Effect<ReadonlyArray<SyncRecord>, StoreError>
  /** Whether any row was booked and not taken out by the broker. */
  readonly hasPlaced: Effect.Effect<boolean, StoreError>
  /**
   * Of the rows that were booked and not taken out by the broker: the `most` of each state that were written first last,
   * and all that the tracker lost.
   */
  readonly placedLately: (most: number) => Effect.Effect<ReadonlyArray<AskedRecord>, StoreError>
  /** The first `most` of them after this id, by external id. */
  readonly placedAfter: (externalId: string, most: number) => Effect.Effect<ReadonlyArray<AskedRecord>, StoreError>
  /** All of them: of a long history more than fits into memory. */
  readonly placed: Effect.Effect<ReadonlyArray<PlacedRecord>, StoreError>
  /** Those of these subjects: booked, deleted by the user, ignored, or taken out by the broker. */
  readonly bySubject: (subjects: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<PlacedRecord>, StoreError>
  /** By the broker's day, oldest first. */
  readonly inState: (
    state: SyncRecord["state"],
    reason?: SkipReason
  ) => Effect.Effect<ReadonlyArray<SyncRecord>, StoreError>
  /** Inserts or replaces, in one transaction; of two records with one id the later one stays. */
  readonly save: (records: ReadonlyArray<SyncRecord>) => Effect.Effect<void, StoreError>
  /**
   * In one transaction: rows saved as `pending` are `synced`, as the tracker's rows of these ids (external id → tracker
   * id), and `others` are saved.
   */
  readonly settle: (
    placed: ReadonlyMap<string, string>,
    others: ReadonlyArray<SyncRecord>
  ) => Effect.Effect<void, StoreError>
  /** As if these rows had never been seen. */
  readonly forget: (externalIds: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
  readonly held: Effect.Effect<ReadonlyArray<SyncRecord>, StoreError>
  /** Instrument key → tracker asset id. */
  readonly instruments: Effect.Effect<ReadonlyMap<string, string>, StoreError>
  readonly saveInstruments: (assetIds: ReadonlyMap<string, string>) => Effect.Effect<void, StoreError>
  /** In the order received. */
  readonly statements: Effect.Effect<ReadonlyArray<StatementRecord>, StoreError>
  readonly saveStatement: (statement: StatementRecord) => Effect.Effect<void, StoreError>
  /** Days that a statement which is wholly imported covers; held rows may still wait in them. */
  readonly coverage: Effect.Effect<ReadonlyArray<DaySpan>, StoreError>
  readonly saveCoverage: (span: DaySpan, statementId: string) => Effect.Effect<void, StoreError>
  /** These days are not proven any more: they are asked for again. */
  readonly uncover: (days: ReadonlySet<PlainDate>) => Effect.Effect<void, StoreError>
  /** The latest toDate of any statement imported so far. */
  readonly latestToDate: Effect.Effect<PlainDate | undefined, StoreError>
  readonly backfill: Effect.Effect<BackfillRecord | undefined, StoreError>
  /** Nothing: it is done. */
  readonly saveBackfill: (record: BackfillRecord | undefined) => Effect.Effect<void, StoreError>
  /**
   * Records which symbols differ as of `toDate`; returns, for each, on how many consecutive different toDates it has
   * now differed. The same toDate again does not count twice. Symbols not named have agreed and start anew.
   */
  readonly saveDrift: (
    toDate: PlainDate,
    symbols: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, number>, StoreError>
  /** Pending since the first run, until the tracker holds it. */
  readonly baseline: Effect.Effect<ReadonlyArray<BaselineLine>, StoreError>
  /** In place of those before. */
  readonly saveBaseline: (lines: ReadonlyArray<BaselineLine>) => Effect.Effect<void, StoreError>
  /** A word that one run leaves for the next. */
  readonly note: (name: string) => Effect.Effect<string | undefined, StoreError>
  readonly saveNote: (name: string, value: string) => Effect.Effect<void, StoreError>
  /** The last request of every query and window, oldest first. */
  readonly flexRequests: Effect.Effect<ReadonlyArray<FlexRequestRecord>, StoreError>
  readonly saveFlexRequest: (request: FlexRequestRecord) => Effect.Effect<void, StoreError>
  /** Unix milliseconds of the last ten requests with a token, oldest first; `tokenDigest` tells tokens apart. */
  readonly flexCalls: (tokenDigest: string) => Effect.Effect<ReadonlyArray<number>, StoreError>
  readonly saveFlexCall: (tokenDigest: string, at: number) => Effect.Effect<void, StoreError>
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

  /** `sync.db` in `dataDir` as it is, also during a run: to look at. */
  static readonly layerLook = (
    options: RecordOwner & { readonly dataDir: string }
  ): Layer.Layer<SyncRecordStore, StoreError> =>
    this.layerNoDeps({ ...options, path: join(options.dataDir, "sync.db") }).pipe(
      Layer.provide(Database.layerLook(options))
    )

  /** In memory, empty: for a look at a file, which must leave nothing behind. */
  static readonly layerMemory: Layer.Layer<SyncRecordStore> = this.layerNoDeps({
    upstream: "U1234567",
    tracker: "tracker",
    path: ":memory:"
  }).pipe(Layer.provide(Database.layerMemory))

  static readonly layerTest: Layer.Layer<SyncRecordStore> = this.layerMemory
}
