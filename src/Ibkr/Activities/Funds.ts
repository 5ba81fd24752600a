import { Schema } from "effect"
import type { Activity, SkippedRow } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { isMarginSettled } from "../Category.ts"
import { StatementOfFundsLine } from "../FlexFunds.ts"
import type { CashTransaction, Trade } from "../FlexReport.ts"
import type { Attributes } from "../FlexXml.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import { type Booked, type BookingOptions, contentHash, noneBooked, skip } from "./Booking.ts"
import { cashDigest } from "./Cash.ts"
import { identifyRows } from "./IdentifiedRows.ts"
import { proceedsOf, tradeDigest } from "./TradeRows.ts"

const section = "StmtFunds"

const encode = Schema.encodeSync(StatementOfFundsLine)

/** Over the fields that make the row what it is. */
export const fundsDigest = (line: StatementOfFundsLine): string =>
  contentHash([
    line.transactionID,
    line.tradeID,
    line.currency,
    line.amount,
    line.conid ?? line.symbol,
    line.activityCode,
    line.activityDescription,
    line.reportDate,
    line.date?.date
  ])

const optionSettlement = /^Option Cash Settlement for:/i

const isOwn = (category: string, description: string): boolean =>
  isMarginSettled(category) || (category === "OPT" && optionSettlement.test(description))

/** By its own words a repetition of a row of another section, of which a year has tens of thousands: not read at all. */
export const isView = (
  { activityDescription = "", assetCategory = "", conid = "", symbol = "" }: Attributes
): boolean => assetCategory === "" ? conid === "" && symbol === "" : !isOwn(assetCategory, activityDescription)

/** The lines that are the only word of their money. All others are views of rows of other sections. */
const isOwnLine = (line: StatementOfFundsLine, index: InstrumentIndex): boolean => {
  const category = line.assetCategory ?? index.categoryOf(index.keyOf(line) ?? "")
  return line.amount !== undefined && !Decimals.isZero(line.amount) && category !== undefined
    && isOwn(category, line.activityDescription ?? "")
}

/**
 * The cash of futures, CFDs and options that settle in cash, as CREDIT or FEE: their trades move none of it (futures
 * print what a contract is worth, CFDs their commission, cash-settled options a price of 0).
 */
export const bookFunds = (
  lines: ReadonlyArray<StatementOfFundsLine>,
  others: { readonly activities: ReadonlyArray<Activity>; readonly trades: ReadonlyArray<Trade> },
  index: InstrumentIndex,
  options: BookingOptions
): Booked => {
  const booked = noneBooked()
  const own = lines.filter((line) => isOwnLine(line, index))
  if (own.length === 0) return booked
  const elsewhere = bookedElsewhere(others)
  const { rows, withoutId } = identifyRows(own, {
    digestOf: fundsDigest,
    idOf: ({ transactionID }) => transactionID === undefined ? undefined : `ibkr:funds:${transactionID}`,
    amountOf: ({ amount }) => amount ?? Decimals.zero,
    identityOf: (line) => {
      const date = dayOf(line)
      return { section, ...(date === undefined ? {} : { date }), fields: () => encode(line) }
    }
  }, options)
  for (const row of withoutId) booked.skipped.push(skip(row, "no-id", describe(row.row)))
  for (const row of rows) {
    const { activityDescription, amount = Decimals.zero, currency, levelOfDetail, tradeID, transactionID } = row.row
    const date = dayOf(row.row)
    const other = elsewhere.get(`transaction ${transactionID ?? ""}`) ?? elsewhere.get(`trade ${tradeID ?? ""}`)
    if (other !== undefined) {
      booked.skipped.push(skip(row, "superseded", `is ${other}: ${describe(row.row)}`))
    } else if (levelOfDetail === undefined) {
      // It may be the same booking in base currency.
      booked.skipped.push(skip(row, "unreadable", `levelOfDetail is missing: ${describe(row.row)}`))
    } else if (date === undefined) {
      booked.skipped.push(skip(row, "unreadable", `reportDate is missing: ${describe(row.row)}`))
    } else if (options.startDate !== undefined && date < options.startDate) {
      booked.skipped.push(skip(row, "before-start-date", `${date} ${describe(row.row)}`))
    } else {
      const time = row.row.date?.date === date ? row.row.date.time : undefined
      booked.activities.push({
        externalId: row.externalId,
        type: Decimals.isNegative(amount) ? "FEE" : "CREDIT",
        date,
        ...(time === undefined ? {} : { time }),
        millisecond: 0,
        currency,
        amount: Decimals.abs(amount),
        note: [activityDescription, row.row.symbol].filter((part) => part !== undefined).join(" "),
        contentHash: row.contentHash,
        section
      })
    }
  }
  return booked
}

/** Bookings share their transaction id, or that of their trade, with the ledger's line. */
const bookedElsewhere = ({ activities, trades }: Parameters<typeof bookFunds>[1]): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const { externalId } of activities) {
    const [, kind, id] = externalId.split(":")
    if (kind !== "trade" && kind !== "trade-tx" && id !== undefined) found.set(`transaction ${id}`, externalId)
  }
  for (const trade of trades) {
    if (isMarginSettled(trade.assetCategory ?? "") || Decimals.isZero(proceedsOf(trade))) continue
    const { tradeID, transactionID } = trade
    if (transactionID !== undefined) found.set(`transaction ${transactionID}`, `trade ${tradeID ?? transactionID}`)
    if (tradeID !== undefined) found.set(`trade ${tradeID}`, `trade ${tradeID}`)
  }
  return found
}

const notBooked =
  "its cash is not booked, as no line of the Statement of Funds has it: tick that section, level Currency, if it is not"

/** Says of trades and cash of futures and CFDs where their cash is booked, or what is missing for it. */
export const tellingFunds = (
  skipped: ReadonlyArray<SkippedRow>,
  rows: {
    readonly trades: ReadonlyArray<Trade>
    readonly cash: ReadonlyArray<CashTransaction>
    readonly funds: ReadonlyArray<StatementOfFundsLine>
  },
  booked: ReadonlyArray<Activity>
): ReadonlyArray<SkippedRow> => {
  const isOurs = ({ detail, reason }: SkippedRow) =>
    reason === "unsupported-asset-category" && isMarginSettled(detail.split(" ")[0] ?? "")
  if (!skipped.some(isOurs)) return skipped
  const nameOf = new Map(booked.map(({ contentHash, externalId }) => [contentHash, externalId]))
  const lines = new Map<string, string>()
  const tell = (of: string, name: string) => {
    const other = lines.get(of)
    // Of several the same one, in whatever order they come.
    if (other === undefined || name < other) lines.set(of, name)
  }
  for (const line of rows.funds) {
    const name = nameOf.get(fundsDigest(line))
    if (name === undefined) continue
    if (line.transactionID !== undefined) tell(`transaction ${line.transactionID}`, name)
    if (line.tradeID !== undefined) tell(`trade ${line.tradeID}`, name)
  }
  const found = new Map<string, string | undefined>([
    ...rows.trades.map((trade) =>
      [
        tradeDigest(trade),
        lines.get(`transaction ${trade.transactionID ?? ""}`) ?? lines.get(`trade ${trade.tradeID ?? ""}`)
      ] as const
    ),
    ...rows.cash.map((cash) => [cashDigest(cash), lines.get(`transaction ${cash.transactionID ?? ""}`)] as const)
  ])
  return skipped.map((row) => {
    if (!isOurs(row)) return row
    const name = found.get(row.contentHash ?? "")
    return { ...row, detail: `${row.detail}; ${name === undefined ? notBooked : `its cash is ${name}`}` }
  })
}

const dayOf = ({ date, reportDate }: StatementOfFundsLine): PlainDate | undefined => reportDate ?? date?.date

const describe = ({ activityDescription, amount, currency, symbol }: StatementOfFundsLine): string =>
  [
    activityDescription,
    symbol,
    amount === undefined ? undefined : Decimals.format(amount),
    currency
  ].filter((part) => part !== undefined).join(" ")
