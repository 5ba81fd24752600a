import type { BrokerReport } from "./Broker.ts"
import type { Activity } from "./Portfolio/Activity.ts"

/**
 * Parts of one statement as one, without most of their activities: these are not held in memory together. Kept are those
 * that are dated before it begins, and what `isKept` says.
 */
export const joinedParts = (
  before: BrokerReport | undefined,
  now: BrokerReport,
  isKept: (activity: Activity) => boolean
): BrokerReport => {
  const first = now.opening?.day ?? now.statements.map(({ fromDate }) => fromDate).sort()[0]
  const part: BrokerReport = {
    ...now,
    activities: now.activities.filter((activity) => first === undefined || activity.date < first || isKept(activity))
  }
  return before === undefined ? part : withEarlierPart(before, part)
}

/** Each part tells of its own securities, and of the statement the same. */
const withEarlierPart = (before: BrokerReport, now: BrokerReport): BrokerReport => {
  const { opening: _, positions: __, ...rest } = now
  return {
    ...rest,
    activities: [...before.activities, ...now.activities],
    skipped: [...before.skipped, ...now.skipped],
    instruments: new Map([...before.instruments, ...now.instruments]),
    ...(before.positions === undefined || now.positions === undefined
      ? {}
      : { positions: [...before.positions, ...now.positions] }),
    rates: new Map([...before.rates ?? [], ...now.rates ?? []]),
    shorts: new Map([...before.shorts ?? [], ...now.shorts ?? []]),
    // Where it cannot be known of one part it is not known at all.
    ...(before.opening === undefined || now.opening === undefined
      ? {}
      : { opening: { ...now.opening, positions: [...before.opening.positions, ...now.opening.positions] } }),
    carriedOver: before.carriedOver.union(now.carriedOver),
    warnings: [...new Set([...before.warnings, ...now.warnings])]
  }
}
