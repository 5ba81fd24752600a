import { Effect } from "effect"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { isBaselineOpen } from "./Baseline.ts"
import { firstContact, rebuiltUpTo } from "./FirstContact.ts"
import { type HandRows, handRows } from "./HandRows.ts"
import { type Presence, presence } from "./Presence.ts"
import { oweComputation } from "./Recalculation.ts"
import { settlePending } from "./Settle.ts"

export interface RunState {
  /** Whether the tracker computed in time what this run wrote, if it wrote anything. */
  recomputed: boolean | undefined
  readonly presence: Presence
  readonly handRows: HandRows
  /** The store was lost, and rebuilt by this run: it sends one request, the next one fills what is missing. */
  readonly rebuilt: boolean
  readonly rebuiltUntil: PlainDate | undefined
  /** What the tracker held before the first statement is still to be looked at. */
  readonly baselineOpen: boolean
}

/** Before anything else: what earlier runs left open, and what the tracker has of what was booked. */
export const prepare = Effect.fn("Sync.prepare")(function*(options: {
  readonly upstream: string
  readonly dryRun: boolean
}) {
  yield* (yield* WealthfolioRepo).account
  if (!options.dryRun && (yield* settlePending(options.upstream))) yield* oweComputation
  const rebuilt = yield* firstContact(options)
  const { coverage, hasPlaced } = yield* SyncRecordStore
  const isFirst = (yield* coverage).length === 0 && !(yield* hasPlaced)
  const state: RunState = {
    recomputed: undefined,
    rebuilt,
    presence: yield* presence(options),
    handRows: handRows(options),
    rebuiltUntil: yield* rebuiltUpTo,
    baselineOpen: yield* isBaselineOpen({ ...options, isFirst })
  }
  return state
})
