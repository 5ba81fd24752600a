import { Result, Schema } from "effect"
import type { Activity, SourceRow } from "../../Portfolio/Activity.ts"
import { correctionSection } from "../../Portfolio/CommissionCorrection.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import { required } from "../FlexField.ts"
import { decoder } from "../FlexRow.ts"
import { contentHash } from "./Booking.ts"

/**
 * What commissions of conversions moved in one currency over a window, beyond what their rows say: a row made here, kept
 * by the store. Positive: less was charged in this currency than the rows say.
 */
const Correction = Schema.Struct({
  externalId: required.text,
  fromDate: required.date,
  toDate: required.date,
  currency: required.currency,
  amount: required.decimal
})

const decode = decoder(Correction)

/** With the row as it is kept. */
export type CommissionCorrection = typeof Correction.Type & { readonly source: SourceRow }

export const decodeCorrection = (fields: SourceRow["fields"]) =>
  Result.map(
    decode(fields),
    (row): CommissionCorrection => ({ ...row, source: { section: correctionSection, fields } })
  )

export const correctionId = (from: string, to: string): string => `ibkr:fxcomm:${from}:${to}`

export const correctionRow = (row: CommissionCorrection): Activity => {
  const { amount, currency, externalId, fromDate, source, toDate } = row
  const isCost = Decimals.isNegative(amount)
  return {
    externalId,
    type: isCost ? "FEE" : "CREDIT",
    ...(isCost ? {} : { subtype: "REFUND" as const }),
    date: toDate,
    millisecond: 0,
    currency,
    amount: Decimals.abs(amount),
    note: isCost
      ? `commissions of currency conversions from ${fromDate} to ${toDate} that were charged in ${currency}, `
        + "though their rows say another currency (Cash Report)"
      : `commissions of currency conversions from ${fromDate} to ${toDate} that were charged in another currency, `
        + `though their rows say ${currency} (Cash Report)`,
    contentHash: contentHash([externalId, currency, amount]),
    section: "CashReport",
    source
  }
}
