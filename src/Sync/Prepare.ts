import { Effect } from "effect"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { firstContact, rebuiltUpTo } from "./FirstContact.ts"
import { type Presence, presence } from "./Presence.ts"
import { settlePending } from "./Settle.ts"

export interface RunState {
  /** False while the tracker may still be computing what was written. */
  recomputed: boolean
  readonly presence: Presence
  /** The store was lost, and rebuilt by this run: it sends one request, the next one fills what is missing. */
  readonly rebuilt: boolean
  readonly rebuiltUntil: PlainDate | undefined
}

/** Before anything else: what earlier runs left open, and what the tracker has of what was booked. */
export const prepare = Effect.fn("Sync.prepare")(function*(options: {
  readonly upstream: string
  readonly dryRun: boolean
}) {
  yield* (yield* WealthfolioRepo).account
  const interrupted = options.dryRun ? false : yield* settlePending(options.upstream)
  const rebuilt = yield* firstContact(options)
  const state: RunState = {
    recomputed: !interrupted,
    rebuilt,
    presence: yield* presence(options),
    rebuiltUntil: yield* rebuiltUpTo
  }
  return state
})
