import type { Activity, SkippedRow } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { Instrument, Position } from "../Portfolio/Instrument.ts"
import { type OpeningPosition } from "../Portfolio/Opening.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { identifyActions } from "./Activities/ActionRows.ts"
import { type BookingOptions, compare, noneBooked, orderWithinSeconds } from "./Activities/Booking.ts"
import { bookCash } from "./Activities/Cash.ts"
import { bookCharges } from "./Activities/Charges.ts"
import { bookActions } from "./Activities/CorporateActions.ts"
import { bookFunds, tellingFunds } from "./Activities/Funds.ts"
import { bookGrants } from "./Activities/Grants.ts"
import { type PositionMove, reckon } from "./Activities/PositionMoves.ts"
import { sameLines } from "./Activities/SameLines.ts"
import { securityRows } from "./Activities/SecurityTrades.ts"
import { moveOfTrade } from "./Activities/TradeMoves.ts"
import { bookTrades, cancelled } from "./Activities/Trades.ts"
import { bookTransfers, dayOf as transferDay } from "./Activities/Transfers.ts"
import { assetClass, isSecurity } from "./Category.ts"
import type { Charge } from "./Charge.ts"
import type { StatementOfFundsLine } from "./FlexFunds.ts"
import type {
  CashTransaction,
  CorporateAction,
  OpenPosition,
  PositionLot,
  PriorPeriodPosition,
  SecurityInfo,
  Trade
} from "./FlexReport.ts"
import type { StockGrantActivity, Transfer } from "./FlexTransfers.ts"
import type { SymbolMap } from "./InstrumentName.ts"
import { instrumentIndex, type PlacedRow } from "./Instruments.ts"
import { openingPositions } from "./OpeningPositions.ts"

/** The rows of a report that may become activities, and those that tell about instruments. */
export interface ReportRows {
  readonly trades: ReadonlyArray<Trade>
  readonly cash: ReadonlyArray<CashTransaction>
  readonly actions?: ReadonlyArray<CorporateAction>
  readonly transfers?: ReadonlyArray<Transfer>
  readonly grants?: ReadonlyArray<StockGrantActivity>
  readonly charges?: ReadonlyArray<Charge>
  readonly funds?: ReadonlyArray<StatementOfFundsLine>
  /** The last day that the rows tell of; absent where they are all there is. */
  readonly until?: PlainDate
  readonly securities: ReadonlyArray<SecurityInfo>
  /** Of every statement: they name instruments. */
  readonly positions: ReadonlyArray<OpenPosition>
  /** Of the last statement day only: what the account holds. Absent when the report has no such section. */
  readonly closingPositions?: ReadonlyArray<OpenPosition>
  /** Lots of these that were opened before the statement began. */
  readonly lots?: ReadonlyArray<PositionLot>
  readonly priorPositions?: ReadonlyArray<PriorPeriodPosition>
  /** Rows that move positions may be missing: trades, or those of another section, which hardly ever move an option. */
  readonly missingMoves?: { readonly trades: boolean; readonly others: boolean }
  /** Content hashes of rows that came with an earlier statement. */
  readonly earlier?: ReadonlySet<string>
}

export interface Bookings {
  /** Oldest first; within a second what opens stands before what closes. */
  readonly activities: ReadonlyArray<Activity>
  readonly skipped: ReadonlyArray<SkippedRow>
  readonly instruments: ReadonlyMap<string, Instrument>
  readonly positions?: ReadonlyArray<Position>
  /** What was short somewhere, with or without a row of its own. */
  readonly shorts: ReadonlyMap<string, Instrument>
  /** Held before the first row that may be booked. Absent where that cannot be known. */
  readonly opening?: ReadonlyArray<OpeningPosition>
  /** A row moved nobody knows what: any position may be another than the rows say. */
  readonly isAllDoubtful: boolean
  /** It made a difference whether rows that move positions are missing. */
  readonly isDoubtAsked: boolean
}

/** Every row booked or skipped with a reason: the booking rules, and nothing else. Independent of the order of the rows. */
export const bookings = (rows: ReportRows, options: BookingOptions & { readonly symbolMap: SymbolMap }): Bookings => {
  const { charges = [], funds = [], grants = [], transfers = [] } = rows
  const told = { ...rows, positions: [...placedRows(transfers, grants), ...rows.positions] }
  const index = instrumentIndex(told, options.symbolMap)
  const positions = rows.closingPositions === undefined ? undefined : sumPositions(rows.closingPositions, index)
  const closing = positions === undefined
    ? undefined
    : new Map(positions.map(({ instrumentKey, quantity }) => [instrumentKey, quantity]))
  const earlier = rows.earlier ?? new Set()
  const trades = bookTrades(rows.trades, index, options)
  const identified = noneBooked()
  const actionRows = identifyActions(rows.actions ?? [], index, options, identified)
  const moved = [
    bookTransfers(transfers, rows.cash, index, options),
    bookGrants(grants, rows.until, index, options)
  ]
  const otherMoves: ReadonlyArray<PositionMove> = [...actionRows.moves, ...moved.flatMap(({ moves }) => moves)]
  const others = Map.groupBy(otherMoves, ({ instrumentKey }) => instrumentKey)
  const traded = Map.groupBy(trades.securities, ({ key }) => key)
  const movesOf = (key: string): ReadonlyArray<PositionMove> => [
    ...(traded.get(key) ?? []).map(moveOfTrade),
    ...others.get(key) ?? []
  ]
  const held = new Set([...traded.keys(), ...others.keys()])
  const followed = new Set(actionRows.moves.map(({ instrumentKey }) => instrumentKey))
  const hidden = [trades, ...moved].flatMap(({ skipped }) => skipped.filter(hidesAMove))
    .filter(({ contentHash }) => !otherMoves.some((move) => move.contentHash === contentHash))
  let isDoubtAsked = false
  const isDoubtful = (key: string) => {
    isDoubtAsked = true
    return rows.missingMoves?.trades === true
      || (rows.missingMoves?.others === true && assetClass(index.categoryOf(key) ?? "STK") !== "option")
      || hidden.some(({ position }) => position === undefined || position.instrumentKey === key)
  }
  const reckoned = reckon(
    held.values().map(movesOf),
    {
      earlier,
      isDoubtful,
      ...(closing === undefined ? {} : { closing }),
      ...(options.held === undefined ? {} : { held: options.held }),
      ...(options.tracked === undefined ? {} : { tracked: options.tracked })
    },
    followed
  )
  const moves = [...followed].flatMap(movesOf)
  const securities = trades.securities.filter(({ isBooked }) => isBooked).map((trade) =>
    securityRows(trade, reckoned.shorts.get(trade) ?? Decimals.zero, reckoned.positions.has(trade))
  )
  const cash = bookCash(rows.cash, index, options)
  const lines = sameLines(actionRows.rows, index)
  const costs = costsOf(rows.closingPositions ?? [], index)
  const actions = bookActions(actionRows.rows, { index, options, lines, moves, reckoned, costs })
  const cashOnly = [cash, bookCharges(charges, rows.trades, options)]
  const booked = [...moved, ...cashOnly, actions].flatMap(({ activities }) => activities)
  const ledger = bookFunds(funds, { activities: booked, trades: rows.trades }, index, options)
  const activities = withOwnIds(orderWithinSeconds(
    [...trades.activities, ...securities.flatMap(({ activities }) => activities), ...booked, ...ledger.activities],
    (activity) => rank(activity, trades.marks.get(activity.contentHash))
  ))
  const isCounted = ({ contentHash, date }: { readonly contentHash: string; readonly date: PlainDate }) =>
    !earlier.has(contentHash) && (options.startDate === undefined || date >= options.startDate)
  const followedRows = new Set<string | undefined>(otherMoves.map(({ contentHash }) => contentHash))
  const isHidden = trades.skipped.some(hidesAMove)
    || moved.some(({ skipped }) => skipped.some((row) => hidesAMove(row) && !followedRows.has(row.contentHash)))
  const opening = closing === undefined || isHidden ? undefined : openingPositions({
    ...rows,
    closing,
    trades: trades.securities.filter(({ date, row }) => isCounted({ contentHash: row.contentHash, date })),
    otherMoves: otherMoves.filter(isCounted)
  }, index)
  const instruments = new Map<string, Instrument>()
  // A row that is booked says itself of what category it is, whatever others say of its instrument.
  const isHeld = (key: string) => isSecurity(index.categoryOf(key) ?? "STK")
  const keys = new Set([
    ...activities.flatMap(({ instrumentKey }) => instrumentKey ?? []),
    ...[...positions ?? [], ...opening ?? []].map(({ instrumentKey }) => instrumentKey).filter(isHeld)
  ])
  for (const key of keys) {
    const match = index.match(key)
    const otherConids = lines.othersOf(key)
    if (match?._tag === "Known") {
      instruments.set(
        match.instrument.key,
        otherConids.length === 0 ? match.instrument : { ...match.instrument, otherConids }
      )
    }
  }
  return {
    activities,
    skipped: tellingFunds(
      [trades, ...securities, ...cashOnly, ...moved, identified, actions, ledger].flatMap(({ skipped }) => skipped),
      { ...rows, funds },
      ledger.activities
    ),
    instruments,
    ...(positions === undefined ? {} : { positions }),
    ...(opening === undefined ? {} : { opening }),
    isDoubtAsked,
    isAllDoubtful: hidden.some(({ position }) => position === undefined),
    shorts: new Map([...reckoned.shortInstruments].flatMap((key) => {
      const match = index.match(key)
      return match?._tag === "Known" ? [[match.instrument.key, match.instrument] as const] : []
    }))
  }
}

/** A trade that moved nobody knows what, or how much of it. */
const hidesAMove = ({ reason }: SkippedRow): boolean =>
  reason === "no-id" || reason === "unreadable" || reason === "unknown-instrument"

/** Securities that came without a trade. The newest last, whatever the order of the rows. */
const placedRows = (
  transfers: ReadonlyArray<Transfer>,
  grants: ReadonlyArray<StockGrantActivity>
): ReadonlyArray<PlacedRow> =>
  [
    ...transfers.filter(({ assetCategory }) => assetCategory !== "CASH").map((row) => ({ row, day: transferDay(row) })),
    ...grants.map((row) => ({ row, day: row.reportDate ?? row.awardDate }))
  ].sort((a, b) => compare(a.day ?? "", b.day ?? "") || compare(wordsOf(a.row), wordsOf(b.row))).map(({ row }) => row)

/** Of rows of one day no order says which is right, but it must be the same one every night. */
const wordsOf = (row: Transfer | StockGrantActivity): string =>
  [
    row.conid,
    row.symbol,
    row.currency,
    row.listingExchange,
    row.exchange,
    row.isin,
    row.securityID,
    row.securityIDType,
    row.assetCategory,
    row.description,
    row.multiplier === undefined ? "" : Decimals.format(row.multiplier)
  ].join("|")

/** Every id once, whatever the broker prints: the tracker refuses a whole batch for one id that is there twice. */
const withOwnIds = (activities: ReadonlyArray<Activity>): ReadonlyArray<Activity> => {
  const used = new Set<string>()
  return activities.map((activity) => {
    let externalId = activity.externalId
    for (let occurrence = 2; used.has(externalId); occurrence++) externalId = `${activity.externalId}:${occurrence}`
    used.add(externalId)
    return externalId === activity.externalId ? activity : { ...activity, externalId }
  })
}

const rank = (activity: Activity, openClose: string | undefined): number => {
  if (openClose === cancelled) return 6
  if (activity.type === "DEPOSIT") return 0
  if (activity.type === "WITHDRAWAL") return 5
  if (activity.quantity !== undefined && activity.type === "TRANSFER_IN") return 1
  if (activity.quantity !== undefined && activity.type === "TRANSFER_OUT") return 2
  if (activity.type !== "BUY" && activity.type !== "SELL") return 4
  if (openClose === "O") return 1
  return openClose === "C" ? 3 : activity.type === "BUY" ? 1 : 2
}

/** A position may stand in several lines, as for a CFD segment: they are summed per instrument. */
const sumPositions = (
  rows: ReadonlyArray<OpenPosition>,
  index: ReturnType<typeof instrumentIndex>
): ReadonlyArray<Position> => {
  const sums = new Map<string, Position>()
  for (const row of rows) {
    const key = index.keyOf(row, row.currency) ?? row.symbol ?? "?"
    const known = sums.get(key)
    const { currency, markPrice: amount, positionValue, reportDate: day } = row
    const worth = positionValue === undefined || currency === undefined ? undefined : {
      amount: known?.value === undefined ? positionValue : Decimals.add(known.value.amount, positionValue),
      currency
    }
    sums.set(key, {
      instrumentKey: key,
      symbol: index.symbolOf(key),
      ...(worth === undefined ? {} : { value: worth }),
      ...(amount === undefined || currency === undefined || day === undefined
        ? {}
        : { price: { amount, currency, day } }),
      quantity: known === undefined ? row.position : Decimals.add(known.quantity, row.position)
    })
  }
  return [...sums.values()]
}

const costsOf = (rows: ReadonlyArray<OpenPosition>, index: ReturnType<typeof instrumentIndex>) => {
  const costs = new Map<string, { quantity: Decimals.Decimal; cost: Decimals.Decimal }>()
  for (const row of rows) {
    const key = index.keyOf(row, row.currency)
    if (key === undefined) continue
    const { cost, quantity } = costs.get(key) ?? { cost: Decimals.zero, quantity: Decimals.zero }
    costs.set(key, {
      quantity: Decimals.add(quantity, row.position),
      cost: Decimals.add(cost, row.costBasisMoney ?? Decimals.zero)
    })
  }
  return costs
}
