import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { cashSign } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { integer, oneOf, scaled } from "../support/arbitrary.ts"
import { bookSections } from "./sections.ts"

const usd = { currency: "USD", date: "2026-01-06" }
const rows = {
  SalesTaxes: {
    ...usd,
    transactionID: "1",
    salesTax: "-3",
    taxType: "VAT",
    country: "Austria",
    taxableDescription: "OPRA"
  },
  TransactionTaxes: { ...usd, tradeId: "2", taxAmount: "-3", source: "STANDALONE", taxDescription: "French Tax" },
  CFDCharges: { ...usd, transactionID: "3", total: "-3", activityDescription: "LONG CFD INTEREST" },
  DebitCardActivities: { ...usd, transactionDateTime: "2026-01-06;17:20:30", amount: "-3", status: "Settled" }
}
const figure = {
  SalesTaxes: "salesTax",
  TransactionTaxes: "taxAmount",
  CFDCharges: "total",
  DebitCardActivities: "amount"
}
type Section = keyof typeof rows

const one = (section: Section, fields: Readonly<Record<string, string>> = {}) =>
  bookSections({ [section]: [{ ...rows[section], ...fields }] })

describe("charges", () => {
  it("take the type of their nature, and of their sign", () => {
    const table: Readonly<Record<Section, readonly [charged: string, returned: string]>> = {
      SalesTaxes: ["ibkr:salestax:1 TAX", "ibkr:salestax:1 CREDIT REFUND"],
      TransactionTaxes: ["ibkr:tax:2 TAX", "ibkr:tax:2 CREDIT REFUND"],
      CFDCharges: ["ibkr:cfd:3 FEE", "ibkr:cfd:3 CREDIT REFUND"],
      DebitCardActivities: [
        "ibkr:card:2026-01-06T17:20:30:-3 WITHDRAWAL",
        "ibkr:card:2026-01-06T17:20:30:3 DEPOSIT"
      ]
    }
    for (const section of ["SalesTaxes", "TransactionTaxes", "CFDCharges", "DebitCardActivities"] as const) {
      const [charged, returned] = table[section]
      assert.deepStrictEqual(one(section).booked, [`${charged} 3 USD on 2026-01-06`])
      assert.deepStrictEqual(one(section, { [figure[section]]: "3" }).booked, [`${returned} 3 USD on 2026-01-06`])
    }
  })

  it("are of the day they were reported on, else of their own", () => {
    const reported = one("CFDCharges", { reportDate: "2026-01-07" }).activities
    assert.deepStrictEqual(reported.map(({ date, time }) => [date, time]), [["2026-01-07", undefined]])
    const own = one("CFDCharges", { date: "2026-01-06;20:20:00" }).activities
    assert.deepStrictEqual(own.map(({ date, time }) => [date, time]), [["2026-01-06", "20:20:00"]])
    assert.deepStrictEqual(one("CFDCharges", { date: "" }).left, ["ibkr:cfd:3 unreadable"])
  })

  it("without an id are told with type, amount and currency", () => {
    const { details, left } = one("SalesTaxes", { transactionID: "" })
    assert.deepStrictEqual([left, details], [["- no-id"], ["sales tax -3 USD VAT Austria OPRA"]])
    assert.deepStrictEqual(one("DebitCardActivities", { transactionDateTime: "2026-01-06" }).left, ["- no-id"])
  })

  it("whose figure cannot be read are named by section, row and field", () => {
    assert.deepStrictEqual(one("CFDCharges", { total: "many" }).left, ["ibkr:cfd:3 unreadable"])
    const { total: _, ...without } = rows.CFDCharges
    assert.match(bookSections({ CFDCharges: [without] }).details[0] ?? "", /^row 1, total: missing/)
    assert.match(one("DebitCardActivities", { currency: "BASE_SUMMARY" }).details[0] ?? "", /^row 1, currency:/)
  })

  it("equal rows are one; two taxes of one trade are two", () => {
    const tax = rows.TransactionTaxes
    const { booked } = bookSections({ TransactionTaxes: [tax, tax, { ...tax, taxAmount: "-1" }] })
    assert.deepStrictEqual(booked, [
      "ibkr:tax:2 TAX 3 USD on 2026-01-06",
      "ibkr:tax:2:2 TAX 1 USD on 2026-01-06"
    ])
  })

  it("a card payment counts once it is settled", () => {
    assert.deepStrictEqual(one("DebitCardActivities", { status: "" }).left, [])
    assert.deepStrictEqual(one("DebitCardActivities", { status: "POSTED" }).left, [])
    assert.match(one("DebitCardActivities", { status: "Pending" }).left[0] ?? "", / unknown-type$/)
  })

  describe("a tax of source TRADE", () => {
    const trade = {
      currency: "USD",
      assetCategory: "STK",
      symbol: "KO",
      conid: "5",
      listingExchange: "NYSE",
      tradeID: "2",
      tradeDate: "2026-01-06",
      quantity: "1",
      tradePrice: "60"
    }
    const book = (taxes: string | undefined) =>
      bookSections({
        TransactionTaxes: [{ ...rows.TransactionTaxes, source: "TRADE" }],
        Trades: taxes === undefined ? [] : [{ ...trade, taxes }]
      })

    it("is the trade's own where the trade has taxes", () => {
      const { booked, left } = book("-3")
      assert.deepStrictEqual(left, ["ibkr:tax:2 superseded"])
      assert.deepStrictEqual(booked, ["ibkr:trade:2 BUY 1 KO at 60 on 2026-01-06"])
    })

    it("is the trade's own where one of several rows of its id has taxes, in whatever order", () => {
      const both = [{ ...trade, taxes: "-3" }, { ...trade, transactionID: "82", taxes: "0" }]
      for (const Trades of [both, both.toReversed()]) {
        const { left } = bookSections({ Trades, TransactionTaxes: [{ ...rows.TransactionTaxes, source: "TRADE" }] })
        assert.include(left, "ibkr:tax:2 superseded")
      }
    })

    it("is booked where the trade has none", () => {
      for (const taxes of ["0", ""]) assert.include(book(taxes).booked, "ibkr:tax:2 TAX 3 USD on 2026-01-06")
    })

    it("is not guessed where the trade is not there", () => {
      assert.deepStrictEqual(book(undefined).left, ["ibkr:tax:2 unknown-type"])
      assert.match(book(undefined).details[0] ?? "", /^of trade 2, which is not in this statement: .* -3 USD/)
    })
  })

  it.effect.prop(
    "their cash is that of the rows, to the last digit",
    {
      rows: Arbitrary.array(
        Arbitrary.all({
          section: oneOf(["SalesTaxes", "CFDCharges"] as const),
          id: integer(1, 4),
          units: integer(-300, 300)
        }),
        { maxLength: 8 }
      )
    },
    ({ rows: drawn }) =>
      Effect.sync(() => {
        const all = drawn.map(({ id, section, units }) => ({
          section,
          row: { ...rows[section], transactionID: String(id), [figure[section]]: scaled(units, 2) }
        }))
        const { activities } = bookSections({
          SalesTaxes: all.filter(({ section }) => section === "SalesTaxes").map(({ row }) => row),
          CFDCharges: all.filter(({ section }) => section === "CFDCharges").map(({ row }) => row)
        })
        const distinct = [...new Map(all.map((each) => [JSON.stringify(each), each])).values()]
        const expected = Decimals.sum(distinct.map(({ row, section }) =>
          Decimals.of(String(Object.entries(row).find(([name]) => name === figure[section])?.[1]))
        ))
        const moved = Decimals.sum(activities.map(({ amount, type }) =>
          cashSign(type) > 0 ? amount : Decimals.negate(amount)
        ))
        assert.strictEqual(Decimals.format(moved), Decimals.format(expected))
      }),
    { arbitrary: { runs: 200 } }
  )
})
