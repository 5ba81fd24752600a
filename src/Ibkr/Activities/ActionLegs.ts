import type { Activity, SkippedRow } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { PlainDate } from "../../Portfolio/PlainDate.ts"
import type { AssetClass } from "../Category.ts"
import type { CorporateAction } from "../FlexReport.ts"
import { type ActionRow, cashOf, describe, textOf, timeOf } from "./ActionRows.ts"
import { skip } from "./Booking.ts"

/** A leg that can be booked. */
export interface ActionLeg {
  readonly row: ActionRow
  readonly key: string
  readonly assetClass: AssetClass
  readonly date: PlainDate
  /** Of its quantity, absolute: on the short side of zero. */
  readonly short: Decimal
  /** The tracker holds it as a short position; else it has nothing of it. */
  readonly isPosition: boolean
  readonly heldBefore: Decimal | undefined
  /** What the security trades in, which its lots must be in; cash is in the row's own. */
  readonly securityCurrency: string
}

/** What the other legs of the event, and the statement, say of this one. */
export interface LegContext {
  /** Securities come in the event: cash beside them is no sale. */
  readonly comesIn: boolean
  readonly goesOut: boolean
  /** What it cost in all by Open Positions, where the leg is all that is held of it. */
  readonly cost: Decimal | undefined
}

export interface LegRows {
  readonly activities: ReadonlyArray<Activity>
  readonly skipped: ReadonlyArray<SkippedRow>
}

const most = Decimals.of("1000000000000000")
const hundred = Decimals.of("100")

/** Units that the tracker multiplies a price by, per unit of quantity. */
const unitsOf = ({ assetClass, row: { action } }: ActionLeg): Decimal =>
  assetClass === "option" ? action.multiplier ?? hundred : Decimals.one

/** Why the figures of a row cannot be booked, or `undefined`. */
export const unreadableFigures = (action: CorporateAction): string | undefined => {
  if (action.multiplier !== undefined && !Decimals.isPositive(action.multiplier)) return "multiplier is not positive"
  const tooMuch = !Decimals.isZero(action.quantity)
    && !Decimals.isLessThan(Decimals.abs(cashOf(action)), Decimals.multiply(Decimals.abs(action.quantity), most))
  return tooMuch ? "the cash per share is 10^15 or more" : undefined
}

export const sharedOf = ({ date, row }: ActionLeg) => ({
  date,
  time: timeOf(row.action, date),
  millisecond: 0,
  contentHash: row.contentHash,
  section: row.section,
  subject: row.subject
})

/** Shares that vanish are sold for nothing: that shows the loss. */
const worthless: ReadonlySet<string> = new Set(["DW", "ED"])

/**
 * One leg by its own signs. What goes for cash alone is a sale, what is paid for a purchase; where securities come for
 * securities they are transfers, the cash beside them is a row of its own. Of the short part of a position that is not in the
 * tracker the cash alone is booked.
 */
export const legRows = (leg: ActionLeg, context: LegContext): LegRows => {
  const { row: { action, externalId }, securityCurrency, short } = leg
  const quantity = Decimals.abs(action.quantity)
  const cash = cashOf(action)
  if (Decimals.isZero(quantity)) return cashAlone(leg)
  const long = Decimals.subtract(quantity, short)
  if (leg.isPosition) return shortRows(leg)
  if (Decimals.isZero(long)) {
    return Decimals.isZero(cash)
      ? { activities: [], skipped: [skip(leg.row, "short", `moves no cash: ${describe(action)}`)] }
      : { activities: cashBeside(leg, externalId, `short: ${describe(action)}`), skipped: [] }
  }
  const goes = Decimals.isNegative(action.quantity)
  const isTrade = Decimals.isZero(short) && action.currency === securityCurrency && (
    goes
      ? !context.comesIn && (Decimals.isPositive(cash) || (Decimals.isZero(cash) && worthless.has(action.type ?? "")))
      : !context.goesOut && Decimals.isNegative(cash)
  )
  const note = textOf(action)
  if (isTrade) {
    const unitPrice = Decimals.divide(Decimals.abs(cash), Decimals.multiply(quantity, unitsOf(leg)))
    const trade: Activity = {
      ...sharedOf(leg),
      externalId,
      type: goes ? "SELL" : "BUY",
      instrumentKey: leg.key,
      currency: action.currency,
      quantity,
      unitPrice,
      amount: Decimals.abs(cash),
      note
    }
    return { activities: [trade], skipped: [] }
  }
  const priced = goes ? undefined : priceOf(leg, context)
  const transfer: Activity = {
    ...sharedOf(leg),
    externalId,
    type: goes ? "TRANSFER_OUT" : "TRANSFER_IN",
    instrumentKey: leg.key,
    currency: securityCurrency,
    quantity: long,
    ...(priced === undefined ? {} : { unitPrice: priced.price }),
    amount: Decimals.zero,
    note: priced === undefined ? note : `${note}; ${priced.from}`
  }
  return { activities: [transfer, ...cashBeside(leg, `${externalId}:cash`, note)], skipped: [] }
}

/** A short position is opened or covered at what was paid for it, which mostly is nothing. */
const shortRows = (leg: ActionLeg): LegRows => {
  const { row: { action, externalId }, securityCurrency } = leg
  const isSale = Decimals.isNegative(action.quantity)
  const cash = cashOf(action)
  const isPaid = action.currency === securityCurrency && !Decimals.isZero(cash) && Decimals.isNegative(cash) !== isSale
  const quantity = Decimals.abs(action.quantity)
  const amount = isPaid ? Decimals.abs(cash) : Decimals.zero
  const note = textOf(action)
  const trade: Activity = {
    ...sharedOf(leg),
    externalId,
    type: isSale ? "SELL" : "BUY",
    subtype: isSale ? "POSITION_OPEN" : "POSITION_CLOSE",
    instrumentKey: leg.key,
    currency: securityCurrency,
    quantity,
    unitPrice: Decimals.divide(amount, Decimals.multiply(quantity, unitsOf(leg))),
    amount,
    note
  }
  return { activities: [trade, ...(isPaid ? [] : cashBeside(leg, `${externalId}:cash`, note))], skipped: [] }
}

/** What an incoming share is taken to have cost: the broker's cost where it goes over, else what the broker values it at. */
const priceOf = (leg: ActionLeg, { cost, goesOut }: LegContext): { readonly price: Decimal; readonly from: string } => {
  const { row: { action }, securityCurrency } = leg
  const units = Decimals.multiply(Decimals.abs(action.quantity), unitsOf(leg))
  const each = (money: Decimal | undefined): Decimal | undefined =>
    money === undefined || Decimals.isZero(money) || action.currency !== securityCurrency
      || !Decimals.isLessThan(Decimals.abs(money), Decimals.multiply(units, most))
      ? undefined
      : Decimals.divide(Decimals.abs(money), units)
  const known = goesOut ? each(cost) : undefined
  if (known !== undefined) return { price: known, from: "at the broker's cost" }
  const valued = each(action.value)
  return valued === undefined
    ? { price: Decimals.zero, from: "at no cost, as no value is told" }
    : { price: valued, from: "at the broker's value of that day" }
}

/** A credit or charge that is no income of the security. */
export const cashBeside = (leg: ActionLeg, externalId: string, note: string): ReadonlyArray<Activity> => {
  const { action } = leg.row
  const cash = cashOf(action)
  return Decimals.isZero(cash) ? [] : [{
    ...sharedOf(leg),
    externalId,
    type: Decimals.isNegative(cash) ? "FEE" : "CREDIT",
    currency: action.currency,
    amount: Decimals.abs(cash),
    note
  }]
}

const dividends: ReadonlySet<string> = new Set(["CD", "CH", "HD", "HI", "PI"])

/** A row that moves no quantity. */
const cashAlone = (leg: ActionLeg): LegRows => {
  const { row: { action, externalId } } = leg
  const [booked] = cashBeside(leg, externalId, textOf(action))
  if (booked === undefined) return { activities: [], skipped: [skip(leg.row, "no-effect", describe(action))] }
  const income = action.type === "CP"
    ? "INTEREST" as const
    : dividends.has(action.type ?? "")
    ? "DIVIDEND" as const
    : undefined
  return {
    activities: [
      income === undefined || booked.type === "FEE" ? booked : { ...booked, type: income, instrumentKey: leg.key }
    ],
    skipped: []
  }
}
