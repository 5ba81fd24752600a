import * as Decimal from "../../../src/Portfolio/Decimal.ts"
import * as Input from "./Input.ts"
import type { Activity } from "./Model.ts"
import { Problem } from "./Model.ts"
import * as Numbers from "./Numbers.ts"
import { hasTreeRules } from "./Prepare.ts"
import { parseMetadata } from "./Rows.ts"
import type { Store } from "./Store.ts"
import { instantOf, printInstant } from "./Time.ts"

/** One text or several; `undefined` where there is no filter. */
const filter = (from: Input.Json, field: string): ReadonlyArray<string> | undefined => {
  const value = from[field]
  if (value === undefined || value === null) return undefined
  return Input.texts(Array.isArray(value) ? value : [value], field)
}

const day = (from: Input.Json, field: string): bigint | undefined => {
  const text = Input.optional(from, field, "")
  if (text === null) return undefined
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(text) ? instantOf(text) : undefined
  if (instant === undefined) throw new Problem(`Invalid ${field}: input contains invalid characters`)
  return instant
}

const dayMicros = 86_400_000_000n

/** POST /activities/search: pages from 0, `pageSize: -1` is everything; newest first unless sorted; archived accounts hidden. */
export const search = (store: Store, input: unknown): unknown => {
  const from = Input.record(input, "")
  const page = Input.integer(from, "page")
  const size = Input.integer(from, "pageSize")
  const accounts = filter(from, "accountIdFilter")
  const types = filter(from, "activityTypeFilter")
  const instruments = filter(from, "instrumentTypeFilter")
  const keyword = (Input.optional(from, "assetIdKeyword", "") ?? "").toLowerCase()
  const review = from["needsReviewFilter"]
  const [since, until] = [day(from, "dateFrom"), day(from, "dateTo")]
  const keeps = (row: Activity): boolean => {
    const asset = store.assets.get(row.assetId ?? "")
    const named = [row.assetId, asset?.name, asset?.displayCode, row.notes]
    return store.accounts.get(row.accountId)?.isArchived === false &&
      (accounts?.includes(row.accountId) ?? true) &&
      (types?.includes(row.activityType) ?? true) &&
      (instruments?.includes(asset?.instrumentType ?? "") ?? true) &&
      (keyword === "" || named.some((text) => text?.toLowerCase().includes(keyword) === true)) &&
      (typeof review !== "boolean" || review === (row.status === "DRAFT")) &&
      (since === undefined || row.instant >= since) &&
      (until === undefined || row.instant < until + dayMicros)
  }
  const rows = [...store.activities.values()].filter(keeps).sort(order(store, from["sort"]))
  const data = size < 0 ? rows : rows.slice(page * size, (page + 1) * size)
  return { data: data.map((row) => print(store, row)), meta: { totalRowCount: rows.length } }
}

const order = (store: Store, input: unknown): (a: Activity, b: Activity) => number => {
  const first: unknown = Array.isArray(input) ? input[0] : input
  const sort = first === undefined || first === null ? undefined : Input.record(first, "sort")
  const direction = sort === undefined || sort["desc"] === true ? -1 : 1
  const field = String(sort?.["id"] ?? "date")
  const key = (row: Activity): bigint | string =>
    field === "activityType"
      ? row.activityType
      : field === "assetSymbol"
      ? (store.assets.get(row.assetId ?? "")?.displayCode ?? "")
      : field === "accountName"
      ? (store.accounts.get(row.accountId)?.name ?? "")
      : row.instant
  return (a, b) => {
    const [left, right] = [key(a), key(b)]
    if (left !== right) return left < right ? -direction : direction
    return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0
  }
}

const print = (store: Store, row: Activity): Record<string, unknown> => {
  const account = store.accounts.get(row.accountId)
  const asset = store.assets.get(row.assetId ?? "")
  return {
    id: row.id,
    accountId: row.accountId,
    assetId: row.assetId ?? "",
    activityType: row.activityType,
    subtype: row.subtype,
    status: row.status,
    date: printInstant(row.instant),
    quantity: row.quantity,
    unitPrice: row.unitPrice,
    currency: row.currency,
    fee: row.fee,
    amount: row.amount ?? product(row),
    needsReview: row.needsReview,
    comment: row.notes,
    fxRate: row.fxRate,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    accountName: account?.name ?? "",
    accountCurrency: account?.currency ?? "",
    assetSymbol: asset?.displayCode ?? "",
    assetName: asset?.name ?? null,
    exchangeMic: asset?.instrumentExchangeMic ?? null,
    assetPricingMode: asset?.quoteMode ?? "MARKET",
    instrumentType: asset?.instrumentType ?? null,
    sourceSystem: row.sourceSystem,
    sourceRecordId: row.sourceRecordId,
    ...(hasTreeRules(store) ? { sourceGroupId: row.sourceGroupId } : {}),
    idempotencyKey: row.idempotencyKey,
    importRunId: null,
    isUserModified: row.isUserModified,
    metadata: parseMetadata(row.metadata)
  }
}

/** A missing amount is quantity × price. */
const product = (row: Activity): string | null => {
  if (row.quantity === null || row.unitPrice === null) return null
  return Numbers.print(Decimal.multiply(Numbers.stored(row.quantity), Numbers.stored(row.unitPrice)))
}
