import type { CashBalance, StatementInfo } from "../Broker.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { compare } from "./Activities/Booking.ts"
import type { CashReportCurrency } from "./FlexReport.ts"
import type { MovingRow } from "./MovingRow.ts"

export interface CashReportRow {
  /** Index of the statement it stood in. */
  readonly statement: number
  readonly row: CashReportCurrency
}

const baseSummary = "BASE_SUMMARY"

/**
 * Opening cash of the first day and closing cash of the last, per currency, summed over the segments of the account.
 * Where the query has only the summary in base currency, it stands for that currency if nothing moved in another.
 */
export const cashBalances = (
  rows: ReadonlyArray<CashReportRow>,
  statements: ReadonlyArray<StatementInfo>,
  moved: ReadonlyArray<MovingRow>,
  baseCurrency: string | undefined
): ReadonlyArray<CashBalance> => {
  const perCurrency = rows.filter(({ row }) => row.currency !== baseSummary)
  const base = perCurrency.length > 0 ? undefined : soleCurrency(moved, baseCurrency)
  const used = base === undefined
    ? perCurrency
    : rows.map((each) => ({ ...each, row: { ...each.row, currency: base } }))
  const balances = new Map<string, CashBalance>()
  for (const lines of Map.groupBy(used, (line) => `${accountOf(line, statements)}|${line.row.currency}`).values()) {
    const byDay = [...lines].sort((a, b) => compareDays(statements[a.statement], statements[b.statement]))
    const [first, last] = [byDay[0], byDay.at(-1)]
    if (first?.row.startingCash === undefined || last?.row.endingCash === undefined) continue
    const currency = first.row.currency
    const known = balances.get(currency)
    balances.set(currency, {
      currency,
      opening: Decimals.add(known?.opening ?? Decimals.zero, first.row.startingCash),
      closing: Decimals.add(known?.closing ?? Decimals.zero, last.row.endingCash)
    })
  }
  return [...balances.values()].sort((a, b) => a.currency < b.currency ? -1 : 1)
}

const soleCurrency = (
  moved: ReadonlyArray<MovingRow>,
  baseCurrency: string | undefined
): string | undefined => {
  const base = baseCurrency
    ?? moved.find(({ row }) => row.fxRateToBase !== undefined && Decimals.equals(row.fxRateToBase, Decimals.one))?.row
      .currency
  return base !== undefined && moved.every((moving) => movesOnly(moving, base)) ? base : undefined
}

/** A conversion (`CASH`) moves two currencies, and a commission may be charged in a second one. */
const movesOnly = ({ row, section }: MovingRow, currency: string): boolean =>
  row.currency === currency && !(section === "Trades" && row.assetCategory === "CASH")
  && (!("ibCommissionCurrency" in row) || row.ibCommissionCurrency === undefined ||
    row.ibCommissionCurrency === currency)

/** A segment's lines may stand in the statement of its account. */
const accountOf = ({ row, statement }: CashReportRow, statements: ReadonlyArray<StatementInfo>): string =>
  row.accountId === undefined || row.accountId === "-" ? statements[statement]?.accountId ?? "" : row.accountId

const compareDays = (a: StatementInfo | undefined, b: StatementInfo | undefined): number =>
  compare(a?.fromDate ?? "", b?.fromDate ?? "") || compare(a?.toDate ?? "", b?.toDate ?? "")
