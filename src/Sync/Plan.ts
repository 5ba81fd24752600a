import type { BrokerReport } from "../Broker.ts"
import type { Activity, SkippedRow } from "../Portfolio/Activity.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import type { PlacedRecord, SyncRecord } from "../SyncRecordStore.ts"

/** What is known before the rows of a report are judged. */
export interface Knowledge {
  /** By external id: every activity and every skipped row of the report that has a record. */
  readonly records: ReadonlyMap<string, SyncRecord>
  /** Rows of the report's subjects that are or were booked. */
  readonly related: ReadonlyArray<PlacedRecord>
  /** By external id, for rows without a record of being booked: the tracker's ids. */
  readonly found: ReadonlyMap<string, string>
  /** Content hashes of recalled rows. */
  readonly recalled: ReadonlySet<string>
  /** Booked rows that the tracker lost. */
  readonly missing: ReadonlySet<string>
  /** Rows the user deleted in the tracker, as far as no record says so yet. */
  readonly removed: ReadonlySet<string>
  readonly rebuiltUntil?: PlainDate | undefined
  /** Rows that are to be booked whatever was decided about them. */
  readonly force: ReadonlySet<string>
}

/** Booked rows that go, and rows that come, in one transaction. */
export interface Correction {
  readonly subject: string
  /** External ids of booked rows. */
  readonly remove: ReadonlyArray<string>
  readonly add: ReadonlyArray<Activity>
  /** The rows of the broker that ask for it, to be held where it cannot be made. */
  readonly because: ReadonlyArray<Activity | SkippedRow>
}

/** What is to become of each row of a report. */
export interface Plan {
  readonly known: ReadonlyArray<Activity>
  readonly removed: ReadonlyArray<Activity>
  readonly fresh: ReadonlyArray<Activity>
  readonly corrections: ReadonlyArray<Correction>
  readonly skipped: ReadonlyArray<SkippedRow>
  readonly warnings: ReadonlyArray<string>
}

type Verdict = "known" | "removed" | "fresh" | "changed" | "recalled" | SkippedRow

const takenOutFor = new Set<string | undefined>(["reversed", "cancelled", "superseded", "no-effect"])

/** Judges every row of a report; pure. */
export const plan = (report: BrokerReport, knowledge: Knowledge): Plan => {
  const verdicts = report.activities.map((activity) => [activity, judge(activity, report, knowledge)] as const)
  const having = (verdict: Verdict) => verdicts.flatMap(([activity, has]) => has === verdict ? [activity] : [])
  const changed = having("changed")
  const corrections = correctionsOf(report, knowledge, changed, having("fresh"))
  const corrected = new Set(corrections.flatMap(({ add }) => add.map(({ externalId }) => externalId)))
  const unapplied = changed.filter(({ externalId }) => !corrected.has(externalId))
  return {
    known: [...having("known"), ...unapplied],
    removed: having("removed"),
    fresh: having("fresh").filter(({ externalId }) => !corrected.has(externalId)),
    corrections,
    skipped: [...report.skipped, ...verdicts.flatMap(([, verdict]) => typeof verdict === "string" ? [] : [verdict])],
    warnings: unapplied.map(({ externalId }) =>
      `${externalId} was changed by the broker after it was booked; the tracker still has it as it was`
    )
  }
}

const judge = (activity: Activity, report: BrokerReport, knowledge: Knowledge): Verdict => {
  const { externalId } = activity
  const record = knowledge.records.get(externalId)
  // A recalled row that turns out not to be concerned is none of this statement's.
  const isKnown = record !== undefined && (record.state !== "skipped" || record.reason === "ignored")
  if (isKnown && report.carriedOver.has(externalId) && knowledge.recalled.has(activity.contentHash)) return "recalled"
  if (knowledge.force.has(externalId)) return knowledge.found.has(externalId) ? "known" : "fresh"
  if (record?.state === "synced") {
    if (knowledge.missing.has(externalId)) return missing(activity, "Wealthfolio lost it")
    if (knowledge.removed.has(externalId)) return "removed"
    if (record.contentHash !== activity.contentHash && record.contentHash !== "") return "changed"
    return "known"
  }
  if (record?.state === "removed") return "removed"
  if (record?.state === "skipped" && record.reason === "missing") return missing(activity, record.detail ?? "")
  if (record?.state === "skipped" && !record.held) {
    if (record.reason === "ignored") return skipAgain(activity, "ignored", record.detail ?? "by your word")
    // A trade that is booked again under its id is another row.
    const isSame = record.contentHash === activity.contentHash || activity.section !== "Trades"
    if (isSame && (record.reason === "reversed" || record.reason === "cancelled")) {
      return skipAgain(activity, record.reason, record.detail ?? "by an earlier run")
    }
  }
  if (knowledge.found.has(externalId)) return "known"
  const { rebuiltUntil } = knowledge
  if (rebuiltUntil !== undefined && activity.date <= rebuiltUntil && record === undefined) {
    return missing(
      activity,
      `not in Wealthfolio, and the record store of the days up to ${rebuiltUntil} was lost: deleted on purpose, or never booked`
    )
  }
  return "fresh"
}

const skipAgain = (activity: Activity, reason: SkippedRow["reason"], detail: string): SkippedRow => ({
  section: activity.section,
  externalId: activity.externalId,
  reason,
  detail,
  held: false,
  contentHash: activity.contentHash,
  date: activity.date,
  ...(activity.subject === undefined ? {} : { subject: activity.subject })
})

const missing = (activity: Activity, why: string): SkippedRow => ({
  ...skipAgain(activity, "missing", why),
  held: true
})

/**
 * By subject: booked rows that the broker took back, booked again or replaced. Legs of one broker row (its commission in
 * another currency) share its content hash and go with it. Cash rows that merely read otherwise under one id are left.
 */
const correctionsOf = (
  report: BrokerReport,
  knowledge: Knowledge,
  changed: ReadonlyArray<Activity>,
  fresh: ReadonlyArray<Activity>
): ReadonlyArray<Correction> => {
  const desired = new Map(report.activities.map((activity) => [activity.externalId, activity.contentHash]))
  const related = new Set(
    knowledge.related.flatMap(({ externalId, state }) => state === "synced" ? [externalId] : [])
  )
  const isBooked = (id: string) =>
    (knowledge.records.get(id)?.state === "synced" || related.has(id))
    && !knowledge.missing.has(id) && !knowledge.removed.has(id)
  const stays = (id: string, contentHash: string) => desired.get(id) === contentHash
  const units = new Map<string, { remove: Set<string>; because: Array<Activity | SkippedRow> }>()
  const retired = new Map<string, string>()
  const unitOf = (subject: string) => {
    const unit = units.get(subject) ?? { remove: new Set<string>(), because: [] }
    units.set(subject, unit)
    return unit
  }
  const retire = (id: string, subject: string, because: Activity | SkippedRow) => {
    const hash = knowledge.records.get(id)?.contentHash ?? ""
    const unit = unitOf(subject)
    unit.remove.add(id)
    unit.because.push(because)
    if (hash !== "") retired.set(hash, subject)
  }
  for (const row of report.skipped) {
    const { contentHash = "", externalId, reason, subject = externalId } = row
    if (externalId === undefined || subject === undefined || !takenOutFor.has(reason)) continue
    // What the user said to leave takes nothing out.
    if (knowledge.records.get(row.takenBackBy ?? "")?.reason === "ignored") continue
    const bookedHash = knowledge.records.get(externalId)?.contentHash
    // The row that stands under this id now may be the one that took this one's place.
    if (isBooked(externalId) && bookedHash !== undefined && !stays(externalId, bookedHash)) {
      if (!changed.some((activity) => activity.externalId === externalId)) {
        retire(externalId, subject, report.skipped.find((other) => other.takesBack === externalId) ?? row)
      }
    }
    if (contentHash !== "") retired.set(contentHash, subject)
  }
  for (const activity of changed) {
    if (activity.section === "Trades") retire(activity.externalId, activity.subject ?? activity.externalId, activity)
  }
  for (const { contentHash, externalId } of knowledge.related) {
    const subject = retired.get(contentHash)
    if (subject === undefined || stays(externalId, contentHash) || !isBooked(externalId)) continue
    unitOf(subject).remove.add(externalId)
  }
  return [...units].flatMap(([subject, { because, remove }]) => {
    if (remove.size === 0) return []
    const add = [...changed, ...fresh].filter((activity) => (activity.subject ?? activity.externalId) === subject)
    return [{ subject, remove: [...remove], add, because }]
  })
}
