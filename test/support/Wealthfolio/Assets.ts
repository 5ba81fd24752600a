import { randomUUID } from "node:crypto"
import * as Input from "./Input.ts"
import type { Asset } from "./Model.ts"
import { Problem } from "./Model.ts"
import type { Store } from "./Store.ts"
import { missingRecord } from "./Store.ts"
import * as Symbols from "./Symbols.ts"
import { naive } from "./Time.ts"

const types = ["EQUITY", "CRYPTO", "FX", "OPTION", "METAL", "BOND"]
const kinds = [
  "INVESTMENT",
  "PROPERTY",
  "VEHICLE",
  "COLLECTIBLE",
  "PRECIOUS_METAL",
  "PRIVATE_EQUITY",
  "LIABILITY",
  "OTHER",
  "FX"
]

/** Three letters in upper case, but pence keep their spelling. */
export const quoteCurrency = (text: string | null): string | null => {
  const code = (text ?? "").trim()
  if (code === "") return null
  return code === "GBp" || code === "ZAc" ? code : code.toUpperCase()
}

/** A row's quote currency, where `GBp` is read as pounds; what is no code at all counts as not said. */
export const rowCurrency = (text: string | null): string | null => {
  const code = (text ?? "").trim()
  if (code.toUpperCase() === "ZAC") return "ZAc"
  return /^[A-Za-z]{3,5}$/.test(code) ? code.toUpperCase() : null
}

export interface Identity {
  readonly type: string | null
  readonly symbol: string | null
  readonly mic: string | null
}

export const insert = (
  store: Store,
  from: Identity & {
    readonly id?: string
    readonly kind?: string
    readonly name?: string | null
    readonly displayCode?: string | null
    readonly notes?: string | null
    readonly metadata?: unknown
    readonly isActive?: boolean
    readonly quoteMode?: "MARKET" | "MANUAL"
    readonly quoteCcy: string
    readonly providerConfig?: unknown
  }
): Asset => {
  const at = naive(store.now())
  const asset: Asset = {
    id: from.id ?? randomUUID(),
    kind: from.kind ?? "INVESTMENT",
    name: from.name ?? null,
    displayCode: from.displayCode ?? from.symbol,
    notes: from.notes ?? null,
    metadata: from.metadata ?? null,
    isActive: from.isActive ?? true,
    quoteMode: from.quoteMode ?? "MARKET",
    quoteCcy: from.quoteCcy,
    instrumentType: from.type,
    instrumentSymbol: from.symbol,
    instrumentExchangeMic: from.mic,
    instrumentKey: Symbols.keyOf(from.type, from.symbol, from.mic, from.quoteCcy),
    providerConfig: from.providerConfig ?? null,
    createdAt: at,
    updatedAt: at
  }
  if (asset.kind === "INVESTMENT" && asset.quoteMode === "MARKET" && (asset.instrumentSymbol ?? "").trim() === "") {
    throw new Problem("Invalid input: Investments with MARKET pricing require an instrument_symbol")
  }
  store.assets.set(asset.id, asset)
  return asset
}

/** POST /assets: an identity that is there comes back as it is, except in 3.1.0, where it is a constraint violation. */
export const create = (store: Store, input: unknown): Asset => {
  const from = Input.record(input, "")
  const kind = Input.oneOf(Input.required(from, "kind", ""), kinds, "kind") ?? "INVESTMENT"
  const mode = Input.oneOf(Input.required(from, "quoteMode", ""), ["MARKET", "MANUAL"], "quoteMode")
  const asked = Input.required(from, "quoteCcy", "")
  const type = Input.oneOf(Input.optional(from, "instrumentType", ""), types, "instrumentType")
  const given = Input.optional(from, "instrumentSymbol", "")
  const [symbol, suffixMic] = given === null || type !== "EQUITY" ? [given, null] : Symbols.split(given)
  const mic = Input.optional(from, "instrumentExchangeMic", "") ?? suffixMic
  const quoteCcy = quoteCurrency(asked) ?? Symbols.venueCurrency(mic)
  if (quoteCcy === null) throw new Problem("Invalid input: Currency (quote_ccy) cannot be empty")
  const identity = { type, symbol: symbol?.toUpperCase() ?? null, mic: mic?.toUpperCase() ?? null }
  const key = Symbols.keyOf(identity.type, identity.symbol, identity.mic, quoteCcy)
  const existing = key === null ? undefined : store.assetByKey(key)
  if (existing !== undefined) {
    if (store.version !== "3.1.0") return existing
    throw new Problem(
      "Database operation failed: Internal database error: Database operation failed: " +
        "Unique constraint violation: UNIQUE constraint failed: assets.instrument_key"
    )
  }
  return insert(store, {
    ...identity,
    kind,
    quoteCcy,
    quoteMode: mode === "MANUAL" ? "MANUAL" : "MARKET",
    name: Input.optional(from, "name", ""),
    displayCode: identity.symbol ?? Input.optional(from, "displayCode", ""),
    isActive: Input.flag(from, "isActive", "", true),
    notes: Input.optional(from, "notes", ""),
    metadata: from["metadata"] ?? null,
    providerConfig: from["providerConfig"] ?? null
  })
}

/** As printed; the venue's name is not there in the answer to a creation. */
export const print = (asset: Asset, created: boolean): Record<string, unknown> => {
  const { createdAt, updatedAt, ...rest } = asset
  const exchangeName = created ? null : Symbols.exchangeName(asset.instrumentExchangeMic)
  return { ...rest, exchangeName, createdAt, updatedAt }
}

export const get = (store: Store, id: string): Asset => {
  const found = store.assets.get(id)
  if (found === undefined) throw new Problem(missingRecord)
  return found
}

/** PUT /assets/profile/{id}, as the page's edit form sends it: metadata that it does not name is kept. */
export const update = (store: Store, id: string, input: unknown): Asset => {
  const from = Input.record(input, "")
  const asset = get(store, id)
  if (from["name"] !== undefined) asset.name = Input.optional(from, "name", "")
  if (from["displayCode"] !== undefined) asset.displayCode = Input.optional(from, "displayCode", "")
  if (from["notes"] !== undefined) asset.notes = Input.optional(from, "notes", "")
  if (typeof from["quoteCcy"] === "string") asset.quoteCcy = quoteCurrency(from["quoteCcy"]) ?? asset.quoteCcy
  if (from["metadata"] !== undefined && from["metadata"] !== null) asset.metadata = from["metadata"]
  asset.updatedAt = naive(store.now())
  return asset
}

export const remove = (store: Store, id: string): void => {
  for (const each of store.activities.values()) {
    if (each.assetId === id) {
      throw new Problem(
        "Database operation failed: Internal database error: Constraint violation: Cannot delete asset: " +
          "it has existing activities. Please delete all associated activities first."
      )
    }
  }
  store.assets.delete(id)
}
