import { Effect } from "effect"
import { businessDays, type DaySpan, holes, union } from "../Portfolio/Coverage.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"

export interface Ledger {
  readonly covered: ReadonlyArray<DaySpan>
  /** Days that no statement has covered, between the first and the last covered one. */
  readonly holes: ReadonlyArray<DaySpan>
  /** Covered days with rows that still wait. */
  readonly held: ReadonlySet<PlainDate>
  /** Mondays to Fridays that are not proven: in a hole, or with rows that wait. */
  readonly uncoveredDays: number
}

/** The account days proven by a statement and imported, and those that are not. */
export const ledger = Effect.gen(function*() {
  const store = yield* SyncRecordStore
  const covered = union(yield* store.coverage)
  const held = new Set((yield* store.held).flatMap(({ date }) => date ?? []))
  const [from, to] = [covered[0]?.from, covered.at(-1)?.to]
  const missing = from === undefined || to === undefined ? [] : holes(covered, { from, to })
  const result: Ledger = {
    covered,
    holes: missing,
    held,
    uncoveredDays: businessDays([...missing, ...[...held].map((day) => ({ from: day, to: day }))])
  }
  return result
}).pipe(Effect.withSpan("Sync.ledger"))
