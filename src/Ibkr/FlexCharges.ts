import { Schema } from "effect"
import { date, decimal, identifier, moment, required, symbol, text } from "./FlexField.ts"

const charge = {
  accountId: text,
  currency: required.currency,
  symbol,
  reportDate: date,
  date: moment,
  fxRateToBase: decimal
}

/** Value added tax and the like, on fees and market data. `salesTax` is negative when charged. */
export const SalesTax = Schema.Struct({
  ...charge,
  transactionID: identifier,
  taxType: text,
  country: text,
  taxableDescription: text,
  salesTax: required.decimal
})

/** Taxes on trades. Those of `source` TRADE may be in the trade's own `taxes`; STANDALONE ones are in no other row. */
export const TransactionTax = Schema.Struct({
  ...charge,
  transactionID: identifier,
  tradeId: identifier,
  source: text,
  taxDescription: text,
  taxAmount: required.decimal
})

/** Interest and borrow fees of contracts for difference. `total` is what was received less what was paid. */
export const CFDCharge = Schema.Struct({
  ...charge,
  transactionID: identifier,
  activityDescription: text,
  total: required.decimal
})

/** Payments by debit card. IBKR gives them no id. */
export const DebitCardActivity = Schema.Struct({
  ...charge,
  transactionID: identifier,
  transactionDateTime: moment,
  postingDate: date,
  status: text,
  category: text,
  merchantNameLocation: text,
  amount: required.decimal
})
