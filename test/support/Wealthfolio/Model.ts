import type { Decimal } from "../../../src/Portfolio/Decimal.ts"

/**
 * Which Wealthfolio is played: release 3.1.0, release 3.2.1 (`TAG`), the main branch of April 2026 (`TREE`, says 3.2.1
 * too), release 3.6.3 (`SHORTS`: short positions, OIDC in the status), or the line after it (`NEWER`: final cash amounts,
 * `asset` for `symbol`).
 */
export type Version = "3.1.0" | "TAG" | "TREE" | "SHORTS" | "NEWER"

export interface Account {
  readonly id: string
  name: string
  accountType: string
  group: string | null
  readonly currency: string
  isDefault: boolean
  isActive: boolean
  isArchived: boolean
  trackingMode: "TRANSACTIONS" | "HOLDINGS" | "NOT_SET"
  readonly platformId: string | null
  readonly accountNumber: string | null
  readonly meta: string | null
  readonly provider: string | null
  readonly providerAccountId: string | null
  readonly createdAt: string
  updatedAt: string
}

export interface Asset {
  readonly id: string
  readonly kind: string
  name: string | null
  displayCode: string | null
  notes: string | null
  metadata: unknown
  isActive: boolean
  quoteMode: "MARKET" | "MANUAL"
  quoteCcy: string
  readonly instrumentType: string | null
  readonly instrumentSymbol: string | null
  readonly instrumentExchangeMic: string | null
  readonly instrumentKey: string | null
  readonly providerConfig: unknown
  readonly createdAt: string
  updatedAt: string
}

/** A stored row; decimals are the text that the database holds. */
export interface Activity {
  readonly id: string
  accountId: string
  assetId: string | null
  activityType: string
  subtype: string | null
  status: string
  /** Microseconds since the epoch: what orders rows. */
  instant: bigint
  activityDate: string
  quantity: string | null
  unitPrice: string | null
  amount: string | null
  fee: string | null
  fxRate: string | null
  currency: string
  notes: string | null
  metadata: string | null
  sourceSystem: string | null
  readonly sourceRecordId: string | null
  readonly sourceGroupId: string | null
  readonly idempotencyKey: string | null
  isUserModified: boolean
  needsReview: boolean
  readonly createdAt: string
  updatedAt: string
}

export interface Settings {
  theme: string
  font: string
  baseCurrency: string
  timezone: string
  readonly instanceId: string
  onboardingCompleted: boolean
  autoUpdateCheckEnabled: boolean
  menuBarVisible: boolean
  syncEnabled: boolean
}

export interface Lot {
  readonly id: string
  readonly acquired: bigint
  readonly quantity: Decimal
  readonly costBasis: Decimal
  readonly price: Decimal
  readonly fees: Decimal
}

export interface Position {
  readonly assetId: string
  readonly currency: string
  readonly opened: bigint
  readonly multiplier: Decimal
  readonly lots: ReadonlyArray<Lot>
}

/** An account at the end of a day. */
export interface Snapshot {
  readonly day: string
  readonly positions: ReadonlyMap<string, Position>
  readonly cash: ReadonlyMap<string, Decimal>
  readonly netContribution: Decimal
}

export type Headers = Record<string, string>

export interface Reply {
  readonly status: number
  readonly headers?: Headers
  /** JSON unless `text` is there. */
  readonly json?: unknown
  readonly text?: string
}

/** Thrown by handlers; becomes `{code, message}`. */
export class Problem extends Error {
  readonly status: number
  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}

/** Thrown by the extractors; becomes plain text. */
export class Unreadable extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}
