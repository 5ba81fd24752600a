import { Array as Arr, Effect, Schema } from "effect"
import type { BrokerReport, ReceivedStatement } from "../Broker.ts"
import { exitCodes, type Failure } from "../Failure.ts"
import type { Activity, SkippedRow, SkipReason, SourceRow } from "../Portfolio/Activity.ts"
import { addDays } from "../Portfolio/PlainDate.ts"
import { waitingFor } from "../Progress.ts"
import type { ActivityStatus, ReportedActivity } from "../RunReport.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type AssetMatch, WealthfolioRepo } from "../WealthfolioRepo.ts"

export interface ImportOptions {
  readonly runId: string
  /** The broker's account; first part of every idempotency key, as the tracker's keys are global. */
  readonly upstream: string
  readonly dryRun: boolean
  /** Told of rows as soon as it is known what became of them, so that a run that fails half-way says what it did. */
  readonly note: (rows: ReadonlyArray<ReportedActivity>) => Effect.Effect<void>
}

export interface ImportResult {
  readonly activities: ReadonlyArray<ReportedActivity>
  readonly skipped: ReadonlyArray<SkippedRow>
  /** Rows that stay out with the opposite an earlier statement brought: in this one their cash moved all the same. */
  readonly takenOut: ReadonlyArray<Activity>
  /** False when rows were written and the tracker did not recompute in time. */
  readonly recomputed: boolean
  readonly warnings: ReadonlyArray<string>
}

/** This statement was imported into another account of the tracker before. */
export class RowsElsewhere extends Schema.TaggedError<RowsElsewhere>()("RowsElsewhere", {
  rows: Schema.Int,
  account: Schema.String
}) implements Failure {
  override get message() {
    return `${this.rows} row(s) of this statement are in Wealthfolio already, but not in the account ${this.account}`
  }
  readonly hint = "set IBKR_ACCOUNT_ID to the account they were imported into, or delete them there first"
  readonly exitCode = exitCodes.configuration
}

/** Wealthfolio takes 500 rows and more in one request; within it all or none are written. */
const rowsPerBatch = 500

/**
 * Maps a statement with the rows held so far. A reversal whose original is in the tracker already must not vanish with it:
 * what is booked is asked for first, and the statement mapped again if that changes anything.
 */
export const mapStatement = Effect.fn("Sync.map")(function*(statement: ReceivedStatement, options: ImportOptions) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const held = (yield* store.held).flatMap((record) => record.source === undefined ? [] : [record.source])
  const report = yield* statement.report(held, new Set())
  const paired = report.skipped.flatMap(({ externalId, reason }) =>
    externalId !== undefined && (reason === "reversed" || reason === "cancelled") ? [externalId] : []
  )
  if (paired.length === 0) return report
  const known = yield* store.known(paired)
  const inTracker = yield* repo.existing(paired.map((id) => `${options.upstream}/${id}`))
  const booked = new Set(
    paired.filter((id) => known.get(id)?.state === "synced" || inTracker.has(`${options.upstream}/${id}`))
  )
  return booked.size === 0 ? report : yield* statement.report(held, booked)
})

/** What became of the rows of a report, before anything is written. */
interface Plan {
  readonly known: ReadonlyArray<Activity>
  /** In the tracker, but not in the store: written by a run that did not come to remember it. */
  readonly found: ReadonlyMap<string, string>
  /** Some of them were on their way when that run ended: the tracker may still be computing. */
  readonly wasInterrupted: boolean
  readonly fresh: ReadonlyArray<Activity>
  /** Taken out together with their opposite by an earlier run: alone in this statement, they stay out. */
  readonly takenOut: ReadonlyMap<string, SkippedRow>
  readonly warnings: ReadonlyArray<string>
}

/** The tracker is asked before every import: a lost store makes no second copy. */
const plan = Effect.fn("Sync.plan")(function*(report: BrokerReport, options: ImportOptions) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const records = yield* store.known(report.activities.map((activity) => activity.externalId))
  const takenOut = new Map<string, SkippedRow>()
  const changed: Array<string> = []
  const known = new Set<string>()
  for (const { contentHash, externalId, section } of report.activities) {
    const record = records.get(externalId)
    if (record?.state === "synced") {
      known.add(externalId)
      if (record.contentHash !== contentHash) changed.push(externalId)
    } else if (
      record?.state === "skipped" && (record.contentHash === contentHash || !externalId.startsWith("ibkr:trade:"))
      && (record.reason === "reversed" || record.reason === "cancelled")
    ) {
      takenOut.set(externalId, {
        section,
        externalId,
        reason: record.reason,
        detail: record.detail ?? "by an earlier run",
        held: false,
        contentHash
      })
    }
  }
  const open = report.activities.filter(({ externalId }) => !known.has(externalId) && !takenOut.has(externalId))
  const existing = open.length === 0
    ? new Map<string, string>()
    : yield* repo.existing(open.map((activity) => keyOf(activity, options)))
  const found = new Map(open.flatMap((activity) => {
    const trackerId = existing.get(keyOf(activity, options))
    return trackerId === undefined ? [] : [[activity.externalId, trackerId] as const]
  }))
  const result: Plan = {
    known: report.activities.filter(({ externalId }) => known.has(externalId) || found.has(externalId)),
    found,
    fresh: open.filter((activity) => !found.has(activity.externalId)),
    wasInterrupted: [...found.keys()].some((id) => records.get(id)?.state === "pending"),
    takenOut,
    warnings: changed.map((externalId) =>
      `${externalId} was changed by the broker after it was booked; the tracker still has it as it was`
    )
  }
  return result
})

/**
 * Ties the instruments of these rows to assets. Rows whose instrument cannot be tied are held, and with them every other
 * row made from the same broker row: nothing is booked half.
 */
const tie = Effect.fn("Sync.tie")(
  function*(rows: ReadonlyArray<Activity>, report: BrokerReport, options: ImportOptions) {
    const store = yield* SyncRecordStore
    const repo = yield* WealthfolioRepo
    const wanted = new Set(rows.flatMap((activity) => activity.instrumentKey ?? []))
    const instruments = [...wanted].flatMap((key) => report.instruments.get(key) ?? [])
    const remembered = yield* store.instruments
    const matches = instruments.length === 0 ? new Map<string, AssetMatch>() : yield* repo.assets(
      instruments.map((instrument) => {
        const assetId = remembered.get(instrument.key)
        return assetId === undefined ? { instrument } : { instrument, rememberedAssetId: assetId }
      }),
      { create: !options.dryRun }
    )
    const assetIds = new Map(
      [...matches].flatMap(([key, match]) => match._tag === "Matched" ? [[key, match.assetId] as const] : [])
    )
    if (!options.dryRun) yield* store.saveInstruments(assetIds)
    const heldBack = new Map<string, { readonly reason: SkipReason; readonly detail: string }>()
    for (const { contentHash, instrumentKey } of rows) {
      const match = instrumentKey === undefined ? undefined : matches.get(instrumentKey)
      if (match?._tag === "Held") heldBack.set(contentHash, match)
    }
    return { assetIds, heldBack }
  }
)

/**
 * Drops what is known, ties instruments to assets, imports the rest oldest first and remembers all of it. Each batch is
 * `pending` in the store before it is sent and `synced` after.
 */
export const importReport = Effect.fn("Sync.import")(function*(
  statement: ReceivedStatement,
  report: BrokerReport,
  options: ImportOptions
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const { found, fresh, known, takenOut, warnings, wasInterrupted } = yield* plan(report, options)
  if (found.size > 0) yield* checkAccount(report, found)
  const { assetIds, heldBack } = yield* tie(fresh, report, options)
  const ready = fresh.filter((activity) => !heldBack.has(activity.contentHash))
  const sources: ReadonlyMap<string, SourceRow> = new Map(
    (yield* store.held).flatMap(({ contentHash, source }) =>
      source === undefined ? [] : [[contentHash, source] as const]
    )
  )
  const record = (activity: Activity, trackerId?: string): SyncRecord => {
    // A row held so far stays held until it is in: no statement brings it again.
    const source = trackerId === undefined ? sources.get(activity.contentHash) : undefined
    return {
      externalId: activity.externalId,
      kind: activity.externalId.split(":")[1] ?? "row",
      state: trackerId === undefined ? "pending" : "synced",
      contentHash: activity.contentHash,
      ...(trackerId === undefined ? {} : { trackerId }),
      runId: options.runId,
      held: source !== undefined,
      ...(source === undefined ? {} : { source })
    }
  }

  const statuses = new Map<string, ActivityStatus>(known.map(({ externalId }) => [externalId, "already-synced"]))
  const refused = new Map<string, string>()
  yield* options.note(known.map((activity) => reported(activity, "already-synced", report)))

  const send = Effect.fnUntraced(function*(batch: ReadonlyArray<Activity>) {
    yield* store.save(batch.map((activity) => record(activity)))
    const outcome = yield* repo.importBatch(batch.map((activity) => {
      const assetId = activity.instrumentKey === undefined ? undefined : assetIds.get(activity.instrumentKey)
      return { key: keyOf(activity, options), activity, ...(assetId === undefined ? {} : { assetId }) }
    }))
    for (const [id, message] of outcome.refused) refused.set(id, message)
    for (const id of outcome.imported.keys()) statuses.set(id, "imported")
    for (const id of outcome.alreadyThere.keys()) statuses.set(id, "already-synced")
    yield* store.save(batch.flatMap((activity) => {
      const trackerId = outcome.imported.get(activity.externalId) ?? outcome.alreadyThere.get(activity.externalId)
      return trackerId === undefined ? [] : [record(activity, trackerId)]
    }))
    yield* options.note(batch.flatMap((activity) => {
      const status = statuses.get(activity.externalId)
      return status === undefined ? [] : [reported(activity, status, report)]
    }))
  })

  let recomputed = !wasInterrupted
  if (options.dryRun) {
    for (const { externalId } of ready) statuses.set(externalId, "planned")
  } else {
    yield* store.save(known.flatMap((activity) => {
      const trackerId = found.get(activity.externalId)
      return trackerId === undefined ? [] : [record(activity, trackerId)]
    }))
    if (ready.length > 0) {
      const batches = Arr.chunksOf(ready, rowsPerBatch)
      const write = Effect.forEach(
        batches,
        (batch, index) => send(batch).pipe(waitingFor(`importing batch ${index + 1} of ${batches.length}`)),
        { discard: true }
      )
      const [, inTime] = yield* repo.recomputedAfter(write)
      recomputed = inTime
    }
  }

  const skipped = [
    ...report.skipped,
    ...takenOut.values(),
    ...yield* holdBack(statement, fresh, sources, heldBack, refused)
  ]
  if (!options.dryRun) yield* rememberSkipped(skipped, options)
  const result: ImportResult = {
    activities: report.activities.flatMap((activity) => {
      const status = statuses.get(activity.externalId)
      return status === undefined ? [] : [reported(activity, status, report)]
    }),
    skipped,
    takenOut: report.activities.filter(({ externalId }) => takenOut.has(externalId)),
    recomputed,
    warnings
  }
  return result
})

/** Keys are global in the tracker: rows found there may stand in another account, where they are of no use to this one. */
const checkAccount = Effect.fnUntraced(function*(report: BrokerReport, found: ReadonlyMap<string, string>) {
  const repo = yield* WealthfolioRepo
  const [first] = report.activities.filter(({ externalId }) => found.has(externalId)).map(({ date }) => date).sort()
  if (first === undefined) return
  // A day of margin for the tracker's time zone.
  const rows = new Set((yield* repo.activitiesAfter(addDays(first, -2))).map(({ id }) => id))
  if ([...found.values()].some((id) => rows.has(id))) return
  const { id, name } = yield* repo.account
  return yield* new RowsElsewhere({ rows: found.size, account: `${name} (${id})` })
})

/** Rows that the tracker cannot take yet, with their source, to be tried again in every run. */
const holdBack = Effect.fnUntraced(function*(
  statement: ReceivedStatement,
  fresh: ReadonlyArray<Activity>,
  heldSofar: ReadonlyMap<string, SourceRow>,
  heldBack: ReadonlyMap<string, { readonly reason: SkipReason; readonly detail: string }>,
  refused: ReadonlyMap<string, string>
) {
  const rows = fresh.flatMap((activity) => {
    const message = refused.get(activity.externalId)
    const why = message === undefined
      ? heldBack.get(activity.contentHash)
      : { reason: "refused" as const, detail: message }
    return why === undefined ? [] : [{ activity, why }]
  })
  if (rows.length === 0) return []
  const sources = new Map(heldSofar)
  for (const [hash, source] of yield* statement.sources(new Set(rows.map(({ activity }) => activity.contentHash)))) {
    sources.set(hash, source)
  }
  return rows.map(({ activity, why }): SkippedRow => {
    const source = sources.get(activity.contentHash)
    return {
      section: activity.section,
      externalId: activity.externalId,
      reason: why.reason,
      detail: why.detail,
      held: true,
      contentHash: activity.contentHash,
      ...(source === undefined ? {} : { source })
    }
  })
})

/** What is booked stays so: a row that is skipped now may have been booked by an earlier run. */
const rememberSkipped = Effect.fnUntraced(function*(skipped: ReadonlyArray<SkippedRow>, options: ImportOptions) {
  const store = yield* SyncRecordStore
  const known = yield* store.known(skipped.flatMap((row) => row.externalId ?? []))
  yield* store.save(skipped.flatMap((row): ReadonlyArray<SyncRecord> => {
    const { contentHash, detail, externalId, held, reason, source } = row
    if (externalId === undefined || known.get(externalId)?.state === "synced") return []
    return [{
      externalId,
      kind: externalId.split(":")[1] ?? "row",
      state: "skipped",
      contentHash: contentHash ?? "",
      runId: options.runId,
      reason,
      detail,
      held,
      ...(source === undefined ? {} : { source })
    }]
  }))
})

const keyOf = (activity: Activity, options: ImportOptions): string => `${options.upstream}/${activity.externalId}`

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
