import { Effect } from "effect"
import type { Activity, SkippedRow } from "../Portfolio/Activity.ts"
import type { ActivityStatus } from "../RunReport.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type NewActivity, WealthfolioRepo } from "../WealthfolioRepo.ts"
import type { Adoptions } from "./Adoption.ts"
import type { JudgedCorrections } from "./Corrections.ts"
import type { ImportOptions } from "./ImportOptions.ts"
import type { Correction } from "./Plan.ts"
import { activityRecord, keyOf, settled, skippedRecord } from "./Records.ts"

/** What writing needs to know of the rows it writes. */
export interface WriteContext {
  readonly options: ImportOptions
  readonly records: ReadonlyMap<string, SyncRecord>
  readonly assetIds: ReadonlyMap<string, string>
  /** By content hash: the archived statement that has the row. */
  readonly statementOf: (contentHash: string) => string | undefined
  readonly skipped: ReadonlyArray<SkippedRow>
  /** Told what became of each row. */
  readonly became: (activity: Activity, status: ActivityStatus) => void
  readonly refuse: (activity: Activity, message: string) => void
  /** `own`: content hashes of the booked rows, which stay. */
  readonly refuseCorrection: (correction: Correction, own: ReadonlySet<string>, message: string) => void
}

const newActivity = (activity: Activity, { assetIds, options }: WriteContext): NewActivity => {
  const assetId = activity.instrumentKey === undefined ? undefined : assetIds.get(activity.instrumentKey)
  return { key: keyOf(activity.externalId, options.upstream), activity, ...(assetId === undefined ? {} : { assetId }) }
}

/** Nothing is remembered of the row that its booking does not say again. */
const isFresh = (record: SyncRecord | undefined): boolean => record === undefined || record.state === "pending"

/** What is on its way must be recognised whatever comes between: a held row keeps its source until it is in. */
const onItsWay = (activity: Activity, { options, records, statementOf }: WriteContext): SyncRecord => {
  const record = records.get(activity.externalId)
  const fresh = activityRecord(activity, {
    runId: options.runId,
    statementId: statementOf(activity.contentHash) ?? record?.statementId
  })
  if (record === undefined || isFresh(record)) return fresh
  if (record.state === "removed") return { ...record, state: "pending", intent: "restore" }
  if (record.state === "synced") return { ...record, state: "pending", intent: "recreate" }
  const { detail, held, reason, source } = record
  return {
    ...fresh,
    held,
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    ...(source === undefined ? {} : { source })
  }
}

const booked = (activity: Activity, trackerId: string, context: WriteContext): SyncRecord =>
  activityRecord(activity, {
    runId: context.options.runId,
    trackerId,
    statementId: context.statementOf(activity.contentHash) ?? context.records.get(activity.externalId)?.statementId
  })

/** One batch: `pending` before it is sent, `synced` with the tracker's ids after. */
export const writeBatch = Effect.fn("Sync.writeBatch")(function*(
  batch: ReadonlyArray<Activity>,
  context: WriteContext
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const pending = batch.map((activity) => onItsWay(activity, context))
  yield* store.save(pending)
  const outcome = yield* repo.importBatch(batch.map((activity) => newActivity(activity, context)))
  const placed = new Map<string, string>()
  const others: Array<SyncRecord> = []
  for (const [index, activity] of batch.entries()) {
    const { externalId } = activity
    const before = context.records.get(externalId)
    const message = outcome.refused.get(externalId)
    if (message !== undefined) {
      context.refuse(activity, message)
      const record = pending[index]
      if (record !== undefined) others.push(before ?? { ...settled(record), state: "skipped" })
    }
    const isNew = outcome.imported.get(externalId)
    const trackerId = isNew ?? outcome.alreadyThere.get(externalId)
    if (trackerId === undefined) continue
    context.became(activity, isNew === undefined ? "already-synced" : "imported")
    if (isFresh(before)) placed.set(externalId, trackerId)
    else others.push(booked(activity, trackerId, context))
  }
  yield* store.settle(placed, others)
})

/** Rows typed by hand give way to the broker's: one transaction, the user's note and date kept. */
export const writeAdoption = Effect.fn("Sync.writeAdoption")(function*(
  { hand, rows }: Adoptions["made"][number],
  context: WriteContext
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  yield* store.save(rows.map((activity) => onItsWay(activity, context)))
  const outcome = yield* repo.replace({
    remove: [{ id: hand.id, ...(hand.key === undefined ? {} : { key: hand.key }) }],
    add: rows.map((activity) => ({
      ...newActivity(hand.note === undefined ? activity : { ...activity, note: hand.note }, context),
      instant: hand.instant
    }))
  })
  if (outcome._tag === "Refused") {
    for (const activity of rows) context.refuse(activity, outcome.message)
    return
  }
  yield* store.save(rows.flatMap((activity) => {
    const trackerId = outcome.added.get(activity.externalId)
    if (trackerId === undefined) return []
    context.became(activity, "replaced")
    return [booked(activity, trackerId, context)]
  }))
})

/** What the broker took back or booked again: one transaction that takes the old rows out and puts the new ones in. */
export const writeCorrection = Effect.fn("Sync.writeCorrection")(function*(
  { booked: rows, correction }: JudgedCorrections["made"][number],
  context: WriteContext
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const { add, remove, subject } = correction
  const adds = new Map(add.map((activity) => [activity.externalId, activity]))
  const skips = new Map(context.skipped.map((row) => [row.externalId, row]))
  const reason = correction.because.flatMap((row) => "reason" in row ? [row.reason] : [])[0] ?? "superseded"
  const goes = remove.flatMap((id) => {
    const record = context.records.get(id)
    if (record === undefined) return []
    const successor = adds.get(id)
    const pending: SyncRecord = successor === undefined
      ? {
        ...record,
        state: "pending",
        intent: "take-out",
        reason: skips.get(id)?.reason ?? reason,
        detail: skips.get(id)?.detail ?? `with ${subject}`,
        held: false
      }
      : { ...record, state: "pending", intent: "replace", intendedHash: successor.contentHash }
    return [{ record, pending }]
  })
  const comes = add.filter(({ externalId }) => !remove.includes(externalId))
  yield* store.save([
    ...goes.map(({ pending }) => pending),
    ...comes.map((activity) => onItsWay(activity, context))
  ])
  const outcome = yield* repo.replace({
    remove: [...rows.values()].map(({ record, row }) => ({
      id: row.id,
      key: keyOf(record.externalId, context.options.upstream)
    })),
    add: add.map((activity) => newActivity(activity, context))
  })
  if (outcome._tag === "Refused") {
    context.refuseCorrection(
      correction,
      new Set(goes.map(({ record }) => record.contentHash)),
      outcome.message
    )
    const before = comes.flatMap(({ externalId }) => context.records.get(externalId) ?? [])
    yield* store.save([...goes.map(({ record }) => record), ...before])
    yield* store.forget(comes.flatMap(({ externalId }) => context.records.has(externalId) ? [] : [externalId]))
    return
  }
  yield* store.save([
    ...goes.flatMap(({ pending, record }) => {
      if (pending.intent === "replace") return []
      const { detail = "", reason = "superseded" } = pending
      const out: SkippedRow = { section: "", reason, detail, held: false, contentHash: record.contentHash }
      return [{ ...skippedRecord({ ...out, externalId: record.externalId }, record), ...dated(record) }]
    }),
    ...add.flatMap((activity) => {
      const trackerId = outcome.added.get(activity.externalId)
      if (trackerId === undefined) return []
      context.became(activity, remove.includes(activity.externalId) ? "replaced" : "imported")
      return [booked(activity, trackerId, context)]
    })
  ])
})

const dated = ({ date, subject }: SyncRecord) => ({
  ...(date === undefined ? {} : { date }),
  ...(subject === undefined ? {} : { subject })
})
