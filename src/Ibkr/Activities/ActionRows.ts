import { Schema } from "effect"
import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import { addDays, type PlainDate } from "../../Portfolio/PlainDate.ts"
import { CorporateAction } from "../FlexReport.ts"
import type { InstrumentIndex } from "../Instruments.ts"
import {
  type Booked,
  type BookingOptions,
  compare,
  contentHash,
  ownIds,
  type RowIdentity,
  skip,
  skipPair
} from "./Booking.ts"
import type { PositionMove } from "./PositionMoves.ts"

/** A `CorporateAction` row under the id it is booked by; its subject is the event whose legs it shares. */
export interface ActionRow extends RowIdentity {
  readonly action: CorporateAction
  readonly externalId: string
  readonly key: string | undefined
  readonly subject: string
}

const section = "CorporateActions"

const encode = Schema.encodeSync(CorporateAction)

/** Over the fields that make the row what it is: the broker's valuation is none of them. */
export const actionDigest = (action: CorporateAction): string =>
  contentHash([
    action.transactionID,
    action.actionID,
    action.type,
    action.conid ?? action.symbol,
    action.currency,
    action.quantity,
    cashOf(action),
    action.description,
    action.dateTime?.date,
    action.dateTime?.time,
    action.reportDate,
    action.code
  ])

/** Signed cash: `proceeds` is what the account gets, `amount` the opposite (so in every statement seen). */
export const cashOf = (action: CorporateAction): Decimal =>
  action.proceeds ?? (action.amount === undefined ? Decimals.zero : Decimals.negate(action.amount))

/** The text of the event without the security of the leg: `GCM(CA38501D2041) SPLIT 1 FOR 25`. */
export const textOf = ({ actionDescription, description = "" }: CorporateAction): string => {
  if (actionDescription !== undefined) return actionDescription
  const text = description.trimEnd()
  const bracket = text.endsWith(")") ? text.lastIndexOf("(") : -1
  return bracket > 0 ? text.slice(0, bracket).trimEnd() : text
}

/**
 * Legs of one event share it, and so do a leg and the row that cancels it: by the broker's id, else by day, type and text.
 */
export const eventOf = (action: CorporateAction): string =>
  action.actionID === undefined
    ? `corp|${contentHash([action.dateTime?.date ?? action.reportDate, action.type, textOf(action)]).slice(0, 16)}`
    : `corp|${action.actionID}`

/** `Ca`: the row negates an earlier one. */
export const isCancel = ({ code = "" }: CorporateAction): boolean => code.split(";").includes("Ca")

/** The day on which it takes effect, never after the one on which it was reported: membership goes by that. */
export const dayOf = ({ dateTime, reportDate }: CorporateAction): PlainDate | undefined =>
  dateTime !== undefined && (reportDate === undefined || dateTime.date <= reportDate) ? dateTime.date : reportDate

/** IBKR books actions at 20:25, after the last trade of the day; one that is told by its report day came before that. */
export const timeOf = (action: CorporateAction, date: PlainDate): string =>
  action.dateTime?.date === date ? action.dateTime.time ?? "20:25:00" : "00:00:00"

/** The first day on which prices and trades are in the new units: what is booked in the evening starts the next one. */
export const firstDayAfter = (action: CorporateAction, date: PlainDate): PlainDate => {
  const next = timeOf(action, date) < "16:00:00" ? date : addDays(date, 1)
  return action.reportDate === undefined || next <= action.reportDate ? next : date
}

export const describe = (action: CorporateAction): string =>
  `${action.type ?? "action"} ${Decimals.format(action.quantity)} ${action.symbol ?? action.conid ?? "?"}, cash ${
    Decimals.format(cashOf(action))
  } ${action.currency}: ${textOf(action)}`

/** Rows that stand, and what all of them moved, those included that nothing can be booked under. */
export interface IdentifiedActions {
  readonly rows: ReadonlyArray<ActionRow>
  readonly moves: ReadonlyArray<PositionMove<ActionRow>>
}

/** Gives each row its id; equal rows are one, and a row and its cancel go out together. */
export const identifyActions = (
  actions: ReadonlyArray<CorporateAction>,
  index: InstrumentIndex,
  options: BookingOptions,
  booked: Booked
): IdentifiedActions => {
  const unnamed: Array<ActionRow> = []
  const byId = new Map<string, Array<ActionRow>>()
  const seen = new Set<string>()
  for (const action of actions) {
    const row = rowOf(action, index)
    if (action.transactionID === undefined) {
      const { externalId: _, ...unidentified } = row
      booked.skipped.push(skip(unidentified, "no-id", describe(action)))
    }
    if (seen.has(row.contentHash)) continue
    seen.add(row.contentHash)
    if (action.transactionID === undefined) unnamed.push(row)
    else byId.set(row.externalId, [...byId.get(row.externalId) ?? [], row])
  }
  const named = [...byId].flatMap(([id, rows]) => {
    const ordered = rows.toSorted(compareLegs)
    const ids = ownIds(id, ordered.map(({ contentHash }) => [contentHash]), options.knownAs)
    return ordered.map((row, position) => ({ ...row, externalId: ids[position] ?? id }))
  })
  const rows = withoutCancelled(named, options, booked)
  return { rows, moves: [...rows, ...unnamed].flatMap((row) => moveOf(row, options.startDate)) }
}

const rowOf = (action: CorporateAction, index: InstrumentIndex): ActionRow => {
  const date = dayOf(action)
  const key = index.keyOf(action, action.currency)
  return {
    section,
    action,
    externalId: `ibkr:corp:${action.transactionID ?? ""}`,
    key,
    ...(key === undefined ? {} : { position: { instrumentKey: key, quantity: action.quantity } }),
    contentHash: actionDigest(action),
    subject: eventOf(action),
    ...(date === undefined ? {} : { date }),
    fields: () => encode(action)
  }
}

const compareLegs = (a: ActionRow, b: ActionRow): number =>
  compare(a.key ?? "", b.key ?? "")
  || (Decimals.isLessThan(a.action.quantity, b.action.quantity) ? -1 : 1)
  || compare(a.contentHash, b.contentHash)

const compareAge = (a: ActionRow, b: ActionRow): number =>
  compare(a.action.reportDate ?? "", b.action.reportDate ?? "")
  || a.externalId.length - b.externalId.length
  || compare(a.externalId, b.externalId)

/** A row and the first later one that negates it, of the same event and security; the text of a cancel may be another. */
const withoutCancelled = (
  rows: ReadonlyArray<ActionRow>,
  options: BookingOptions,
  booked: Booked
): ReadonlyArray<ActionRow> => {
  const standing = new Set(rows.toSorted(compareAge))
  for (const cancel of standing) {
    if (!isCancel(cancel.action) || options.booked.has(cancel.externalId)) continue
    for (const row of standing) {
      if (row === cancel) break
      if (isCancel(row.action) || !negates(cancel, row)) continue
      booked.skipped.push(...skipPair("cancelled", row, cancel))
      standing.delete(row)
      standing.delete(cancel)
      break
    }
  }
  return [...standing]
}

const negates = (cancel: ActionRow, row: ActionRow): boolean =>
  cancel.subject === row.subject && cancel.key === row.key && cancel.action.currency === row.action.currency
  && Decimals.isZero(Decimals.add(cancel.action.quantity, row.action.quantity))
  && Decimals.isZero(Decimals.add(cashOf(cancel.action), cashOf(row.action)))

/** What goes stands before what comes in its place. */
const moveOf = (row: ActionRow, startDate: PlainDate | undefined): ReadonlyArray<PositionMove<ActionRow>> => {
  const { action, contentHash, date, externalId, key } = row
  if (key === undefined || date === undefined || Decimals.isZero(action.quantity)) return []
  const at = `${date} ${timeOf(action, date)} ${Decimals.isNegative(action.quantity) ? 4 : 5}`
  return [{
    source: row,
    instrumentKey: key,
    quantity: action.quantity,
    date,
    at,
    externalId,
    contentHash,
    shortable: "whole",
    isLeftOut: startDate !== undefined && date < startDate
  }]
}
