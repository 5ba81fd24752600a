import { Schema } from "effect"
import { date, decimal, identifier, moment, required, text } from "./FlexField.ts"
import { decoder, security } from "./FlexRow.ts"

/** Securities, cash, or both, that came from or went to another account. `quantity` and `cashTransfer` are signed. */
export const Transfer = Schema.Struct({
  ...security,
  accountId: text,
  currency: required.currency,
  multiplier: decimal,
  transactionID: identifier,
  /** `ACATS`, `ATON`, `FOP`, `OTC`: with another broker; `INTERNAL`, `INTERCOMPANY`: inside IBKR. */
  type: text,
  /** `IN`, `OUT` or `-`. */
  direction: text,
  date: moment,
  dateTime: moment,
  reportDate: date,
  quantity: decimal,
  transferPrice: decimal,
  /** What the position was worth, in `currency`. */
  positionAmount: decimal,
  cashTransfer: decimal,
  code: text,
  fxRateToBase: decimal
})

/** Shares given by the broker. Until `vestingDate` they are promised, and no position. */
export const StockGrantActivity = Schema.Struct({
  ...security,
  accountId: text,
  currency: required.currency,
  multiplier: decimal,
  activityDescription: text,
  reportDate: date,
  awardDate: date,
  vestingDate: date,
  quantity: required.decimal,
  price: decimal,
  value: decimal,
  fxRateToBase: decimal
})

export type Transfer = typeof Transfer.Type
export type StockGrantActivity = typeof StockGrantActivity.Type

export const decodeTransfer = decoder(Transfer)
export const decodeStockGrant = decoder(StockGrantActivity)
