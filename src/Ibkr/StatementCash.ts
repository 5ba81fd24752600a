import type { StatementInfo } from "../Broker.ts"
import { type Activity, signedCash, type SkippedRow } from "../Portfolio/Activity.ts"
import { addTo, type CashKind, type CashMoved, type StatementCash, type UnbookedCash } from "../Portfolio/CashBridge.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { cashKind, type CashMovement, movementsOf, saysItsCash, sectionKind } from "./CashMovements.ts"
import { isMarginSettled } from "./Category.ts"
import { digestOf, type MovingRow } from "./MovingRow.ts"

/** Each row once, by content hash; what is booked again under its id does not count. */
export const distinctRows = (
  moving: ReadonlyArray<MovingRow>,
  skipped: ReadonlyArray<SkippedRow>
): ReadonlyMap<string, MovingRow> => {
  const rows = new Map(moving.map((row) => [digestOf(row), row]))
  for (const { contentHash = "", reason } of skipped) if (reason === "superseded") rows.delete(contentHash)
  if (!moving.some(({ section }) => section === "StmtFunds")) return rows
  // What these move is in the Statement of Funds.
  for (const [hash, { row, section }] of rows) {
    if (section === "Trades" && isMarginSettled(row.assetCategory ?? "")) rows.delete(hash)
  }
  return rows
}

/** What rows, and activities of sections whose rows do not say it, move: by currency and kind. */
export const cashMoved = (
  rows: Iterable<MovingRow>,
  activities: ReadonlyArray<Activity>
): CashMoved => {
  const moved = new Map<string, Map<CashKind, Decimals.Decimal>>()
  const add = ({ amount, currency, kind }: CashMovement) => {
    const kinds = moved.get(currency) ?? new Map<CashKind, Decimals.Decimal>()
    moved.set(currency, kinds)
    addTo(kinds, kind, amount)
  }
  for (const row of rows) movementsOf(row).forEach(add)
  for (const activity of activities) if (!saysItsCash(activity.section)) add(movementOf(activity))
  return moved
}

const movementOf = (activity: Activity): CashMovement => ({
  currency: activity.currency,
  kind: sectionKind(activity.section),
  amount: signedCash(activity)
})

/**
 * What a statement's own rows move, and which of them are not booked with what cash.
 *
 * @param rows by content hash
 * @param activities of these rows
 * @param skipped of these rows
 */
export const statementCash = (
  rows: ReadonlyMap<string, MovingRow>,
  activities: ReadonlyArray<Activity>,
  skipped: ReadonlyArray<SkippedRow>
): StatementCash => ({
  moved: cashMoved(rows.values(), activities),
  unbooked: unbookedCash(rows, activities, skipped),
  kinds: new Map(
    [...rows].flatMap(([hash, row]) => row.section === "CashTransactions" ? [[hash, cashKind(row.row)] as const] : [])
  )
})

const settles: ReadonlySet<string> = new Set(["superseded", "reversed", "cancelled", "short", "no-effect"])
const moveNothing: ReadonlySet<string> = new Set(["OpenPositions", "SecuritiesInfo", "CashReport", "StmtFunds"])

const unbookedCash = (
  rows: ReadonlyMap<string, MovingRow>,
  activities: ReadonlyArray<Activity>,
  skipped: ReadonlyArray<SkippedRow>
): ReadonlyArray<UnbookedCash> => {
  const booked = Map.groupBy(activities, ({ contentHash }) => contentHash)
  const there = new Set(skipped.map(({ externalId }) => externalId))
  // A row and the one that takes it back are one: what they move together, if anything.
  const events = Map.groupBy(
    skipped,
    (row) =>
      row.takesBack !== undefined && there.has(row.takesBack) ? row.takesBack : row.externalId ?? row.contentHash ?? row
  )
  return [...events.values()].flatMap((event): ReadonlyArray<UnbookedCash> => {
    const [row] = event
    if (row === undefined || moveNothing.has(row.section)) return []
    const named = {
      ...(row.externalId === undefined ? {} : { externalId: row.externalId }),
      section: row.section,
      reason: row.reason
    }
    const hashes = new Set(event.flatMap(({ contentHash = "" }) => rows.has(contentHash) ? [contentHash] : []))
    const readable = [...hashes].some((hash) => saysItsCash(rows.get(hash)?.section ?? ""))
    if (!readable) {
      const isElsewhere = saysItsCash(row.section) && row.reason !== "unreadable"
      return settles.has(row.reason) || isElsewhere ? [] : [named]
    }
    const sums = new Map<string, CashMovement>()
    const add = ({ amount, currency, kind }: CashMovement) => {
      const before = sums.get(`${currency} ${kind}`)?.amount ?? Decimals.zero
      sums.set(`${currency} ${kind}`, { currency, kind, amount: Decimals.add(before, amount) })
    }
    for (const hash of hashes) {
      const moving = rows.get(hash)
      const movements = moving === undefined ? [] : movementsOf(moving)
      movements.forEach(add)
      for (const activity of booked.get(hash) ?? []) {
        const kept = movements.find(({ currency, kind }) => currency === activity.currency && kind === "commissions")
        const kind = kept?.kind ?? movements[0]?.kind ?? "other"
        add({ currency: activity.currency, kind, amount: Decimals.negate(signedCash(activity)) })
      }
    }
    return [...sums.values()].flatMap((movement) => Decimals.isZero(movement.amount) ? [] : [{ ...named, ...movement }])
  })
}

/** By the days of the statements in a file, oldest first: one where it is not broken out by day. */
export const statementWindows = (statements: ReadonlyArray<StatementInfo>) =>
  [...new Map(statements.map((each) => [`${each.fromDate} ${each.toDate}`, each])).values()]
    .map(({ fromDate, toDate }) => ({ from: fromDate, to: toDate }))
    .toSorted((a, b) => a.from < b.from || (a.from === b.from && a.to < b.to) ? -1 : 1)
