import { Schema } from "effect"
import { CFDCharge, DebitCardActivity, SalesTax, TransactionTax } from "./FlexCharges.ts"
import { clock, currency, date, decimal, identifier, moment, required, text, toldCurrency } from "./FlexField.ts"
import { StatementOfFundsLine } from "./FlexFunds.ts"
import { decoder, security } from "./FlexRow.ts"
import { StockGrantActivity, Transfer } from "./FlexTransfers.ts"

/** `Trade` rows, signed: quantity and cash as IBKR prints them (negative quantity sells, negative commission costs). */
export const Trade = Schema.Struct({
  ...security,
  accountId: text,
  currency: required.currency,
  tradeID: identifier,
  transactionID: identifier,
  origTradeID: identifier,
  ibOrderID: identifier,
  tradeDate: date,
  tradeTime: clock,
  dateTime: moment,
  reportDate: date,
  quantity: required.decimal,
  tradePrice: required.decimal,
  multiplier: decimal,
  proceeds: decimal,
  taxes: decimal,
  ibCommission: decimal,
  ibCommissionCurrency: currency,
  buySell: text,
  transactionType: text,
  openCloseIndicator: text,
  notes: text,
  fxRateToBase: decimal
})

export const CashTransaction = Schema.Struct({
  ...security,
  accountId: text,
  currency: required.currency,
  transactionID: identifier,
  type: required.text,
  amount: required.decimal,
  dateTime: moment,
  reportDate: date,
  settleDate: moment,
  actionID: identifier,
  fxRateToBase: decimal
})

/** `quantity` and `proceeds` are signed, as the account sees them; one row per security that an action concerns. */
export const CorporateAction = Schema.Struct({
  ...security,
  accountId: text,
  currency: required.currency,
  transactionID: identifier,
  actionID: identifier,
  type: text,
  actionDescription: text,
  dateTime: moment,
  reportDate: date,
  quantity: required.decimal,
  /** `amount` is the same with the opposite sign. */
  proceeds: decimal,
  amount: decimal,
  /** What the broker reckons the securities of the row worth; signed. */
  value: decimal,
  multiplier: decimal,
  code: text,
  fxRateToBase: decimal
})

export const OpenPosition = Schema.Struct({
  ...security,
  accountId: text,
  currency: toldCurrency,
  multiplier: decimal,
  position: required.decimal,
  markPrice: decimal,
  /** Signed, in `currency`. */
  positionValue: decimal,
  costBasisMoney: decimal,
  reportDate: date,
  fxRateToBase: decimal
})

/** A lot of an open position (`levelOfDetail` LOT), as far as it tells what was paid; prices as they are quoted. */
export const PositionLot = Schema.Struct({
  ...security,
  accountId: text,
  currency: toldCurrency,
  multiplier: decimal,
  position: required.decimal,
  openPrice: decimal,
  costBasisPrice: decimal,
  openDateTime: moment
})

/** The price of a day before the statement's, or of its first, of what was held then. */
export const PriorPeriodPosition = Schema.Struct({
  ...security,
  accountId: text,
  currency: toldCurrency,
  multiplier: decimal,
  date,
  price: required.decimal
})

export const SecurityInfo = Schema.Struct({ ...security, currency: toldCurrency, multiplier: decimal })

/** What stands for a currency in the line of all of them, in the base currency. */
export const baseSummary = "BASE_SUMMARY"

export const CashReportCurrency = Schema.Struct({
  accountId: text,
  currency: required.text,
  startingCash: decimal,
  endingCash: decimal,
  /** The components of what moved, signed; both `netTrades…` have the legs of conversions in them. */
  netTradesSales: decimal,
  netTradesPurchases: decimal,
  commissions: decimal,
  transactionTax: decimal,
  dividends: decimal,
  paymentInLieu: decimal,
  withholdingTax: decimal,
  withholding871m: decimal,
  brokerInterest: decimal,
  bondInterest: decimal,
  advisorFees: decimal,
  clientFees: decimal,
  brokerFees: decimal,
  otherFees: decimal,
  salesTax: decimal,
  depositWithdrawals: decimal
})

export type Trade = typeof Trade.Type
export type CashTransaction = typeof CashTransaction.Type
export type CorporateAction = typeof CorporateAction.Type
export type OpenPosition = typeof OpenPosition.Type
export type PositionLot = typeof PositionLot.Type
export type PriorPeriodPosition = typeof PriorPeriodPosition.Type
export type SecurityInfo = typeof SecurityInfo.Type
export type CashReportCurrency = typeof CashReportCurrency.Type

/** Where the rows of a section stand in its element, and which level of detail is the row itself. */
export interface SectionRule {
  readonly element: string
  /** Upper case; of none every row is one. */
  readonly levels: ReadonlySet<string>
}

const rows = (element: string, ...levels: ReadonlyArray<string>): SectionRule => ({ element, levels: new Set(levels) })

/**
 * The sections read. Other levels, and other elements inside a section (`Order`, `SymbolSummary`, `Lot` …), are views of
 * the same rows: roll-ups, to be ignored. A row without level is the row itself: older templates have none.
 */
export const sections: Readonly<Record<string, SectionRule>> = {
  Trades: rows("Trade", "EXECUTION"),
  CashTransactions: rows("CashTransaction", "DETAIL"),
  CorporateActions: rows("CorporateAction", "DETAIL"),
  OpenPositions: rows("OpenPosition", "SUMMARY"),
  PriorPeriodPositions: rows("PriorPeriodPosition"),
  SecuritiesInfo: rows("SecurityInfo"),
  CashReport: rows("CashReportCurrency", "CURRENCY", "BASECURRENCY"),
  Transfers: rows("Transfer", "TRANSFER"),
  StockGrantActivities: rows("StockGrantActivity"),
  SalesTaxes: rows("SalesTax"),
  TransactionTaxes: rows("TransactionTax", "SUMMARY"),
  CFDCharges: rows("CFDCharge", "DETAIL"),
  DebitCardActivities: rows("DebitCardActivity"),
  StmtFunds: rows("StatementOfFundsLine", "CURRENCY")
}

/** The one roll-up that is read, under a name of its own: lots of Open Positions that were opened before the statement. */
export const lots = { section: "OpenPositions", level: "LOT", name: "PositionLots" }

/** The attributes kept of a row while it waits to be mapped: those its schema reads. */
export const fieldsRead: Readonly<Record<string, ReadonlyArray<string>>> = {
  Trades: Object.keys(Trade.fields),
  CashTransactions: Object.keys(CashTransaction.fields),
  CorporateActions: Object.keys(CorporateAction.fields),
  OpenPositions: Object.keys(OpenPosition.fields),
  [lots.name]: Object.keys(PositionLot.fields),
  PriorPeriodPositions: Object.keys(PriorPeriodPosition.fields),
  SecuritiesInfo: Object.keys(SecurityInfo.fields),
  CashReport: Object.keys(CashReportCurrency.fields),
  Transfers: Object.keys(Transfer.fields),
  StockGrantActivities: Object.keys(StockGrantActivity.fields),
  SalesTaxes: Object.keys(SalesTax.fields),
  TransactionTaxes: Object.keys(TransactionTax.fields),
  CFDCharges: Object.keys(CFDCharge.fields),
  DebitCardActivities: Object.keys(DebitCardActivity.fields),
  StmtFunds: Object.keys(StatementOfFundsLine.fields)
}

export const decodeTrade = decoder(Trade)
export const decodeCashTransaction = decoder(CashTransaction)
export const decodeCorporateAction = decoder(CorporateAction)
export const decodeOpenPosition = decoder(OpenPosition)
export const decodePositionLot = decoder(PositionLot)
export const decodePriorPeriodPosition = decoder(PriorPeriodPosition)
export const decodeSecurityInfo = decoder(SecurityInfo)
export const decodeCashReport = decoder(CashReportCurrency)
