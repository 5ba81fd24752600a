import { Context, type Effect, Schema } from "effect"
import type { Failure } from "./Failure.ts"
import type { Activity } from "./Portfolio/Activity.ts"
import type { Decimal } from "./Portfolio/Decimal.ts"
import type { Instrument } from "./Portfolio/Instrument.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"

/** The tracker account that is imported into. */
export interface TrackerAccount {
  readonly id: string
  readonly name: string
  readonly currency: string
  /** IANA zone of Wealthfolio's settings; `UTC` where none is set. Wall-clock times are read in it. */
  readonly timeZone: string
}

/** What became of one instrument when it was tied to an asset. */
export type AssetMatch =
  | { readonly _tag: "Matched"; readonly assetId: string }
  /** Not there, and it was not to be created. */
  | { readonly _tag: "Absent" }
  | {
    readonly _tag: "Held"
    readonly reason: "ambiguous-asset" | "currency-mismatch" | "unknown-currency"
    /** Names the candidates and the line for the symbol map. */
    readonly detail: string
  }

/** One row to be created. `key` is the idempotency key `<upstream account>/<external id>`. */
export interface NewActivity {
  readonly key: string
  readonly activity: Activity
  readonly assetId?: string
}

/** What became of a batch, by external id: the tracker's activity id, or its message. Every row is in exactly one. */
export interface BatchOutcome {
  readonly imported: ReadonlyMap<string, string>
  /** Their key was already there: written by an earlier run, or by this one before an answer was lost. */
  readonly alreadyThere: ReadonlyMap<string, string>
  readonly refused: ReadonlyMap<string, string>
}

export type Holding =
  | {
    readonly _tag: "Security"
    readonly assetId: string
    /** Canonical, `VUSA.L`. */
    readonly symbol: string
    readonly quantity: Decimal
  }
  | { readonly _tag: "Cash"; readonly currency: string; readonly quantity: Decimal }

/** A posted activity of the account, whoever wrote it, as far as it moves positions or cash. */
export interface TrackerActivity {
  readonly id: string
  readonly type: string
  readonly subtype?: string
  /** The day in the tracker's own time zone. */
  readonly date: PlainDate
  readonly assetId?: string
  readonly currency: string
  readonly quantity?: Decimal
  readonly unitPrice?: Decimal
  readonly amount?: Decimal
  readonly fee?: Decimal
}

/** Wealthfolio cannot be used as configured: exit 2. */
export class WealthfolioAccountError extends Schema.TaggedError<WealthfolioAccountError>()("WealthfolioAccountError", {
  message: Schema.String,
  hint: Schema.String
}) implements Failure {
  readonly exitCode = 2
}

export type WealthfolioError = Failure

export class WealthfolioRepo extends Context.Service<WealthfolioRepo, {
  /** Logs in if need be; fails when the account does not exist, is archived or in HOLDINGS mode. */
  readonly account: Effect.Effect<TrackerAccount, WealthfolioError>
  /** Which of these idempotency keys the tracker has, with their activity ids (`check-duplicates`). */
  readonly existing: (
    keys: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, string>, WealthfolioError>
  /**
   * Ties instruments to assets: the remembered one, the one that carries the conid, the one that is there (any US venue
   * is one family), else a new one when `create` is set. Every instrument asked for is in the answer, by its key.
   */
  readonly assets: (
    instruments: ReadonlyArray<{ readonly instrument: Instrument; readonly rememberedAssetId?: string }>,
    options: { readonly create: boolean }
  ) => Effect.Effect<ReadonlyMap<string, AssetMatch>, WealthfolioError>
  /** At most 500 rows of one account, all or none per request; safe to repeat. */
  readonly importBatch: (rows: ReadonlyArray<NewActivity>) => Effect.Effect<BatchOutcome, WealthfolioError>
  /** Runs `write`, then waits until holdings were recomputed after it; `false` when that did not happen in time. */
  readonly recomputedAfter: <A, E, R>(
    write: Effect.Effect<A, E, R>
  ) => Effect.Effect<readonly [result: A, recomputed: boolean], E | WealthfolioError, R>
  readonly holdings: Effect.Effect<ReadonlyArray<Holding>, WealthfolioError>
  /** Posted activities of the account dated after `day`, oldest first. */
  readonly activitiesAfter: (day: PlainDate) => Effect.Effect<ReadonlyArray<TrackerActivity>, WealthfolioError>
}>()("broker-sync/WealthfolioRepo") {}
