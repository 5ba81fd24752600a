import { Array as Arr, Clock, Effect, type FileSystem, Option, Stream } from "effect"
import type { HttpClient } from "effect/http"
import { isPosted } from "../Portfolio/HeldAfter.ts"
import { addDays, type PlainDate } from "../Portfolio/PlainDate.ts"
import type {
  BatchOutcome,
  Change,
  NewActivity,
  TrackerAccount,
  TrackerRow,
  WealthfolioOptions,
  WealthfolioRepo
} from "../WealthfolioRepo.ts"
import * as Account from "./Account.ts"
import { foldingRows } from "./AccountRows.ts"
import { type Created, tie } from "./AssetTies.ts"
import * as Bulk from "./Bulk.ts"
import { holdingsOf } from "./Readings.ts"
import { recomputedAfter } from "./Recomputation.ts"
import { replace } from "./Replace.ts"
import * as Rows from "./Rows.ts"
import * as Session from "./Session.ts"
import { type Call, messageOf } from "./Transport.ts"
import * as Transport from "./Transport.ts"
import { type Zone, zoneOf } from "./WallTime.ts"
import { WealthfolioAccountError } from "./WealthfolioError.ts"
import * as Wire from "./Wire.ts"

type Service = WealthfolioRepo["Service"]

const keysPerRequest = 5000
const rowsPerRequest = 500
/** The host's own 408 (after 30 s, as it is shipped) should come first. */
const bulkTimeout = "35 seconds"

const decodeAccounts = Wire.decode(Wire.Accounts)
const decodeSettings = Wire.decode(Wire.Settings)
const decodeInfo = Wire.decode(Wire.AppInfo)
const decodeAssets = Wire.decode(Wire.Assets)
const decodeAsset = Wire.decode(Wire.Asset)
const decodeDuplicates = Wire.decode(Wire.Duplicates)
const decodeQuotes = Wire.decode(Wire.Quotes)
const decodeHoldings = Wire.decode(Wire.Holdings)
const decodeValuations = Wire.decode(Wire.Valuations)
const decodeSearch = Wire.decode(Wire.SearchReply)

/** The tracker over its HTTP interface. */
export const make = (
  options: WealthfolioOptions,
  client: HttpClient.HttpClient,
  fs: FileSystem.FileSystem
): Service => {
  const transport = Transport.make(client, options.baseUrl, options.password)
  const session = Session.make(transport, fs, options)
  const inAccount = `accountId=${encodeURIComponent(options.accountId)}`
  let known: { readonly account: TrackerAccount; readonly zone: Zone } | undefined
  const writes = { count: 0, sentAt: 0, recalculations: 0 }

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

  /**
   * The bulk requests of one write. Of those that may have changed something the last answered one counts, and where
   * answers were lost since, the first of these: it may be the one that did.
   */
  const bulks = () => {
    let sentAt = 0
    let lostSince: number | undefined
    return {
      post: Effect.fnUntraced(function*(creates: ReadonlyArray<Wire.NewRow>, deleteIds: ReadonlyArray<string> = []) {
        const call: Call = { method: "POST", path: "/activities/bulk", body: { creates, updates: [], deleteIds } }
        sentAt = yield* Clock.currentTimeMillis
        return yield* session.send((cookie) => transport.once(call, cookie, bulkTimeout))
      }),
      onWrite: (answer: "came" | "lost") => {
        lostSince = answer === "came" ? undefined : lostSince ?? sentAt
        writes.sentAt = lostSince ?? sentAt
        writes.count++
      }
    }
  }

  const importBatch = Effect.fn("WealthfolioRepo.importBatch")(function*(rows: ReadonlyArray<NewActivity>) {
    const { zone } = yield* checked()
    const outcomes: Array<BatchOutcome> = []
    for (let start = 0; start < rows.length; start += rowsPerRequest) {
      const wire = rows.slice(start, start + rowsPerRequest).map((row) => Bulk.toRow(row, options.accountId, zone))
      const { onWrite, post } = bulks()
      outcomes.push(yield* Bulk.write(wire, { post, existing }, onWrite))
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

  const search = (filter: object) => ({
    page: (page: number, pageSize: number) =>
      Effect.flatMap(
        post("/activities/search", { page, pageSize, ...filter, sort: { id: "date", desc: false } }),
        decodeSearch
      ),
    host: transport.host
  })

  const fold = foldingRows({
    search: (filter) => search({ accountIdFilter: options.accountId, ...filter }),
    zone: Effect.map(Effect.suspend(checked), ({ zone }) => zone),
    writes
  })
  const rows: Service["rows"] = ({ keep, ...range }) =>
    fold(range, Arr.empty<TrackerRow>, (kept, row) => {
      if (keep?.(row) ?? true) kept.push(row)
      return kept
    })

  const keyed = Effect.fn("WealthfolioRepo.keyed")(function*(prefix: string) {
    const { zone } = yield* checked()
    const ours = yield* Rows.foldAll(search({}), Arr.empty<TrackerRow>, (kept, row) => {
      if (row.idempotencyKey?.startsWith(prefix) === true) kept.push(Rows.rowOf(row, zone))
      return kept
    })
    return Rows.inRange(ours, {})
  })

  const quote = Effect.fn("WealthfolioRepo.quote")(function*(assetId: string, day: PlainDate) {
    const quotes = yield* Effect.flatMap(
      get(`/market-data/quotes/history?symbol=${encodeURIComponent(assetId)}`),
      decodeQuotes
    ).pipe(
      // A witness that says nothing is none; what else is wrong with the host shows soon enough.
      Effect.catchTag("WealthfolioReplyError", (error) => Effect.as(Effect.logDebug(error.message), []))
    )
    const found = quotes.find(({ dataSource, timestamp }) =>
      timestamp.startsWith(day) && dataSource !== "MANUAL" && dataSource !== "BROKER"
    )
    return found && { close: Wire.decimalOf(found.close), currency: found.currency }
  })

  let answered: boolean | undefined
  const askShorts = Effect.flatMap(Effect.suspend(() => get("/app/info")), decodeInfo).pipe(
    Effect.map(({ version }) => Wire.holdsShortsFrom(version)),
    // Taken for an old one where it does not say: there the cash alone is booked, which is right on both.
    Effect.catchTag("WealthfolioReplyError", (error) => Effect.as(Effect.logDebug(error.message), false)),
    Effect.tap((answer) => Effect.sync(() => answered = answer)),
    Effect.withSpan("WealthfolioRepo.holdsShorts")
  )
  const holdsShorts = Effect.suspend(() => answered === undefined ? askShorts : Effect.succeed(answered))

  return {
    quote,
    holdsShorts,
    account: Effect.map(Effect.suspend(checked), ({ account }) => account),
    existing,
    assets: Effect.fn("WealthfolioRepo.assets")((instruments, { create }) =>
      tie(instruments, { create }, allAssets, createAsset)
    ),
    importBatch,
    recomputedAfter: recomputedAfter({ events, fingerprint, writes, timeout: options.recalcTimeout }),
    recalculate: Effect.gen(function*() {
      const sentAt = yield* Clock.currentTimeMillis
      const reply = yield* post("/portfolio/recalculate", { accountIds: [options.accountId] })
      if (reply.status < 200 || reply.status > 299) return yield* Wire.unexpected(reply)
      writes.sentAt = sentAt
      writes.count++
      writes.recalculations++
    }).pipe(Effect.withSpan("WealthfolioRepo.recalculate")),
    holdings: Effect.gen(function*() {
      return holdingsOf(yield* readHoldings, yield* allAssets)
    }).pipe(Effect.withSpan("WealthfolioRepo.holdings")),
    activitiesAfter: Effect.fn("WealthfolioRepo.activitiesAfter")(function*(day: PlainDate) {
      return (yield* rows({ from: addDays(day, 1), mayBeRecent: true })).filter(isPosted)
    }),
    rows,
    fold,
    keyed,
    replace: Effect.fn("WealthfolioRepo.replace")(function*({ add, remove }: Change) {
      const { zone } = yield* checked()
      const creates = add.map((row) => Bulk.toRow(row, options.accountId, zone))
      const { onWrite, post } = bulks()
      return yield* replace({ remove, add: creates }, { post, existing }, onWrite)
    })
  }
}
