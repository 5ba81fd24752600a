import { Effect } from "effect"
import { Broker } from "../Broker.ts"
import type { Activity, SourceRow } from "../Portfolio/Activity.ts"
import {
  type AccountedPart,
  type Amounts,
  type CommissionEvidence,
  correctionSection,
  planCorrection,
  type Share
} from "../Portfolio/CommissionCorrection.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { addDays, isPlainDate } from "../Portfolio/PlainDate.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { decodeParts, encodeParts, joined } from "./CorrectionParts.ts"

export interface CommissionsCorrected {
  /** Corrections to be booked now, and those of the same days that are booked. */
  readonly activities: ReadonlyArray<Activity>
  /** What corrections, booked before or now, move of the statement's own cash. */
  readonly own: ReadonlyArray<Activity>
  readonly warnings: ReadonlyArray<string>
}

/**
 * Commissions that were charged in another currency than their rows say become rows of their own, one for each currency and
 * window of days, known by what they account for: a window read again, or one that overlaps, books nothing twice. A
 * correction that was deleted, ignored or is held has accounted for its conversions all the same.
 */
export const correctCommissions = Effect.fn("Sync.correctCommissions")(function*(
  evidence: ReadonlyArray<CommissionEvidence>,
  { dryRun }: { readonly dryRun: boolean }
) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const records = yield* booked
  const amounts = yield* amountsOf([...records.values()].filter(({ source }) => source === undefined))
  let parts = joined(
    [...records.values()].flatMap((record) => decodeParts(record.source))
  )
  const ids = new Set(records.keys())
  const made: Array<SourceRow> = []
  const within: Array<Share> = []
  const warnings: Array<string> = []
  const sources = new Map(
    [...records.values()].flatMap(({ externalId, source }) =>
      source === undefined ? [] : [[externalId, source] as const]
    )
  )
  for (const { id, pieces, refused, window } of evidence) {
    if (refused !== undefined) warnings.push(`${window.from} to ${window.to}: ${refused}`)
    const rebuilt = withoutSource(records, sources, amounts, { window, pieces })
    for (const [externalId, source] of rebuilt.sources) sources.set(externalId, source)
    const plan = planCorrection(pieces, [...parts, ...rebuilt.parts, ...rebuilt.reachingBeyond])
    parts = plan.parts.filter((part) => part.shares.every(({ of }) => sources.has(of) || !records.has(of)))
    within.push(...plan.within)
    if (plan.undecided.size > 0) {
      warnings.push(
        `${window.from} to ${window.to}: commissions differ by ${
          shown(plan.undecided)
        }, and are not corrected: part of it `
          + "may be in a correction of other days; a statement that has all of these days decides"
      )
    }
    for (const [currency, amount] of plan.book) {
      const externalId = free(`${id}:${currency}`, ids)
      ids.add(externalId)
      const added = plan.added.flatMap((piece): ReadonlyArray<AccountedPart> => {
        const share = piece.amounts.get(currency)
        return share === undefined
          ? []
          : [{ conversions: piece.conversions, shares: [{ of: externalId, currency, amount: share }] }]
      })
      parts = joined([...parts, ...added])
      within.push({ of: externalId, currency, amount })
      made.push({
        section: correctionSection,
        fields: {
          externalId,
          fromDate: window.from,
          toDate: window.to,
          currency,
          amount: Decimals.format(amount),
          ...encodeParts(externalId, added)
        }
      })
    }
  }
  for (const [externalId, source] of sources) {
    sources.set(externalId, { ...source, fields: { ...source.fields, ...encodeParts(externalId, parts) } })
  }
  if (!dryRun) {
    // What is accounted for more finely than before; new ones are remembered as they are booked.
    yield* store.save([...records.values()].flatMap((record): ReadonlyArray<SyncRecord> => {
      const source = sources.get(record.externalId)
      return source === undefined || source.fields["parts"] === record.source?.fields["parts"]
        ? []
        : [{ ...record, source }]
    }))
  }
  const again = [...sources].flatMap(([externalId, source]) =>
    evidence.some(({ id }) => externalId.startsWith(`${id}:`)) ? [source] : []
  )
  const mapped = made.length + again.length === 0 ? [] : (yield* broker.map([...again, ...made])).activities
  const corrected: CommissionsCorrected = { activities: mapped, own: ownCash(within, evidence, mapped), warnings }
  return corrected
})

const kind = "fxcomm"

/** Corrections of earlier runs, whatever became of them. */
const booked = Effect.gen(function*() {
  const store = yield* SyncRecordStore
  const { provider } = yield* Broker
  const records = yield* store.withPrefix(`${provider}:${kind}:`)
  return new Map(
    records.flatMap((record) =>
      record.held || record.state === "synced" || record.state === "removed"
        ? [[record.externalId, record] as const]
        : []
    )
  )
})

/** Where the store was lost, the tracker says what a correction moved. */
const amountsOf = Effect.fnUntraced(function*(records: ReadonlyArray<SyncRecord>) {
  const days = records.flatMap(({ date }) => date ?? []).sort()
  const [from, to] = [days[0], days.at(-1)]
  if (from === undefined || to === undefined) return new Map<string, Decimals.Decimal>()
  const repo = yield* WealthfolioRepo
  const ids = new Set(records.map(({ trackerId }) => trackerId))
  const rows = yield* repo.rows({ from: addDays(from, -2), to: addDays(to, 2), keep: ({ id }) => ids.has(id) })
  return new Map(rows.map(({ amount = Decimals.zero, id, type }) => [
    id,
    type === "FEE" ? Decimals.negate(amount) : amount
  ]))
})

const named = /:(\d{4}-\d{2}-\d{2}):(\d{4}-\d{2}-\d{2}):([A-Z]{3})(?::\d+)?$/

/**
 * Of corrections in a rebuilt store only days and cash are known. All that is charged in days of this window is in it, so
 * their conversions are among its own; one that reaches beyond it may account for any of them, and for others.
 */
const withoutSource = (
  records: ReadonlyMap<string, SyncRecord>,
  known: ReadonlyMap<string, SourceRow>,
  amounts: ReadonlyMap<string, Decimals.Decimal>,
  { pieces, window }: Pick<CommissionEvidence, "window" | "pieces">
) => {
  const conversions = pieces.reduce((all, piece) => all.union(piece.conversions), new Set<string>())
  const sources = new Map<string, SourceRow>()
  const whole: Array<AccountedPart> = []
  const reachingBeyond: Array<AccountedPart> = []
  for (const { externalId, trackerId = "" } of records.values()) {
    const [, from = "", to = "", currency = ""] = named.exec(externalId) ?? []
    const amount = amounts.get(trackerId)
    if (known.has(externalId) || amount === undefined || !isPlainDate(from) || !isPlainDate(to)) continue
    if (to < window.from || window.to < from) continue
    const shares = [{ of: externalId, currency, amount }]
    if (window.from <= from && to <= window.to) {
      whole.push({ conversions, shares })
      const fields = { externalId, fromDate: from, toDate: to, currency, amount: Decimals.format(amount) }
      sources.set(externalId, { section: correctionSection, fields })
    } else reachingBeyond.push({ conversions: conversions.union(new Set([`${from} to ${to}`])), shares })
  }
  return { parts: joined(whole), reachingBeyond: joined(reachingBeyond), sources }
}

/** The id, or the first of `:2`, `:3` … that is free: more was charged in the same days. */
const free = (id: string, taken: ReadonlySet<string>): string => {
  let name = id
  for (let occurrence = 2; taken.has(name); occurrence++) name = `${id}:${occurrence}`
  return name
}

/** The shares as cash of the statement, under the ids of the corrections they are of. */
const ownCash = (
  within: ReadonlyArray<Share>,
  evidence: ReadonlyArray<CommissionEvidence>,
  mapped: ReadonlyArray<Activity>
): ReadonlyArray<Activity> => {
  const toDate = evidence.map(({ window }) => window.to).sort().at(-1)
  if (toDate === undefined) return []
  const hashes = new Map(mapped.map(({ contentHash, externalId }) => [externalId, contentHash]))
  return within.filter(({ amount }) => !Decimals.isZero(amount)).map(({ amount, currency, of }): Activity => ({
    externalId: of,
    type: Decimals.isNegative(amount) ? "FEE" : "CREDIT",
    date: toDate,
    millisecond: 0,
    currency,
    amount: Decimals.abs(amount),
    contentHash: hashes.get(of) ?? `part of ${of}`,
    section: correctionSection
  }))
}

const shown = (amounts: Amounts): string =>
  [...amounts].map(([currency, amount]) => `${Decimals.format(amount)} ${currency}`).join(", ")
