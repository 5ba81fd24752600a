import type { Decimal } from "./Decimal.ts"
import type { PlainDate } from "./PlainDate.ts"

/** What a broker calls one security line, in the words a tracker needs to find or create it. */
export interface Instrument {
  /** Absent for shares, funds and ETFs, which are named by ticker and market; the others by `ticker` alone. */
  readonly kind?: "OPTION" | "BOND"
  /** Of a contract: units of the underlying; a tracker multiplies quantity × price by it. */
  readonly multiplier?: Decimal
  /** Stable across runs, unique within a broker: the contract id, else symbol, exchange and currency. */
  readonly key: string
  /** What people see: `VUSA.L`, `AAPL`. */
  readonly symbol: string
  /** Without suffix, for the tracker: `VUSA`. ASCII. */
  readonly ticker: string
  /** ISO 10383 market identifier; absent for a US listing whose exchange is not told. */
  readonly mic?: string
  /** Any US market identifier, or none, names the same line (`AAPL@XNAS` is `AAPL`). */
  readonly isUsListing: boolean
  /** The symbol map named this line: what was remembered or tied by contract id yields to it. */
  readonly isMapped?: boolean
  /** The currency the security trades in; absent where only a dividend has been seen. */
  readonly currency?: string
  readonly conid?: string
  /** Contract ids that are the same asset to a tracker: a corporate action put one in another's place. */
  readonly otherConids?: ReadonlyArray<string>
  readonly isin?: string
  readonly name?: string
}

/** Broker-side quantity of one instrument at the end of the statement's last day; negative when short. */
export interface Position {
  readonly instrumentKey: string
  readonly symbol: string
  readonly quantity: Decimal
  /** Signed, of all of it. */
  readonly value?: { readonly amount: Decimal; readonly currency: string }
  /** What one unit was worth that day, where the broker says so. */
  readonly price?: { readonly amount: Decimal; readonly currency: string; readonly day: PlainDate }
}
