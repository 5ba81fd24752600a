import * as Decimal from "../../../src/Portfolio/Decimal.ts"
import * as Assets from "./Assets.ts"
import type { Activity, Asset } from "./Model.ts"
import { Problem } from "./Model.ts"
import * as Numbers from "./Numbers.ts"
import type { NewRow } from "./Rows.ts"
import { contentKey } from "./Rows.ts"
import type { Store } from "./Store.ts"
import * as Symbols from "./Symbols.ts"
import { dayIn, instantOf, printInstant } from "./Time.ts"

const invalid = (text: string): Problem => new Problem(`Activity error: Invalid data: ${text}`)

const assetBacked = new Set(["BUY", "SELL", "SPLIT", "DIVIDEND", "ADJUSTMENT"])
const assetBackedSubtypes = new Set(["DRIP", "DIVIDEND_IN_KIND", "STAKING_REWARD"])
const priceBearing = new Set(["BUY", "SELL", "TRANSFER_IN"])
const cashBearing = new Set([
  "BUY",
  "SELL",
  "DIVIDEND",
  "INTEREST",
  "DEPOSIT",
  "WITHDRAWAL",
  "FEE",
  "TAX",
  "CREDIT"
])
const types = new Set([...cashBearing, "SPLIT", "TRANSFER_IN", "TRANSFER_OUT", "ADJUSTMENT", "UNKNOWN"])

export const checkType = (type: string): void => {
  if (types.has(type)) return
  throw new Problem(
    "Database operation failed: Internal database error: Database operation failed: Database query failed: " +
      "CHECK constraint failed: activity_type IN (\n        'BUY', 'SELL', 'SPLIT',\n        'DIVIDEND', 'INTEREST', " +
      "'DEPOSIT', 'WITHDRAWAL',\n        'TRANSFER_IN', 'TRANSFER_OUT', 'FEE', 'TAX',\n        'CREDIT', " +
      "'ADJUSTMENT', 'UNKNOWN'\n    )"
  )
}

/** What a row says about its asset, before anything is created. */
export type Spec =
  | { readonly _tag: "Id"; readonly id: string; readonly row: NewRow }
  | {
    readonly _tag: "Identity"
    readonly identity: Assets.Identity & { readonly symbol: string; readonly type: string }
    readonly quoteCcy: string
    readonly row: NewRow
  }

/** The asset that a row is about, judged without a network: its symbol text wins over its id. */
export const specOf = (store: Store, row: NewRow, accountCurrency: string, single: boolean): Spec | undefined => {
  const given = row.symbol
  const text = given?.symbol?.trim() ?? ""
  if (given === undefined || text === "") {
    if (given !== undefined && (given.id ?? "") !== "") return { _tag: "Id", id: given.id ?? "", row }
    if (!assetBacked.has(row.activityType) && !assetBackedSubtypes.has(row.subtype ?? "")) return undefined
    throw invalid(
      single
        ? "Asset-backed activities need either asset_id or symbol"
        : "Asset-backed activity needs symbol or asset_id"
    )
  }
  if (Symbols.isGarbage(text)) throw invalid(`Invalid symbol '${text}'. Please search for a valid ticker.`)
  const [symbol, suffixMic] = Symbols.split(text)
  const said = given.mic ?? suffixMic
  const type = Symbols.typeOf(symbol, said, given.label)
  const currency = row.currency === "" ? accountCurrency : row.currency
  if (type === "CRYPTO" || type === "FX") {
    const [coin = symbol, pair] = type === "CRYPTO" ? symbol.split("-") : [symbol]
    const quoteCcy = pair ?? Assets.rowCurrency(given.quoteCcy) ?? currency
    return { _tag: "Identity", identity: { type, symbol: coin, mic: null }, quoteCcy, row }
  }
  const mic = type === "OPTION" ? null : said
  const identity = { type, symbol: type === "OPTION" ? symbol.replaceAll(" ", "") : symbol, mic }
  const existing = find(store, identity, "")
  const explicit = Assets.rowCurrency(given.quoteCcy)
  if (explicit === null && existing === undefined && given.quoteMode !== "MANUAL") {
    throw invalid("Quote currency is required. Please re-select the symbol.")
  }
  const quoteCcy = explicit ?? existing?.quoteCcy ?? Symbols.venueCurrency(mic) ?? currency
  return { _tag: "Identity", identity, quoteCcy, row }
}

const find = (store: Store, identity: Assets.Identity, quoteCcy: string): Asset | undefined => {
  const key = Symbols.keyOf(identity.type, identity.symbol, identity.mic, quoteCcy)
  return key === null ? undefined : store.assetByKey(key)
}

/** Finds or creates. What is created stays, whatever becomes of the row. */
export const ensureAsset = (store: Store, spec: Spec): Asset => {
  const { row } = spec
  const quoteMode = row.symbol?.quoteMode === "MANUAL" ? "MANUAL" as const : "MARKET" as const
  if (spec._tag === "Id") {
    return store.assets.get(spec.id) ?? Assets.insert(store, {
      id: spec.id,
      type: null,
      symbol: null,
      mic: null,
      name: row.symbol?.name ?? null,
      quoteMode,
      quoteCcy: row.currency
    })
  }
  const { identity } = spec
  return find(store, identity, spec.quoteCcy) ?? Assets.insert(store, {
    type: identity.type,
    symbol: identity.symbol.toUpperCase(),
    mic: identity.mic?.toUpperCase() ?? null,
    name: row.symbol?.name ?? null,
    quoteMode,
    quoteCcy: spec.quoteCcy,
    providerConfig: quoteMode === "MARKET" ? { preferred_provider: "YAHOO" } : null
  })
}

/** The row as it will be stored, but for its id and timestamps. */
export type Prepared = Omit<Activity, "id" | "createdAt" | "updatedAt">

const absolute = (value: Decimal.Decimal | undefined): Decimal.Decimal | undefined =>
  value === undefined ? undefined : Decimal.abs(value)

/** Signs dropped, pence folded, key chosen. Fails where the server calls a row invalid. */
export const prepare = (
  store: Store,
  row: NewRow,
  asset: Asset | undefined,
  accountCurrency: string
): Prepared => {
  if (row.accountId.trim() === "") throw new Problem("Invalid data: Account ID cannot be empty")
  if (row.activityType.trim() === "") throw new Problem("Invalid data: Activity type cannot be empty")
  const instant = instantOf(row.activityDate)
  if (instant === undefined) {
    throw new Problem("Invalid data: Invalid date format. Expected ISO 8601/RFC3339 or YYYY-MM-DD")
  }
  if (store.version === "NEWER") checkFinalAmount(row, asset)
  const { currency, minor } = Numbers.major(
    row.currency === "" ? (asset?.quoteCcy ?? accountCurrency) : row.currency
  )
  const folded = (value: Decimal.Decimal | undefined) => value === undefined ? undefined : Numbers.fold(value, minor)
  const quantity = absolute(row.quantity)
  const unitPrice = folded(absolute(row.unitPrice))
  const isAssetTransfer = row.activityType.startsWith("TRANSFER_") && asset !== undefined
  const clearsAmount = isAssetTransfer && unitPrice !== undefined && hasTreeRules(store)
  const amount = clearsAmount ? undefined : folded(absolute(row.amount))
  if (asset?.quoteMode === "MANUAL" && priceBearing.has(row.activityType) && row.unitPrice !== undefined) {
    store.prices.set(asset.id, Numbers.fold(Decimal.abs(row.unitPrice), minor))
  }
  const key = (row.idempotencyKey ?? "").trim()
  const text = (value: Decimal.Decimal | undefined) => value === undefined ? null : Numbers.print(value)
  return {
    accountId: row.accountId,
    assetId: asset?.id ?? (row.symbol?.id === "" ? "" : null),
    activityType: row.activityType,
    subtype: row.subtype,
    status: row.status,
    instant,
    activityDate: printInstant(instant),
    quantity: text(quantity),
    unitPrice: text(unitPrice),
    amount: text(amount),
    fee: text(folded(absolute(row.fee))),
    fxRate: text(row.fxRate),
    currency,
    notes: row.notes,
    metadata: row.metadata,
    sourceSystem: row.sourceSystem ?? "MANUAL",
    sourceRecordId: row.sourceRecordId,
    sourceGroupId: row.sourceGroupId,
    idempotencyKey: key === ""
      ? contentKey(row, dayIn("UTC")(instant), asset?.id ?? null, [quantity, unitPrice, amount], currency)
      : key,
    isUserModified: false,
    needsReview: row.needsReview
  }
}

export const hasTreeRules = (store: Store): boolean => store.version === "TREE" || holdsShorts(store)

export const holdsShorts = (store: Store): boolean => store.version === "SHORTS" || store.version === "NEWER"

const checkFinalAmount = (row: NewRow, asset: Asset | undefined): void => {
  const bears = cashBearing.has(row.activityType) || (row.activityType.startsWith("TRANSFER_") && asset === undefined)
  if (bears && row.amount === undefined) {
    throw invalid(`${row.activityType} activities require a final cash amount`)
  }
}
