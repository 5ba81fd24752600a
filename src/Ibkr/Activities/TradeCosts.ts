import type { Activity } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import type { Trade } from "../FlexReport.ts"
import type { IdentifiedTrade } from "./TradeRows.ts"

export interface Cost {
  readonly currency: string
  /** As IBKR prints it: negative is a cost, positive a rebate. */
  readonly amount: Decimal
}

/** Commission and taxes, by currency: that of the trade first. */
export const costsOf = (trade: Trade): readonly [own: Cost, ...foreign: ReadonlyArray<Cost>] => {
  const commission = trade.ibCommission ?? Decimals.zero
  const taxes = trade.taxes ?? Decimals.zero
  const commissionCurrency = trade.ibCommissionCurrency ?? trade.currency
  return commissionCurrency === trade.currency
    ? [{ currency: trade.currency, amount: Decimals.add(commission, taxes) }]
    : [{ currency: trade.currency, amount: taxes }, { currency: commissionCurrency, amount: commission }]
}

/** What stays of the costs of a trade and its cancel, by currency. */
export const keptCosts = (row: Trade, cancel: Trade): ReadonlyArray<Cost> => {
  const sums = new Map<string, Decimal>()
  for (const { amount, currency } of [...costsOf(row), ...costsOf(cancel)]) {
    sums.set(currency, Decimals.add(sums.get(currency) ?? Decimals.zero, amount))
  }
  return [...sums].flatMap(([currency, amount]) => Decimals.isZero(amount) ? [] : [{ currency, amount }])
}

/** A commission as a row of its own: a cost is a FEE, a rebate a CREDIT. */
export const costRow = (
  row: IdentifiedTrade,
  externalId: string,
  date: PlainDate,
  { amount, currency }: Cost,
  note: string,
  time?: string
): Array<Activity> =>
  Decimals.isZero(amount) ? [] : [{
    externalId,
    type: Decimals.isNegative(amount) ? "FEE" : "CREDIT",
    ...(Decimals.isNegative(amount) ? {} : { subtype: "REFUND" as const }),
    date,
    ...(time === undefined ? {} : { time }),
    millisecond: 0,
    currency,
    amount: Decimals.abs(amount),
    note,
    contentHash: row.contentHash,
    section: row.section,
    ...(row.subject === undefined ? {} : { subject: row.subject })
  }]

/** Costs beside their trade: the first is `…:fee`, one in a further currency `…:fee-USD`. */
export const costRows = (
  row: IdentifiedTrade,
  date: PlainDate,
  costs: ReadonlyArray<Cost>,
  time: string | undefined
): Array<Activity> =>
  costs.filter(({ amount }) => !Decimals.isZero(amount)).flatMap((cost, position) =>
    costRow(
      row,
      position === 0 ? `${row.externalId}:fee` : `${row.externalId}:fee-${cost.currency}`,
      date,
      cost,
      `commission of ${row.externalId}`,
      time
    )
  )
