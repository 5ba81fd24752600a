import { Result } from "effect"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { contentHash } from "./Activities/Booking.ts"
import type { Nature } from "./Activities/Nature.ts"
import { CFDCharge, DebitCardActivity, SalesTax, TransactionTax } from "./FlexCharges.ts"
import type { FlexDateTime } from "./FlexField.ts"
import { decoder, type Unreadable } from "./FlexRow.ts"
import type { Attributes } from "./FlexXml.ts"

/** The sections whose rows are a charge: cash of no security, in a shape of each its own. */
export type ChargeSection = "SalesTaxes" | "TransactionTaxes" | "CFDCharges" | "DebitCardActivities"

/** A row of any of them in one shape. */
export interface Charge {
  readonly section: ChargeSection
  /** Absent where the row has nothing that tells it from another. */
  readonly externalId?: string
  readonly nature: Nature
  /** The broker's report date, else the row's own. */
  readonly date?: PlainDate
  readonly time?: string
  readonly currency: string
  /** Signed: negative leaves the account. */
  readonly amount: Decimal
  readonly note: string
  /** Of a tax on a trade, by `tradeID`: the trade may have it among its own taxes. */
  readonly ofTrade?: string
  /** Of a card payment that has not been settled. */
  readonly status?: string
  readonly fxRateToBase?: Decimal
  /** As it came. */
  readonly fields: Attributes
}

const decoders = {
  SalesTaxes: decoder(SalesTax),
  TransactionTaxes: decoder(TransactionTax),
  CFDCharges: decoder(CFDCharge),
  DebitCardActivities: decoder(DebitCardActivity)
}

export const isChargeSection = (section: string): section is ChargeSection => Object.hasOwn(decoders, section)

export const decodeCharge = (section: ChargeSection, fields: Attributes): Result.Result<Charge, Unreadable> => {
  switch (section) {
    case "SalesTaxes":
      return Result.map(decoders[section](fields), (row) => ({
        ...shared(section, row, fields, row.date),
        ...named("ibkr:salestax", row.transactionID),
        nature: "TAX",
        amount: row.salesTax,
        note: words(row.taxType, row.country, row.taxableDescription)
      }))
    case "TransactionTaxes":
      return Result.map(decoders[section](fields), (row) => ({
        ...shared(section, row, fields, row.date),
        ...named("ibkr:tax", row.transactionID ?? row.tradeId),
        nature: "TAX",
        amount: row.taxAmount,
        note: words(row.taxDescription, row.symbol),
        ...(row.source === "TRADE" ? { ofTrade: row.tradeId ?? "" } : {})
      }))
    case "CFDCharges":
      return Result.map(decoders[section](fields), (row) => ({
        ...shared(section, row, fields, row.date),
        ...named("ibkr:cfd", row.transactionID),
        nature: "FEE",
        amount: row.total,
        note: words(row.activityDescription ?? "CFD charge", row.symbol)
      }))
    case "DebitCardActivities":
      return Result.map(decoders[section](fields), (row) => ({
        ...shared(section, row, fields, row.transactionDateTime, row.postingDate),
        ...named("ibkr:card", row.transactionID ?? cardId(row)),
        nature: "DEPOSIT",
        amount: row.amount,
        note: words(row.merchantNameLocation, row.category),
        ...(row.status === undefined || settled.test(row.status) ? {} : { status: row.status })
      }))
  }
}

/** The content hash that its activities and skip entries carry: over what every template has. */
export const chargeDigest = ({ amount, currency, date, externalId, note, section, time }: Charge): string =>
  contentHash([section, externalId, currency, amount, date, time, note])

const settled = /^(settled|posted)$/i

/** To the second, as the card was used: what is reported of it later may change. */
const cardId = ({ amount, transactionDateTime }: DebitCardActivity): string | undefined =>
  transactionDateTime?.time === undefined
    ? undefined
    : `${transactionDateTime.date}T${transactionDateTime.time}:${Decimals.format(amount)}`

const shared = (
  section: ChargeSection,
  row: { readonly currency: string; readonly reportDate?: PlainDate; readonly fxRateToBase?: Decimal },
  fields: Attributes,
  moment: FlexDateTime | undefined,
  posted?: PlainDate
) => {
  const date = row.reportDate ?? posted ?? moment?.date
  const time = moment?.date === date ? moment?.time : undefined
  return {
    section,
    currency: row.currency,
    fields,
    ...(date === undefined ? {} : { date }),
    ...(time === undefined ? {} : { time }),
    ...(row.fxRateToBase === undefined ? {} : { fxRateToBase: row.fxRateToBase })
  }
}

const named = (prefix: string, id: string | undefined) => id === undefined ? {} : { externalId: `${prefix}:${id}` }

const words = (...parts: ReadonlyArray<string | undefined>): string =>
  parts.filter((part) => part !== undefined).join(" ")

type DebitCardActivity = typeof DebitCardActivity.Type
