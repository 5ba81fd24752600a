import { Effect } from "effect"
import type { Activity, SkippedRow, SkipReason } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { addDays } from "../Portfolio/PlainDate.ts"
import type { SyncRecord } from "../SyncRecordStore.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import type { Correction } from "./Plan.ts"
import { some } from "./Presence.ts"
import type { HoldReason } from "./Tie.ts"

/** A booked row as the tracker has it. */
export interface BookedRow {
  readonly record: SyncRecord
  readonly row: TrackerRow
}

export interface JudgedCorrections {
  /** Booked rows by external id, for those to be made. */
  readonly made: ReadonlyArray<{ readonly correction: Correction; readonly booked: ReadonlyMap<string, BookedRow> }>
  /** The broker prints the rows otherwise, in another template, and means the same. */
  readonly alike: ReadonlyArray<Activity>
  /** Not made: the rows that ask for it, and why. */
  readonly held: ReadonlyArray<{ readonly row: Activity | SkippedRow; readonly why: HoldReason }>
}

/** Looks at the booked rows in the tracker: what the user edited is reported, never touched. */
export const judgeCorrections = Effect.fn("Sync.judgeCorrections")(function*(
  corrections: ReadonlyArray<Correction>,
  records: ReadonlyMap<string, SyncRecord>,
  heldBack: ReadonlyMap<string, HoldReason>,
  assetIds: ReadonlyMap<string, string>
) {
  const made: Array<JudgedCorrections["made"][number]> = []
  const alike: Array<Activity> = []
  const held: Array<JudgedCorrections["held"][number]> = []
  const rows = yield* trackerRows(corrections.flatMap(({ remove }) => remove.flatMap((id) => records.get(id) ?? [])))
  for (const correction of corrections) {
    const booked = new Map(correction.remove.flatMap((id) => {
      const record = records.get(id)
      const row = rows.get(record?.trackerId ?? "")
      return record === undefined || row === undefined ? [] : [[id, { record, row }] as const]
    }))
    const edited = [...booked].flatMap(([id, { row }]) => row.isUserModified ? [id] : [])
    const untied = correction.add.flatMap(({ contentHash }) => heldBack.get(contentHash) ?? [])[0]
    const same = correction.add.length === correction.remove.length
      && correction.add.every((activity) => {
        const row = booked.get(activity.externalId)?.row
        return row !== undefined && isAlike(activity, row, assetIds)
      })
    const own = new Set([...booked.values()].map(({ record }) => record.contentHash))
    if (same) alike.push(...correction.add)
    else if (untied !== undefined) held.push(...heldRows(correction, own, () => untied))
    else if (edited.length > 0) {
      held.push(...heldRows(correction, own, (reason) => ({
        reason,
        detail: `not applied: ${some(edited)} was edited in Wealthfolio; delete it there to have this applied, ` +
          "or broker-sync ibkr ignore this row to keep it as it is"
      })))
    } else made.push({ correction, booked })
  }
  const judged: JudgedCorrections = { made, alike, held }
  return judged
})

/** The broker's rows that ask for the correction, and those it would have booked; not what is made of the booked rows. */
export const heldRows = (
  { add, because }: Correction,
  own: ReadonlySet<string>,
  why: (reason: SkipReason) => HoldReason
): JudgedCorrections["held"] => {
  const others = add.filter(({ contentHash }) => !own.has(contentHash))
  const rows = new Map([...because, ...others].map((row) => [row.externalId ?? row.contentHash ?? "", row]))
  return [...rows.values()].map((row) => ({ row, why: why("reason" in row ? row.reason : "superseded") }))
}

const trackerRows = Effect.fnUntraced(function*(records: ReadonlyArray<SyncRecord>) {
  const repo = yield* WealthfolioRepo
  const byId = (rows: ReadonlyArray<TrackerRow>) => new Map(rows.map((row) => [row.id, row]))
  if (records.length === 0) return byId([])
  const ids = new Set(records.map(({ trackerId }) => trackerId))
  const keep = ({ id }: TrackerRow) => ids.has(id)
  const days = records.map(({ date }) => date).filter((day) => day !== undefined).sort()
  const [first, last] = [days[0], days.at(-1)]
  const near = first === undefined || last === undefined || days.length < records.length
    ? undefined
    : byId(yield* repo.rows({ from: addDays(first, -2), to: addDays(last, 2), keep }))
  // A row that was edited may stand on any day.
  if (near !== undefined && records.every(({ trackerId = "" }) => near.has(trackerId))) return near
  return byId(yield* repo.rows({ keep }))
})

const same = (a: Decimals.Decimal | undefined, b: Decimals.Decimal | undefined) =>
  Decimals.equals(a ?? Decimals.zero, b ?? Decimals.zero)

/** Whether the tracker's row is what this activity would be written as. */
export const isAlike = (activity: Activity, row: TrackerRow, assetIds: ReadonlyMap<string, string>): boolean => {
  const { amount, currency, date, fee, instrumentKey, quantity, ratio, type, unitPrice } = activity
  const assetId = instrumentKey === undefined ? undefined : assetIds.get(instrumentKey)
  return type === row.type && currency === row.currency && date === row.date
    && (assetId === undefined || row.assetId === undefined || assetId === row.assetId)
    && (quantity === undefined
      ? same(ratio ?? amount, row.amount)
      // What a transferred share cost is told otherwise by other statements, and moves neither position nor cash.
      : same(quantity, row.quantity) && same(fee, row.fee)
        && (activity.type.startsWith("TRANSFER_") || same(unitPrice, row.unitPrice)))
}
