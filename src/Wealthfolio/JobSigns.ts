/** An event of the server's, by its name. */
export interface Sign {
  readonly name: string
  readonly at: number
}

/** A write that a job is to have known. */
export interface Write {
  /** Since when it may have been there. */
  readonly sentAt: number
  /** When it was answered. */
  readonly writtenAt: number
}

/**
 * What the signs say so far. Jobs that follow writes come one after the other; the page starts others of its own beside
 * them, and no sign says whose it is: so jobs are counted.
 */
export interface Followed {
  /** New assets are looked up, before the job's prices. */
  readonly isEnriching: boolean
  /** When the job began whose assets were looked up; `-Infinity` where that was not seen. */
  readonly enrichedFrom: number | undefined
  /** Jobs that fetch prices, that have them, and that compute. */
  readonly fetching: number
  readonly fetched: number
  readonly computing: number
  /** A job, since nothing was at work. */
  readonly hasFailed: boolean
  /** A computation failed, which some releases end without a sign. */
  readonly mayHaveEnded: boolean
  /** A computation began that may have known the write. */
  readonly hasStarted: boolean
  /** A job began so long after the write that it knew it, and no other was at work then. */
  readonly hasLate: boolean
  /** What is told by what has ended; `undefined` while nothing is. */
  readonly recomputed: boolean | undefined
  /** No other job need follow. */
  readonly isSure: boolean
}

const started = "portfolio:update-start"
const completed = "portfolio:update-complete"
const failed = "portfolio:update-error"
const syncing = "market:sync-start"
const synced = "market:sync-complete"
/** Without prices a job ends before it computes. */
const notSynced = "market:sync-error"
const enriching = "asset:enrichment-start"
const enriched = "asset:enrichment-complete"
const watched = /^(?:portfolio:update-|market:sync-|asset:enrichment-)/

/**
 * The server gathers writes until none came for a second, takes them, looks at its prices for a while, and says that it
 * begins: what begins this soon may have been taken before the write. Something less than a second, as answers take time.
 */
const knowsAfter = 800

/** Where a price or rate is missing the job goes on: the holdings were computed before their value. */
export const isSign = (event: string, data: string): boolean =>
  watched.test(event) && !(event === failed && data.startsWith(`"Valuation`))

export const noSign: Followed = {
  isEnriching: false,
  enrichedFrom: undefined,
  fetching: 0,
  fetched: 0,
  computing: 0,
  hasFailed: false,
  mayHaveEnded: false,
  hasStarted: false,
  hasLate: false,
  recomputed: undefined,
  isSure: false
}

/** Nothing is known to be at work: what was told counts if nothing else is for a while. */
export const isStill = ({ computing, fetching, isEnriching, mayHaveEnded }: Followed): boolean =>
  !isEnriching && fetching === 0 && (computing === 0 || mayHaveEnded)

/**
 * Told is what the jobs come to once none of them is at work. It is sure where the first of them began late enough after
 * the write; else it counts when no other follows: a job has its own accounts, and its own first day, and the one that
 * knows the write may wait for an earlier one. Writes are followed by jobs that fetch prices.
 */
export const followed = (write: Write) => (sofar: Followed, sign: Sign): Followed => {
  const next = { ...sofar, ...counted(sofar, sign, write) }
  const { name } = sign
  if (name !== completed && name !== notSynced && name !== failed) return next
  const hasFailed = next.hasFailed || name !== completed
  const ended = { ...next, hasFailed, mayHaveEnded: next.mayHaveEnded || name === failed }
  if (!isStill(ended)) return ended
  // The end of one that began before the write, while it was the only one, tells nothing.
  const recomputed = hasFailed ? false : next.hasStarted ? true : next.recomputed
  return { ...ended, recomputed, isSure: recomputed !== undefined && isOver(ended) && next.hasLate }
}

/** No job is between its prices and its computation, or in a computation that failed. */
const isOver = ({ computing, fetched }: Followed) => fetched === 0 && computing === 0

const less = (count: number) => Math.max(0, count - 1)

/** What is at work after one more sign. */
const counted = (
  { computing, enrichedFrom, fetched, fetching, hasFailed, hasLate, hasStarted, isEnriching, mayHaveEnded }: Followed,
  { at, name }: Sign,
  { sentAt, writtenAt }: Write
): Partial<Followed> => {
  const isFirst = fetching + fetched + computing === 0
  const isEnrichedJob = !isEnriching && enrichedFrom !== undefined
  const begins = {
    hasFailed: hasFailed && !isFirst,
    mayHaveEnded: mayHaveEnded && !isFirst,
    ...(isEnrichedJob ? { enrichedFrom: undefined } : {})
  }
  const isLate = (isEnrichedJob ? enrichedFrom : at) - writtenAt >= knowsAfter
  switch (name) {
    case enriching:
      return { isEnriching: true, enrichedFrom: at }
    case enriched:
      return { isEnriching: false, enrichedFrom: enrichedFrom ?? -Infinity }
    case syncing:
      return { fetching: fetching + 1, hasLate: hasLate || (isFirst && isLate), ...begins }
    case synced:
      return { fetching: less(fetching), fetched: fetched + 1 }
    case notSynced:
      return { fetching: less(fetching) }
    case started:
      return {
        computing: computing + 1,
        recomputed: undefined,
        hasStarted: hasStarted || at >= sentAt,
        ...(fetched > 0 ? { fetched: fetched - 1 } : begins)
      }
    case completed:
      return { computing: less(computing) }
    case failed:
      return {}
    default:
      // Progress: it had begun before it was looked at, if that was not seen.
      return name.startsWith("asset:") ? { isEnriching: true, enrichedFrom: enrichedFrom ?? -Infinity } : {}
  }
}
