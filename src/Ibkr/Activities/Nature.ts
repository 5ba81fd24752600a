import type { ActivityType } from "../../Portfolio/Activity.ts"

/** What a movement of cash is by nature: the activity for its usual sign. */
export type Nature = "DIVIDEND" | "TAX" | "INTEREST" | "FEE" | "DEPOSIT" | "CREDIT"

/** The tracker drops signs: a row against its nature takes the type that moves the cash the right way. */
export const typed = (nature: Nature, isNegative: boolean): readonly [ActivityType, "REFUND"?] => {
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
