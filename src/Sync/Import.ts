import { Array as Arr, Effect } from "effect"
import type { BrokerReport, ReceivedStatement } from "../Broker.ts"
import { type Activity, positionMove, type SkippedRow } from "../Portfolio/Activity.ts"
import { waitingFor } from "../Progress.ts"
import type { ActivityStatus, ReportedActivity } from "../RunReport.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { findAdoptions } from "./Adoption.ts"
import { heldRows, judgeCorrections } from "./Corrections.ts"
import { decide } from "./Decide.ts"
import type { ImportOptions } from "./ImportOptions.ts"
import { computedAfter, oweRecalculation, recalculateIfOwed } from "./Recalculation.ts"
import { activityRecord, skippedRecord } from "./Records.ts"
import { type HoldReason, tieAssets } from "./Tie.ts"
import { writeAdoption, writeBatch, type WriteContext, writeCorrection } from "./Write.ts"

/** Where the rows of a report come from. */
export interface RowSource extends Pick<ReceivedStatement, "sources"> {
  /** By content hash: the archived statement that has the row; `undefined` for rows kept from earlier ones. */
  readonly statementOf: (contentHash: string) => string | undefined
  /** Content hashes of booked rows that were recalled to be mapped with the others. */
  readonly recalled: ReadonlySet<string>
}

export interface ImportResult {
  readonly activities: ReadonlyArray<ReportedActivity>
  readonly skipped: ReadonlyArray<SkippedRow>
  /** Whether the tracker computed in time what this run wrote so far, if it wrote anything. */
  readonly recomputed: boolean | undefined
  readonly warnings: ReadonlyArray<string>
}

/** Wealthfolio takes 500 rows and more in one request; within it all or none are written. */
const rowsPerBatch = 500

/**
 * Drops what is known, ties instruments to assets, imports the rest oldest first, corrects what the broker took back, and
 * remembers all of it. Whatever is written is `pending` in the store before it is sent and `synced` after.
 */
export const importReport = Effect.fn("Sync.import")(function*(
  source: RowSource,
  report: BrokerReport,
  options: ImportOptions & {
    /** Of what this run wrote before. */
    readonly recomputed: boolean | undefined
    /** More is to be written: whoever asks waits until the tracker has recomputed, once for all of it. */
    readonly isPart?: boolean
  }
) {
  const store = yield* SyncRecordStore
  const decision = yield* decide(report, source.recalled, options)
  const { corrections, found, fresh, known, removed } = decision
  const ids = new Set(corrections.flatMap(({ remove }) => remove))
  const records = new Map([...decision.records, ...yield* store.known([...ids])])
  const adds = corrections.flatMap(({ add }) => add)
  const { assetIds, heldBack, warnings } = yield* tieAssets([...fresh, ...adds], report, options)
  const judged = yield* judgeCorrections(corrections, records, heldBack, assetIds)
  const tied = fresh.filter((activity) => !heldBack.has(activity.contentHash))
  const adoption = yield* findAdoptions(tied, assetIds, options, report.statements)
  const adopted = new Set(adoption.made.flatMap(({ rows }) => rows.map(({ externalId }) => externalId)))
  const ready = tied.filter(({ externalId }) => !adopted.has(externalId) && !adoption.candidates.has(externalId))

  const statuses = new Map<string, ActivityStatus>()
  const held = new Map<string, HoldReason>(adoption.candidates)
  const unmade = [...judged.held]
  for (const activity of fresh) {
    const why = heldBack.get(activity.contentHash)
    if (why !== undefined) held.set(activity.externalId, why)
  }
  for (const { externalId } of [...known, ...judged.alike]) statuses.set(externalId, "already-synced")
  for (const { externalId } of removed) statuses.set(externalId, "removed")
  const context: WriteContext = {
    options,
    records,
    assetIds,
    statementOf: source.statementOf,
    skipped: report.skipped,
    became: ({ externalId }, status) => statuses.set(externalId, status),
    refuse: ({ externalId }, detail) => held.set(externalId, { reason: "refused", detail }),
    refuseCorrection: (correction, own, detail) =>
      void unmade.push(...heldRows(correction, own, () => ({ reason: "refused", detail })))
  }
  const noted = (rows: ReadonlyArray<Activity>) =>
    Effect.suspend(() =>
      options.note(rows.flatMap((activity) => {
        const status = statuses.get(activity.externalId)
        return status === undefined ? [] : [reported(activity, status, report)]
      }))
    )
  yield* noted(known)

  let { recomputed } = options
  if (options.dryRun) {
    for (const { externalId } of [...ready, ...adds]) statuses.set(externalId, "planned")
  } else {
    yield* store.save([...learned(known, context, found), ...learned(judged.alike, context, found)])
    const steps = [
      ...Arr.chunksOf(ready, rowsPerBatch).map((batch) => [writeBatch(batch, context), batch] as const),
      ...adoption.made.map((each) => [writeAdoption(each, context), each.rows] as const),
      ...judged.made.map((each) => [writeCorrection(each, context), each.correction.add] as const)
    ]
    if (steps.length > 0) {
      const write = Effect.forEach(steps, ([step, rows], index) =>
        step.pipe(
          // Also where the store did not take it: what is in is said.
          Effect.ensuring(noted(rows)),
          waitingFor(`importing batch ${index + 1} of ${steps.length}`)
        ), { discard: true })
      const isSplit = ({ type }: { readonly type: string }) => type === "SPLIT"
      const goes = judged.made.flatMap(({ booked }) => [...booked.values()].map(({ row }) => row))
      if (goes.some(isSplit) || steps.some(([, rows]) => rows.some(isSplit))) yield* oweRecalculation
      if (options.isPart === true) yield* write
      else recomputed = (yield* computedAfter(write))[1] ?? recomputed
    }
    if (options.isPart !== true) recomputed = (yield* recalculateIfOwed) ?? recomputed
  }

  const notApplied = new Map(unmade.map(({ row, why }) => [row.externalId ?? "", { row, why }]))
  const rows = [...report.activities, ...[...notApplied.values()].map(({ row }) => row)]
  for (const [id, { why }] of notApplied) held.set(id, why)
  const waiting = yield* holdBack(source, rows, held)
  const again = new Set<string | undefined>(waiting.map(({ externalId }) => externalId))
  const skipped = [...decision.skipped.filter(({ externalId }) => !again.has(externalId)), ...waiting]
  if (!options.dryRun) yield* rememberSkipped(skipped, source, options)
  const result: ImportResult = {
    activities: report.activities.flatMap((activity) => {
      const status = again.has(activity.externalId) ? undefined : statuses.get(activity.externalId)
      return status === undefined ? [] : [reported(activity, status, report)]
    }),
    skipped,
    recomputed,
    warnings: [...decision.warnings, ...warnings]
  }
  return result
})

/** Rows that are booked, as far as the store does not know all of it yet. */
const learned = (
  known: ReadonlyArray<Activity>,
  { options, records, statementOf }: WriteContext,
  found: ReadonlyMap<string, string>
): ReadonlyArray<SyncRecord> =>
  known.flatMap((activity) => {
    const record = records.get(activity.externalId)
    const trackerId = found.get(activity.externalId) ?? record?.trackerId
    const isWhole = record?.state === "synced" && record.contentHash === activity.contentHash && !record.held
      && record.date !== undefined && (activity.subject === undefined || record.subject !== undefined)
      && (record.statementId !== undefined || statementOf(activity.contentHash) === undefined)
    if (isWhole || trackerId === undefined) return []
    // Cash that merely reads otherwise stays known by what was booked.
    if (record?.state === "synced" && record.contentHash !== "" && activity.section !== "Trades") {
      if (record.contentHash !== activity.contentHash) return []
    }
    return [activityRecord(activity, {
      runId: record?.state === "synced" ? record.runId : options.runId,
      trackerId,
      statementId: record?.statementId ?? statementOf(activity.contentHash)
    })]
  })

/** Rows that cannot be booked yet, with their source, to be tried again in every run. In the statement's order. */
const holdBack = Effect.fnUntraced(function*(
  source: RowSource,
  rows: ReadonlyArray<Activity | SkippedRow>,
  held: ReadonlyMap<string, HoldReason>
) {
  if (held.size === 0) return []
  const store = yield* SyncRecordStore
  const waiting = new Map(rows.flatMap((row) => row.externalId === undefined ? [] : [[row.externalId, row] as const]))
  const sources = new Map(
    (yield* store.held).flatMap(({ contentHash, source }) =>
      source === undefined ? [] : [[contentHash, source] as const]
    )
  )
  const hashes = [...held.keys()].flatMap((id) => waiting.get(id)?.contentHash ?? [])
  for (const [hash, row] of yield* source.sources(new Set(hashes))) sources.set(hash, row)
  return [...waiting].flatMap(([externalId, row]): ReadonlyArray<SkippedRow & { externalId: string }> => {
    const why = held.get(externalId)
    if (why === undefined) return []
    const kept = sources.get(row.contentHash ?? "") ?? ("source" in row ? row.source : undefined)
    const position = "type" in row ? positionMove(row) : row.position
    return [{
      section: row.section,
      externalId,
      ...why,
      held: true,
      ...(row.contentHash === undefined ? {} : { contentHash: row.contentHash }),
      ...(row.date === undefined ? {} : { date: row.date }),
      ...(row.subject === undefined ? {} : { subject: row.subject }),
      ...(position === undefined ? {} : { position }),
      ...(kept === undefined ? {} : { source: { ...kept, externalId } })
    }]
  })
})

/** What is booked stays so: of a booked row that waits to be corrected only the broker's new row is kept beside it. */
const rememberSkipped = Effect.fnUntraced(function*(
  skipped: ReadonlyArray<SkippedRow>,
  source: RowSource,
  { runId }: ImportOptions
) {
  const store = yield* SyncRecordStore
  const known = yield* store.known(skipped.flatMap((row) => row.externalId ?? []))
  yield* store.save(skipped.flatMap((row): ReadonlyArray<SyncRecord> => {
    const { externalId } = row
    if (externalId === undefined) return []
    const record = known.get(externalId)
    const statementId = source.statementOf(row.contentHash ?? "") ?? record?.statementId
    if (record?.state === "synced") {
      return row.held && row.source !== undefined ? [{ ...record, held: true, source: row.source }] : []
    }
    if (record?.state === "removed") return []
    return [skippedRecord({ ...row, externalId }, { runId, statementId })]
  }))
})

const reported = (activity: Activity, status: ActivityStatus, report: BrokerReport): ReportedActivity => {
  const { conid, isin, symbol } = report.instruments.get(activity.instrumentKey ?? "") ?? {}
  return {
    activity,
    status,
    ...(symbol === undefined ? {} : { symbol }),
    ...(isin === undefined ? {} : { isin }),
    ...(conid === undefined ? {} : { conid })
  }
}
