import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Context, type Duration, Effect, FileSystem, Layer, type Redacted } from "effect"
import { HttpClient } from "effect/http"
import type { Failure } from "./Failure.ts"
import * as NodeHttp from "./NodeHttp.ts"
import type { Activity } from "./Portfolio/Activity.ts"
import type { Decimal } from "./Portfolio/Decimal.ts"
import type { Instrument } from "./Portfolio/Instrument.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"
import type { TrackedMovement } from "./Portfolio/Reconcile.ts"
import * as InMemory from "./Wealthfolio/InMemory.ts"
import * as OverHttp from "./Wealthfolio/OverHttp.ts"

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
  | {
    readonly _tag: "Matched"
    readonly assetId: string
    /** It was not there before. */
    readonly isNew?: true
  }
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
  /** Sent verbatim instead of the instant of the activity's day and time: the row that it takes the place of had it. */
  readonly instant?: string
}

/** What became of a batch, by external id: the tracker's activity id, or its message. Every row is in exactly one. */
export interface BatchOutcome {
  readonly imported: ReadonlyMap<string, string>
  /** Their key was already there: written by an earlier run, or by this one before an answer was lost. */
  readonly alreadyThere: ReadonlyMap<string, string>
  readonly refused: ReadonlyMap<string, string>
}

/** As the tracker writes it: `GBp` is pence. */
export interface TrackerQuote {
  readonly close: Decimal
  readonly currency: string
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
export interface TrackerActivity extends TrackedMovement {
  readonly id: string
  /** The day in the tracker's own time zone. */
  readonly date: PlainDate
}

/** A row of the tracker as it stands there, whoever wrote it. */
export interface TrackerRow extends TrackerActivity {
  /** `idempotencyKey`: ours begins with `<upstream account>/`; rows typed by hand have a hash, some none. */
  readonly key?: string
  readonly accountId: string
  readonly accountName?: string
  /** As stored, RFC 3339 with its zone: an adopted row keeps it. */
  readonly instant: string
  readonly note?: string
  /** What the page shows for its asset. */
  readonly symbol?: string
  readonly sourceSystem?: string
  /** Edited on the page (or by any update). */
  readonly isUserModified: boolean
  /** POSTED, PENDING, DRAFT or VOID. */
  readonly status: string
}

/**
 * Rows of every status dated `from` to `to` in the tracker's zone (both included; absent: no limit). `mayBeRecent`: as this
 * run read them since it last wrote, for what is only told; what is to be changed is looked at anew.
 */
export interface RowRange {
  readonly from?: PlainDate
  readonly to?: PlainDate
  readonly mayBeRecent?: true
}

/** What is changed in one transaction: all of it happens, or nothing. */
export interface Change {
  /** Rows already gone are no error. */
  readonly remove: ReadonlyArray<{ readonly id: string; readonly key?: string }>
  readonly add: ReadonlyArray<NewActivity>
}

export type ChangeOutcome =
  /** By external id: the ids of the rows created. */
  | { readonly _tag: "Done"; readonly added: ReadonlyMap<string, string> }
  | { readonly _tag: "Refused"; readonly message: string }

export type WealthfolioError = Failure

export interface WealthfolioOptions {
  readonly baseUrl: string
  /** Absent where the server asks for none. */
  readonly password?: Redacted.Redacted<string>
  /** Where the session cookie is kept between runs, mode 0600. */
  readonly sessionPath: string
  readonly recalcTimeout: Duration.Duration
  /** Wealthfolio's own id of the account. */
  readonly accountId: string
}

export class WealthfolioRepo extends Context.Service<WealthfolioRepo, {
  /** Logs in if need be; fails when the account does not exist, is archived or in HOLDINGS mode. */
  readonly account: Effect.Effect<TrackerAccount, WealthfolioError>
  /**
   * Whether a SELL that opens a short position (POSITION_OPEN) leaves one, as from Wealthfolio 3.6 on; before, its cash is
   * booked and nothing held.
   */
  readonly holdsShorts: Effect.Effect<boolean, WealthfolioError>
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
  /**
   * Runs `write`, then waits until holdings were recomputed after it; `false` when that did not happen in time, `undefined`
   * where nothing was written.
   */
  readonly recomputedAfter: <A, E, R>(
    write: Effect.Effect<A, E, R>
  ) => Effect.Effect<readonly [result: A, recomputed: boolean | undefined], E | WealthfolioError, R>
  /** The tracker's closing price of an asset on a day, from its quote source; `undefined` where it has none. */
  readonly quote: (assetId: string, day: PlainDate) => Effect.Effect<TrackerQuote | undefined, WealthfolioError>
  /**
   * Has the holdings of the account computed anew from its first row. A SPLIT does not reach what was computed before it
   * came, nor does one that goes. To be waited for as a write is.
   */
  readonly recalculate: Effect.Effect<void, WealthfolioError>
  readonly holdings: Effect.Effect<ReadonlyArray<Holding>, WealthfolioError>
  /** Posted activities of the account dated after `day`, oldest first. */
  readonly activitiesAfter: (day: PlainDate) => Effect.Effect<ReadonlyArray<TrackerActivity>, WealthfolioError>
  /** Rows of the account, as far as `keep` says so. */
  readonly rows: (
    range: RowRange & { readonly keep?: (row: TrackerRow) => boolean }
  ) => Effect.Effect<ReadonlyArray<TrackerRow>, WealthfolioError>
  /**
   * Folds rows of the account, oldest first, without holding all of them: a history of ten years is larger than the
   * memory of a pod. Where the tracker changes meanwhile it begins again, with what `from` makes.
   */
  readonly fold: <A>(
    range: RowRange,
    from: () => A,
    step: (folded: A, row: TrackerRow) => A
  ) => Effect.Effect<A, WealthfolioError>
  /**
   * Rows of any account whose key begins with `prefix`, oldest first. Rows of archived accounts are not among them: the
   * server shows those in no list, even when asked for the account (`existing` knows their keys).
   */
  readonly keyed: (prefix: string) => Effect.Effect<ReadonlyArray<TrackerRow>, WealthfolioError>
  /**
   * Deletes, then creates, in one transaction; exactly once, whatever becomes of the answers. A row may be created under
   * the key of one that goes. At most 500 rows in all.
   */
  readonly replace: (change: Change) => Effect.Effect<ChangeOutcome, WealthfolioError>
}>()("broker-sync/WealthfolioRepo") {
  static readonly layerNoDeps = (options: WealthfolioOptions) =>
    Layer.effect(
      WealthfolioRepo,
      Effect.gen(function*() {
        return WealthfolioRepo.of(OverHttp.make(options, yield* HttpClient.HttpClient, yield* FileSystem.FileSystem))
      })
    )

  static readonly layer = (options: WealthfolioOptions) =>
    WealthfolioRepo.layerNoDeps(options).pipe(
      Layer.provide([
        // It shows a redirect and does not follow it: the session stays with the host it belongs to.
        NodeHttp.layer,
        NodeFileSystem.layer
      ])
    )

  /** A tracker in memory: single keys, quantities and cash computed from what was written; members can be replaced. */
  static readonly layerTest = (seed: InMemory.TrackerSeed = {}, members: Partial<WealthfolioRepo["Service"]> = {}) =>
    Layer.sync(WealthfolioRepo, () => WealthfolioRepo.of({ ...InMemory.make(seed), ...members }))

  /** For a statement looked at without a tracker: an empty account in UTC; whatever would write or compare dies. */
  static readonly layerOffline = Layer.mock(WealthfolioRepo, {
    holdsShorts: Effect.succeed(false),
    account: Effect.succeed({ id: "offline", name: "offline", currency: "", timeZone: "UTC" }),
    existing: () => Effect.succeed(new Map()),
    assets: (wanted) =>
      Effect.succeed(new Map(wanted.map(({ instrument }) => [instrument.key, { _tag: "Absent" }] as const))),
    rows: () => Effect.succeed([]),
    fold: (_, from) => Effect.sync(from),
    keyed: () => Effect.succeed([])
  })
}
