import { Schema } from "effect"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { assetClass } from "../Category.ts"
import { StockGrantActivity } from "../FlexTransfers.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import {
  type BookingOptions,
  compare,
  contentHash,
  contextOf,
  hold,
  instrumentHold,
  noneBooked,
  skip
} from "./Booking.ts"
import { type IdentifiedRow, identifyRows } from "./IdentifiedRows.ts"
import { edgeOfDay } from "./PositionMoves.ts"
import { transferPrice } from "./TransferPrice.ts"
import type { TransfersBooked } from "./Transfers.ts"

const section = "StockGrantActivities"

const encode = Schema.encodeSync(StockGrantActivity)

/** Over the fields that make the row what it is: printed at award and at vesting it is one. */
export const grantDigest = (row: StockGrantActivity): string =>
  contentHash([row.conid ?? row.symbol, row.currency, row.awardDate, row.vestingDate, row.quantity])

/** IBKR gives grants no id: what was awarded when, to be had when, tells one from another. */
export const grantId = (
  { awardDate, conid, quantity, symbol, vestingDate }: StockGrantActivity
): string | undefined => {
  const security = conid ?? symbol
  return security === undefined || awardDate === undefined
    ? undefined
    : `ibkr:grant:${security}:${awardDate}:${vestingDate ?? ""}:${Decimals.format(quantity)}`
}

/**
 * Shares given by the broker come in on the day they vest. Until `until`, the last day of the statement, has reached it
 * the row is held: the day may come without another row. Of several prints of a grant the newest counts.
 */
export const bookGrants = (
  rows: ReadonlyArray<StockGrantActivity>,
  until: PlainDate | undefined,
  index: InstrumentIndex,
  options: BookingOptions
): TransfersBooked => {
  const booked: TransfersBooked = { ...noneBooked(), moves: [] }
  const newestLast = rows.toSorted((a, b) => compare(ageOf(a), ageOf(b)))
  const { rows: identified, withoutId } = identifyRows(newestLast, {
    digestOf: grantDigest,
    idOf: grantId,
    amountOf: ({ quantity }) => quantity,
    identityOf: (row) => ({
      section,
      ...(row.vestingDate === undefined ? {} : { date: row.vestingDate }),
      fields: () => encode(row)
    })
  }, options)
  for (const row of withoutId) booked.skipped.push(skip(row, "no-id", describe(row.row)))
  for (const row of identified) bookGrant(row, until, index, options, booked)
  return booked
}

const ageOf = ({ activityDescription, price, reportDate, value }: StockGrantActivity): string =>
  [reportDate, price, value, activityDescription].map((part) =>
    part === undefined ? "" : typeof part === "string" ? part : Decimals.format(part)
  ).join("|")

const bookGrant = (
  identified: IdentifiedRow<StockGrantActivity>,
  until: PlainDate | undefined,
  index: InstrumentIndex,
  options: BookingOptions,
  booked: TransfersBooked
) => {
  const { currency, multiplier, price, quantity, value, vestingDate: date, ...grant } = identified.row
  const key = index.keyOf(identified.row, currency)
  const category = grant.assetCategory ?? (key === undefined ? undefined : index.categoryOf(key))
  const found = category === undefined ? undefined : assetClass(category)
  const text = describe(identified.row)
  const row = key === undefined ? identified : { ...identified, position: { instrumentKey: key, quantity } }
  if (date === undefined) {
    booked.skipped.push(skip(row, "unreadable", `vestingDate is missing: ${text}`))
  } else if (!Decimals.isPositive(quantity)) {
    booked.skipped.push(skip(row, "unknown-type", `no shares come in: ${text}`))
  } else if (category !== undefined && (found === undefined || found === "currency")) {
    booked.skipped.push(skip(row, "unsupported-asset-category", `${category} ${text}`))
  } else if (until !== undefined && date > until) {
    booked.skipped.push(hold(identified, "unvested", `vests on ${date}: ${text}`, contextOf(key ?? "", index)))
  } else {
    const time = edgeOfDay(true)
    const { contentHash, externalId } = row
    if (key !== undefined) {
      booked.moves.push({
        source: row,
        instrumentKey: key,
        quantity,
        date,
        at: `${date} ${time} 1`,
        externalId,
        contentHash
      })
    }
    const held = key === undefined ? undefined : instrumentHold(index, key)
    const told = transferPrice({ quantity, assetClass: found ?? "equity", price, value, multiplier })
    if (options.startDate !== undefined && date < options.startDate) {
      booked.skipped.push(skip(row, "before-start-date", `${date} ${text}`))
    } else if (key === undefined || index.match(key) === undefined) {
      booked.skipped.push(hold(row, "unknown-instrument", text))
    } else if (held !== undefined) {
      booked.skipped.push(hold(row, held.reason, held.detail, contextOf(key, index)))
    } else if (told === "too-large") {
      booked.skipped.push(skip(row, "unreadable", `the price is 10^15 or more: ${text}`))
    } else {
      booked.activities.push({
        externalId: row.externalId,
        type: "TRANSFER_IN",
        date,
        time,
        millisecond: 0,
        instrumentKey: key,
        currency,
        quantity,
        unitPrice: told.unitPrice,
        amount: Decimals.zero,
        isExternal: true,
        note: [grant.activityDescription ?? "stock grant", told.note].filter((part) => part !== undefined).join("; "),
        contentHash: row.contentHash,
        section
      })
    }
  }
}

const describe = ({ conid, quantity, symbol }: StockGrantActivity): string =>
  `grant of ${Decimals.format(quantity)} ${symbol ?? conid ?? "?"}`
