import { Effect } from "effect"
import { Broker } from "../Broker.ts"
import { openingKind } from "../Sync/Opening.ts"
import { prepare } from "../Sync/Prepare.ts"
import { without } from "../Sync/Records.ts"
import { archiveReport } from "../Sync/TrackedShorts.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { book, type DecisionOptions } from "./Booking.ts"
import { type RowOutcome, RowUndecidable, unknownRow } from "./RowOutcome.ts"

export type RestoreWhat =
  | { readonly externalId: string }
  /** All rows that the tracker lost: `create` books them again, `accept` leaves them out. */
  | { readonly missing: "create" | "accept" }

/** Brings rows back that were deleted, ignored or lost; from the archive, else from the source kept of held ones. */
export const restore = Effect.fn("Decisions.restore")(function*(what: RestoreWhat, options: DecisionOptions) {
  const store = yield* SyncRecordStore
  const state = yield* prepare({ ...options, dryRun: false })
  const waiting = (yield* store.held).filter(({ reason }) => reason === "missing")
  const lost = [...(yield* store.known([...state.presence.missing])).values()]
  if ("missing" in what) {
    const all = [...lost, ...waiting]
    return what.missing === "accept" ? yield* accept(all) : yield* bringBack(all, options, state)
  }
  const { externalId } = what
  const record = (yield* store.known([externalId])).get(externalId)
  if (record === undefined) return yield* unknownRow(externalId)
  const isLost = state.presence.missing.has(externalId)
  const isOut = record.state === "removed" ||
    (record.state === "skipped" && (record.held || record.reason === "ignored"))
  if (!isLost && !isOut) {
    return yield* new RowUndecidable({
      message: `${externalId} is not out: it is ${record.reason ?? record.state}`,
      hint: "broker-sync ibkr status lists the rows that can be brought back"
    })
  }
  return yield* bringBack([record], options, state)
})

const accept = Effect.fnUntraced(function*(records: ReadonlyArray<SyncRecord>) {
  const store = yield* SyncRecordStore
  yield* store.save(records.map((record) => ({
    ...without(without(record, "source"), "reason"),
    state: "removed" as const,
    held: false
  })))
  return records.map((record): RowOutcome => ({
    externalId: record.externalId,
    outcome: "removed",
    detail: "stays out",
    date: record.date
  }))
})

const bringBack = Effect.fnUntraced(function*(
  records: ReadonlyArray<SyncRecord>,
  options: DecisionOptions,
  state: Parameters<typeof book>[2]
) {
  if (records.length === 0) return []
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const archive = yield* archiveReport(options)
  const kept = yield* broker.map(records.flatMap(({ source }) => source ?? []))
  const ids = new Set(records.map(({ externalId }) => externalId))
  const archived = new Set(archive.activities.map(({ externalId }) => externalId))
  const activities = [
    ...archive.activities,
    ...kept.activities.filter(({ externalId }) => !archived.has(externalId))
  ]
  const hashes = new Set(activities.flatMap(({ contentHash, externalId }) => ids.has(externalId) ? [contentHash] : []))
  // A commission that is a row of its own comes back with its trade.
  const concerned = activities.filter(({ contentHash, externalId }) => ids.has(externalId) || hashes.has(contentHash))
  const outcomes = yield* book(
    {
      activities: concerned,
      instruments: new Map([...kept.instruments, ...archive.instruments]),
      statementOf: archive.statementOf
    },
    { ...options, force: new Set(concerned.map(({ externalId }) => externalId)) },
    state
  )
  const found = new Set(outcomes.map(({ externalId }) => externalId))
  const nowhere = records.filter(({ externalId }) => !found.has(externalId))
  const skipped = new Map(archive.skipped.map((row) => [row.externalId, row]))
  const open = nowhere.filter(({ externalId }) => !skipped.has(externalId))
  yield* store.forget(open.map(({ externalId }) => externalId))
  return [
    ...outcomes,
    ...nowhere.map((record): RowOutcome => {
      const skip = skipped.get(record.externalId)
      return {
        externalId: record.externalId,
        outcome: skip === undefined ? "forgotten" : "skipped",
        detail: skip === undefined && record.kind === openingKind
          ? "broker-sync ibkr open-positions books it again"
          : skip === undefined
          ? "its statement is not in the archive: download it from the portal and import it with --file"
          : `${skip.reason}: ${skip.detail}`,
        date: record.date
      }
    })
  ]
})
