import type { StatementInfo } from "../Broker.ts"
import type { Activity } from "../Portfolio/Activity.ts"
import { addMoved, type CashMoved } from "../Portfolio/CashBridge.ts"
import type { DaySpan } from "../Portfolio/Coverage.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { dayOf } from "./Activities/TradeRows.ts"
import { isConversion } from "./CashMovements.ts"
import type { Trade } from "./FlexReport.ts"
import type { MovingRow } from "./MovingRow.ts"
import { cashMoved, statementWindows } from "./StatementCash.ts"

/** What rows say that bears on the commissions of conversions, of one window of days. */
export interface CommissionSums {
  readonly window: DaySpan
  readonly conversions: ReadonlyArray<Trade>
  readonly moved: CashMoved
}

/**
 * By window, oldest first; none where windows overlap: a row may be of either.
 *
 * @param rows each once
 * @param activities what is booked of them
 */
export const commissionSums = (
  rows: ReadonlyArray<MovingRow>,
  activities: ReadonlyArray<Activity>,
  statements: ReadonlyArray<StatementInfo>
): ReadonlyArray<CommissionSums> => {
  const windows = statementWindows(statements)
  const overlap = windows.some(({ from }, index) => index > 0 && from <= (windows[index - 1]?.to ?? ""))
  if (overlap) return []
  return windows.map((window) => {
    const isOnly = windows.length === 1
    const own = isOnly ? rows : rows.filter((row) => isWithin(bookedOn(row), window))
    const booked = isOnly ? activities : activities.filter(({ date }) => isWithin(date, window))
    return {
      window,
      conversions: own.flatMap((moving) => moving.section === "Trades" && isConversion(moving.row) ? [moving.row] : []),
      moved: cashMoved(own, booked)
    }
  })
}

/** Of two parts of one statement: their windows are the same. */
export const addSums = (
  before: ReadonlyArray<CommissionSums>,
  now: ReadonlyArray<CommissionSums>
): ReadonlyArray<CommissionSums> =>
  before.map(({ conversions, moved, window }, index) => ({
    window,
    conversions: [...conversions, ...now[index]?.conversions ?? []],
    moved: addMoved(moved, now[index]?.moved ?? new Map())
  }))

export const isWithin = (day: PlainDate | undefined, { from, to }: DaySpan): boolean =>
  day !== undefined && from <= day && day <= to

/** The day by which a row is in a statement. */
const bookedOn = (moving: MovingRow): PlainDate | undefined => {
  if (moving.section === "Trades") return moving.row.reportDate ?? dayOf(moving.row)
  return moving.section === "CashTransactions" ? moving.row.reportDate ?? moving.row.dateTime?.date : undefined
}
