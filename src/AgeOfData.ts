import { Effect } from "effect"
import * as PlainDates from "./Portfolio/PlainDate.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"
import { today } from "./Today.ts"

/** `as of 2026-01-02 (1 business days old)` */
export const ageOfData = Effect.fnUntraced(function*(asOf: PlainDate) {
  return `as of ${asOf} (${PlainDates.businessDaysBetween(asOf, yield* today)} business days old)`
})
