import * as Decimals from "../../Portfolio/Decimal.ts"
import type { CashTransaction } from "../FlexReport.ts"
import type { Transfer } from "../FlexTransfers.ts"
import { compare } from "./Booking.ts"
import { isDeposit } from "./CashTypes.ts"

/** A transfer and the deposit that its cash is may come in statements of different nights: they correct one another. */
export const depositSubject = (currency: string, amount: Decimals.Decimal, day: string): string =>
  `deposit|${currency}|${Decimals.format(amount)}|${day}`

interface NamedTransfer {
  readonly externalId: string
  readonly row: Transfer
}

/**
 * By id of a transfer: the id of the deposit or withdrawal that its cash is, in the cash transactions. The two share
 * no id: equal amount, currency and a day of either are what tells, and each deposit stands for one transfer.
 */
export const depositOf = (
  transfers: ReadonlyArray<NamedTransfer>,
  cash: ReadonlyArray<CashTransaction>
): ReadonlyMap<string, string> => {
  const free = cash.filter((row) => row.transactionID !== undefined && isDeposit(row.type)).toSorted((a, b) =>
    compare(a.transactionID ?? "", b.transactionID ?? "")
  )
  const found = new Map<string, string>()
  for (const { externalId, row } of transfers) {
    const { cashTransfer, currency } = row
    if (cashTransfer === undefined || Decimals.isZero(cashTransfer)) continue
    const days = new Set([row.reportDate, row.date?.date, row.dateTime?.date].filter((day) => day !== undefined))
    const place = free.findIndex((deposit) =>
      deposit.currency === currency && Decimals.equals(deposit.amount, cashTransfer)
      && [deposit.reportDate, deposit.dateTime?.date].some((day) => day !== undefined && days.has(day))
    )
    const [deposit] = place < 0 ? [] : free.splice(place, 1)
    if (deposit?.transactionID !== undefined) found.set(externalId, `ibkr:cash:${deposit.transactionID}`)
  }
  return found
}
