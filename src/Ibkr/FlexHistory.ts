import * as PlainDates from "../Portfolio/PlainDate.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"

/**
 * The oldest day that IBKR serves: about four calendar years before the current one, by IBKR's page on Activity Flex
 * Queries. A window before it is answered 1003 too, which then does not prove it empty.
 */
export const oldestServedDay = (today: PlainDate): PlainDate =>
  PlainDates.of(`${String(Number(today.slice(0, 4)) - 4).padStart(4, "0")}-01-01`)
