import { DateTime, Option } from "effect"
import { fromEpochDay, type PlainDate } from "../Portfolio/PlainDate.ts"

/** A time zone, with its offsets as far as they were asked for. */
export interface Zone {
  /** IANA name. */
  readonly id: string
  /** Nothing: UTC, for which no calendar data has to be loaded. */
  readonly named: DateTime.TimeZone.Named | undefined
  /** By day since 1970, as that day begins in UTC. */
  readonly offsets: Map<number, number>
}

/** An IANA zone; the empty text is UTC, as in Wealthfolio's settings; `undefined` for a name that is none. */
export const zoneOf = (name: string): Zone | undefined => {
  const id = name.trim()
  if (id === "" || id === "UTC") return { id: "UTC", named: undefined, offsets: new Map() }
  const named = Option.getOrUndefined(DateTime.zoneMakeNamed(id))
  return named && { id: named.id, named, offsets: new Map() }
}

/** Unix milliseconds of an RFC 3339 instant, UTC where it names no zone; `NaN` for text that is none. */
export const millisOf = (instant: string): number =>
  Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(instant) || !instant.includes("T") ? instant : `${instant}Z`)

const millisPerDay = 86_400_000

const exactOffset = (millis: number, named: DateTime.TimeZone.Named): number =>
  DateTime.zonedOffset(DateTime.makeZonedUnsafe(millis, { timeZone: named }))

const offsetAsDayBegins = (day: number, named: DateTime.TimeZone.Named, offsets: Map<number, number>): number => {
  const known = offsets.get(day)
  if (known !== undefined) return known
  const offset = exactOffset(day * millisPerDay, named)
  offsets.set(day, offset)
  return offset
}

/** The offset from the beginning of one day (UTC) to that of another, where it stays the same; no zone changes twice a day. */
const steadyOffset = (from: number, to: number, { named, offsets }: Zone): number | undefined => {
  if (named === undefined) return 0
  const offset = offsetAsDayBegins(from, named, offsets)
  for (let day = from + 1; day <= to; day++) {
    if (offsetAsDayBegins(day, named, offsets) !== offset) return undefined
  }
  return offset
}

const offsetAt = (millis: number, zone: Zone): number => {
  const day = Math.floor(millis / millisPerDay)
  const steady = steadyOffset(day, day + 1, zone)
  return steady ?? (zone.named === undefined ? 0 : exactOffset(millis, zone.named))
}

/** Of a history of ten years some 3 650 days: each is one text, however many rows have it. */
const days = new Map<number, PlainDate>()

/** The calendar day of an instant in a zone. */
export const dayAt = (millis: number, zone: Zone): PlainDate => {
  const day = Math.floor((millis + offsetAt(millis, zone)) / millisPerDay)
  const known = days.get(day)
  if (known !== undefined) return known
  const text = fromEpochDay(day)
  days.set(day, text)
  return text
}

/**
 * The instant at which a clock in `zone` shows this day and `HH:mm:ss` (noon when there is only a day), as RFC 3339 with
 * milliseconds in UTC. A time that the zone skips or has twice takes the reading that keeps the day; a day that the zone
 * skips whole becomes an instant next to the skip.
 */
export const instantOf = (day: PlainDate, time: string | undefined, millisecond: number, zone: Zone): string => {
  const wall = `${day}T${time ?? "12:00:00"}.${String(millisecond).padStart(3, "0")}Z`
  const { named } = zone
  const shown = Date.parse(wall)
  const date = Math.floor(shown / millisPerDay)
  const steady = steadyOffset(date - 1, date + 2, zone)
  if (named === undefined || steady !== undefined) return new Date(shown - (steady ?? 0)).toISOString()
  const reading = (disambiguation: DateTime.Disambiguation) =>
    DateTime.toEpochMillis(
      DateTime.makeZonedUnsafe(wall, { timeZone: named, adjustForTimeZone: true, disambiguation })
    )
  for (const disambiguation of ["compatible", "earlier", "later"] as const) {
    const millis = reading(disambiguation)
    if (dayAt(millis, zone) === day) return new Date(millis).toISOString()
  }
  return new Date(reading("later")).toISOString()
}
