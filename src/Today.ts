import { DateTime, Effect } from "effect"
import { fromEpochMillis } from "./Portfolio/PlainDate.ts"

/** The day it is in UTC. */
export const today = Effect.map(DateTime.now, (now) => fromEpochMillis(DateTime.toEpochMillis(now)))
