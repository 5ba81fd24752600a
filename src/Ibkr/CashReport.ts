import type { CashBalance, StatementInfo } from "../Broker.ts"
import { addTo, type CashFigures, type FigureKind } from "../Portfolio/CashBridge.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { compare } from "./Activities/Booking.ts"
import { baseSummary, type CashReportCurrency } from "./FlexReport.ts"
import type { MovingRow } from "./MovingRow.ts"

export interface CashReportRow {
  /** Index of the statement it stood in. */
  readonly statement: number
  readonly row: CashReportCurrency
}

/** The lines of currencies. Where the query has only the summary, it is that of the base currency, if no other moved. */
export const linesByCurrency = (
  rows: ReadonlyArray<CashReportRow>,
  moved: ReadonlyArray<MovingRow>,
  baseCurrency: string | undefined
): ReadonlyArray<CashReportRow> => {
  const perCurrency = rows.filter(({ row }) => row.currency !== baseSummary)
  const base = perCurrency.length > 0 ? undefined : soleCurrency(moved, baseCurrency)
  return base === undefined
    ? perCurrency
    : rows.map((each) => ({ ...each, row: { ...each.row, currency: base } }))
}

/** Opening cash of the first day, closing cash of the last, and what moved, per currency, summed over the account's segments. */
export const balancesOf = (
  lines: ReadonlyArray<CashReportRow>,
  statements: ReadonlyArray<StatementInfo>
): ReadonlyArray<CashBalance> => {
  const balances = new Map<string, CashBalance>()
  for (const own of Map.groupBy(lines, (line) => `${accountOf(line, statements)}|${line.row.currency}`).values()) {
    const byDay = [...own].sort((a, b) => compareDays(statements[a.statement], statements[b.statement]))
    const [first, last] = [byDay[0], byDay.at(-1)]
    if (first?.row.startingCash === undefined || last?.row.endingCash === undefined) continue
    const currency = first.row.currency
    const known = balances.get(currency)
    const figures = sumOfFigures(byDay.map(({ row }) => row), known?.figures)
    balances.set(currency, {
      currency,
      opening: Decimals.add(known?.opening ?? Decimals.zero, first.row.startingCash),
      closing: Decimals.add(known?.closing ?? Decimals.zero, last.row.endingCash),
      ...(figures.size === 0 ? {} : { figures })
    })
  }
  return [...balances.values()].sort((a, b) => a.currency < b.currency ? -1 : 1)
}

const components: ReadonlyArray<
  readonly [FigureKind, ReadonlyArray<Exclude<keyof CashReportCurrency, "accountId" | "currency">>]
> = [
  ["trades", ["netTradesSales", "netTradesPurchases"]],
  ["commissions", ["commissions"]],
  ["transactionTaxes", ["transactionTax"]],
  ["dividends", ["dividends", "paymentInLieu"]],
  ["withholdingTax", ["withholdingTax", "withholding871m"]],
  ["interest", ["brokerInterest", "bondInterest"]],
  ["fees", ["advisorFees", "clientFees", "brokerFees", "otherFees"]],
  ["salesTaxes", ["salesTax"]],
  ["deposits", ["depositWithdrawals"]]
]

/** By kind, what the lines print of it; a component that is not ticked in the query is in no kind. */
const sumOfFigures = (rows: ReadonlyArray<CashReportCurrency>, before: CashFigures["figures"] = new Map()) => {
  const sums = new Map(before)
  for (const row of rows) {
    for (const [kind, fields] of components) {
      for (const field of fields) {
        const figure = row[field]
        if (figure !== undefined) addTo(sums, kind, figure)
      }
    }
  }
  return sums
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
