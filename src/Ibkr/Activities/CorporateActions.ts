import type { Activity } from "../../Portfolio/Activity.ts"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import { assetClass } from "../Category.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import { type ActionLeg, cashBeside, legRows, sharedOf, unreadableFigures } from "./ActionLegs.ts"
import { type ActionRow, describe, firstDayAfter, textOf } from "./ActionRows.ts"
import { isSplit, type Ratio, ratioOfDelta, ratioOfExchange } from "./ActionSplits.ts"
import { type Booked, type BookingOptions, contextOf, hold, instrumentHold, noneBooked, skip } from "./Booking.ts"
import type { PositionMove, Reckoned } from "./PositionMoves.ts"
import type { SameLines } from "./SameLines.ts"

/** What the rules need to know beside the rows. */
export interface ActionContext {
  readonly index: InstrumentIndex
  readonly options: BookingOptions
  readonly lines: SameLines
  /** Everything that moved a position which actions move. */
  readonly moves: ReadonlyArray<PositionMove>
  readonly reckoned: Reckoned<unknown>
  /** By instrument, what is held at the end and what it cost, in its own currency. */
  readonly costs: ReadonlyMap<string, { readonly quantity: Decimal; readonly cost: Decimal }>
}

/** Every row becomes activities or a skip entry, event by event: nothing of an event is booked half. */
export const bookActions = (rows: ReadonlyArray<ActionRow>, context: ActionContext): Booked => {
  const booked = noneBooked()
  for (const event of Map.groupBy(rows, ({ subject }) => subject).values()) bookEvent(event, context, booked)
  return booked
}

const bookEvent = (rows: ReadonlyArray<ActionRow>, context: ActionContext, booked: Booked) => {
  const { index, options } = context
  const legs: Array<ActionLeg> = []
  const waiting: Array<readonly [ActionRow, ReturnType<typeof instrumentHold>]> = []
  for (const row of rows) {
    const { action, date, key } = row
    const category = action.assetCategory ?? (key === undefined ? undefined : index.categoryOf(key))
    const found = category === undefined ? undefined : assetClass(category)
    const bad = category === undefined
      ? "assetCategory is missing"
      : date === undefined
      ? "dateTime and reportDate are missing"
      : unreadableFigures(action)
    if (bad !== undefined || date === undefined) {
      booked.skipped.push(skip(row, "unreadable", `${bad ?? ""}: ${describe(action)}`))
    } else if (found === undefined || found === "currency") {
      booked.skipped.push(skip(row, "unsupported-asset-category", `${category} ${describe(action)}`))
    } else if (options.startDate !== undefined && date < options.startDate) {
      booked.skipped.push(skip(row, "before-start-date", `${date} ${describe(action)}`))
    } else if (key === undefined || index.match(key) === undefined) {
      waiting.push([row, undefined])
    } else {
      const held = instrumentHold(index, key)
      if (held !== undefined) waiting.push([row, held])
      const match = index.match(key)
      const currency = match?._tag === "Known" ? match.instrument.currency : undefined
      legs.push({
        row,
        key,
        assetClass: found,
        date,
        short: context.reckoned.shorts.get(row) ?? Decimals.zero,
        isPosition: context.reckoned.positions.has(row),
        heldBefore: context.reckoned.heldBefore.get(row),
        securityCurrency: currency ?? action.currency
      })
    }
  }
  if (waiting.length === 0) return bookLegs(legs, context, booked)
  const own = new Map(waiting)
  for (const row of new Set([...own.keys(), ...legs.map(({ row }) => row)])) {
    const why = own.get(row)
    const source = row.key === undefined ? undefined : contextOf(row.key, index)
    if (why !== undefined) booked.skipped.push(hold(row, why.reason, why.detail, source))
    else if (own.has(row)) booked.skipped.push(hold(row, "unknown-instrument", describe(row.action), source))
    else {
      const [first] = waiting
      const detail = `waits for ${first?.[0].externalId}: ${first?.[1]?.detail ?? "unknown instrument"}`
      booked.skipped.push(hold(row, first?.[1]?.reason ?? "unknown-instrument", detail, source))
    }
  }
}

/** Legs of one line of the tracker's may be a split of it; all others are booked by their own signs. */
const bookLegs = (legs: ReadonlyArray<ActionLeg>, context: ActionContext, booked: Booked) => {
  const goesOut = legs.some(({ row }) => Decimals.isNegative(row.action.quantity))
  const comesIn = legs.some(({ row }) => Decimals.isPositive(row.action.quantity))
  const bookAlone = (leg: ActionLeg) => {
    const { activities, skipped } = legRows(leg, { comesIn, goesOut, cost: costOf(leg, context) })
    booked.activities.push(...activities)
    booked.skipped.push(...skipped)
  }
  for (const line of Map.groupBy(legs, ({ key }) => context.lines.lineOf(key)).values()) {
    const moving = line.filter(({ row }) => !Decimals.isZero(row.action.quantity))
    const [first, second, ...more] = moving
    for (const leg of line) if (!moving.includes(leg)) bookAlone(leg)
    const out = moving.find(({ row }) => Decimals.isNegative(row.action.quantity))
    const into = moving.find(({ row }) => Decimals.isPositive(row.action.quantity))
    if (first === undefined) continue
    if (second === undefined && isSplit(first.row.action) && !isOtherSide(first, legs)) {
      bookDelta(first, context, booked, () => bookAlone(first))
    } else if (second !== undefined && more.length === 0 && out !== undefined && into !== undefined) {
      bookExchange(out, into, context, booked, () => moving.forEach(bookAlone))
    } else if (second === undefined && legs.length === 1 && first.row.action.type === "IC") {
      booked.skipped.push(unclear(first, "its other side has not come"))
    } else moving.forEach(bookAlone)
  }
}

/** A split with a leg of the other direction, under another symbol: one side of an exchange. */
const isOtherSide = (leg: ActionLeg, legs: ReadonlyArray<ActionLeg>): boolean =>
  legs.some(({ row }) => Decimals.isNegative(Decimals.multiply(row.action.quantity, leg.row.action.quantity)))

const bookDelta = (leg: ActionLeg, context: ActionContext, booked: Booked, bookAlone: () => void) => {
  if (isShort(leg) && !leg.isPosition) return bookAlone()
  const ratio = leg.isPosition ? ratioOfShort(leg) : ratioOfDelta(leg.row.action, leg.heldBefore)
  if (ratio._tag === "Unclear") booked.skipped.push(unclear(leg, ratio.why))
  else if (isTradedThatDay(leg, context)) bookAlone()
  else booked.activities.push(split(leg, ratio.ratio), ...cashBeside(leg, cashId(leg), textOf(leg.row.action)))
}

/** All of a line goes and comes back in another number: a split of the tracker's asset. In the same number it is nothing. */
const bookExchange = (
  out: ActionLeg,
  into: ActionLeg,
  context: ActionContext,
  booked: Booked,
  bookBoth: () => void
) => {
  const ratio: Ratio = ratioOfExchange(out.row.action.quantity, into.row.action.quantity)
  const isWhole = out.heldBefore === undefined
    || Decimals.isZero(Decimals.add(out.heldBefore, out.row.action.quantity))
  const isSame = ratio._tag === "Known" && Decimals.equals(ratio.ratio, Decimals.one)
  if (isShort(out) || isShort(into) || ratio._tag === "Unclear") return bookBoth()
  if (!isSame && (!isWhole || isTradedThatDay(into, context))) return bookBoth()
  booked.activities.push(
    ...(isSame ? [] : [split(into, ratio.ratio)]),
    ...[out, into].flatMap((leg) => cashBeside(leg, cashId(leg), textOf(leg.row.action)))
  )
  const same = `the tracker's asset stays the same: ${describe(out.row.action)}`
  booked.skipped.push(skip(out.row, "no-effect", isSame ? same : `part of the split ${into.row.externalId}`))
  if (isSame) booked.skipped.push(skip(into.row, "no-effect", same))
}

/** A short position becomes more by what is taken from it. */
const ratioOfShort = ({ heldBefore, row: { action } }: ActionLeg): Ratio =>
  ratioOfDelta(
    { ...action, quantity: Decimals.negate(action.quantity) },
    heldBefore === undefined ? undefined : Decimals.negate(heldBefore)
  )

const cashId = ({ row }: ActionLeg): string => `${row.externalId}:cash`

const isShort = ({ short }: ActionLeg): boolean => !Decimals.isZero(short)

/** The tracker rescales what is dated before the day of a split: of that very day it would leave all rows as they are. */
const isTradedThatDay = (leg: ActionLeg, { lines, moves }: ActionContext): boolean => {
  if (firstDayAfter(leg.row.action, leg.date) !== leg.date) return false
  const line = lines.lineOf(leg.key)
  return moves.some(({ date, instrumentKey, source }) =>
    date === leg.date && lines.lineOf(instrumentKey) === line
    && !(typeof source === "object" && source !== null && "subject" in source && source.subject === leg.row.subject)
  )
}

const split = (leg: ActionLeg, ratio: Decimal): Activity => ({
  ...sharedOf(leg),
  externalId: leg.row.externalId,
  type: "SPLIT",
  date: firstDayAfter(leg.row.action, leg.date),
  time: "00:00:00",
  instrumentKey: leg.key,
  currency: leg.securityCurrency,
  ratio,
  amount: Decimals.zero,
  note: textOf(leg.row.action)
})

const unclear = ({ row }: ActionLeg, why: string) =>
  hold(
    row,
    "unclear-action",
    `${why}: ${
      describe(row.action)
    }; once you entered it in Wealthfolio by hand: broker-sync ibkr ignore ${row.externalId}`
  )

/** Only where nothing else was ever held of it. */
const costOf = ({ key, row }: ActionLeg, { costs }: ActionContext): Decimal | undefined => {
  const held = costs.get(key)
  return held !== undefined && Decimals.equals(held.quantity, row.action.quantity) ? held.cost : undefined
}
