import { randomUUID } from "node:crypto"
import type { Decimal } from "../../../src/Portfolio/Decimal.ts"
import type { Account, Activity, Asset, Settings, Snapshot, Version } from "./Model.ts"
import { Problem } from "./Model.ts"
import * as Numbers from "./Numbers.ts"
import { naive } from "./Time.ts"

export const missingRecord = "Database operation failed: Record not found: Record not found"
export const missingInWrite = `Database operation failed: Internal database error: ${missingRecord}`

/** The database: everything a server would find again after a restart. */
export class Store {
  readonly accounts = new Map<string, Account>()
  readonly assets = new Map<string, Asset>()
  readonly activities = new Map<string, Activity>()
  /** Per account, oldest day first. */
  readonly snapshots = new Map<string, ReadonlyArray<Snapshot>>()
  /** `USD/GBP` to rate. None unless a test sets one. */
  readonly rates = new Map<string, Decimal>()
  /** Of the quote source, by asset. */
  readonly quotes = new Map<
    string,
    ReadonlyArray<{ readonly day: string; readonly close: string; readonly currency: string }>
  >()
  /** Last price typed in for a MANUAL asset. */
  readonly prices = new Map<string, Decimal>()
  readonly settings: Settings
  version: Version
  readonly now: () => Date
  private readonly byKey = new Map<string, string>()
  private undo: Array<() => void> | undefined

  constructor(options: {
    version: Version
    readonly now: () => Date
    readonly baseCurrency: string
    readonly timezone: string
  }) {
    this.version = options.version
    this.now = options.now
    this.settings = {
      theme: "light",
      font: "font-mono",
      baseCurrency: options.baseCurrency,
      timezone: options.timezone,
      instanceId: randomUUID().replaceAll("-", "").toUpperCase(),
      onboardingCompleted: false,
      autoUpdateCheckEnabled: true,
      menuBarVisible: true,
      syncEnabled: true
    }
  }

  account(id: string): Account {
    const found = this.accounts.get(id)
    if (found === undefined) throw new Problem(missingRecord)
    return found
  }

  activityOf(key: string): string | undefined {
    return this.byKey.get(key)
  }

  assetByKey(key: string): Asset | undefined {
    for (const asset of this.assets.values()) if (asset.instrumentKey === key) return asset
    return undefined
  }

  isDuplicate(key: string | null): boolean {
    return key !== null && this.byKey.has(key)
  }

  put(activity: Activity): void {
    const before = this.activities.get(activity.id)
    this.undo?.push(() => (before === undefined ? this.remove(activity.id) : this.put(before)))
    this.activities.set(activity.id, activity)
    if (activity.idempotencyKey !== null) this.byKey.set(activity.idempotencyKey, activity.id)
  }

  remove(id: string): void {
    const found = this.activities.get(id)
    if (found === undefined) return
    this.undo?.push(() => this.put(found))
    this.activities.delete(id)
    if (found.idempotencyKey !== null) this.byKey.delete(found.idempotencyKey)
  }

  /** All or nothing: whatever `write` did to the activities is taken back when it throws. */
  transaction<A>(write: () => A): A {
    const undo: Array<() => void> = []
    this.undo = undo
    try {
      return write()
    } catch (cause) {
      this.undo = undefined
      for (const step of undo.toReversed()) step()
      throw cause
    } finally {
      this.undo = undefined
    }
  }

  dropAccount(id: string): void {
    if (!this.accounts.delete(id)) return
    for (const each of this.activities.values()) if (each.accountId === id) this.remove(each.id)
    this.snapshots.delete(id)
  }

  /** A pair seen for the first time becomes an asset of kind FX, without a rate; `gbp` for `GBP` fails. */
  ensurePair(from: string, to: string): void {
    const [source, target] = [Numbers.major(from).currency, Numbers.major(to).currency]
    if (source === target || source === "" || target === "") return
    const [base, quote] = [source.toUpperCase(), target.toUpperCase()]
    if (base === quote) throw new Problem(missingInWrite)
    const key = `FX:${base}/${quote}`
    if (this.assetByKey(key) !== undefined) return
    const id = randomUUID()
    const at = naive(this.now())
    this.assets.set(id, {
      id,
      kind: "FX",
      name: `${base}/${quote} Exchange Rate`,
      displayCode: `${base}/${quote}`,
      notes: null,
      metadata: null,
      isActive: true,
      quoteMode: "MARKET",
      quoteCcy: quote,
      instrumentType: "FX",
      instrumentSymbol: base,
      instrumentExchangeMic: null,
      instrumentKey: key,
      providerConfig: {
        preferred_provider: "YAHOO",
        overrides: { YAHOO: { symbol: `${base}${quote}=X`, type: "fx_symbol" } }
      },
      createdAt: at,
      updatedAt: at
    })
  }
}
