import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import { adoptions } from "../Portfolio/Adopt.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { cashAfter, quantitiesAfter } from "../Portfolio/HeldAfter.ts"
import { type HeldBefore, type Opening, openingLines } from "../Portfolio/Opening.ts"
import { latest } from "../Portfolio/PlainDate.ts"
import { settled } from "../Portfolio/Reconcile.ts"
import { todayIn } from "../Today.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { assetIdsOf } from "./AssetIds.ts"
import { keyOf } from "./Records.ts"

/** `open`: the rows of ours that stand for what was held before the first statement. */
export const openingKind = "open"

/** Of their keys in the tracker. */
export const openingPrefix = (provider: string, upstream: string): string =>
  keyOf(`${provider}:${openingKind}:`, upstream)

/** Whether a row of the tracker is an opening row of ours that nobody edited. */
export const isOpeningRow = ({ isUserModified, key = "" }: TrackerRow, prefix: string): boolean =>
  !isUserModified && key.startsWith(prefix)

/** A statement that says what was held as it began. */
export type OpeningReport = BrokerReport & { readonly opening: Opening }

export const saysOpening = (report: BrokerReport): report is OpeningReport => report.opening !== undefined

/**
 * What the account held as the statement began, line by line, on both sides. The tracker's holdings follow from its rows
 * before that day; `withoutOpenings` leaves our own opening rows of that day out of them.
 */
export const openingOf = Effect.fn("Sync.opening")(function*(
  report: OpeningReport,
  options: { readonly provider: string; readonly upstream: string; readonly withoutOpenings: boolean }
) {
  const repo = yield* WealthfolioRepo
  const { opening } = report
  const assetIds = yield* assetIdsOf(opening.positions, report)
  const rows = (yield* repo.rows({ mayBeRecent: true })).filter(({ status }) => status === "POSTED")
  const prefix = openingPrefix(options.provider, options.upstream)
  const before = rowsBefore(report, rows, assetIds, prefix, options).filter((row) =>
    !(options.withoutOpenings && row.date === opening.day && isOpeningRow(row, prefix))
  )
  const holdings = yield* repo.holdings
  const { timeZone } = yield* repo.account
  const today = yield* todayIn(timeZone)
  const shown = holdings.flatMap((each) => each._tag === "Cash" ? [[each.currency, each.quantity] as const] : [])
  const held: HeldBefore = {
    quantities: quantitiesAfter(before),
    cash: withWhatRowsDoNotSay(cashAfter(before), cashAfter(rows.filter(({ date }) => date <= today)), new Map(shown)),
    symbols: new Map([
      ...rows.flatMap(({ assetId, symbol }) =>
        assetId === undefined || symbol === undefined ? [] : [[assetId, symbol] as const]
      ),
      ...holdings.flatMap((each) => each._tag === "Security" ? [[each.assetId, each.symbol] as const] : [])
    ])
  }
  const lines = openingLines(opening, assetIds, held)
  const typed = typedLater(report, rows, assetIds, options)
  if (typed.length === 0) return lines
  const withThem = openingLines(opening, assetIds, { ...held, quantities: quantitiesAfter([...before, ...typed]) })
  const others = new Map(withThem.map((line) => [`${line.kind} ${line.name}`, line]))
  return lines.map((line) => {
    const other = others.get(`${line.kind} ${line.name}`)
    const isLacking = line.kind === "asset" && Decimals.isPositive(line.difference)
    return isLacking && other !== undefined && !Decimals.isNegative(other.difference) ? other : line
  })
})

/** Shares that came by hand on a later day of the statement, and stand for none of its rows: they may be the opening. */
const typedLater = (
  report: OpeningReport,
  rows: ReadonlyArray<TrackerRow>,
  assetIds: ReadonlyMap<string, string>,
  { upstream }: { readonly upstream: string }
): ReadonlyArray<TrackerRow> => {
  const until = report.statements.map(({ toDate }) => toDate).reduce(latest, report.opening.day)
  return standingForNone(
    report,
    rows.filter((row) =>
      row.date > report.opening.day && row.date <= until && !isOurs(row, upstream)
      && (row.type === "TRANSFER_IN" || row.type === "BUY")
    ),
    assetIds
  )
}

const isOurs = ({ key = "" }: TrackerRow, upstream: string): boolean => key.startsWith(keyOf("", upstream))

const standingForNone = (
  { activities }: OpeningReport,
  byHand: ReadonlyArray<TrackerRow>,
  assetIds: ReadonlyMap<string, string>
): ReadonlyArray<TrackerRow> => {
  if (byHand.length === 0) return []
  const tied = activities.map((activity) => {
    const assetId = assetIds.get(activity.instrumentKey ?? "")
    return assetId === undefined ? { activity } : { activity, assetId }
  })
  const standing = new Set(adoptions(tied, byHand).map(({ handId }) => handId))
  return byHand.filter(({ id }) => !standing.has(id))
}

/**
 * Dated before the day, but for rows of the statement itself that bear an earlier date. Opening rows stand on the day, and
 * so may what the user typed as such: rows by hand of that day that stand for none of the statement's.
 */
const rowsBefore = (
  report: OpeningReport,
  rows: ReadonlyArray<TrackerRow>,
  assetIds: ReadonlyMap<string, string>,
  prefix: string,
  { upstream }: { readonly upstream: string }
): ReadonlyArray<TrackerRow> => {
  const { activities, opening: { day } } = report
  const own = new Set(activities.map(({ externalId }) => keyOf(externalId, upstream)))
  const byHand = rows.filter((row) => row.date === day && !isOurs(row, upstream))
  const typed = new Set(standingForNone(report, byHand, assetIds).map(({ id }) => id))
  return rows.filter((row) =>
    row.key !== undefined && own.has(row.key)
      ? false
      : row.date < day || typed.has(row.id) || (row.date === day && row.key?.startsWith(prefix) === true)
  )
}

/** Where the rows do not lead to the balance that the tracker shows, the rest was there before: the balance counts. */
const withWhatRowsDoNotSay = (
  before: HeldBefore["cash"],
  all: HeldBefore["cash"],
  shown: HeldBefore["cash"]
): HeldBefore["cash"] => {
  const of = (cash: HeldBefore["cash"], currency: string) => cash.get(currency) ?? Decimals.zero
  return new Map([...new Set([...before.keys(), ...shown.keys(), ...all.keys()])].map((currency) => {
    const unsaid = settled(Decimals.subtract(of(shown, currency), of(all, currency)))
    const known = of(before, currency)
    return [currency, Decimals.isZero(unsaid) ? known : Decimals.round(Decimals.add(known, unsaid), 8)] as const
  }))
}
