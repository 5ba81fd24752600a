import type { Activity, ActivityType } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { RowIdentity } from "./Booking.ts"

/** What a movement of cash is by nature: the activity for its usual sign. */
export type Nature = "DIVIDEND" | "TAX" | "INTEREST" | "FEE" | "DEPOSIT" | "CREDIT"

/** The tracker drops signs: a row against its nature takes the type that moves the cash the right way. */
const typed = (nature: Nature, isNegative: boolean): readonly [ActivityType, "REFUND"?] => {
  switch (nature) {
    case "DIVIDEND":
    case "INTEREST":
    case "CREDIT":
      return [isNegative ? "FEE" : nature]
    case "TAX":
    case "FEE":
      return isNegative ? [nature] : ["CREDIT", "REFUND"]
    case "DEPOSIT":
      return [isNegative ? "WITHDRAWAL" : "DEPOSIT"]
  }
}

/** A row that moves cash, by its nature; `amount` is signed as the broker prints it. */
export const cashActivity = (
  row: RowIdentity & { readonly externalId: string },
  nature: Nature,
  told: Pick<Activity, "date" | "currency" | "amount"> & Partial<Pick<Activity, "time" | "instrumentKey" | "note">>
): Activity => {
  const [type, subtype] = typed(nature, Decimals.isNegative(told.amount))
  return {
    ...told,
    externalId: row.externalId,
    type,
    ...(subtype === undefined ? {} : { subtype }),
    millisecond: 0,
    amount: Decimals.abs(told.amount),
    contentHash: row.contentHash,
    section: row.section,
    ...(row.subject === undefined ? {} : { subject: row.subject })
  }
}
