import { DateTime, Option } from "effect"
import { fromEpochMillis, type PlainDate } from "../Portfolio/PlainDate.ts"

export type Zone = DateTime.TimeZone.Named

/** An IANA zone; the empty text is UTC, as in Wealthfolio's settings; `undefined` for a name that is none. */
export const zoneOf = (name: string): Zone | undefined =>
  Option.getOrUndefined(DateTime.zoneMakeNamed(name.trim() === "" ? "UTC" : name.trim()))

/** Unix milliseconds of an RFC 3339 instant, UTC where it names no zone; `NaN` for text that is none. */
export const millisOf = (instant: string): number =>
  Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(instant) || !instant.includes("T") ? instant : `${instant}Z`)

/** The calendar day of an instant in a zone. */
export const dayAt = (millis: number, zone: Zone): PlainDate =>
  fromEpochMillis(millis + DateTime.zonedOffset(DateTime.makeZonedUnsafe(millis, { timeZone: zone })))

/**
 * The instant at which a clock in `zone` shows this day and `HH:mm:ss` (noon when there is only a day), as RFC 3339 with
 * milliseconds in UTC. A time that the zone skips or has twice takes the reading that keeps the day; a day that the zone
 * skips whole becomes an instant next to the skip.
 */
export const instantOf = (day: PlainDate, time: string | undefined, millisecond: number, zone: Zone): string => {
  const wall = `${day}T${time ?? "12:00:00"}.${String(millisecond).padStart(3, "0")}Z`
  const reading = (disambiguation: DateTime.Disambiguation) =>
    DateTime.toEpochMillis(
      DateTime.makeZonedUnsafe(wall, { timeZone: zone, adjustForTimeZone: true, disambiguation })
    )
  for (const disambiguation of ["compatible", "earlier", "later"] as const) {
    const millis = reading(disambiguation)
    if (dayAt(millis, zone) === day) return new Date(millis).toISOString()
  }
  return new Date(reading("later")).toISOString()
}
