import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import { adoptions } from "../Portfolio/Adopt.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { isPosted, moveCash, moveQuantity, quantitiesAfter } from "../Portfolio/HeldAfter.ts"
import { type HeldBefore, type Opening, openingLines } from "../Portfolio/Opening.ts"
import { latest, type PlainDate } from "../Portfolio/PlainDate.ts"
import { settled } from "../Portfolio/Reconcile.ts"
import { todayIn } from "../Today.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { assetIdsOf } from "./AssetIds.ts"
import { heldNow } from "./HeldNow.ts"
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
  const { timeZone } = yield* repo.account
  const reading = readingBefore(report, { ...options, today: yield* todayIn(timeZone) })
  return yield* linesAfter(
    report,
    options.upstream,
    yield* repo.fold({ mayBeRecent: true }, reading.from, reading.step)
  )
})

/** What the tracker's posted rows come to, as far as it bears on what it held as a day began. */
export interface RowsBefore {
  /** After the rows before that day. */
  readonly quantities: Map<string, Decimals.Decimal>
  readonly cash: Map<string, Decimals.Decimal>
  /** After the rows of all days up to today. */
  readonly cashNow: Map<string, Decimals.Decimal>
  /** By asset. */
  readonly symbols: Map<string, string>
  /** Of that day: opening rows of ours, and what was typed. */
  readonly onDay: Array<TrackerRow>
  /** What was typed on later days of the statement and brings units. */
  readonly later: Array<TrackerRow>
}

/** How rows, oldest first, become that. Rows of the statement itself are not from before it, whatever their date. */
export const readingBefore = (
  { activities, opening: { day }, statements }: OpeningReport,
  { provider, today, upstream, withoutOpenings }: {
    readonly provider: string
    readonly upstream: string
    readonly withoutOpenings: boolean
    readonly today: PlainDate
  }
) => {
  const prefix = openingPrefix(provider, upstream)
  const until = statements.map(({ toDate }) => toDate).reduce(latest, day)
  const own = new Set(activities.map(({ externalId }) => keyOf(externalId, upstream)))
  const from = (): RowsBefore => ({
    quantities: new Map(),
    cash: new Map(),
    cashNow: new Map(),
    symbols: new Map(),
    onDay: [],
    later: []
  })
  const step = (sofar: RowsBefore, row: TrackerRow): RowsBefore => {
    const { assetId, date, key = "", symbol, type } = row
    if (!isPosted(row)) return sofar
    if (date <= today) moveCash(sofar.cashNow, row)
    if (assetId !== undefined && symbol !== undefined) sofar.symbols.set(assetId, symbol)
    if (isOurs(row, upstream)) {
      if (own.has(key)) return sofar
      if (date < day) addBefore(sofar, row)
      else if (date === day && key.startsWith(prefix) && !(withoutOpenings && isOpeningRow(row, prefix))) {
        sofar.onDay.push(row)
      }
      return sofar
    }
    if (date < day) addBefore(sofar, row)
    else if (date === day) sofar.onDay.push(row)
    else if (date <= until && (type === "TRANSFER_IN" || type === "BUY")) sofar.later.push(row)
    return sofar
  }
  return { from, step }
}

const addBefore = ({ cash, quantities }: Pick<RowsBefore, "cash" | "quantities">, row: TrackerRow): void => {
  moveQuantity(quantities, row)
  moveCash(cash, row)
}

/**
 * Opening rows stand on the day itself, and so may what the user typed as such: rows by hand of that day that stand for
 * none of the statement's. So may shares that came by hand on a later day of it.
 */
export const linesAfter = Effect.fnUntraced(function*(report: OpeningReport, upstream: string, rows: RowsBefore) {
  const { opening } = report
  const assetIds = yield* assetIdsOf(opening.positions, report)
  const holdings = yield* heldNow
  const shown = holdings.flatMap((each) => each._tag === "Cash" ? [[each.currency, each.quantity] as const] : [])
  const isTyped = (row: TrackerRow) => !isOurs(row, upstream)
  const opened = standingForNone(report, rows.onDay.filter(isTyped), assetIds)
  const [quantities, cash] = [new Map(rows.quantities), new Map(rows.cash)]
  for (const row of rows.onDay) if (!isTyped(row) || opened.has(row.id)) addBefore({ cash, quantities }, row)
  const held: HeldBefore = {
    quantities,
    cash: withWhatRowsDoNotSay(cash, rows.cashNow, new Map(shown)),
    symbols: new Map([
      ...rows.symbols,
      ...holdings.flatMap((each) => each._tag === "Security" ? [[each.assetId, each.symbol] as const] : [])
    ])
  }
  const lines = openingLines(opening, assetIds, held)
  const openedLater = standingForNone(report, rows.later, assetIds)
  if (openedLater.size === 0) return lines
  const typed = rows.later.filter(({ id }) => openedLater.has(id))
  const withThem = openingLines(opening, assetIds, { ...held, quantities: quantitiesAfter(typed, quantities) })
  const others = new Map(withThem.map((line) => [`${line.kind} ${line.name}`, line]))
  return lines.map((line) => {
    const other = others.get(`${line.kind} ${line.name}`)
    const isLacking = line.kind === "asset" && Decimals.isPositive(line.difference)
    return isLacking && other !== undefined && !Decimals.isNegative(other.difference) ? other : line
  })
})

export const isOurs = ({ key = "" }: TrackerRow, upstream: string): boolean => key.startsWith(keyOf("", upstream))

/** The ids of rows by hand that stand for none of the statement's. */
const standingForNone = (
  { activities }: OpeningReport,
  byHand: ReadonlyArray<TrackerRow>,
  assetIds: ReadonlyMap<string, string>
): ReadonlySet<string> => {
  if (byHand.length === 0) return new Set()
  const tied = activities.map((activity) => {
    const assetId = assetIds.get(activity.instrumentKey ?? "")
    return assetId === undefined ? { activity } : { activity, assetId }
  })
  const standing = new Set(adoptions(tied, byHand).map(({ handId }) => handId))
  return new Set(byHand.flatMap(({ id }) => standing.has(id) ? [] : [id]))
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
