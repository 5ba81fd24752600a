import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Clock, Context, type Duration, Effect, FileSystem, Layer, Option, type Redacted, Schema, Stream } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import type { Failure } from "./Failure.ts"
import type { Activity } from "./Portfolio/Activity.ts"
import type { Decimal } from "./Portfolio/Decimal.ts"
import type { Instrument } from "./Portfolio/Instrument.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"
import type { TrackedMovement } from "./Portfolio/Reconcile.ts"
import * as Account from "./Wealthfolio/Account.ts"
import { type Created, tie } from "./Wealthfolio/AssetTies.ts"
import * as Bulk from "./Wealthfolio/Bulk.ts"
import * as InMemory from "./Wealthfolio/InMemory.ts"
import * as Readings from "./Wealthfolio/Readings.ts"
import { recomputedAfter } from "./Wealthfolio/Recomputation.ts"
import * as Session from "./Wealthfolio/Session.ts"
import { type Call, messageOf } from "./Wealthfolio/Transport.ts"
import * as Transport from "./Wealthfolio/Transport.ts"
import { type Zone, zoneOf } from "./Wealthfolio/WallTime.ts"
import * as Wire from "./Wealthfolio/Wire.ts"

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
export interface TrackerActivity extends TrackedMovement {
  readonly id: string
  /** The day in the tracker's own time zone. */
  readonly date: PlainDate
}

/** Wealthfolio cannot be used as configured: exit 2. */
export class WealthfolioAccountError extends Schema.TaggedError<WealthfolioAccountError>()("WealthfolioAccountError", {
  message: Schema.String,
  hint: Schema.String
}) implements Failure {
  readonly exitCode = 2
}

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
}>()("broker-sync/WealthfolioRepo") {
  static readonly layerNoDeps = (options: WealthfolioOptions) =>
    Layer.effect(
      WealthfolioRepo,
      Effect.gen(function*() {
        return WealthfolioRepo.of(make(options, yield* HttpClient.HttpClient, yield* FileSystem.FileSystem))
      })
    )

  static readonly layer = (options: WealthfolioOptions) =>
    WealthfolioRepo.layerNoDeps(options).pipe(
      Layer.provide([
        // A redirect is shown, never followed: the session stays with the host it belongs to.
        Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" })),
        NodeFileSystem.layer
      ])
    )

  /** A tracker in memory: single keys, quantities and cash computed from what was written; members can be replaced. */
  static readonly layerTest = (seed: InMemory.TrackerSeed = {}, members: Partial<WealthfolioRepo["Service"]> = {}) =>
    Layer.sync(WealthfolioRepo, () => WealthfolioRepo.of({ ...InMemory.make(seed), ...members }))

  /** For a statement looked at without a tracker: an empty account in UTC; whatever would write or compare dies. */
  static readonly layerOffline = Layer.mock(WealthfolioRepo, {
    account: Effect.succeed({ id: "offline", name: "offline", currency: "", timeZone: "UTC" }),
    existing: () => Effect.succeed(new Map()),
    assets: (wanted) =>
      Effect.succeed(new Map(wanted.map(({ instrument }) => [instrument.key, { _tag: "Absent" }] as const)))
  })
}

const keysPerRequest = 5000
const rowsPerRequest = 500
/** The host's own 408 (after 30 s, as it is shipped) should come first. */
const bulkTimeout = "35 seconds"

const decodeAccounts = Wire.decode(Wire.Accounts)
const decodeSettings = Wire.decode(Wire.Settings)
const decodeAssets = Wire.decode(Wire.Assets)
const decodeAsset = Wire.decode(Wire.Asset)
const decodeDuplicates = Wire.decode(Wire.Duplicates)
const decodeHoldings = Wire.decode(Wire.Holdings)
const decodeValuations = Wire.decode(Wire.Valuations)
const decodeSearch = Wire.decode(Wire.SearchReply)

const make = (
  options: WealthfolioOptions,
  client: HttpClient.HttpClient,
  fs: FileSystem.FileSystem
): WealthfolioRepo["Service"] => {
  const transport = Transport.make(client, options.baseUrl)
  const session = Session.make(transport, fs, options)
  const inAccount = `accountId=${encodeURIComponent(options.accountId)}`
  let known: { readonly account: TrackerAccount; readonly zone: Zone } | undefined
  const writes = { count: 0, sentAt: 0 }

  const request = (call: Call) => session.send((cookie) => transport.patiently(call, cookie))
  const get = (path: string) => request({ method: "GET", path })
  const post = (path: string, body: unknown) => request({ method: "POST", path, body })

  const checked = Effect.fn("WealthfolioRepo.account")(function*() {
    if (known !== undefined) return known
    const { accountId } = options
    if (Account.looksSwapped(accountId)) return yield* new WealthfolioAccountError(Account.swapped(accountId))
    const accounts = yield* Effect.flatMap(get("/accounts?includeArchived=true"), decodeAccounts)
    const settings = yield* Effect.flatMap(get("/settings"), decodeSettings)
    const account = Account.choose(accounts, accountId, settings.timezone ?? "")
    if ("message" in account) return yield* new WealthfolioAccountError(account)
    const zone = zoneOf(account.timeZone)
    if (zone === undefined) return yield* Effect.die(`zone ${account.timeZone}`)
    return known = { account, zone }
  })

  const existing = Effect.fn("WealthfolioRepo.existing")(function*(keys: ReadonlyArray<string>) {
    const there = new Map<string, string>()
    const unique = [...new Set(keys)]
    for (let start = 0; start < unique.length; start += keysPerRequest) {
      const reply = yield* post("/activities/import/check-duplicates", {
        idempotencyKeys: unique.slice(start, start + keysPerRequest)
      })
      const { duplicates } = yield* decodeDuplicates(reply)
      for (const [key, id] of Object.entries(duplicates)) there.set(key, id)
    }
    return there
  })

  const allAssets = Effect.flatMap(Effect.suspend(() => get("/assets")), decodeAssets)

  const createAsset = Effect.fnUntraced(function*(asset: Wire.NewAsset) {
    const reply = yield* post("/assets", asset)
    if (reply.status === 400 || reply.status === 409 || reply.status === 422) {
      const message = messageOf(reply)
      return (/UNIQUE constraint/.test(message) ? { _tag: "Exists" } : { _tag: "Refused", message }) satisfies Created
    }
    return { _tag: "Made", asset: yield* decodeAsset(reply) } satisfies Created
  })

  const importBatch = Effect.fn("WealthfolioRepo.importBatch")(function*(rows: ReadonlyArray<NewActivity>) {
    const { zone } = yield* checked()
    const outcomes: Array<BatchOutcome> = []
    for (let start = 0; start < rows.length; start += rowsPerRequest) {
      const wire = rows.slice(start, start + rowsPerRequest).map((row) => Bulk.toRow(row, options.accountId, zone))
      const call = (creates: ReadonlyArray<Wire.NewRow>): Call => ({
        method: "POST",
        path: "/activities/bulk",
        body: { creates, updates: [], deleteIds: [] }
      })
      const send = (creates: ReadonlyArray<Wire.NewRow>) =>
        Effect.gen(function*() {
          writes.sentAt = yield* Clock.currentTimeMillis
          return yield* session.send((cookie) => transport.once(call(creates), cookie, bulkTimeout))
        })
      outcomes.push(yield* Bulk.write(wire, { post: send, existing }, () => writes.count++))
    }
    return {
      imported: new Map(outcomes.flatMap(({ imported }) => [...imported])),
      alreadyThere: new Map(outcomes.flatMap(({ alreadyThere }) => [...alreadyThere])),
      refused: new Map(outcomes.flatMap(({ refused }) => [...refused]))
    }
  })

  const readHoldings = Effect.flatMap(Effect.suspend(() => get(`/holdings?${inAccount}`)), decodeHoldings)

  const fingerprint = Effect.gen(function*() {
    const rows = yield* readHoldings
    const valuations = yield* Effect.flatMap(
      get(`/valuations/latest?accountIds=${options.accountId}`),
      decodeValuations
    )
      .pipe(Effect.orElseSucceed(() => []))
    const quantities = rows.map((row) => `${row.instrument?.id ?? ""}=${row.quantity}`).sort()
    return JSON.stringify([quantities, valuations.map((valuation) => valuation.calculatedAt)])
  }).pipe(Effect.orElseSucceed(() => undefined))

  const events = Effect.gen(function*() {
    const cookie = yield* session.cookie
    const response = yield* transport.open({ method: "GET", path: "/events/stream" }, cookie, "text/event-stream")
    const isStream = response.status === 200 &&
      (response.headers["content-type"] ?? "").startsWith("text/event-stream")
    return isStream ? Option.some(Stream.decodeText(response.stream)) : Option.none()
  }).pipe(Effect.orElseSucceed(() => Option.none()))

  const activitiesAfter = Effect.fn("WealthfolioRepo.activitiesAfter")(function*(day: PlainDate) {
    const { zone } = yield* checked()
    // `dateFrom` is a UTC day on some hosts and a local one on others: `day` itself is asked for and sorted out here.
    const rows = yield* Readings.readAllPages((page, pageSize) =>
      Effect.flatMap(
        post("/activities/search", {
          page,
          pageSize,
          accountIdFilter: options.accountId,
          dateFrom: day,
          sort: { id: "date", desc: false }
        }),
        decodeSearch
      )
    )
    return Readings.activitiesAfter(rows, day, zone)
  })

  return {
    account: Effect.map(Effect.suspend(checked), ({ account }) => account),
    existing,
    assets: Effect.fn("WealthfolioRepo.assets")((instruments, { create }) =>
      tie(instruments, { create }, allAssets, createAsset)
    ),
    importBatch,
    recomputedAfter: recomputedAfter({ events, fingerprint, writes, timeout: options.recalcTimeout }),
    holdings: Effect.gen(function*() {
      return Readings.holdingsOf(yield* readHoldings, yield* allAssets)
    }).pipe(Effect.withSpan("WealthfolioRepo.holdings")),
    activitiesAfter
  }
}
