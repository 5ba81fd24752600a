import { Schema } from "effect"
import type { Activity } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { assetClass, isSecurity } from "../Category.ts"
import { CashTransaction } from "../FlexReport.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import {
  type Booked,
  type BookingOptions,
  compare,
  contentHash,
  contextOf,
  hold,
  instrumentHold,
  noneBooked,
  ownIds,
  type RowIdentity,
  skip,
  skipPair
} from "./Booking.ts"
import { depositSubject } from "./CashOfTransfers.ts"
import { isDeposit, natureOf } from "./CashTypes.ts"
import { cashActivity, type Nature } from "./Nature.ts"

const section = "CashTransactions"

interface IdentifiedCash extends RowIdentity {
  readonly cash: CashTransaction
  readonly externalId: string
  readonly key: string | undefined
}

const encode = Schema.encodeSync(CashTransaction)

/** Every `CashTransaction` row becomes an activity or a skip entry. */
export const bookCash = (
  rows: ReadonlyArray<CashTransaction>,
  index: InstrumentIndex,
  options: BookingOptions
): Booked => {
  const booked = noneBooked()
  const reversed = new Set<string>()
  const identified = identify(rows, index, options, booked)
  for (const [row, reversal] of reversals(identified.filter((row) => mayBePaired(row, options)))) {
    reversed.add(row.externalId).add(reversal.externalId)
    booked.skipped.push(...skipPair("reversed", row, reversal))
  }
  for (const row of identified) if (!reversed.has(row.externalId)) bookRow(row, index, options, booked)
  return booked
}

/** Equal rows are one; a second row of one id gets `:2`, whatever the order of the file. */
const identify = (
  rows: ReadonlyArray<CashTransaction>,
  index: InstrumentIndex,
  options: BookingOptions,
  booked: Booked
): Array<IdentifiedCash> => {
  const byId = new Map<string, Map<string, CashTransaction>>()
  for (const cash of rows) {
    const digest = cashDigest(cash)
    if (cash.transactionID === undefined) {
      booked.skipped.push(skip({ section, contentHash: digest, fields: () => encode(cash) }, "no-id", describe(cash)))
      continue
    }
    const same = byId.get(cash.transactionID)
    if (same === undefined) byId.set(cash.transactionID, new Map([[digest, cash]]))
    else same.set(digest, cash)
  }
  const identified: Array<IdentifiedCash> = []
  for (const [id, distinct] of byId) {
    const ordered = [...distinct].sort(([, a], [, b]) => compareRows(a, b))
    const ids = ownIds(`ibkr:cash:${id}`, ordered.map(([digest]) => [digest]), options.knownAs)
    for (const [position, [digest, cash]] of ordered.entries()) {
      const key = index.keyOf(cash) ??
        (cash.symbol === undefined ? index.fromDescription(cash.description ?? "") : undefined)
      const date = dayOf(cash)
      const event = eventOf(cash, key) ??
        (date === undefined || !isDeposit(cash.type) ? undefined : depositSubject(cash.currency, cash.amount, date))
      identified.push({
        section,
        cash,
        externalId: ids[position] ?? `ibkr:cash:${id}`,
        key,
        contentHash: digest,
        ...(date === undefined ? {} : { date }),
        ...(event === undefined ? {} : { subject: event }),
        fields: () => encode(cash)
      })
    }
  }
  return identified
}

/** Over the fields that make the row what it is. */
export const cashDigest = (cash: CashTransaction): string =>
  contentHash([
    cash.transactionID,
    cash.type,
    cash.currency,
    cash.amount,
    cash.conid ?? cash.symbol,
    cash.description,
    cash.reportDate,
    cash.dateTime?.date,
    cash.dateTime?.time,
    cash.settleDate?.date
  ])

const compareRows = (a: CashTransaction, b: CashTransaction): number =>
  compare(a.type, b.type)
  || (Decimals.isLessThan(a.amount, b.amount) ? -1 : Decimals.isLessThan(b.amount, a.amount) ? 1 : 0)
  || compare(a.conid ?? a.symbol ?? "", b.conid ?? b.symbol ?? "")
  || compare(cashDigest(a), cashDigest(b))

/**
 * A dividend or tax row and the row that takes it back: same instrument, pay date and currency, opposite amount. The text
 * says nothing: reversals carry other per-share figures and countries, or no mark at all.
 */
const reversals = (rows: ReadonlyArray<IdentifiedCash>): Array<readonly [IdentifiedCash, IdentifiedCash]> => {
  const open = new Map<string, Array<IdentifiedCash>>()
  const pairs: Array<readonly [IdentifiedCash, IdentifiedCash]> = []
  for (const row of rows.toSorted((a, b) => compareAge(a, b))) {
    const { cash, subject: event } = row
    if (event === undefined || Decimals.isZero(cash.amount)) continue
    const opposite = open.get(`${event}|${Decimals.format(Decimals.negate(cash.amount))}`)?.shift()
    if (opposite === undefined) {
      const slot = `${event}|${Decimals.format(cash.amount)}`
      open.set(slot, [...open.get(slot) ?? [], row])
    } else pairs.push([opposite, row])
  }
  return pairs
}

/** What is paid on one day for one instrument: within it a row may take another back. */
const eventOf = (cash: CashTransaction, key: string | undefined): string | undefined => {
  const payDate = cash.settleDate?.date ?? cash.dateTime?.date
  return key === undefined || payDate === undefined
    ? undefined
    : ["cash", key, cash.type, cash.currency, payDate].join("|")
}

const compareAge = (a: IdentifiedCash, b: IdentifiedCash): number =>
  compare(dayOf(a.cash) ?? "", dayOf(b.cash) ?? "")
  || a.externalId.length - b.externalId.length
  || compare(a.externalId, b.externalId)

/** A row that takes back what was before the start is booked: its cash moved since. */
const mayBePaired = (row: IdentifiedCash, options: BookingOptions): boolean =>
  !options.booked.has(row.externalId) && !isBeforeStart(row.cash, options)

const dayOf = (cash: CashTransaction): PlainDate | undefined => cash.reportDate ?? cash.dateTime?.date

const isBeforeStart = (cash: CashTransaction, options: BookingOptions): boolean => {
  const day = dayOf(cash)
  return day !== undefined && options.startDate !== undefined && day < options.startDate
}

const bookRow = (row: IdentifiedCash, index: InstrumentIndex, options: BookingOptions, booked: Booked) => {
  const { cash } = row
  const nature = natureOf(cash, options)
  const date = dayOf(cash)
  const category = cash.assetCategory ?? (row.key === undefined ? undefined : index.categoryOf(row.key))
  if (nature === undefined) {
    booked.skipped.push(skip(row, "unknown-type", describe(cash)))
  } else if (date === undefined) {
    booked.skipped.push(skip(row, "unreadable", `reportDate is missing: ${describe(cash)}`))
  } else if (category !== undefined && !isSecurity(category)) {
    booked.skipped.push(skip(row, "unsupported-asset-category", `${category} ${describe(cash)}`))
  } else if (isBeforeStart(cash, options)) {
    booked.skipped.push(skip(row, "before-start-date", `${date} ${describe(cash)}`))
  } else {
    const key = nature === "DEPOSIT" || row.key === undefined || index.match(row.key) === undefined
        || (nature !== "DIVIDEND" && isUntiedBond(row.key, category, index))
      ? undefined
      : row.key
    const held = key === undefined ? undefined : instrumentHold(index, key)
    if (held !== undefined && key !== undefined) {
      booked.skipped.push(hold(row, held.reason, `${held.detail} (${describe(cash)})`, contextOf(key, index)))
    } else if (nature === "DIVIDEND" && key === undefined) {
      booked.skipped.push(hold(row, "unknown-instrument", describe(cash)))
    } else booked.activities.push(cashRow(row, nature, date, key))
  }
}

/** A bond without ISIN, or of which only its interest is known: that is cash all the same, and needs no asset. */
const isUntiedBond = (key: string, category: string | undefined, index: InstrumentIndex): boolean => {
  const match = index.match(key)
  return category !== undefined && assetClass(category) === "bond"
    && (match?._tag !== "Known" || match.instrument.currency === undefined)
}

const cashRow = (row: IdentifiedCash, nature: Nature, date: PlainDate, key: string | undefined): Activity => {
  const { cash } = row
  // A time belongs to the day it was printed with: a row reported on another day has only its day.
  const time = cash.dateTime?.date === date ? cash.dateTime.time : undefined
  return cashActivity(row, nature, {
    date,
    ...(time === undefined ? {} : { time }),
    ...(key === undefined ? {} : { instrumentKey: key }),
    currency: cash.currency,
    amount: cash.amount,
    ...(cash.description === undefined ? {} : { note: cash.description })
  })
}

const describe = (cash: CashTransaction): string =>
  `${cash.type} ${Decimals.format(cash.amount)} ${cash.currency}${
    cash.description === undefined ? "" : ` ${cash.description}`
  }`
