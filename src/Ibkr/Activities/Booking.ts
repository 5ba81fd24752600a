import { Schema } from "effect"
import { hash } from "node:crypto"
import type { Activity, PositionMove, SkippedRow, SkipReason } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import type { TrackedShorts } from "../../Portfolio/ShortPositions.ts"
import { SecurityInfo } from "../FlexReport.ts"
import type { InstrumentIndex } from "../Instruments.ts"

export interface BookingOptions {
  /** `runbook`: exactly the operators' table of cash types. `extended` adds the unambiguous ones. */
  readonly cashTypes: "runbook" | "extended"
  /** Rows before this day are never booked. */
  readonly startDate?: PlainDate
  /** External ids of cancels and reversals that are booked as rows of their own: they take nothing out any more. */
  readonly booked: ReadonlySet<string>
  /** What the tracker held before the statement, by instrument. */
  readonly held?: ReadonlyMap<string, Decimal>
  /** What it has of the instruments that are short, where it holds short positions. */
  readonly tracked?: TrackedShorts
  /** By content hash: what rows of earlier statements are called. */
  readonly knownAs?: ReadonlyMap<string, ReadonlySet<string>>
}

export interface Booked {
  readonly activities: Array<Activity>
  readonly skipped: Array<SkippedRow>
}

export const noneBooked = (): Booked => ({ activities: [], skipped: [] })

/** Over the broker's own fields, in a fixed order; a release that maps differently does not change it. */
export const contentHash = (fields: ReadonlyArray<string | Decimal | undefined>): string =>
  hash(
    "sha256",
    fields.map((field) => field === undefined ? "" : typeof field === "string" ? field : Decimals.format(field)).join(
      "\u001f"
    )
  )

/** What a row and its kind have in common with every skip entry made from it. */
export interface RowIdentity {
  readonly section: string
  readonly externalId?: string | undefined
  readonly contentHash: string
  readonly date?: PlainDate | undefined
  readonly subject?: string
  readonly position?: PositionMove | undefined
  /** The row's attributes, made only when it is held. */
  readonly fields: () => Readonly<Record<string, string>>
}

export const skip = (row: RowIdentity, reason: SkipReason, detail: string): SkippedRow => ({
  section: row.section,
  ...(row.externalId === undefined ? {} : { externalId: row.externalId }),
  reason,
  detail,
  held: false,
  contentHash: row.contentHash,
  ...(row.date === undefined ? {} : { date: row.date }),
  ...(row.subject === undefined ? {} : { subject: row.subject }),
  ...(row.position === undefined ? {} : { position: row.position })
})

/** A row and the one that takes it back: both stay out, each naming the other. */
export const skipPair = (
  reason: "cancelled" | "reversed",
  row: RowIdentity & { readonly externalId: string },
  back: RowIdentity & { readonly externalId: string }
): ReadonlyArray<SkippedRow> => [
  { ...skip(row, reason, `by ${back.externalId}`), takenBackBy: back.externalId },
  {
    ...skip(back, reason, `${reason === "cancelled" ? "cancels" : "reverses"} ${row.externalId}`),
    takesBack: row.externalId
  }
]

/** Kept with its source, and with the row that explains its security, so that a later run can map it again. */
export const hold = (
  row: RowIdentity,
  reason: SkipReason,
  detail: string,
  context?: { readonly section: string; readonly fields: Readonly<Record<string, string>> }
): SkippedRow => ({
  ...skip(row, reason, detail),
  held: true,
  source: {
    section: row.section,
    fields: row.fields(),
    ...(row.externalId === undefined ? {} : { externalId: row.externalId }),
    ...(context === undefined ? {} : { context: [context] })
  }
})

/**
 * Ids of rows that share one: `ibkr:cash:7`, `ibkr:cash:7:2`, … What an earlier night called by one of them keeps it, so
 * that it stays the same row when it comes without the other; the rest take what is free, in the order given.
 *
 * @param rows for each, its content hashes: rows that supersede one another are called the same
 */
export const ownIds = (
  id: string,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  knownAs: BookingOptions["knownAs"] = new Map()
): ReadonlyArray<string> => {
  const taken = new Set<number>()
  const take = (place: number) => {
    taken.add(place)
    return place
  }
  const kept = rows.map((hashes) => {
    const names = hashes.flatMap((hash) => [...knownAs.get(hash) ?? []])
    const place = names.map((name) => placeOf(id, name)).find((place) => place !== undefined)
    return place === undefined || taken.has(place) ? undefined : take(place)
  })
  let free = 1
  return kept.map((known) => {
    while (taken.has(free)) free++
    const place = known ?? take(free)
    return place === 1 ? id : `${id}:${place}`
  })
}

/** `ibkr:trade:1` has place 1, `ibkr:trade:1:2` and its fee `ibkr:trade:1:2:fee` have place 2. */
const placeOf = (id: string, name: string): number | undefined => {
  const rest = name.startsWith(id) ? /^(?::(\d+))?(?::[a-z].*)?$/.exec(name.slice(id.length)) : null
  return rest === null ? undefined : Number(rest[1] ?? 1)
}

const encodeSecurity = Schema.encodeSync(SecurityInfo)

/** The row that explains an instrument, for a held row to be mapped with. */
export const contextOf = (key: string, index: InstrumentIndex) => {
  const security = index.securityOf(key)
  return security === undefined ? undefined : { section: "SecuritiesInfo", fields: encodeSecurity(security) }
}

/** Why an instrument's rows cannot be booked by the broker's word alone. */
export const instrumentHold = (index: InstrumentIndex, key: string) => {
  const match = index.match(key)
  return match?._tag === "UnknownVenue" ? { reason: "unknown-venue" as const, detail: match.detail } : undefined
}

/**
 * What closes or takes back may come in a later statement than what it closes, with the same second: it has milliseconds
 * of its own. By rank, 0 to 6.
 */
const earliestMillisecond: ReadonlyArray<number> = [0, 0, 500, 500, 0, 0, 900]

/**
 * Opens before closes, then by id: the tracker keeps milliseconds and takes ties in any order.
 */
export const orderWithinSeconds = (
  activities: ReadonlyArray<Activity>,
  rank: (activity: Activity) => number
): Array<Activity> => {
  const at = (activity: Activity) => `${activity.date} ${activity.time ?? "12:00:00"}`
  const sorted = activities
    .map((activity) => ({ activity, at: at(activity), rank: rank(activity) }))
    .sort((a, b) =>
      compare(a.at, b.at) || a.rank - b.rank || covers(b.activity) - covers(a.activity)
      || compareIds(a.activity, b.activity)
    )
  let second = ""
  let last = -1
  return sorted.map(({ activity, at, rank }) => {
    if (at !== second) last = -1
    const millisecond = Math.min(Math.max(last + 1, earliestMillisecond[rank] ?? 0), 999)
    second = at
    last = millisecond
    return millisecond === activity.millisecond ? activity : { ...activity, millisecond }
  })
}

/** Of a purchase that crosses zero: the tracker takes no other while there is something to cover. */
const covers = ({ subtype }: Activity): number => subtype === "POSITION_CLOSE" ? 1 : 0

const compareIds = (a: Activity, b: Activity): number =>
  compare(a.externalId, b.externalId) || compare(a.contentHash, b.contentHash)

export const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0
