import { DateTime, Effect } from "effect"
import { fromEpochMillis, type PlainDate } from "./Portfolio/PlainDate.ts"

/** The day it is in UTC. */
export const today = Effect.map(DateTime.now, (now) => fromEpochMillis(DateTime.toEpochMillis(now)))

/** The day it is in an IANA zone. In UTC no calendar data is loaded for it. */
export const todayIn = (timeZone: string): Effect.Effect<PlainDate> =>
  timeZone === "UTC" ? today : Effect.map(DateTime.now, (now) => {
    const local = DateTime.setZone(now, DateTime.zoneMakeNamedUnsafe(timeZone))
    return fromEpochMillis(DateTime.toEpochMillis(local) + DateTime.zonedOffset(local))
  })
