import type { ReportedActivity, RunReport } from "../RunReport.ts"

/** The later statement has the last word on a row. */
export const mergedSkips = (earlier: RunReport["skipped"], now: RunReport["skipped"]): RunReport["skipped"] => {
  if (earlier.length === 0) return now
  const again = new Set(now.map(({ externalId }) => externalId))
  return [...earlier.filter(({ externalId }) => externalId === undefined || !again.has(externalId)), ...now]
}

/**
 * A row that an earlier statement of this run imported stays imported.
 *
 * @param before the report as the statement began: parts of one have no row in common
 */
export const merged = (
  { activities, written }: RunReport,
  now: ReadonlyArray<ReportedActivity>,
  before: RunReport
): ReadonlyArray<ReportedActivity> => {
  if (activities.length === 0 && before.written === undefined) return now
  const there = new Set(activities.map(({ activity }) => activity.externalId))
  const isWritten = (id: string) => before.written !== undefined && written?.has(id) === true
  return [
    ...activities,
    ...now.filter(({ activity: { externalId } }) => !there.has(externalId) && !isWritten(externalId))
  ]
}

export const mergedWarnings = (
  earlier: ReadonlyArray<string>,
  now: ReadonlyArray<string>
) => [...new Set([...earlier, ...now])]
