import { Result } from "effect"
import type { CashTransaction, Trade } from "../../src/Ibkr/FlexReport.ts"
import { decodeMoving, digestOf, type MovingRow } from "../../src/Ibkr/MovingRow.ts"
import type { SourceRow } from "../../src/Portfolio/Activity.ts"

/** The rows of an input by their content hash, as the booking rules take them. */
export interface Rows {
  readonly trades: ReadonlyMap<string, Trade>
  readonly cash: ReadonlyMap<string, CashTransaction>
  /** Of all sections that move something, these two among them. */
  readonly moving: ReadonlyMap<string, MovingRow>
  /** By section, those that no schema reads. */
  readonly unreadable: ReadonlyMap<string, number>
  /**
   * Some have one hash and say different things beside it. Such rows are one, and which of them stays is up to the order:
   * IBKR prints no two of the kind.
   */
  readonly hasTwins: boolean
}

export const rowsOf = (sources: ReadonlyArray<SourceRow>): Rows => {
  const moving = new Map<string, MovingRow>()
  const unreadable = new Map<string, number>()
  const texts = new Map<string, string>()
  let hasTwins = false
  for (const row of sources) {
    const decoded = decodeMoving(row.section, row.fields)
    if (decoded === undefined) continue
    if (Result.isFailure(decoded)) {
      unreadable.set(row.section, (unreadable.get(row.section) ?? 0) + 1)
      continue
    }
    const digest = digestOf(decoded.success)
    const text = JSON.stringify(Object.entries(row.fields).sort())
    hasTwins ||= (texts.get(digest) ?? text) !== text
    texts.set(digest, text)
    moving.set(digest, decoded.success)
  }
  const trades = new Map<string, Trade>()
  const cash = new Map<string, CashTransaction>()
  for (const [digest, each] of moving) {
    if (each.section === "Trades") trades.set(digest, each.row)
    if (each.section === "CashTransactions") cash.set(digest, each.row)
  }
  return { trades, cash, moving, unreadable, hasTwins }
}
