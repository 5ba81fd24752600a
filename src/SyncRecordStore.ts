import { Context, type Effect } from "effect"
import type { Failure } from "./Failure.ts"
import type { SkipReason, SourceRow } from "./Portfolio/Activity.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"

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

export type StoreError = Failure

/** All of it belongs to one (upstream account, tracker account) pair; the layer holds the account's lock while it lives. */
export class SyncRecordStore extends Context.Service<SyncRecordStore, {
  readonly beginRun: (run: RunRecord) => Effect.Effect<void, StoreError>
  readonly endRun: (runId: string, result: RunResult) => Effect.Effect<void, StoreError>
  /** The records of these ids that are there, by external id. */
  readonly known: (
    externalIds: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, SyncRecord>, StoreError>
  /** Inserts or replaces, in one transaction. */
  readonly save: (records: ReadonlyArray<SyncRecord>) => Effect.Effect<void, StoreError>
  readonly held: Effect.Effect<ReadonlyArray<SyncRecord>, StoreError>
  /** Instrument key → tracker asset id. */
  readonly instruments: Effect.Effect<ReadonlyMap<string, string>, StoreError>
  readonly saveInstruments: (assetIds: ReadonlyMap<string, string>) => Effect.Effect<void, StoreError>
  readonly statements: Effect.Effect<ReadonlyArray<StatementRecord>, StoreError>
  readonly saveStatement: (statement: StatementRecord) => Effect.Effect<void, StoreError>
  /** Days proven by a statement that is wholly imported. */
  readonly saveCoverage: (from: PlainDate, to: PlainDate, statementId: string) => Effect.Effect<void, StoreError>
  /** The latest toDate of any statement imported so far. */
  readonly latestToDate: Effect.Effect<PlainDate | undefined, StoreError>
  /**
   * Records which symbols differ as of `toDate`; returns, for each, on how many consecutive different toDates it has
   * now differed. Symbols not named have agreed.
   */
  readonly saveDrift: (
    toDate: PlainDate,
    symbols: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, number>, StoreError>
  readonly flexRequest: (query: string) => Effect.Effect<FlexRequestRecord | undefined, StoreError>
  readonly saveFlexRequest: (request: FlexRequestRecord) => Effect.Effect<void, StoreError>
}>()("broker-sync/SyncRecordStore") {}
