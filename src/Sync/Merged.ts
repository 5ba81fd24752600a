import type { ReportedActivity, RunReport } from "../RunReport.ts"

/** The later statement has the last word on a row. */
export const mergedSkips = (earlier: RunReport["skipped"], now: RunReport["skipped"]): RunReport["skipped"] => {
  if (earlier.length === 0) return now
  const again = new Set(now.map(({ externalId }) => externalId))
  return [...earlier.filter(({ externalId }) => externalId === undefined || !again.has(externalId)), ...now]
}

/**
 * Puts rows beside those of a report as it becomes known what they are. A row that an earlier statement of this run
 * imported stays imported.
 *
 * @param start the report before the first of them
 * @param before the report as the statement began: parts of one have no row in common
 */
export const merging = ({ activities }: Pick<RunReport, "activities">, before: RunReport) => {
  const there = new Set(activities.map(({ activity }) => activity.externalId))
  return (
    { activities, written }: RunReport,
    now: ReadonlyArray<ReportedActivity>
  ): ReadonlyArray<ReportedActivity> => {
    const isWritten = (id: string) => before.written !== undefined && written?.has(id) === true
    const added = now.filter(({ activity: { externalId } }) => !there.has(externalId) && !isWritten(externalId))
    for (const { activity } of added) there.add(activity.externalId)
    return activities.length === 0 ? added : [...activities, ...added]
  }
}

export const mergedWarnings = (
  earlier: ReadonlyArray<string>,
  now: ReadonlyArray<string>
) => [...new Set([...earlier, ...now])]
