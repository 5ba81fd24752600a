import type { Duration } from "effect"

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

/** What the signs say so far. */
export interface Followed {
  /** Of the job at work; `-Infinity` of one that was at work before it was looked at. */
  readonly begunAt: number | undefined
  /** A computation began that may have known the write. */
  readonly hasStarted: boolean
  /** What the last job that ended says; `undefined` while one is at work. */
  readonly recomputed: boolean | undefined
  /** The last to end began after the write: no other need follow. */
  readonly isSure: boolean
  /** How long no sign may come before what was said last counts. */
  readonly pause: Duration.Input
}

const started = "portfolio:update-start"
const completed = "portfolio:update-complete"
const failed = "portfolio:update-error"
const syncing = "market:sync-start"
/** Without prices a job ends before it computes. */
const notSynced = "market:sync-error"
/** What a job begins with: assets that are new are looked up, else prices are fetched. */
const beginnings: ReadonlySet<string> = new Set(["asset:enrichment-start", syncing])
const watched = /^(?:portfolio:update-|market:sync-(?:start|error)$|asset:)/

/** What happened this soon after ours was answered may belong to an earlier write. */
const tooSoon = 25
/** The server begins with what it knows a second after it, or after the job before. */
const quiet = "2 seconds"
/** Assets are looked up five at a time, each of which may take it a second. */
const quietAfterAssets = "10 seconds"

/** Where a price or rate is missing the job goes on: the holdings were computed before their value. */
export const isSign = (event: string, data: string): boolean =>
  watched.test(event) && !(event === failed && data.startsWith(`"Valuation`))

export const noSign: Followed = {
  begunAt: undefined,
  hasStarted: false,
  recomputed: undefined,
  isSure: false,
  pause: quiet
}

/**
 * Of a job that began after the write the end is sure. Of one that was at work meanwhile, whose computation started after
 * the write or after it was sent, if its answer was lost, the end counts when no other follows: a job has its own accounts,
 * and its own first day.
 */
export const followed = ({ sentAt, writtenAt }: Write) => (sofar: Followed, { at, name }: Sign): Followed => {
  const begunAt = sofar.begunAt ?? (beginnings.has(name) ? at : -Infinity)
  const hasStarted = sofar.hasStarted || (name === started && at >= sentAt)
  const isAtWork = name === syncing || name === started
  const isOver = name === completed || name === notSynced
  const tells = name === notSynced || (hasStarted && (isOver || name === failed))
  const before = isAtWork ? undefined : sofar.recomputed
  return {
    begunAt: isOver ? undefined : begunAt,
    hasStarted,
    // What failed may be completed all the same.
    recomputed: tells ? name === completed && before !== false : before,
    isSure: tells && begunAt - writtenAt >= tooSoon,
    pause: name.startsWith("asset:") ? quietAfterAssets : quiet
  }
}
