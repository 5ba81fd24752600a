import type { BrokerReport } from "../Broker.ts"
import { joinedParts } from "../BrokerParts.ts"
import { type Activity, signedCash, type SkippedRow } from "../Portfolio/Activity.ts"
import { addTo, type StatementCash } from "../Portfolio/CashBridge.ts"
import { correctionSection } from "../Portfolio/CommissionCorrection.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"

/** What became of the rows of a statement, or of one part of it. */
export interface Handled {
  /** Where there are several parts, without most of their activities: these are not held in memory together. */
  readonly report: BrokerReport
  /** What the rows move by kind, where that is known already. */
  readonly cash: StatementCash | undefined
  readonly skipped: ReadonlyArray<SkippedRow>
  /** Rows of the statement's own, and what corrects its cash, as far as they are booked: signed cash by currency. */
  readonly moved: ReadonlyMap<string, Decimal>
  /** Those that are not booked. */
  readonly unbooked: ReadonlyArray<Activity>
  readonly corrections: ReadonlyArray<Activity>
  /** How many rows are booked. */
  readonly booked: number
}

/** @param own the statement's own rows, and what corrects its cash */
export const handled = (
  rows: Pick<Handled, "report" | "cash" | "skipped" | "booked">,
  own: ReadonlyArray<Activity>
): Handled => {
  const waiting = new Set(
    rows.skipped.flatMap(({ externalId, held, reason }) => held || reason === "ignored" ? [externalId] : [])
  )
  const moved = new Map<string, Decimal>()
  const unbooked: Array<Activity> = []
  for (const activity of own) {
    if (waiting.has(activity.externalId)) unbooked.push(activity)
    else addTo(moved, activity.currency, signedCash(activity))
  }
  return { ...rows, moved, unbooked, corrections: own.filter(({ section }) => section === correctionSection) }
}

/** Parts of one statement as one; `isKept` says of which activities more is asked. */
export const together = (
  before: Handled | undefined,
  now: Handled,
  isKept: (activity: Activity) => boolean
): Handled => {
  const report = joinedParts(before?.report, now.report, isKept)
  if (before === undefined) return { ...now, report, cash: undefined }
  const moved = new Map(before.moved)
  for (const [currency, amount] of now.moved) addTo(moved, currency, amount)
  return {
    report,
    cash: undefined,
    skipped: [...before.skipped, ...now.skipped],
    moved,
    unbooked: [...before.unbooked, ...now.unbooked],
    corrections: [...before.corrections, ...now.corrections],
    booked: before.booked + now.booked
  }
}
