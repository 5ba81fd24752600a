import { Array as Arr, Effect } from "effect"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { openingKind } from "../Sync/Opening.ts"
import { prepare } from "../Sync/Prepare.ts"
import { oweComputation, oweRecalculation } from "../Sync/Recalculation.ts"
import { keyOf, kindOf } from "../Sync/Records.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import type { DecisionOptions } from "./Booking.ts"
import { type RowOutcome, RowUndecidable } from "./RowOutcome.ts"

export interface UndoOptions extends DecisionOptions {
  /** A run's id, or every run. */
  readonly run: string | "all"
  /** Without it nothing is changed: only shown. */
  readonly confirmed: boolean
}

const rowsPerRequest = 500

/**
 * Deletes the rows that a run booked, but for those that the user has edited since, and forgets them: the next run books
 * them again, from the archive.
 */
export const undo = Effect.fn("Decisions.undo")(function*(options: UndoOptions) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  yield* prepare({ ...options, dryRun: !options.confirmed })
  const ids = (yield* store.placed).flatMap(({ externalId, runId, state }) =>
    state === "synced" && (options.run === "all" || runId === options.run) ? [externalId] : []
  )
  if (ids.length === 0) {
    return yield* new RowUndecidable({
      message: options.run === "all" ? "no row is booked" : `no booked row is of run ${options.run}`,
      hint: "broker-sync ibkr status lists the last runs"
    })
  }
  const records = [...(yield* store.known(ids)).values()]
  const trackerIds = new Set(records.map(({ trackerId }) => trackerId))
  const there = new Map((yield* repo.rows({ keep: ({ id }) => trackerIds.has(id) })).map((row) => [row.id, row]))
  const rowOf = (record: SyncRecord) => there.get(record.trackerId ?? "")
  const [edited, ours] = [
    records.filter((record) => rowOf(record)?.isUserModified === true),
    records.filter((record) => rowOf(record)?.isUserModified !== true)
  ]
  if (options.confirmed) {
    yield* oweComputation
    for (const chunk of Arr.chunksOf(ours, rowsPerRequest)) yield* deleteRows(chunk, rowOf, options.upstream)
    const takenOut = yield* takenOutBeside(ours)
    yield* store.forget(takenOut.map(({ externalId }) => externalId))
    yield* expectAgain([...ours, ...takenOut].filter(({ kind }) => kind !== openingKind))
  }
  const deleted = options.confirmed ? "deleted" : "would be deleted"
  return [
    ...ours.map((record) => outcome(record, rowOf(record), deleted)),
    ...edited.map((record) => ({ ...outcome(record, rowOf(record), "kept"), detail: "edited in Wealthfolio" }))
  ]
})

/** Deletes these in one request and forgets them, or fails and leaves them as they were. */
export const deleteRows = Effect.fnUntraced(function*(
  records: ReadonlyArray<SyncRecord>,
  rowOf: (record: SyncRecord) => TrackerRow | undefined,
  upstream: string
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  yield* store.save(records.map((record) => ({ ...record, state: "pending" as const, intent: "undo" as const })))
  const remove = records.flatMap((record) => {
    const row = rowOf(record)
    return row === undefined ? [] : [{ id: row.id, key: keyOf(record.externalId, upstream) }]
  })
  if (records.some((record) => rowOf(record)?.type === "SPLIT")) yield* oweRecalculation
  const outcome = yield* repo.replace({ remove, add: [] })
  if (outcome._tag === "Refused") {
    yield* store.save(records)
    return yield* new RowUndecidable({
      message: `Wealthfolio would not delete ${remove.length} rows: ${outcome.message}`,
      hint: "nothing of this request was deleted; look at Wealthfolio's log, then run it again"
    })
  }
  yield* store.forget(records.map(({ externalId }) => externalId))
})

/** Rows of the same subjects that the broker took back: what is left of them (a commission) comes of them again. */
const takenOutBeside = Effect.fnUntraced(function*(records: ReadonlyArray<SyncRecord>) {
  const subjects = new Set(records.flatMap(({ subject }) => subject ?? []))
  return (yield* (yield* SyncRecordStore).inState("skipped")).filter(({ held, reason, subject = "" }) =>
    !held && subjects.has(subject) && (reason === "cancelled" || reason === "reversed" || reason === "superseded")
  )
})

/** The statements that have these rows are imported again; days of rows without one are asked for again. */
const expectAgain = Effect.fnUntraced(function*(records: ReadonlyArray<SyncRecord>) {
  const store = yield* SyncRecordStore
  const statements = new Map((yield* store.statements).map((statement) => [statement.id, statement]))
  const again = new Set<string>()
  const uncovered = new Set<PlainDate>()
  for (const { date, statementId } of records) {
    const known = statements.get(statementId ?? "")
      ?? [...statements.values()].findLast((each) => date !== undefined && each.fromDate <= date && date <= each.toDate)
    if (known !== undefined) again.add(known.id)
    else if (date !== undefined) uncovered.add(date)
  }
  for (const id of again) {
    const statement = statements.get(id)
    if (statement !== undefined) yield* store.saveStatement({ ...statement, imported: false })
  }
  yield* store.uncover(uncovered)
})

const outcome = ({ date, externalId }: SyncRecord, row: TrackerRow | undefined, did: string): RowOutcome => ({
  externalId,
  outcome: row === undefined ? "forgotten" : did,
  ...(row === undefined
    ? { detail: "not in Wealthfolio any more" }
    : kindOf(externalId) === openingKind
    ? { detail: "broker-sync ibkr open-positions books it again" }
    : {}),
  ...(row === undefined && date === undefined ? {} : { date: row?.date ?? date }),
  ...(row === undefined ? {} : { row })
})
