import { DateTime, Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import { adoptions } from "../Portfolio/Adopt.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { cashAfter, quantitiesAfter } from "../Portfolio/HeldAfter.ts"
import { type HeldBefore, type Opening, openingLines } from "../Portfolio/Opening.ts"
import { settled } from "../Portfolio/Reconcile.ts"
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
  const rows = (yield* repo.rows({})).filter(({ status }) => status === "POSTED")
  const prefix = openingPrefix(options.provider, options.upstream)
  const before = rowsBefore(report, rows, assetIds, prefix, options).filter((row) =>
    !(options.withoutOpenings && row.date === opening.day && isOpeningRow(row, prefix))
  )
  const holdings = yield* repo.holdings
  const { timeZone } = yield* repo.account
  const today = DateTime.formatIsoDate(DateTime.setZone(yield* DateTime.now, DateTime.zoneMakeNamedUnsafe(timeZone)))
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
  return openingLines(opening, assetIds, held)
})

/**
 * Dated before the day, but for rows of the statement itself that bear an earlier date. Opening rows stand on the day, and
 * so may what the user typed as such: rows by hand of that day that stand for none of the statement's.
 */
const rowsBefore = (
  { activities, opening: { day } }: OpeningReport,
  rows: ReadonlyArray<TrackerRow>,
  assetIds: ReadonlyMap<string, string>,
  prefix: string,
  { upstream }: { readonly upstream: string }
): ReadonlyArray<TrackerRow> => {
  const own = new Set(activities.map(({ externalId }) => keyOf(externalId, upstream)))
  const isOurs = ({ key = "" }: TrackerRow) => key.startsWith(keyOf("", upstream))
  const byHand = rows.filter((row) => row.date === day && !isOurs(row))
  const tied = activities.map((activity) => {
    const assetId = assetIds.get(activity.instrumentKey ?? "")
    return assetId === undefined ? { activity } : { activity, assetId }
  })
  const standing = new Set(adoptions(tied, byHand).map(({ handId }) => handId))
  const typed = new Set(byHand.flatMap(({ id }) => standing.has(id) ? [] : [id]))
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
