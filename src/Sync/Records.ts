import type { Activity, SkippedRow } from "../Portfolio/Activity.ts"
import type { SyncRecord } from "../SyncRecordStore.ts"

/** The tracker's keys are global: the broker's account is their first part. */
export const keyOf = (externalId: string, upstream: string): string => `${upstream}/${externalId}`

export const kindOf = (externalId: string): string => externalId.split(":")[1] ?? "row"

/** What is remembered of an activity; without a tracker id it is on its way. */
export const activityRecord = (
  activity: Activity,
  of: { readonly runId: string; readonly trackerId?: string | undefined; readonly statementId?: string | undefined }
): SyncRecord => ({
  externalId: activity.externalId,
  kind: kindOf(activity.externalId),
  state: of.trackerId === undefined ? "pending" : "synced",
  contentHash: activity.contentHash,
  ...(of.trackerId === undefined ? { intent: "create" as const } : { trackerId: of.trackerId }),
  runId: of.runId,
  held: false,
  date: activity.date,
  ...(activity.source === undefined ? {} : { source: activity.source }),
  ...(activity.subject === undefined ? {} : { subject: activity.subject }),
  ...(of.statementId === undefined ? {} : { statementId: of.statementId })
})

/** What is remembered of a row that was not booked. */
export const skippedRecord = (
  row: SkippedRow & { readonly externalId: string },
  of: { readonly runId: string; readonly statementId?: string | undefined }
): SyncRecord => ({
  externalId: row.externalId,
  kind: kindOf(row.externalId),
  state: "skipped",
  contentHash: row.contentHash ?? "",
  runId: of.runId,
  reason: row.reason,
  detail: row.detail,
  held: row.held,
  ...(row.source === undefined ? {} : { source: row.source }),
  ...(row.date === undefined ? {} : { date: row.date }),
  ...(row.subject === undefined ? {} : { subject: row.subject }),
  ...(of.statementId === undefined ? {} : { statementId: of.statementId })
})

/** The record without what said that it is being changed. */
export const settled = (record: SyncRecord): SyncRecord => without(without(record, "intent"), "intendedHash")

export const without = <A extends object, K extends keyof A>(from: A, key: K): Omit<A, K> => {
  const { [key]: _, ...rest } = from
  return rest
}
