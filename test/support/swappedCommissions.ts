/**
 * An account in francs that buys dollars: the row of each conversion says that its commission is 1.6 francs, and of some
 * 2 dollars were debited instead. Statements of any days of it, with a Cash Report that tells.
 */
import type { Day, Row } from "../e2e/statement.ts"
import { cash, trade } from "../e2e/statement.ts"

export interface Conversion {
  readonly id: string
  readonly day: string
  readonly isSwapped: boolean
}

const deposited = { day: "2026-01-05", amount: 10_000 }
const bought = { francs: 400, dollars: 500 }

const row = ({ day, id }: Conversion): Row =>
  trade(id, { symbol: "USD.CHF", currency: "CHF", assetCategory: "CASH" }, bought.dollars, "0.8", day, {
    proceeds: String(-bought.francs),
    exchange: "IDEALFX",
    ibCommission: "-1.6",
    ibCommissionCurrency: "CHF"
  })

const moved = (conversions: ReadonlyArray<Conversion>, hasDeposit: boolean) => {
  const swapped = conversions.filter(({ isSwapped }) => isSwapped).length
  return {
    CHF: {
      depositWithdrawals: hasDeposit ? deposited.amount : 0,
      netTradesPurchases: -bought.francs * conversions.length,
      netTradesSales: 0,
      commissions: -16 * (conversions.length - swapped) / 10
    },
    USD: {
      depositWithdrawals: 0,
      netTradesPurchases: 0,
      netTradesSales: bought.dollars * conversions.length,
      commissions: -2 * swapped
    }
  }
}

const sum = (components: Readonly<Record<string, number>>) => Object.values(components).reduce((a, b) => a + b, 0)

/** Tenths of a franc are not floats. */
const printed = (figure: number): string => String(Math.round(figure * 10) / 10)

/** What is in the account after these. */
export const balancesAfter = (conversions: ReadonlyArray<Conversion>) => {
  const { CHF, USD } = moved(conversions, true)
  return { CHF: printed(sum(CHF)), USD: printed(sum(USD)) }
}

export const daysOf = (
  all: ReadonlyArray<Conversion>,
  from: string,
  to: string,
  options: { readonly funds?: boolean } = {}
): Day => {
  const within = all.filter(({ day }) => from <= day && day <= to)
  const before = moved(all.filter(({ day }) => day < from), deposited.day < from)
  const now = moved(within, from <= deposited.day && deposited.day <= to)
  return {
    from,
    to,
    trades: within.map(row),
    cash: from <= deposited.day && deposited.day <= to
      ? [cash("71", "Deposits/Withdrawals", String(deposited.amount), "CHF", deposited.day)]
      : [],
    balances: (["CHF", "USD"] as const).map((currency) => ({
      currency,
      levelOfDetail: "Currency",
      startingCash: printed(sum(before[currency])),
      ...Object.fromEntries(Object.entries(now[currency]).map(([name, figure]) => [name, printed(figure)])),
      endingCash: printed(sum(before[currency]) + sum(now[currency]))
    })),
    ...(options.funds === true ? { more: { StmtFunds: within.flatMap(fundsOf) } } : {})
  }
}

const fundsOf = ({ day, id, isSwapped }: Conversion): ReadonlyArray<Row> => {
  const line = { tradeID: id, activityCode: "FOREX", levelOfDetail: "Currency", reportDate: day }
  return [
    { ...line, currency: "USD", activityDescription: "Traded Currency Leg from Forex Trade", amount: "500" },
    { ...line, currency: "CHF", activityDescription: "Trading Currency Leg from Forex Trade", amount: "-400" },
    {
      ...line,
      currency: isSwapped ? "USD" : "CHF",
      activityDescription: "Commission from Forex Trade",
      amount: isSwapped ? "-2" : "-1.6"
    }
  ]
}
