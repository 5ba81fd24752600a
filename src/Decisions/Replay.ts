import { Effect } from "effect"
import type { Activity } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { isAlike } from "../Sync/Corrections.ts"
import { prepare } from "../Sync/Prepare.ts"
import { archiveReport } from "../Sync/TrackedShorts.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { book, type DecisionOptions } from "./Booking.ts"
import type { RowOutcome } from "./RowOutcome.ts"

export interface ReplayOptions extends DecisionOptions {
  readonly since?: PlainDate
  /** Books what was skipped and is booked by today's rules. What is booked otherwise is left as it is. */
  readonly apply: boolean
}

export interface Replayed {
  readonly statements: number
  /** Archived statements that are not where they were kept. */
  readonly gone: ReadonlyArray<string>
  readonly rows: ReadonlyArray<RowOutcome>
}

/**
 * Maps everything received with today's rules, and shows what would differ from what was booked: nothing, after a normal
 * run. Rows that the user deleted, ignored, edited or still has to decide are no difference.
 */
export const replay = Effect.fn("Decisions.replay")(function*(options: ReplayOptions) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const state = yield* prepare({ ...options, dryRun: !options.apply })
  const archive = yield* archiveReport(options)
  const { since } = options
  const activities = archive.activities.filter(({ date }) => since === undefined || date >= since)
  const records = yield* store.known([
    ...activities.map(({ externalId }) => externalId),
    ...archive.skipped.flatMap(({ externalId }) => externalId ?? [])
  ])
  const there = new Map((yield* repo.rows({})).map((row) => [row.id, row]))
  const assetIds = yield* store.instruments
  const booked = activities.filter(({ externalId }) => records.get(externalId)?.state === "synced")
  const unbooked = activities.filter(({ contentHash, externalId }) =>
    isNewlyBooked(records.get(externalId), contentHash)
  )
  const differing = booked.flatMap((activity) => {
    const row = there.get(records.get(activity.externalId)?.trackerId ?? "")
    return row === undefined || row.isUserModified || isAdopted(activity, row) || isAlike(activity, row, assetIds)
      ? []
      : [{ ...plain(activity), outcome: "differs", detail: `in Wealthfolio: ${figures(row)}` }]
  })
  const desired = new Set(activities.map(({ externalId }) => externalId))
  const tooMuch = archive.skipped.flatMap(({ date, detail, externalId, reason }): ReadonlyArray<RowOutcome> =>
    externalId === undefined || desired.has(externalId) || records.get(externalId)?.state !== "synced"
      || records.get(externalId)?.held === true
      ? []
      : [{ externalId, outcome: "would not be booked", detail: `${reason}: ${detail}`, date }]
  )
  const added = !options.apply || unbooked.length === 0
    ? unbooked.map((activity): RowOutcome => ({ ...plain(activity), outcome: "would be booked" }))
    : yield* book({ ...archive, activities: unbooked }, options, state)
  const replayed: Replayed = {
    statements: archive.statements,
    gone: archive.gone,
    rows: [...added, ...differing, ...tooMuch]
  }
  return replayed
})

const takenOut = new Set<string | undefined>(["cancelled", "reversed", "superseded"])

/**
 * What was never seen, or was skipped for good by the rules of its time. A row that went out with another stays out, also
 * where `since` leaves the other one away.
 */
const isNewlyBooked = (record: SyncRecord | undefined, contentHash: string): boolean => {
  if (record === undefined) return true
  if (record.state !== "skipped" || record.held || record.reason === "ignored") return false
  return !(takenOut.has(record.reason) && record.contentHash === contentHash)
}

/** A row that took the place of one typed by hand keeps that one's day. */
const isAdopted = (activity: Activity, row: TrackerRow): boolean =>
  activity.date !== row.date && isAlike({ ...activity, date: row.date }, row, new Map())

const plain = (activity: Activity) => ({ externalId: activity.externalId, date: activity.date, row: activity })

const figures = ({ amount, currency, date, quantity, type, unitPrice }: TrackerRow): string =>
  [
    date,
    type,
    quantity && Decimals.format(quantity),
    unitPrice && `at ${Decimals.format(unitPrice)}`,
    quantity === undefined && amount !== undefined ? Decimals.format(amount) : undefined,
    currency
  ].filter((part) => part !== undefined).join(" ")
