import type { BrokerReport } from "../../src/Broker.ts"
import { cashOf as cashOfAction } from "../../src/Ibkr/Activities/ActionRows.ts"
import { proceedsOf } from "../../src/Ibkr/Activities/TradeRows.ts"
import { isMarginSettled } from "../../src/Ibkr/Category.ts"
import type { Trade } from "../../src/Ibkr/FlexReport.ts"
import type { ScannedStatement } from "../../src/Ibkr/FlexStatement.ts"
import { identityOf, type MovingRow } from "../../src/Ibkr/MovingRow.ts"
import type { SpooledRow } from "../../src/Ibkr/Spool.ts"
import { type Activity, cashSign } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import { standsForItsRow } from "../support/fixture.ts"
import type { Rows } from "./Rows.ts"

/** What the scan counted waits in the spool, row for row. */
export const spoolProblems = (
  scanned: ScannedStatement,
  spooled: ReadonlyArray<SpooledRow>
): ReadonlyArray<string> => {
  const counts = Map.groupBy(spooled, ({ section }) => section)
  return [...scanned.sections].flatMap(([section, { usable }]) => {
    const waiting = counts.get(section)?.length ?? 0
    return waiting === usable ? [] : [`${section}: ${usable} usable rows, ${waiting} of them spooled`]
  })
}

/** Every usable row is booked, skipped, or a double of one that is: nothing vanishes, nothing is there twice. */
export const accountingProblems = (rows: Rows, earlier: Rows, report: BrokerReport): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const places = new Map<string, number>()
  const place = (hash: string | undefined) => hash !== undefined && places.set(hash, (places.get(hash) ?? 0) + 1)
  for (const activity of report.activities) if (standsForItsRow(activity)) place(activity.contentHash)
  const withoutId = new Set<string | undefined>()
  for (const skipped of report.skipped) {
    place(skipped.contentHash)
    if (skipped.reason === "no-id") withoutId.add(skipped.contentHash)
  }
  for (const [digest, row] of rows.moving) {
    const found = places.get(digest) ?? 0
    if (found === 1 || (found > 1 && withoutId.has(digest)) || (found === 0 && mayBeView(row))) continue
    problems.push(`a row of ${row.section} is accounted for ${found} times: ${shown(row)}`)
  }
  // A row that waits from an earlier night yields to what this statement says under its id.
  const ids = new Set([...rows.moving.values()].map(idOf))
  for (const [digest, row] of earlier.moving) {
    if (!places.has(digest) && !ids.has(idOf(row)) && !mayBeView(row)) {
      problems.push(`a held row is gone: ${shown(row)}`)
    }
  }
  for (const [section, count] of rows.unreadable) {
    const told = report.skipped.filter((row) => row.section === section && row.reason === "unreadable").length
    if (told < count) problems.push(`${section}: ${count} rows cannot be read, ${told} of them told`)
  }
  return problems
}

/** Lines of the Statement of Funds repeat other rows, but those of contracts that settle in cash. */
const mayBeView = (moving: MovingRow): boolean =>
  moving.section === "StmtFunds"
  && !(isMarginSettled(moving.row.assetCategory ?? "") && !Decimals.isZero(moving.row.amount ?? Decimals.zero))

const idOf = (moving: MovingRow): string =>
  moving.section === "Trades" ? `trade ${moving.row.tradeID ?? moving.row.transactionID}` : identityOf(moving)

/** Signed cash of what was booked, per currency, is that of the rows it was made from, to the last digit. */
export const cashProblems = (rows: Rows, report: BrokerReport): ReadonlyArray<string> => {
  // A cancelled pair leaves its commission; every other skipped row moves nothing.
  const cancelled = new Set<string | undefined>()
  const unmoved = new Set<string | undefined>()
  const withoutEffect = new Set(
    report.skipped.flatMap(({ contentHash, reason }) => reason === "no-effect" ? [contentHash] : [])
  )
  for (const { contentHash, detail, reason } of report.skipped) {
    if (reason !== "short") {
      ;(reason === "cancelled" && !detail.startsWith("rebooked") ? cancelled : unmoved).add(contentHash)
    }
  }
  if (rows.hasTwins) return []
  // A row without category is of the one that others of its contract have.
  const pairs = new Set(
    [...rows.trades.values()].flatMap(({ assetCategory, conid }) => assetCategory === "CASH" ? conid ?? [] : [])
  )
  const booked = Map.groupBy(report.activities, ({ contentHash }) => contentHash)
  // A leg of a corporate action that is part of a split moves its cash all the same.
  const moved = [...rows.moving].flatMap(([digest, moving]) =>
    unmoved.has(digest) && !withoutEffect.has(digest) ? [] : cashOf(moving, booked.get(digest) ?? [], pairs)
  )
  const told = report.activities.map(({ amount, currency, type }) =>
    [currency, cashSign(type) > 0 ? amount : Decimals.negate(amount)] as const
  )
  const [expected, found] = [JSON.stringify(totals(moved)), JSON.stringify(totals(told))]
  return expected === found ? [] : [`the rows move ${expected}, what is booked moves ${found}`]
}

const cashOf = (
  moving: MovingRow,
  booked: ReadonlyArray<Activity>,
  pairs: ReadonlySet<string>
): ReadonlyArray<readonly [string, Decimal]> => {
  const { row, section } = moving
  switch (section) {
    case "Trades":
      return cashOfTrade(row, pairs)
    case "CorporateActions":
      return [[row.currency, cashOfAction(row)]]
    case "StockGrantActivities":
      return []
    case "StmtFunds":
      return booked.length === 0 ? [] : [[row.currency, row.amount ?? Decimals.zero]]
    case "Transfers":
      // Cash that is a deposit of the cash transactions counts there.
      return booked.some(({ amount }) => !Decimals.isZero(amount))
        ? [[row.currency, row.cashTransfer ?? Decimals.zero]]
        : []
    default:
      return [[row.currency, row.amount]]
  }
}

const pair = /^([A-Z]{3})\.[A-Z]{3}$/

const cashOfTrade = (row: Trade, pairs: ReadonlySet<string>): ReadonlyArray<readonly [string, Decimal]> => [
  ...(row.assetCategory === "CASH" || (row.assetCategory === undefined && pairs.has(row.conid ?? ""))
    ? [[pair.exec(row.symbol ?? "")?.[1] ?? "", row.quantity] as const].filter(([currency]) => currency !== "")
    : []),
  [row.currency, proceedsOf(row)],
  [row.currency, row.taxes ?? Decimals.zero],
  [row.ibCommissionCurrency ?? row.currency, row.ibCommission ?? Decimals.zero]
]

const totals = (moves: ReadonlyArray<readonly [currency: string, amount: Decimal]>): ReadonlyArray<string> => {
  const sums = new Map<string, Decimal>()
  for (const [currency, amount] of moves) sums.set(currency, Decimals.add(sums.get(currency) ?? Decimals.zero, amount))
  return [...sums].flatMap(([currency, sum]) => Decimals.isZero(sum) ? [] : [`${currency} ${Decimals.format(sum)}`])
    .sort()
}

const shown = ({ row }: MovingRow): string =>
  JSON.stringify(row, (_, value) => typeof value === "bigint" ? String(value) : value).slice(0, 600)
