import { Array as Arr, Effect } from "effect"
import { isOpeningRow, openingPrefix } from "../Sync/Opening.ts"
import { computedAfter } from "../Sync/Recalculation.ts"
import { keyOf, kindOf } from "../Sync/Records.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import type { RowOutcome } from "./RowOutcome.ts"
import { deleteRows } from "./Undo.ts"

/** Opening rows as the tracker has them, by external id. */
export interface BookedOpenings {
  readonly own: ReadonlyMap<string, TrackerRow>
  /** They are the user's now. */
  readonly edited: ReadonlyMap<string, TrackerRow>
}

export const bookedOpenings = Effect.fnUntraced(function*(upstream: string, provider: string) {
  const prefix = openingPrefix(provider, upstream)
  const all = yield* (yield* WealthfolioRepo).rows({ keep: ({ key = "" }) => key.startsWith(prefix) })
  const byId = (rows: ReadonlyArray<TrackerRow>) =>
    new Map(rows.map((row) => [row.key?.slice(keyOf("", upstream).length) ?? "", row]))
  const found: BookedOpenings = {
    own: byId(all.filter((row) => isOpeningRow(row, prefix))),
    edited: byId(all.filter((row) => !isOpeningRow(row, prefix)))
  }
  return found
})

const rowsPerRequest = 500

/** Deletes these in the tracker, waits until it has computed without them, and forgets them. */
export const takeOut = Effect.fnUntraced(function*(
  ids: ReadonlyArray<string>,
  { own }: BookedOpenings,
  upstream: string
) {
  if (ids.length === 0) return []
  const store = yield* SyncRecordStore
  const known = yield* store.known(ids)
  const records = ids.map((id) => known.get(id) ?? unknown(id, own.get(id)))
  yield* computedAfter(Effect.forEach(
    Arr.chunksOf(records, rowsPerRequest),
    (chunk) => deleteRows(chunk, ({ externalId }) => own.get(externalId), upstream),
    { discard: true }
  ))
  return ids.map((externalId): RowOutcome => {
    const row = own.get(externalId)
    return { externalId, outcome: "deleted", ...(row === undefined ? {} : { date: row.date, row }) }
  })
})

/** Of a store that was put back to an earlier state. */
const unknown = (externalId: string, row: TrackerRow | undefined): SyncRecord => ({
  externalId,
  kind: kindOf(externalId),
  state: "synced",
  contentHash: "",
  runId: "unknown",
  held: false,
  ...(row === undefined ? {} : { trackerId: row.id, date: row.date })
})
