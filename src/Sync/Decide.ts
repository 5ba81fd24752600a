import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import type { Activity, SkippedRow } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { addDays } from "../Portfolio/PlainDate.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { named, RowsElsewhere } from "./FirstContact.ts"
import type { ImportOptions } from "./ImportOptions.ts"
import { type Plan, plan } from "./Plan.ts"
import { keyOf } from "./Records.ts"

export interface Decision extends Plan {
  readonly records: ReadonlyMap<string, SyncRecord>
  /** In the tracker, but not remembered as booked. */
  readonly found: ReadonlyMap<string, string>
}

/** Asks store and tracker what they know of the rows of a report, and judges them. */
export const decide = Effect.fn("Sync.decide")(function*(
  report: BrokerReport,
  recalled: ReadonlySet<string>,
  options: ImportOptions
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const rows = [...report.activities, ...report.skipped]
  const lookUp = Effect.all([
    store.known(rows.flatMap(({ externalId }) => externalId ?? [])),
    store.bySubject([...new Set(rows.flatMap(({ subject }) => subject ?? []))])
  ])
  const before = yield* lookUp
  const hasChanged = yield* options.askAbout([...before[0].values(), ...before[1]])
  const [records, related] = hasChanged ? yield* lookUp : before
  const open = report.activities.filter(({ externalId }) => {
    const state = records.get(externalId)?.state
    return options.force.has(externalId) || (state !== "synced" && state !== "removed")
  })
  const there = open.length === 0
    ? new Map<string, string>()
    : yield* repo.existing(open.map(({ externalId }) => keyOf(externalId, options.upstream)))
  const found = new Map(open.flatMap(({ externalId }) => {
    const trackerId = there.get(keyOf(externalId, options.upstream))
    return trackerId === undefined ? [] : [[externalId, trackerId] as const]
  }))
  if (found.size > 0) yield* checkAccount(report, found, options)
  const { force, missing, rebuiltUntil, removed } = options
  const planned = plan(report, { records, related, found, recalled, missing, removed, rebuiltUntil, force })
  const decision: Decision = { ...yield* withoutBookedParts(planned, records, options), records, found }
  return decision
})

/**
 * How much of a trade is short is reckoned from the statement at hand. Where the trade is booked and another statement led
 * to another split, its whole cash is in what was booked: the parts that this one would add are not.
 */
const withoutBookedParts = Effect.fnUntraced(function*(
  planned: Plan,
  records: ReadonlyMap<string, SyncRecord>,
  { force }: ImportOptions
) {
  const trades = new Map(
    planned.known.flatMap((row) => row.section === "Trades" ? [[row.externalId, row] as const] : [])
  )
  const parts = planned.fresh.flatMap((part) => {
    const whole = trades.get(/^[^:]+:[^:]+:[^:]+/.exec(part.externalId)?.[0] ?? "")
    return whole === undefined || whole.contentHash !== part.contentHash || force.has(part.externalId)
      ? []
      : [[part, whole] as const]
  })
  const days = parts.map(([, { date }]) => date).sort()
  const [first, last] = [days[0], days.at(-1)]
  if (first === undefined || last === undefined) return planned
  const repo = yield* WealthfolioRepo
  const wholes = new Set(parts.flatMap(([, { externalId }]) => records.get(externalId)?.trackerId ?? []))
  const rows = yield* repo.rows({
    from: addDays(first, -3),
    to: addDays(last, 3),
    keep: ({ id }) => wholes.has(id)
  })
  const byId = new Map(rows.map((row) => [row.id, row]))
  const isOtherwise = ({ externalId, quantity, type }: Activity) => {
    const row = byId.get(records.get(externalId)?.trackerId ?? "")
    return row?.type !== type || !Decimals.equals(row.quantity ?? Decimals.zero, quantity ?? Decimals.zero)
  }
  const booked = new Map(
    parts.flatMap(([part, whole]) => isOtherwise(whole) ? [[part, whole.externalId] as const] : [])
  )
  const left: Plan = {
    ...planned,
    fresh: planned.fresh.filter((part) => !booked.has(part)),
    skipped: [
      ...planned.skipped,
      ...[...booked].map(([{ contentHash, date, externalId, section, subject }, whole]): SkippedRow => ({
        section,
        externalId,
        reason: "superseded",
        detail: `its cash is in ${whole}, which was booked when less was known of the position`,
        held: false,
        contentHash,
        date,
        ...(subject === undefined ? {} : { subject })
      }))
    ]
  }
  return left
})

/** Keys are global in the tracker: rows found there may stand in another account, where they are of no use to this one. */
const checkAccount = Effect.fnUntraced(function*(
  report: BrokerReport,
  found: ReadonlyMap<string, string>,
  options: ImportOptions
) {
  const repo = yield* WealthfolioRepo
  const [first] = report.activities.filter(({ externalId }) => found.has(externalId)).map(({ date }) => date).sort()
  if (first === undefined) return
  // A day of margin for the tracker's time zone, and one for rows that were adopted.
  const ids = new Set(found.values())
  const here = yield* repo.rows({ from: addDays(first, -3), keep: ({ id }) => ids.has(id) })
  if (here.length > 0) return
  const account = yield* repo.account
  const rows = (yield* repo.keyed(keyOf("", options.upstream))).filter(({ id }) => ids.has(id))
  // Edited to another day, but here.
  if (rows.some(({ accountId }) => accountId === account.id)) return
  const there = rows[0]
  return yield* new RowsElsewhere({
    rows: found.size,
    // Only archived accounts show no rows.
    there: there === undefined ? "that is archived" : named(there.accountName, there.accountId),
    here: named(account.name, account.id)
  })
})
