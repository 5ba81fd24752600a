import { Result } from "effect"
import { actionDigest } from "../../src/Ibkr/Activities/ActionRows.ts"
import { cashDigest } from "../../src/Ibkr/Activities/Cash.ts"
import { tradeDigest } from "../../src/Ibkr/Activities/TradeRows.ts"
import {
  type CashTransaction,
  type CorporateAction,
  decodeCashTransaction,
  decodeCorporateAction,
  decodeTrade,
  type Trade
} from "../../src/Ibkr/FlexReport.ts"
import type { SourceRow } from "../../src/Portfolio/Activity.ts"

/** The rows of an input by their content hash, as the booking rules take them. */
export interface Rows {
  readonly trades: ReadonlyMap<string, Trade>
  readonly cash: ReadonlyMap<string, CashTransaction>
  readonly actions: ReadonlyMap<string, CorporateAction>
  /** By section, those that no schema reads. */
  readonly unreadable: ReadonlyMap<string, number>
  /**
   * Some have one hash and say different things beside it. Such rows are one, and which of them stays is up to the order:
   * IBKR prints no two of the kind.
   */
  readonly hasTwins: boolean
}

export const rowsOf = (sources: ReadonlyArray<SourceRow>): Rows => {
  const trades = new Map<string, Trade>()
  const cash = new Map<string, CashTransaction>()
  const actions = new Map<string, CorporateAction>()
  const unreadable = new Map<string, number>()
  const texts = new Map<string, string>()
  let hasTwins = false
  const take = <A>(
    decoded: Result.Result<A, unknown>,
    digestOf: (row: A) => string,
    into: Map<string, A>,
    row: SourceRow
  ) => {
    if (Result.isFailure(decoded)) {
      unreadable.set(row.section, (unreadable.get(row.section) ?? 0) + 1)
      return
    }
    const digest = digestOf(decoded.success)
    const text = JSON.stringify(Object.entries(row.fields).sort())
    hasTwins ||= (texts.get(digest) ?? text) !== text
    texts.set(digest, text)
    into.set(digest, decoded.success)
  }
  for (const row of sources) {
    if (row.section === "Trades") take(decodeTrade(row.fields), tradeDigest, trades, row)
    if (row.section === "CashTransactions") take(decodeCashTransaction(row.fields), cashDigest, cash, row)
    if (row.section === "CorporateActions") take(decodeCorporateAction(row.fields), actionDigest, actions, row)
  }
  return { trades, cash, actions, unreadable, hasTwins }
}
