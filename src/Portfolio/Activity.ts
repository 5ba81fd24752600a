import * as Decimals from "./Decimal.ts"
import type { Decimal } from "./Decimal.ts"
import type { PlainDate } from "./PlainDate.ts"

/** The activity types a broker row can become; the tracker gives each its direction, so signs are told by type. */
export type ActivityType =
  | "BUY"
  | "SELL"
  | "DIVIDEND"
  | "INTEREST"
  | "DEPOSIT"
  | "WITHDRAWAL"
  | "FEE"
  | "TAX"
  | "CREDIT"
  | "TRANSFER_IN"
  | "TRANSFER_OUT"
  | "SPLIT"

/**
 * One thing that happened in the account. `quantity`, `unitPrice`, `amount` and `fee` are absolute; the direction is in
 * `type`. `amount` is the cash that moves, fee included.
 */
export interface Activity {
  /** The broker's id for the row: `ibkr:trade:6000000001`. */
  readonly externalId: string
  readonly type: ActivityType
  /** A short position is opened or closed: only for a tracker that holds such. */
  readonly subtype?: "REFUND" | "POSITION_OPEN" | "POSITION_CLOSE"
  /** The broker's trade date or report date. */
  readonly date: PlainDate
  /** The broker's wall-clock `HH:mm:ss`; absent for rows that have only a day. */
  readonly time?: string
  /** Orders rows of one second; 0–999. */
  readonly millisecond: number
  readonly instrumentKey?: string
  /** The broker's order: fills of one order share it. */
  readonly order?: string
  /** Rows of one event, such as the two legs of a conversion, share it. */
  readonly group?: string
  /** Of a transfer: it came from, or went to, outside of all that the person holds here. */
  readonly isExternal?: boolean
  readonly currency: string
  readonly quantity?: Decimal
  readonly unitPrice?: Decimal
  readonly amount: Decimal
  readonly fee?: Decimal
  /** Of a SPLIT: units after it per unit before, 0.125 for one in eight. */
  readonly ratio?: Decimal
  /** Shown in the tracker beside the row. */
  readonly note?: string
  /** SHA-256 over the broker's own fields; changes when the broker changed the row, never when our mapping did. */
  readonly contentHash: string
  /** The section the row stood in. */
  readonly section: string
  /** Rows of one subject may correct one another: a trade and its cancel, a dividend and its reversal. */
  readonly subject?: string
  /** Of a row that is in no statement: what it is mapped from. The store keeps it. */
  readonly source?: SourceRow
}

export const skipReasons = [
  "unknown-type",
  "unsupported-asset-category",
  "no-id",
  "unreadable",
  "superseded",
  "reversed",
  "cancelled",
  "unknown-venue",
  "unknown-instrument",
  "unknown-currency",
  "ambiguous-asset",
  "currency-mismatch",
  "refused",
  "adopt-candidate",
  "before-start-date",
  "ignored",
  "missing",
  "short",
  "no-effect",
  "unclear-action",
  "unvested"
] as const

export type SkipReason = (typeof skipReasons)[number]

export interface PositionMove {
  readonly instrumentKey: string
  readonly quantity: Decimal
}

/** What an activity moves of a position, signed. */
export const positionMove = ({ instrumentKey, quantity, type }: Activity): PositionMove | undefined => {
  if (instrumentKey === undefined || quantity === undefined) return undefined
  if (type === "BUY" || type === "TRANSFER_IN") return { instrumentKey, quantity }
  return type === "SELL" || type === "TRANSFER_OUT"
    ? { instrumentKey, quantity: Decimals.negate(quantity) }
    : undefined
}

/** A broker row that was not booked, and why. */
export interface SkippedRow {
  readonly section: string
  /** Absent when the row has no usable id. */
  readonly externalId?: string
  readonly reason: SkipReason
  readonly detail: string
  /** True where the row is kept and tried again in every run. */
  readonly held: boolean
  /** The row as the broker sent it; kept by the store for held rows. */
  readonly source?: SourceRow
  /** Of the broker's own fields, as on an activity. */
  readonly contentHash?: string
  /** The broker's day of the row, where it could be read. */
  readonly date?: PlainDate
  /** As on an activity. */
  readonly subject?: string
  /** What it would have moved, signed. */
  readonly position?: PositionMove
  /** The row that takes this one back, of which both stay out. */
  readonly takenBackBy?: string
  readonly takesBack?: string
}

/** A broker row as it came, with the instrument row that explains it, so that it can be mapped again without its statement. */
export interface SourceRow {
  readonly section: string
  readonly fields: Readonly<Record<string, string>>
  /** What it was called in its statement, where it may share its id with another row. */
  readonly externalId?: string
  readonly context?: ReadonlyArray<SourceRow>
}

/** Signed cash effect in `activity.currency`: positive adds cash. */
export const cashSign = (type: ActivityType): -1 | 0 | 1 => {
  switch (type) {
    case "SELL":
    case "DIVIDEND":
    case "INTEREST":
    case "DEPOSIT":
    case "CREDIT":
    case "TRANSFER_IN":
      return 1
    case "BUY":
    case "WITHDRAWAL":
    case "FEE":
    case "TAX":
    case "TRANSFER_OUT":
      return -1
    case "SPLIT":
      return 0
  }
}

/** What an activity moves in its currency; zero for what moves no cash. */
export const signedCash = ({ amount, type }: Activity): Decimal => {
  const sign = cashSign(type)
  return sign === 0 ? Decimals.zero : sign > 0 ? amount : Decimals.negate(amount)
}
