import { randomUUID } from "node:crypto"
import * as Input from "./Input.ts"
import type { Activity } from "./Model.ts"
import { Problem } from "./Model.ts"
import type { Prepared } from "./Prepare.ts"
import { checkType, ensureAsset, prepare, type Spec, specOf } from "./Prepare.ts"
import type { Change, NewRow } from "./Rows.ts"
import * as Rows from "./Rows.ts"
import type { Store } from "./Store.ts"
import { missingInWrite } from "./Store.ts"
import { instantOf, nowInstant, printInstant } from "./Time.ts"

/** What a write touched: whose holdings are to be computed anew, and from which instant on. */
export interface Touched {
  readonly accountIds: ReadonlySet<string>
  /** From the beginning when absent. */
  readonly since?: bigint | undefined
}

export interface Written {
  readonly reply: unknown
  readonly touched?: Touched
}

const duplicate = (id?: string): Problem =>
  new Problem(
    "Activity error: Invalid data: Duplicate activity detected. A matching activity already exists" +
      (id === undefined ? "." : ` (id: ${id}).`)
  )

const touchedBy = (rows: ReadonlyArray<{ readonly accountId: string; readonly instant: bigint }>): Touched => ({
  accountIds: new Set(rows.map((each) => each.accountId)),
  since: rows.reduce((least, each) => (each.instant < least ? each.instant : least), rows[0]?.instant ?? 0n)
})

const currencyOf = (store: Store, accountId: string): string => {
  const { currency } = store.account(accountId)
  return currency === "" ? store.settings.baseCurrency : currency
}

const registerPairs = (store: Store, row: NewRow, quoteCcy: string | undefined, accountCurrency: string): void => {
  const currency = row.currency === "" ? (quoteCcy ?? accountCurrency) : row.currency
  store.ensurePair(currency, accountCurrency)
  if (quoteCcy !== undefined && quoteCcy !== currency) store.ensurePair(quoteCcy, accountCurrency)
}

const insert = (store: Store, row: Prepared): Activity => {
  checkType(row.activityType)
  if (!store.accounts.has(row.accountId) || (row.assetId !== null && !store.assets.has(row.assetId))) {
    throw new Problem(
      "Database operation failed: Internal database error: Database operation failed: " +
        "Foreign key violation: FOREIGN KEY constraint failed"
    )
  }
  if (store.isDuplicate(row.idempotencyKey)) throw duplicate()
  const at = printInstant(nowInstant(store.now()))
  const stored: Activity = { ...row, id: randomUUID(), createdAt: at, updatedAt: at }
  store.put(stored)
  return stored
}

/** POST /activities. */
export const create = (store: Store, input: unknown): Written => {
  const row = Rows.decode(input, "")
  const accountCurrency = currencyOf(store, row.accountId)
  const spec = specOf(store, row, accountCurrency, true)
  const asset = spec === undefined ? undefined : ensureAsset(store, spec)
  if (asset !== undefined && (row.symbol?.quoteMode === "MARKET" || row.symbol?.quoteMode === "MANUAL")) {
    asset.quoteMode = row.symbol.quoteMode
  }
  registerPairs(store, row, asset?.quoteCcy, accountCurrency)
  const prepared = wrapped(() => prepare(store, row, asset, accountCurrency))
  const existing = prepared.idempotencyKey === null ? undefined : store.activityOf(prepared.idempotencyKey)
  if (existing !== undefined) throw duplicate(existing)
  const stored = store.transaction(() => insert(store, prepared))
  return { reply: Rows.print(stored), touched: touchedBy([stored]) }
}

const wrapped = <A>(evaluate: () => A): A => {
  try {
    return evaluate()
  } catch (cause) {
    if (cause instanceof Problem && cause.message.startsWith("Invalid data:")) {
      throw new Problem(`Activity error: ${cause.message}`)
    }
    throw cause
  }
}

interface RowError {
  readonly id: string | null
  readonly action: "create" | "update" | "delete"
  readonly message: string
}

/** Runs one row's preparation; what the server says about it is collected instead of thrown. */
const collect = <A>(errors: Array<RowError>, at: Omit<RowError, "message">, evaluate: () => A): A | undefined => {
  try {
    return evaluate()
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause
    errors.push({ ...at, message: cause.message })
    return undefined
  }
}

/**
 * POST /activities/bulk: rows are prepared first (assets made meanwhile stay); one bad row and nothing is written, still
 * 200. Then deletes, updates and creates in one transaction: any failure there takes all back, 400.
 */
export const bulk = (store: Store, input: unknown): Written => {
  const from: Input.Json = Array.isArray(input) ? {} : Input.record(input, "")
  const rows = Input.list(from, "creates").map((each, index) => Rows.decode(each, `creates[${index}]`))
  const changes = Input.list(from, "updates").map((each, index) => Rows.decodeChange(each, `updates[${index}]`))
  const deleteIds = Input.texts(from["deleteIds"], "deleteIds")
  const errors: Array<RowError> = []
  const prepared = prepareAll(store, rows, errors)
  const updates = changes.map((change) =>
    collect(errors, { id: change.id, action: "update" }, () => prepareChange(store, change))
  )
  const gone = deleteIds.map((id) =>
    collect(errors, { id, action: "delete" }, () => {
      const found = store.activities.get(id)
      if (found === undefined) throw new Problem("Activity error: Not found: Record not found")
      return found
    })
  )
  const nothing = { created: [], updated: [], deleted: [], createdMappings: [], errors }
  if (errors.length > 0) return { reply: nothing }
  const before = changes.flatMap(({ id }) => {
    const found = store.activities.get(id)
    return found === undefined ? [] : [{ accountId: found.accountId, instant: found.instant }]
  })
  const done = store.transaction(() => {
    const deleted = gone.flatMap((each) => (each === undefined ? [] : [each]))
    for (const each of deleted) {
      if (!store.activities.has(each.id)) throw new Problem(missingInWrite)
      store.remove(each.id)
    }
    const updated = updates.flatMap((apply) => (apply === undefined ? [] : [apply()]))
    return { deleted, updated, created: prepared.map((each) => insert(store, each)) }
  })
  const reply = {
    created: done.created.map(Rows.print),
    updated: done.updated.map(Rows.print),
    deleted: done.deleted.map(Rows.print),
    createdMappings: done.created.map((each, index) => ({
      tempId: (rows[index]?.id ?? "") === "" ? null : rows[index]?.id,
      activityId: each.id
    })),
    errors
  }
  const all = [...done.created, ...done.updated, ...done.deleted, ...before]
  return all.length === 0 ? { reply } : { reply, touched: touchedBy(all) }
}

const prepareAll = (store: Store, rows: ReadonlyArray<NewRow>, errors: Array<RowError>): ReadonlyArray<Prepared> => {
  const [first] = rows
  if (first === undefined) return []
  // Only the first row's account is looked up; its currency is taken for all rows.
  const accountCurrency = currencyOf(store, first.accountId)
  const specs = rows.map((row) =>
    collect(errors, { id: row.id, action: "create" }, () => specOf(store, row, accountCurrency, false) ?? null)
  )
  // A bad asset id is no row's error: it fails the request.
  const assets = specs.map((spec: Spec | null | undefined) =>
    spec === null || spec === undefined ? undefined : ensureAsset(store, spec)
  )
  return rows.flatMap((row, index) => {
    registerPairs(store, row, assets[index]?.quoteCcy, accountCurrency)
    if (specs[index] === undefined) return []
    const at = { id: row.id, action: "create" as const }
    return collect(errors, at, () => prepare(store, row, assets[index], accountCurrency)) ?? []
  })
}

/** Judges a change now; the answer applies it. */
const prepareChange = (store: Store, change: Change): () => Activity => {
  const { row } = change
  const accountCurrency = currencyOf(store, row.accountId)
  const spec = specOf(store, row, accountCurrency, true)
  const asset = spec === undefined ? undefined : ensureAsset(store, spec)
  registerPairs(store, row, asset?.quoteCcy, accountCurrency)
  return () => {
    const found = store.activities.get(change.id)
    if (found === undefined) throw new Problem(missingInWrite)
    checkType(row.activityType)
    // A date that cannot be read becomes today, without a word.
    const activityDate = instantOf(row.activityDate) === undefined
      ? store.now().toISOString().slice(0, 10)
      : row.activityDate
    const fresh = prepare(store, { ...row, activityDate }, asset, accountCurrency)
    const kept = (field: "quantity" | "unitPrice" | "amount" | "fee" | "fxRate") =>
      change.named.has(field) ? fresh[field] : found[field]
    const changed: Activity = {
      ...found,
      accountId: row.accountId,
      assetId: fresh.assetId,
      activityType: row.activityType,
      subtype: row.subtype ?? found.subtype,
      status: row.status,
      instant: fresh.instant,
      activityDate: fresh.activityDate,
      quantity: kept("quantity"),
      unitPrice: kept("unitPrice"),
      amount: kept("amount"),
      fee: kept("fee"),
      fxRate: kept("fxRate"),
      currency: fresh.currency,
      notes: row.notes,
      metadata: row.metadata ?? found.metadata,
      isUserModified: true,
      needsReview: false,
      updatedAt: printInstant(nowInstant(store.now()))
    }
    store.put(changed)
    return changed
  }
}

/** PUT /activities. Notes that are not sent again are gone; key and source never change. */
export const update = (store: Store, input: unknown): Written => {
  const change = Rows.decodeChange(input, "")
  const found = store.activities.get(change.id)
  if (found === undefined) throw new Problem("Activity error: Not found: Record not found")
  const before = { accountId: found.accountId, instant: found.instant }
  const changed = store.transaction(prepareChange(store, change))
  return { reply: Rows.print(changed), touched: touchedBy([before, changed]) }
}

export const remove = (store: Store, id: string): Written => {
  const found = store.activities.get(id)
  if (found === undefined) throw new Problem(missingInWrite)
  store.remove(id)
  return { reply: Rows.print(found), touched: touchedBy([found]) }
}

/** POST /activities/import/check-duplicates: only the keys that are there, over all accounts. */
export const duplicates = (store: Store, input: unknown): unknown => {
  const from = Input.record(input, "")
  if (from["idempotencyKeys"] === undefined) throw Input.misfit("", "missing field `idempotencyKeys`")
  const keys = Input.texts(from["idempotencyKeys"], "idempotencyKeys")
  const found = keys.flatMap((key) => {
    const id = store.activityOf(key)
    return id === undefined ? [] : [[key, id] as const]
  })
  return { duplicates: Object.fromEntries(found) }
}
