import type { BrokerReport } from "../../src/Broker.ts"
import { type Activity, cashSign, type SkippedRow, skipReasons } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { controls } from "./Refusal.ts"

/** What holds for every report, whatever was read. */
export const reportProblems = (report: BrokerReport): ReadonlyArray<string> => {
  const problems = [...instrumentProblems(report)]
  const ids = new Set<string>()
  for (const activity of report.activities) {
    if (ids.has(activity.externalId)) problems.push(`${activity.externalId} is there twice`)
    ids.add(activity.externalId)
    for (const problem of activityProblems(activity)) problems.push(`${activity.externalId}: ${problem}`)
  }
  for (const skipped of report.skipped) {
    for (const problem of skipProblems(skipped)) problems.push(`${skipped.externalId ?? skipped.section}: ${problem}`)
  }
  for (const { ticker, symbol } of report.instruments.values()) {
    if (!/^[\x21-\x7e]+$/.test(ticker) || symbol === "") problems.push(`instrument ${JSON.stringify(ticker)}`)
  }
  for (const { instrumentKey, quantity } of report.positions ?? []) {
    if (!isPlain(quantity)) problems.push(`position ${instrumentKey}: ${Decimals.format(quantity)}`)
  }
  for (const { closing, currency, opening } of report.cash) {
    if (!isPlain(closing) || !isPlain(opening)) problems.push(`cash in ${currency}`)
  }
  for (const id of report.carriedOver) if (!ids.has(id)) problems.push(`${id} is carried over but not booked`)
  for (const text of report.warnings) {
    // The longest names every section that the query may lack.
    if (text.length > 1_500 || controls.test(text)) problems.push(`warning ${JSON.stringify(text.slice(0, 200))}`)
  }
  return problems
}

/** An activity's instrument comes with the report. */
const instrumentProblems = (report: BrokerReport): ReadonlyArray<string> =>
  report.activities.flatMap(
    ({ externalId, instrumentKey }) =>
      instrumentKey === undefined || report.instruments.has(instrumentKey)
        ? []
        : [`${externalId}: its instrument is not told`]
  )

const plain = /^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/

const isPlain = (value: Decimal): boolean => {
  const text = Decimals.format(value)
  const again = Decimals.parse(text)
  return plain.test(text) && again !== undefined && Decimals.equals(again, value)
}

/** Cash below 10^15 and a fee of such size; the tracker's sums end at 28 digits. */
const largest = Decimals.of("4000000000000000")

/** A split on the last day that is read takes effect on the next. */
const lastDay = "2101-01-01"

const movingSections = new Set(
  "Trades CashTransactions CorporateActions Transfers StockGrantActivities SalesTaxes TransactionTaxes CFDCharges DebitCardActivities StmtFunds"
    .split(" ")
)

const activityProblems = (activity: Activity): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const { amount, currency, date, fee, instrumentKey, millisecond, quantity, time, type, unitPrice } = activity
  for (const [name, value] of Object.entries({ amount, fee, quantity, unitPrice })) {
    if (value === undefined) continue
    if (!isPlain(value)) problems.push(`${name} ${Decimals.format(value)}`)
    if (Decimals.isNegative(value)) problems.push(`${name} is negative`)
    if (!Decimals.isLessThan(value, largest)) {
      problems.push(`${name} is beyond what the tracker adds up`)
    }
  }
  if (!PlainDates.isPlainDate(date) || date < "1970-01-01" || date > lastDay) problems.push(`date ${date}`)
  if (time !== undefined && !/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(time)) problems.push(`time ${time}`)
  if (!Number.isInteger(millisecond) || millisecond < 0 || millisecond > 999) {
    problems.push(`millisecond ${millisecond}`)
  }
  if (!/^[A-Z]{3}$/.test(currency)) problems.push(`currency ${JSON.stringify(currency)}`)
  if (type === "SPLIT" ? !isRatio(activity) : cashSign(type) === 0) problems.push(`type ${type}`)
  if (!movingSections.has(activity.section)) problems.push(activity.section)
  if (activity.externalId.trim() === "" || activity.contentHash === "") problems.push("no id or no hash")
  if (type === "BUY" || type === "SELL") {
    if (instrumentKey === undefined || quantity === undefined || unitPrice === undefined) problems.push("half a trade")
    if (quantity !== undefined && Decimals.isZero(quantity)) problems.push("quantity 0")
  }
  if (type.startsWith("TRANSFER_") && quantity !== undefined) {
    if (
      instrumentKey === undefined || (type === "TRANSFER_IN" && unitPrice === undefined) || Decimals.isZero(quantity)
    ) {
      problems.push("half a transfer")
    }
    if (!Decimals.isZero(amount)) problems.push("shares and cash in one transfer")
  }
  return problems
}

/** A split has a ratio, moves nothing else, and is of something. */
const isRatio = ({ amount, instrumentKey, quantity, ratio }: Activity): boolean =>
  ratio !== undefined && isPlain(ratio) && Decimals.isPositive(ratio) && Decimals.isZero(amount)
  && quantity === undefined && instrumentKey !== undefined

const skipProblems = ({ contentHash, detail, externalId, held, reason, source }: SkippedRow): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (!skipReasons.includes(reason)) problems.push(`reason ${reason}`)
  if (detail === "") problems.push(`${reason} without detail`)
  if (contentHash === undefined) problems.push(`${reason} without hash`)
  if (held !== (source !== undefined)) {
    problems.push(`${reason} is ${held ? "held without" : "not held but has"} its source`)
  }
  if (held && externalId === undefined) problems.push(`${reason} is held without id`)
  return problems
}
