import type { CashTransaction } from "../FlexReport.ts"
import type { BookingOptions } from "./Booking.ts"
import type { Nature } from "./Nature.ts"

/** The operators' table, to the letter. */
const runbook: Readonly<Record<string, Nature>> = {
  "Dividends": "DIVIDEND",
  "Withholding Tax": "TAX",
  "Broker Interest Received": "INTEREST",
  "Broker Interest Paid": "FEE",
  "Commission Adjustments": "FEE",
  "Other Fees": "FEE",
  "Deposits & Withdrawals": "DEPOSIT",
  "Deposits/Withdrawals": "DEPOSIT",
  "Deposits": "DEPOSIT"
}

/** Types whose nature their name leaves no doubt about. */
const extended: Readonly<Record<string, Nature>> = {
  ...runbook,
  "Payment In Lieu Of Dividends": "DIVIDEND",
  "871(m) Withholding": "TAX",
  "Bond Interest Received": "INTEREST",
  "Bond Interest Paid": "FEE",
  "Advisor Fees": "FEE",
  "Management Fees": "FEE",
  "Broker Fees": "FEE",
  "Carbon Credits": "FEE",
  "Price Adjustments": "CREDIT",
  "Bill Pay": "DEPOSIT"
}

export const cashTypes = { runbook, extended }

export const isDeposit = (type: string): boolean => Object.hasOwn(runbook, type) && runbook[type] === "DEPOSIT"

/** IBKR files these few cents under deposits; as such they would count as a contribution. */
const commissionAdjustment = /^ADJUSTMENT: COMMISSION\b/i

/** The type is IBKR's text: a name that every object has (`constructor`) is none of ours. */
export const natureOf = (cash: CashTransaction, options: BookingOptions): Nature | undefined => {
  const table = cashTypes[options.cashTypes]
  const nature = Object.hasOwn(table, cash.type) ? table[cash.type] : undefined
  return options.cashTypes === "extended" && nature === "DEPOSIT" && commissionAdjustment.test(cash.description ?? "")
    ? "FEE"
    : nature
}
