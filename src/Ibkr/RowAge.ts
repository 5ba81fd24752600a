import { compare } from "./Activities/Booking.ts"
import type { CashTransaction, CorporateAction, Trade } from "./FlexReport.ts"

type DatedRow = Trade | CashTransaction | CorporateAction

/** Names and venues change: the newest word wins, whatever the order of the rows. */
export const newestFirst = (a: DatedRow, b: DatedRow): number =>
  compare(dayOf(b), dayOf(a)) || compare(b.transactionID ?? "", a.transactionID ?? "") || compareWords(b, a)

/** Of rows that are equally new no order says which is right, but it must be the same one every night. */
const compareWords = (a: DatedRow, b: DatedRow): number => {
  for (const field of learned) {
    const order = compare(a[field] ?? "", b[field] ?? "")
    if (order !== 0) return order
  }
  return 0
}

const learned = [
  "currency",
  "symbol",
  "listingExchange",
  "exchange",
  "isin",
  "securityID",
  "securityIDType",
  "assetCategory",
  "description",
  "conid"
] as const

const dayOf = (row: DatedRow): string =>
  row.reportDate ?? row.dateTime?.date ?? ("tradeDate" in row ? row.tradeDate ?? "" : "")
