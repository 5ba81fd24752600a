import * as Decimals from "../../Portfolio/Decimal.ts"
import { type Charge, chargeDigest } from "../Charge.ts"
import type { Trade } from "../FlexReport.ts"
import { type Booked, type BookingOptions, noneBooked, skip } from "./Booking.ts"
import { identifyRows } from "./IdentifiedRows.ts"
import { cashActivity } from "./Nature.ts"

/**
 * Sales taxes, transaction taxes, CFD charges and card payments: each an activity of no instrument, or a skip entry. A
 * tax of a trade is booked where the trade itself has none: some templates print `taxes="0"` beside it.
 */
export const bookCharges = (
  rows: ReadonlyArray<Charge>,
  trades: ReadonlyArray<Trade>,
  options: BookingOptions
): Booked => {
  const booked = noneBooked()
  if (rows.length === 0) return booked
  const taxed = new Map<string, boolean>()
  for (const { taxes = Decimals.zero, tradeID } of trades) {
    // Of several rows of one id, in whatever order.
    if (tradeID !== undefined) taxed.set(tradeID, taxed.get(tradeID) === true || !Decimals.isZero(taxes))
  }
  const identified = identifyRows(rows, {
    digestOf: chargeDigest,
    idOf: ({ externalId }) => externalId,
    amountOf: ({ amount }) => amount,
    identityOf: (row) => ({
      section: row.section,
      ...(row.date === undefined ? {} : { date: row.date }),
      fields: () => row.fields
    })
  }, options)
  for (const row of identified.withoutId) {
    booked.skipped.push(skip(row, "no-id", describe(row.row)))
  }
  for (const row of identified.rows) {
    const charge = row.row
    const { date, ofTrade, status } = charge
    const isTaxed = ofTrade === undefined ? false : taxed.get(ofTrade)
    if (status !== undefined) {
      booked.skipped.push(skip(row, "unknown-type", `card payment that is ${status}: ${describe(charge)}`))
    } else if (isTaxed === undefined) {
      booked.skipped.push(
        skip(row, "unknown-type", `of trade ${ofTrade}, which is not in this statement: ${describe(charge)}`)
      )
    } else if (isTaxed) {
      booked.skipped.push(skip(row, "superseded", `among the taxes of ibkr:trade:${ofTrade}: ${describe(charge)}`))
    } else if (date === undefined) {
      booked.skipped.push(skip(row, "unreadable", `the date is missing: ${describe(charge)}`))
    } else if (options.startDate !== undefined && date < options.startDate) {
      booked.skipped.push(skip(row, "before-start-date", `${date} ${describe(charge)}`))
    } else {
      const { amount, currency, nature, note, time } = charge
      booked.activities.push(cashActivity(row, nature, {
        date,
        ...(time === undefined ? {} : { time }),
        currency,
        amount,
        ...(note === "" ? {} : { note })
      }))
    }
  }
  return booked
}

const names: Readonly<Record<Charge["section"], string>> = {
  SalesTaxes: "sales tax",
  TransactionTaxes: "transaction tax",
  CFDCharges: "CFD charge",
  DebitCardActivities: "card payment"
}

const describe = ({ amount, currency, note, section }: Charge): string =>
  [names[section], Decimals.format(amount), currency, note].filter((part) => part !== "").join(" ")
