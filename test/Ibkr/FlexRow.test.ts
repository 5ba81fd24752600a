import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import { CFDCharge, DebitCardActivity, SalesTax, TransactionTax } from "../../src/Ibkr/FlexCharges.ts"
import { readerOf } from "../../src/Ibkr/FlexField.ts"
import { StatementOfFundsLine } from "../../src/Ibkr/FlexFunds.ts"
import * as FlexReport from "../../src/Ibkr/FlexReport.ts"
import { decoder } from "../../src/Ibkr/FlexRow.ts"
import { StockGrantActivity, Transfer } from "../../src/Ibkr/FlexTransfers.ts"
import { integer, oneOf } from "../support/arbitrary.ts"

/** What is printed in the fields of statements, and what nearly is. */
const texts = [
  "|-|--|---|N/A|MULTI| N/A |0| 0|USD|usd|US|USDX| USD|LSE|ABC|-.5|.5|5.|.|+|+1|1,234.50|-6,400.00|1,23|1e3|1E-4|1e99",
  "007|-0|-0.0|0.0|12.340|999999999999999|1000000000000000|-99999999999999.9|123456789012345678|0.00000000000001",
  "1.2.3|--1|1-|-1-|٣| 12.5|12.5 |20260105|2026-01-05|2026-02-31|1969-12-31|2101-01-01|05/01/2026|2026-1-05",
  "093104|09:31:04|24:00:00|9:31:04|09:31:0x|09:60:04|09-31-04|09:31:04 EST|2026-01-05;09:31:04 EST",
  "20260105;093104|2026-01-05;09:31:04|2026-01-05;25:31:04|2026-02-31;09:31:04|2026-01-05, 09:31:04",
  "2026-01-05T09:31:04|20260105 093104|2026-01-05;|2026-01-05;09:31:99| 2026-01-05;09:31:04 |20260105xx;09:31:04"
].flatMap((line) => line.split("|")).concat("\u00a012.5\u2003", "1".repeat(1_001))

const schemas = {
  Trade: FlexReport.Trade,
  CashTransaction: FlexReport.CashTransaction,
  CorporateAction: FlexReport.CorporateAction,
  OpenPosition: FlexReport.OpenPosition,
  PositionLot: FlexReport.PositionLot,
  PriorPeriodPosition: FlexReport.PriorPeriodPosition,
  SecurityInfo: FlexReport.SecurityInfo,
  CashReportCurrency: FlexReport.CashReportCurrency,
  Transfer,
  StockGrantActivity,
  SalesTax,
  TransactionTax,
  CFDCharge,
  DebitCardActivity,
  StatementOfFundsLine
}

/** What every kind of row needs, so that one field at a time decides. */
const base = {
  currency: "GBP",
  quantity: "1",
  tradePrice: "2",
  type: "Dividends",
  amount: "3",
  position: "4",
  price: "5",
  taxAmount: "6",
  total: "7",
  salesTax: "8"
}

/** A row as the schema alone decodes it; nothing where it does not. */
const bySchema = (schema: Schema.Codec<object, object>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (row: object) => Result.getOrUndefined(Result.map(decode(row), (decoded) => ({ ...decoded })))
}

const figures = Arbitrary.map(
  Arbitrary.all({
    sign: oneOf(["", "-", "+", "--", "-."]),
    whole: integer(0, 2_000_000_000),
    point: oneOf(["", ".", ","]),
    part: integer(0, 999_999_999)
  }),
  ({ part, point, sign, whole }) => `${sign}${whole}${point}${point === "" ? "" : part}`
)

describe("decoder", () => {
  it.each(Object.entries(schemas))("a %s is read without the interpreter, to the word of its schema", (_, schema) => {
    const [one, other] = [decoder(schema), bySchema(schema as Schema.Codec<object, object>)]
    let read = 0
    for (const [name, codec] of Object.entries(schema.fields)) {
      assert.isDefined(readerOf(codec), name)
      for (const text of texts) {
        const row = { ...base, [name]: text }
        const found = Result.getOrUndefined(one(row))
        if (found !== undefined) read++
        assert.deepStrictEqual(found, other(row), `${name}="${text}"`)
      }
      const { [name]: _, ...without } = base as Readonly<Record<string, string>>
      assert.deepStrictEqual(Result.getOrUndefined(one(without)), other(without), `without ${name}`)
    }
    assert.isAbove(read, 100)
  })

  it.prop("every figure is read as the schema reads it", { figure: figures }, ({ figure }) => {
    const row = { ...base, quantity: figure }
    const one = Result.getOrUndefined(FlexReport.decodeTrade(row))
    assert.deepStrictEqual(one, bySchema(FlexReport.Trade as Schema.Codec<object, object>)(row) as typeof one)
  })
})
