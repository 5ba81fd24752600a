import { Schema } from "effect"
import type { Activity } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import { assetClass } from "../Category.ts"
import type { CashTransaction } from "../FlexReport.ts"
import { Transfer } from "../FlexTransfers.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import {
  type Booked,
  type BookingOptions,
  contentHash,
  contextOf,
  hold,
  instrumentHold,
  noneBooked,
  type RowIdentity,
  skip
} from "./Booking.ts"
import { depositOf, depositSubject } from "./CashOfTransfers.ts"
import { type IdentifiedRow, identifyRows } from "./IdentifiedRows.ts"
import { edgeOfDay, type PositionMove } from "./PositionMoves.ts"
import { type TransferPrice, transferPrice } from "./TransferPrice.ts"

const section = "Transfers"

const encode = Schema.encodeSync(Transfer)

/** Over the fields that make the row what it is. */
export const transferDigest = (row: Transfer): string =>
  contentHash([
    row.transactionID,
    row.type,
    row.direction,
    row.currency,
    row.conid ?? row.symbol,
    row.quantity,
    row.cashTransfer,
    row.code,
    row.reportDate,
    row.date?.date,
    row.dateTime?.date
  ])

export interface TransfersBooked extends Booked {
  readonly moves: Array<PositionMove>
}

type IdentifiedTransfer = IdentifiedRow<Transfer>

/**
 * Transfers from and to other accounts. Securities become TRANSFER_IN or TRANSFER_OUT at the price that is told. Cash
 * from or to another broker is a DEPOSIT or WITHDRAWAL, inside IBKR a TRANSFER_IN or TRANSFER_OUT; cash that stands
 * among the cash transactions, too, is that row. The sign of a figure is its direction.
 */
export const bookTransfers = (
  rows: ReadonlyArray<Transfer>,
  cash: ReadonlyArray<CashTransaction>,
  index: InstrumentIndex,
  options: BookingOptions
): TransfersBooked => {
  const booked: TransfersBooked = { ...noneBooked(), moves: [] }
  const { rows: identified, withoutId } = identifyRows(rows, {
    digestOf: transferDigest,
    idOf: ({ transactionID }) => transactionID === undefined ? undefined : `ibkr:transfer:${transactionID}`,
    amountOf: ({ cashTransfer, quantity }) => quantity ?? cashTransfer ?? Decimals.zero,
    identityOf: (row) => {
      const date = dayOf(row)
      const amount = quantityOf(row) === undefined ? nonZero(row.cashTransfer) : undefined
      return {
        section,
        ...(date === undefined ? {} : { date }),
        ...(date === undefined || amount === undefined ? {} : { subject: depositSubject(row.currency, amount, date) }),
        fields: () => encode(row)
      }
    }
  }, options)
  for (const row of withoutId) booked.skipped.push(skip(moving(row, index, booked), "no-id", describe(row.row)))
  const deposits = depositOf(identified, cash)
  for (const row of identified) {
    bookRow(moving(row, index, booked), deposits.get(row.externalId), index, options, booked)
  }
  return booked
}

/** Notes what the row moves at the broker, booked or not. */
const moving = <Row extends RowIdentity & { readonly row: Transfer }>(
  row: Row,
  index: InstrumentIndex,
  { moves }: TransfersBooked
): Row => {
  const quantity = quantityOf(row.row)
  const key = quantity === undefined ? undefined : index.keyOf(row.row, row.row.currency)
  const { contentHash, date, externalId = contentHash } = row
  if (date === undefined || key === undefined || quantity === undefined) return row
  const isArrival = Decimals.isPositive(quantity)
  const at = `${date} ${timeOf(row.row, date) ?? edgeOfDay(isArrival)} ${isArrival ? 1 : 2}`
  moves.push({ source: row, instrumentKey: key, quantity, date, at, externalId, contentHash })
  return { ...row, position: { instrumentKey: key, quantity } }
}

const bookRow = (
  row: IdentifiedTransfer,
  deposit: string | undefined,
  index: InstrumentIndex,
  options: BookingOptions,
  booked: TransfersBooked
) => {
  const { date, row: transfer } = row
  const quantity = quantityOf(transfer)
  const amount = nonZero(transfer.cashTransfer)
  const key = index.keyOf(transfer, transfer.currency)
  if (date === undefined) {
    booked.skipped.push(skip(row, "unreadable", `the date is missing: ${describe(transfer)}`))
  } else if (quantity === undefined && amount === undefined) {
    booked.skipped.push(skip(row, "unreadable", `neither quantity nor cashTransfer: ${describe(transfer)}`))
  } else if (options.startDate !== undefined && date < options.startDate) {
    booked.skipped.push(skip(row, "before-start-date", `${date} ${describe(transfer)}`))
  } else if (quantity === undefined && deposit !== undefined) {
    booked.skipped.push(skip(row, "superseded", `is ${deposit}: ${describe(transfer)}`))
  } else if (quantity === undefined) {
    booked.activities.push(...cashRows(row, date, amount, row.externalId))
  } else {
    const security = bookSecurity(row, date, quantity, key, index, booked)
    if (security !== undefined) {
      const own = deposit === undefined ? cashRows(row, date, amount, `${row.externalId}:cash`) : []
      booked.activities.push(security, ...own)
    }
  }
}

/** `undefined` where the row was skipped or held. */
const bookSecurity = (
  row: IdentifiedTransfer,
  date: PlainDate,
  quantity: Decimal,
  key: string | undefined,
  index: InstrumentIndex,
  booked: Booked
): Activity | undefined => {
  const transfer = row.row
  const category = transfer.assetCategory ?? (key === undefined ? undefined : index.categoryOf(key))
  const found = category === undefined ? undefined : assetClass(category)
  const leave = (skipped: ReturnType<typeof skip>) => void booked.skipped.push(skipped)
  if (category === undefined) return leave(skip(row, "unreadable", `assetCategory is missing: ${describe(transfer)}`))
  if (found === undefined || found === "currency") {
    return leave(skip(row, "unsupported-asset-category", `${category} ${describe(transfer)}`))
  }
  if (isAgainstDirection(transfer, quantity)) {
    return leave(skip(row, "short", `direction ${transfer.direction}, so a short position: ${describe(transfer)}`))
  }
  if (key === undefined || index.match(key) === undefined) {
    return leave(hold(row, "unknown-instrument", describe(transfer)))
  }
  const held = instrumentHold(index, key)
  if (held !== undefined) return leave(hold(row, held.reason, held.detail, contextOf(key, index)))
  const told = transferPrice({
    quantity,
    assetClass: found,
    price: transfer.transferPrice,
    value: transfer.positionAmount,
    multiplier: transfer.multiplier
  })
  if (told === "too-large") return leave(skip(row, "unreadable", `the price is 10^15 or more: ${describe(transfer)}`))
  const isArrival = Decimals.isPositive(quantity)
  return {
    ...shared(row, date),
    externalId: row.externalId,
    type: isArrival ? "TRANSFER_IN" : "TRANSFER_OUT",
    time: timeOf(transfer, date) ?? edgeOfDay(isArrival),
    instrumentKey: key,
    quantity: Decimals.abs(quantity),
    unitPrice: told.unitPrice,
    amount: Decimals.zero,
    ...(isWithOthers(transfer) ? { isExternal: true } : {}),
    note: noteOf(transfer, told)
  }
}

const cashRows = (
  row: IdentifiedTransfer,
  date: PlainDate,
  amount: Decimal | undefined,
  externalId: string
): ReadonlyArray<Activity> => {
  if (amount === undefined) return []
  const leaves = Decimals.isNegative(amount)
  const time = timeOf(row.row, date)
  return [{
    ...shared(row, date),
    externalId,
    type: isWithOthers(row.row) ? (leaves ? "WITHDRAWAL" : "DEPOSIT") : leaves ? "TRANSFER_OUT" : "TRANSFER_IN",
    ...(time === undefined ? {} : { time }),
    amount: Decimals.abs(amount),
    note: noteOf(row.row)
  }]
}

const shared = ({ contentHash, row, subject }: IdentifiedTransfer, date: PlainDate) => ({
  date,
  millisecond: 0,
  currency: row.currency,
  contentHash,
  section,
  ...(subject === undefined ? {} : { subject })
})

/** Inside IBKR the money and the shares were the account holder's before, under another number. */
const isWithOthers = ({ type = "" }: Transfer): boolean => !/^(INTERNAL|INTERCOMPANY)$/i.test(type)

const isOfCash = ({ assetCategory, conid, symbol }: Transfer): boolean =>
  assetCategory === "CASH" || (symbol === undefined && conid === undefined)

/** A cancel (code `Ca`) has the direction of what it takes back; but for these only a short position says both. */
const isAgainstDirection = ({ code = "", direction }: Transfer, quantity: Decimal): boolean =>
  !code.split(";").includes("Ca")
  && (direction === "IN" ? Decimals.isNegative(quantity) : direction === "OUT" && Decimals.isPositive(quantity))

/** Signed; `undefined` for a row of cash alone. */
const quantityOf = (transfer: Transfer): Decimal | undefined =>
  isOfCash(transfer) ? undefined : nonZero(transfer.quantity)

const nonZero = (figure: Decimal | undefined): Decimal | undefined =>
  figure === undefined || Decimals.isZero(figure) ? undefined : figure

export const dayOf = ({ date, dateTime, reportDate }: Transfer): PlainDate | undefined =>
  reportDate ?? date?.date ?? dateTime?.date

const timeOf = ({ date, dateTime }: Transfer, day: PlainDate): string | undefined =>
  [dateTime, date].find((moment) => moment?.date === day && moment.time !== undefined)?.time

const noteOf = (transfer: Transfer, told?: TransferPrice): string =>
  [`${transfer.type ?? ""} transfer`.trim(), told?.note].filter((part) => part !== undefined).join("; ")

const describe = (transfer: Transfer): string =>
  [
    transfer.type,
    transfer.direction,
    ...(nonZero(transfer.quantity) === undefined
      ? []
      : [Decimals.format(transfer.quantity ?? Decimals.zero), transfer.symbol ?? transfer.conid]),
    ...(nonZero(transfer.cashTransfer) === undefined
      ? []
      : [Decimals.format(transfer.cashTransfer ?? Decimals.zero), transfer.currency])
  ].filter((part) => part !== undefined).join(" ")
