import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { balancesOf, type CashReportRow, linesByCurrency } from "../../src/Ibkr/CashReport.ts"
import { decodeCashReport } from "../../src/Ibkr/FlexReport.ts"
import { decodeMoving, type MovingRow } from "../../src/Ibkr/MovingRow.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import type { Row } from "../support/arbitrary.ts"

const day = (date: string, accountId = "U1234567") => ({
  accountId,
  fromDate: PlainDates.of(date),
  toDate: PlainDates.of(date)
})

const line = (statement: number, currency: string, startingCash?: string, endingCash?: string, accountId?: string) => ({
  statement,
  row: Result.getOrThrow(decodeCashReport({
    currency,
    ...(startingCash === undefined ? {} : { startingCash }),
    ...(endingCash === undefined ? {} : { endingCash }),
    ...(accountId === undefined ? {} : { accountId })
  }))
})

const moving = (section: string, fields: Row): MovingRow => {
  const decoded = decodeMoving(section, fields)
  assert.isDefined(decoded)
  return Result.getOrThrow(decoded)
}
const trade = (fields: Row = {}) =>
  moving("Trades", { currency: "GBP", assetCategory: "STK", quantity: "1", tradePrice: "1", ...fields })
const cash = (fields: Row = {}) =>
  moving("CashTransactions", { currency: "GBP", type: "Dividends", amount: "1", ...fields })

const shown = (
  rows: ReadonlyArray<CashReportRow>,
  statements: Parameters<typeof balancesOf>[1],
  moved: ReadonlyArray<MovingRow>,
  baseCurrency: string | undefined
) =>
  balancesOf(linesByCurrency(rows, moved, baseCurrency), statements).map(({ closing, currency, opening }) =>
    `${currency} ${Decimals.format(opening)} ${Decimals.format(closing)}`
  )

const base = [line(0, "BASE_SUMMARY", "10", "20")]
const one = [day("2026-01-05")]

describe("CashReport", () => {
  it("opening of the first day, closing of the last, by currency, whatever the order of the statements", () => {
    const statements = [day("2026-01-06"), day("2026-01-05"), day("2026-01-07")]
    const rows = [
      line(0, "GBP", "2", "3"),
      line(1, "GBP", "1", "2"),
      line(2, "GBP", "3", "4"),
      line(2, "EUR", "0", "5"),
      line(0, "BASE_SUMMARY", "9", "9")
    ]
    assert.deepStrictEqual(shown(rows, statements, [], "GBP"), ["EUR 0 5", "GBP 1 4"])
    assert.deepStrictEqual(shown(rows.toReversed(), statements, [], "GBP"), ["EUR 0 5", "GBP 1 4"])
  })

  it("segments add up, in a statement of their own or in their account's", () => {
    const apart = [day("2026-01-05"), day("2026-01-05", "U1234567F")]
    assert.deepStrictEqual(shown([line(0, "GBP", "1", "2"), line(1, "GBP", "10", "20")], apart, [], "GBP"), [
      "GBP 11 22"
    ])
    const together = [line(0, "GBP", "1", "2", "U1234567"), line(0, "GBP", "10", "20", "U1234567F")]
    assert.deepStrictEqual(shown(together, one, [], "GBP"), ["GBP 11 22"])
    assert.deepStrictEqual(shown([line(0, "GBP", "1", "2", "-")], one, [], "GBP"), ["GBP 1 2"])
  })

  it("a line without opening or closing cash says nothing", () => {
    assert.deepStrictEqual(
      shown([line(0, "GBP", undefined, "2"), line(0, "EUR", "1"), line(0, "USD", "0", "0")], one, [], "GBP"),
      ["USD 0 0"]
    )
  })

  it("the base summary stands for the base currency only where nothing else moved", () => {
    assert.deepStrictEqual(shown(base, one, [trade(), cash()], "GBP"), ["GBP 10 20"])
    assert.deepStrictEqual(shown(base, one, [trade(), cash({ currency: "EUR" })], "GBP"), [])
    assert.deepStrictEqual(
      shown(base, one, [trade({ ibCommissionCurrency: "EUR", ibCommission: "-1" })], "GBP"),
      [],
      "a commission"
    )
    assert.deepStrictEqual(
      shown(base, one, [trade({ assetCategory: "CASH", symbol: "EUR.GBP" })], "GBP"),
      [],
      "a conversion"
    )
    assert.deepStrictEqual(shown([...base, line(0, "EUR", "0", "5")], one, [trade()], "GBP"), ["EUR 0 5"])
  })

  it("without Account Information the base currency is that of rate 1", () => {
    assert.deepStrictEqual(shown(base, one, [cash({ currency: "EUR", fxRateToBase: "1" })], undefined), ["EUR 10 20"])
    assert.deepStrictEqual(shown(base, one, [cash({ currency: "EUR", fxRateToBase: "0.86" })], undefined), [])
    assert.deepStrictEqual(shown(base, one, [], undefined), [])
  })

  it("components by kind, summed over days and segments; what the query leaves out is in no kind", () => {
    const rows = [
      { dividends: "1", paymentInLieu: "0.5", otherFees: "-1", netTradesSales: "10", netTradesPurchases: "-4" },
      { dividends: "2", paymentInLieu: "0", otherFees: "0", netTradesSales: "0", netTradesPurchases: "0" }
    ].map((components, statement) => ({
      statement,
      row: Result.getOrThrow(decodeCashReport({ currency: "GBP", startingCash: "0", endingCash: "0", ...components }))
    }))
    const [balance] = balancesOf(rows, [day("2026-01-05"), day("2026-01-06")])
    assert.deepStrictEqual([...balance?.figures ?? []].map(([kind, figure]) => [kind, Decimals.format(figure)]), [
      ["trades", "6"],
      ["dividends", "3.5"],
      ["fees", "-1"]
    ])
    assert.notProperty(balancesOf([line(0, "GBP", "0", "0")], one)[0], "figures")
  })
})
