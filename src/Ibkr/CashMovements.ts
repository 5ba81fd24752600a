import type { CashKind } from "../Portfolio/CashBridge.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"
import { legsOf } from "./Activities/FxTrades.ts"
import { proceedsOf } from "./Activities/TradeRows.ts"
import { isMarginSettled } from "./Category.ts"
import type { CashTransaction, Trade } from "./FlexReport.ts"
import type { MovingRow } from "./MovingRow.ts"

/** What a row moves, whatever becomes of it. */
export interface CashMovement {
  readonly currency: string
  readonly kind: CashKind
  /** Signed. */
  readonly amount: Decimal
}

export const isConversion = ({ assetCategory }: Trade): boolean => assetCategory === "CASH"

const tradeMovements = (trade: Trade): ReadonlyArray<CashMovement> => {
  const { currency, ibCommission, ibCommissionCurrency = currency, taxes } = trade
  const legs: ReadonlyArray<CashMovement> = isConversion(trade)
    ? legsOf(trade).map(([currency, amount]) => ({ currency, kind: "conversions", amount }))
    // Their notional never moves.
    : isMarginSettled(trade.assetCategory ?? "")
    ? []
    : [{ currency, kind: "trades", amount: proceedsOf(trade) }]
  return [
    ...legs,
    ...(ibCommission === undefined
      ? []
      : [{ currency: ibCommissionCurrency, kind: "commissions" as const, amount: ibCommission }]),
    ...(taxes === undefined ? [] : [{ currency, kind: "transactionTaxes" as const, amount: taxes }])
  ]
}

/** Of every cash type known, booked or not: which component of the Cash Report it is in. */
const kindByType: Readonly<Record<string, CashKind>> = {
  "Dividends": "dividends",
  "Payment In Lieu Of Dividends": "dividends",
  "Withholding Tax": "withholdingTax",
  "871(m) Withholding": "withholdingTax",
  "Broker Interest Received": "interest",
  "Broker Interest Paid": "interest",
  "Bond Interest Received": "interest",
  "Bond Interest Paid": "interest",
  "Other Fees": "fees",
  "Advisor Fees": "fees",
  "Management Fees": "fees",
  "Broker Fees": "fees",
  "Commission Adjustments": "commissions",
  "Deposits & Withdrawals": "deposits",
  "Deposits/Withdrawals": "deposits",
  "Deposits": "deposits"
}

export const cashKind = ({ type }: CashTransaction): CashKind =>
  Object.hasOwn(kindByType, type) ? kindByType[type] ?? "other" : "other"

/** Rows of these sections say what they move by themselves; of others it is what is booked of them. */
export const saysItsCash = (section: string): boolean => section === "Trades" || section === "CashTransactions"

export const movementsOf = (moving: MovingRow): ReadonlyArray<CashMovement> => {
  const all = moving.section === "Trades"
    ? tradeMovements(moving.row)
    : moving.section === "CashTransactions"
    ? [{ currency: moving.row.currency, kind: cashKind(moving.row), amount: moving.row.amount }]
    : []
  // A conversion that names no pair moves what nobody can say.
  return all.filter(({ amount, currency }) => currency !== "" && !Decimals.isZero(amount))
}

const kindBySection: Readonly<Record<string, CashKind>> = {
  SalesTaxes: "salesTaxes",
  TransactionTaxes: "transactionTaxes",
  CorporateActions: "corporateActions",
  Transfers: "transfers"
}

/** Of what is booked of the other sections. */
export const sectionKind = (section: string): CashKind =>
  Object.hasOwn(kindBySection, section) ? kindBySection[section] ?? "other" : "other"
