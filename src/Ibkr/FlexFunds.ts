import { Schema } from "effect"
import { date, decimal, identifier, moment, required, text } from "./FlexField.ts"
import { decoder, security } from "./FlexRow.ts"

/** A line of the Statement of Funds: the account's cash ledger, booking by booking. Signed. */
export const StatementOfFundsLine = Schema.Struct({
  ...security,
  accountId: text,
  currency: required.currency,
  levelOfDetail: text,
  transactionID: identifier,
  tradeID: identifier,
  date: moment,
  reportDate: date,
  activityCode: text,
  activityDescription: text,
  amount: decimal,
  fxRateToBase: decimal
})

export type StatementOfFundsLine = typeof StatementOfFundsLine.Type

export const decodeFundsLine = decoder(StatementOfFundsLine)
