import { Effect } from "effect"
import { Broker, type BrokerReport, lastDayOf, type StatementPart } from "../Broker.ts"
import type { Activity, SourceRow } from "../Portfolio/Activity.ts"
import type { StatementCash } from "../Portfolio/CashBridge.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type CommissionsCorrected, correctCommissions } from "./CommissionCorrections.ts"
import { heldBefore } from "./HeldBefore.ts"
import { trackedShorts } from "./TrackedShorts.ts"

export interface MappedStatement {
  /** The statement's rows with all that bears on them: rows held so far, and booked rows that it corrects. */
  readonly report: BrokerReport
  /** What its rows are by themselves: they moved cash in its days, whatever is booked of them. */
  readonly own: ReadonlyArray<Activity>
  /** Content hashes of all rows that stand in it, booked or not: of others it is no source. */
  readonly hashes: ReadonlySet<string>
  /** What its rows move by kind, where that is known already. */
  readonly cash?: StatementCash
  /** Content hashes of the rows that were recalled. */
  readonly recalled: ReadonlySet<string>
}

/**
 * Maps a statement with the rows held so far. What it corrects may have come with an earlier one: rows of the same subject
 * that are or were booked are recalled from the archive and mapped with it; also those that went out with what takes them
 * back, since a run that was cut short may have remembered that of one of the two alone. A cancel or reversal that was
 * booked beside what it takes back, both of them long ago, leaves both as they are.
 */
export const mapStatement = Effect.fn("Sync.map")(function*(
  statement: StatementPart,
  options: { readonly dryRun: boolean; readonly upstream: string }
) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const waiting = yield* store.held
  const held = statement.kept ?? keptRows(waiting)
  const alone = yield* statement.report({ rows: held, booked: new Set() })
  const before = alone.positions === undefined ? yield* heldBefore(alone) : new Map<string, never>()
  const beside = before.size === 0 ? {} : { held: before }
  const unshorted = before.size === 0 ? alone : yield* statement.report({ rows: held, booked: new Set(), ...beside })
  const until = lastDayOf(unshorted.statements)
  const tracked = yield* trackedShorts(unshorted, { until, upstream: options.upstream })
  const known = tracked === undefined ? beside : { ...beside, tracked }
  const first = tracked === undefined
    ? unshorted
    : yield* statement.report({ rows: held, booked: new Set(), ...known })
  const rows = [...first.activities, ...first.skipped]
  const hashes = new Set(rows.map(({ contentHash }) => contentHash))
  const related = yield* store.bySubject([...new Set(rows.flatMap(({ subject }) => subject ?? []))])
  const earlier = yield* broker.recall(
    related.flatMap(({ contentHash, statementId }) =>
      hashes.has(contentHash) || statementId === undefined ? [] : [{ contentHash, statementId }]
    )
  )
  const names = new Map(related.map(({ contentHash, externalId }) => [contentHash, externalId]))
  const recalled = [...earlier].map(([hash, source]) => ({ ...source, externalId: names.get(hash) ?? "" }))
  const context = [...held, ...recalled]
  let report = earlier.size === 0 ? first : yield* statement.report({ rows: context, booked: new Set(), ...known })
  let booked: ReadonlySet<string> = new Set()
  for (let found = yield* bookedPairs(report); !found.isSubsetOf(booked); found = yield* bookedPairs(report)) {
    booked = booked.union(found)
    report = yield* statement.report({ rows: context, booked, ...known })
  }
  const own = first.activities.filter(({ externalId }) => !first.carriedOver.has(externalId))
  const waited = new Set(waiting.map(({ contentHash }) => contentHash))
  const mapped: MappedStatement = {
    report,
    own,
    hashes: new Set([
      ...own.map(({ contentHash }) => contentHash),
      ...first.skipped.flatMap(({ contentHash }) =>
        contentHash === undefined || waited.has(contentHash) ? [] : [contentHash]
      )
    ]),
    ...(first.statementCash === undefined ? {} : { cash: first.statementCash }),
    recalled: new Set(earlier.keys())
  }
  const evidence = first.commissions ?? []
  return evidence.length === 0 ? mapped : withCorrections(mapped, yield* correctCommissions(evidence, options))
})

/** Rows that earlier runs could not book, to be mapped again. */
export const keptRows = (held: ReadonlyArray<SyncRecord>): ReadonlyArray<SourceRow> =>
  held.flatMap(({ source }) => source === undefined ? [] : [source])

const withCorrections = (mapped: MappedStatement, corrected: CommissionsCorrected): MappedStatement => {
  const there = new Set(mapped.report.activities.map(({ externalId }) => externalId))
  const added = corrected.activities.filter(({ externalId }) => !there.has(externalId))
  return {
    ...mapped,
    report: {
      ...mapped.report,
      activities: [...mapped.report.activities, ...added],
      warnings: [...mapped.report.warnings, ...corrected.warnings]
    },
    own: [...mapped.own, ...corrected.own],
    hashes: new Set([...mapped.hashes, ...corrected.own.map(({ contentHash }) => contentHash)])
  }
}

/** Rows that take another back, where both are booked. */
const bookedPairs = Effect.fnUntraced(function*(report: BrokerReport) {
  const pairs = report.skipped.flatMap(({ externalId, takesBack }) =>
    externalId === undefined || takesBack === undefined ? [] : [[externalId, takesBack] as const]
  )
  if (pairs.length === 0) return new Set<string>()
  const known = yield* (yield* SyncRecordStore).known(pairs.flat())
  const isBooked = (id: string) => known.get(id)?.state === "synced"
  return new Set(pairs.flatMap(([back, row]) => isBooked(back) && isBooked(row) ? [back] : []))
})
