/** A row that was booked, and the run that booked it. */
export interface BookedBy {
  readonly externalId: string
  readonly runId: string
}

const fewest = 3
const many = 10
const share = 10

/**
 * Whether rows missing from the tracker look like a backup that was put back, and not like a hand that deleted them: at
 * least 3 at once, and these more than 10, or more than a tenth of the account, or all of a run.
 */
export const looksRestored = (booked: ReadonlyArray<BookedBy>, missing: ReadonlySet<string>): boolean => {
  if (missing.size < fewest) return false
  if (missing.size > many || missing.size * share > booked.length) return true
  return [...Map.groupBy(booked, ({ runId }) => runId).values()].some((run) =>
    run.every(({ externalId }) => missing.has(externalId))
  )
}
