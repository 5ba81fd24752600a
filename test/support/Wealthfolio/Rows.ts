import { createHash } from "node:crypto"
import * as Decimal from "../../../src/Portfolio/Decimal.ts"
import * as Input from "./Input.ts"
import type { Activity } from "./Model.ts"
import { printInstant } from "./Time.ts"

export interface SymbolInput {
  readonly id: string | null
  readonly symbol: string | null
  readonly mic: string | null
  readonly label: string | null
  readonly name: string | null
  readonly quoteMode: string | null
  readonly quoteCcy: string | null
}

/** A row as it was sent: decimals read, nothing judged yet. */
export interface NewRow {
  readonly id: string | null
  readonly accountId: string
  readonly symbol: SymbolInput | undefined
  readonly activityType: string
  readonly activityDate: string
  readonly currency: string
  readonly subtype: string | null
  readonly quantity: Decimal.Decimal | undefined
  readonly unitPrice: Decimal.Decimal | undefined
  readonly amount: Decimal.Decimal | undefined
  readonly fee: Decimal.Decimal | undefined
  readonly fxRate: Decimal.Decimal | undefined
  readonly status: string
  readonly notes: string | null
  readonly metadata: string | null
  readonly needsReview: boolean
  readonly sourceSystem: string | null
  readonly sourceRecordId: string | null
  readonly sourceGroupId: string | null
  readonly idempotencyKey: string | null
}

const symbolOf = (from: Input.Json, path: string): SymbolInput | undefined => {
  const value = from["symbol"] ?? from["asset"]
  if (value === undefined || value === null) return undefined
  const at = path === "" ? "symbol" : `${path}.symbol`
  const given = Input.record(value, at)
  const text = (field: string) => Input.optional(given, field, at)
  return {
    id: text("id"),
    symbol: text("symbol"),
    mic: text("exchangeMic"),
    label: text("instrumentType") ?? text("kind"),
    name: text("name"),
    quoteMode: text("quoteMode")?.toUpperCase() ?? null,
    quoteCcy: text("quoteCcy")
  }
}

export const decode = (input: unknown, path: string): NewRow => {
  const from = Input.record(input, path)
  const text = (field: string) => Input.optional(from, field, path)
  const number = (field: string) => Input.decimal(from, field, path)
  return {
    id: text("id"),
    accountId: Input.required(from, "accountId", path),
    symbol: symbolOf(from, path),
    activityType: Input.required(from, "activityType", path),
    activityDate: Input.required(from, "activityDate", path),
    currency: Input.required(from, "currency", path),
    subtype: text("subtype"),
    quantity: number("quantity"),
    unitPrice: number("unitPrice"),
    amount: number("amount"),
    fee: number("fee"),
    fxRate: number("fxRate"),
    status: Input.status(from, path) ?? "POSTED",
    notes: text("notes") ?? text("comment"),
    metadata: text("metadata"),
    needsReview: from["needsReview"] === null ? false : Input.flag(from, "needsReview", path, false),
    sourceSystem: text("sourceSystem"),
    sourceRecordId: text("sourceRecordId"),
    sourceGroupId: text("sourceGroupId"),
    idempotencyKey: text("idempotencyKey")
  }
}

const patched = ["quantity", "unitPrice", "amount", "fee", "fxRate"] as const

/** A change of a row: a numeric field that is absent is kept, null clears it. */
export interface Change {
  readonly id: string
  readonly row: NewRow
  readonly named: ReadonlySet<(typeof patched)[number]>
}

export const decodeChange = (input: unknown, path: string): Change => {
  const from = Input.record(input, path)
  return {
    id: Input.required(from, "id", path),
    row: decode(input, path),
    named: new Set(patched.filter((field) => from[field] !== undefined))
  }
}

/** What stands in for a key that was not sent: two rows alike on one day collide. */
export const contentKey = (
  row: NewRow,
  day: string,
  assetId: string | null,
  numbers: ReadonlyArray<Decimal.Decimal | undefined>,
  currency: string
): string =>
  createHash("sha256")
    .update(
      [
        row.accountId,
        row.activityType,
        day,
        assetId ?? "",
        ...numbers.map((each) => (each === undefined ? "" : Decimal.format(each))),
        currency,
        row.sourceRecordId ?? "",
        (row.notes ?? "").trim().replaceAll(/\s+/g, " ").toLowerCase()
      ].join("|")
    )
    .digest("hex")

/** An activity as the writing endpoints print it. */
export const print = (row: Activity): Record<string, unknown> => ({
  id: row.id,
  accountId: row.accountId,
  assetId: row.assetId,
  activityType: row.activityType,
  activityTypeOverride: null,
  sourceType: null,
  subtype: row.subtype,
  status: row.status,
  activityDate: printInstant(row.instant),
  quantity: row.quantity,
  unitPrice: row.unitPrice,
  amount: row.amount,
  fee: row.fee,
  currency: row.currency,
  fxRate: row.fxRate,
  notes: row.notes,
  ...printMetadata(row.metadata),
  sourceSystem: row.sourceSystem,
  sourceRecordId: row.sourceRecordId,
  sourceGroupId: row.sourceGroupId,
  idempotencyKey: row.idempotencyKey,
  importRunId: null,
  isUserModified: row.isUserModified,
  needsReview: row.needsReview,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt
})

export const parseMetadata = (text: string | null): unknown => {
  if (text === null) return null
  try {
    return sorted(JSON.parse(text))
  } catch {
    return null
  }
}

/** The server keeps no order of keys: they come out sorted. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]))
}

const printMetadata = (text: string | null): Record<string, unknown> => {
  const metadata = parseMetadata(text)
  return metadata === null ? {} : { metadata }
}
