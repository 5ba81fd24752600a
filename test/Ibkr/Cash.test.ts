import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { bookings } from "../../src/Ibkr/Activities.ts"
import { cashTypes } from "../../src/Ibkr/Activities/CashTypes.ts"
import { decodeCashTransaction, decodeTrade } from "../../src/Ibkr/FlexReport.ts"
import type { Row } from "../support/arbitrary.ts"
import { type FixtureOptions, reportOptions, shownActivity } from "../support/fixture.ts"

const base = {
  currency: "USD",
  assetCategory: "STK",
  symbol: "KO",
  conid: "5",
  listingExchange: "NYSE",
  transactionID: "1",
  type: "Dividends",
  amount: "12.15",
  reportDate: "2026-01-06",
  dateTime: "2026-01-06;20:20:00",
  settleDate: "2026-01-06",
  description: "KO(US1912161007) CASH DIVIDEND"
}

type Fields = { readonly [K in keyof typeof base | (string & {})]?: string | undefined }

const row = (fields: Fields = {}): Row =>
  Object.fromEntries(
    Object.entries({ ...base, ...fields }).flatMap(([key, value]) => value === undefined ? [] : [[key, value]])
  )

/** Of no security. */
const plain = (fields: Fields): Row =>
  row({
    assetCategory: undefined,
    symbol: undefined,
    conid: undefined,
    listingExchange: undefined,
    description: undefined,
    ...fields
  })

const book = (cash: ReadonlyArray<Row>, options: FixtureOptions = {}, trades: ReadonlyArray<Row> = []) => {
  const found = bookings({
    trades: trades.map((each) => Result.getOrThrow(decodeTrade(each))),
    cash: cash.map((each) => Result.getOrThrow(decodeCashTransaction(each))),
    securities: [],
    positions: []
  }, reportOptions(options))
  return {
    ...found,
    booked: found.activities.filter(({ section }) => section === "CashTransactions").map((activity) => {
      const { amount, externalId, subtype, symbol, type } = shownActivity(activity, found)
      return [externalId, type, subtype, symbol, amount].filter((part) => part !== undefined).join(" ")
    }),
    left: found.skipped.map(({ externalId = "-", reason }) => `${externalId} ${reason}`).sort()
  }
}

const typeOf = (type: string, amount: string, options: FixtureOptions = {}) => {
  const [activity] = book([row({ type, amount })], options).activities
  return activity === undefined
    ? undefined
    : [activity.type, activity.subtype].filter((part) => part !== undefined).join("/")
}

describe("cash", () => {
  it("the operators' table, both signs", () => {
    const table: Record<string, readonly [positive: string, negative: string]> = {
      "Dividends": ["DIVIDEND", "FEE"],
      "Withholding Tax": ["CREDIT/REFUND", "TAX"],
      "Broker Interest Received": ["INTEREST", "FEE"],
      "Broker Interest Paid": ["CREDIT/REFUND", "FEE"],
      "Commission Adjustments": ["CREDIT/REFUND", "FEE"],
      "Other Fees": ["CREDIT/REFUND", "FEE"],
      "Deposits & Withdrawals": ["DEPOSIT", "WITHDRAWAL"],
      "Deposits/Withdrawals": ["DEPOSIT", "WITHDRAWAL"],
      "Deposits": ["DEPOSIT", "WITHDRAWAL"]
    }
    assert.deepStrictEqual(Object.keys(cashTypes.runbook).sort(), Object.keys(table).sort())
    for (const [type, [positive, negative]] of Object.entries(table)) {
      assert.strictEqual(typeOf(type, "3"), positive, type)
      assert.strictEqual(typeOf(type, "-3"), negative, type)
    }
  })

  it("`extended` adds what its name leaves no doubt about, both signs", () => {
    const added: Record<string, readonly [positive: string, negative: string]> = {
      "Payment In Lieu Of Dividends": ["DIVIDEND", "FEE"],
      "871(m) Withholding": ["CREDIT/REFUND", "TAX"],
      "Bond Interest Received": ["INTEREST", "FEE"],
      "Bond Interest Paid": ["CREDIT/REFUND", "FEE"],
      "Advisor Fees": ["CREDIT/REFUND", "FEE"],
      "Management Fees": ["CREDIT/REFUND", "FEE"],
      "Broker Fees": ["CREDIT/REFUND", "FEE"],
      "Carbon Credits": ["CREDIT/REFUND", "FEE"],
      "Price Adjustments": ["CREDIT", "FEE"],
      "Bill Pay": ["DEPOSIT", "WITHDRAWAL"]
    }
    assert.deepStrictEqual(
      Object.keys(cashTypes.extended).sort(),
      [...Object.keys(cashTypes.runbook), ...Object.keys(added)].sort()
    )
    for (const [type, [positive, negative]] of Object.entries(added)) {
      assert.isUndefined(typeOf(type, "3"), type)
      assert.strictEqual(typeOf(type, "3", { cashTypes: "extended" }), positive, type)
      assert.strictEqual(typeOf(type, "-3", { cashTypes: "extended" }), negative, type)
    }
  })

  it("anything else is skipped, with type, amount and currency", () => {
    for (const type of ["Cash Receipts", "dividends", "Other Income", "toString", "constructor"]) {
      const { left, skipped } = book([row({ type })], { cashTypes: "extended" })
      assert.deepStrictEqual(left, ["ibkr:cash:1 unknown-type"], type)
      assert.deepStrictEqual(skipped.map(({ detail }) => detail), [
        `${type} 12.15 USD KO(US1912161007) CASH DIVIDEND`
      ])
    }
  })

  it("a commission adjustment filed under deposits is a fee with `extended`, a deposit by the operators' table", () => {
    const adjustment = (amount: string, options: FixtureOptions = {}) =>
      book([plain({ type: "Deposits/Withdrawals", amount, description: "ADJUSTMENT: COMMISSION" })], options).booked
    assert.deepStrictEqual(adjustment("0.01", { cashTypes: "extended" }), ["ibkr:cash:1 CREDIT REFUND 0.01"])
    assert.deepStrictEqual(adjustment("-0.01", { cashTypes: "extended" }), ["ibkr:cash:1 FEE 0.01"])
    assert.deepStrictEqual(adjustment("0.01"), ["ibkr:cash:1 DEPOSIT 0.01"])
  })

  it("interest and tax of a bond need no asset: without ISIN or currency they are nobody's", () => {
    const bond = { assetCategory: "BOND", symbol: "T 4 1/4 08/15/35", conid: "9", listingExchange: undefined }
    const coupon = row({ ...bond, type: "Bond Interest Received", amount: "42.5" })
    const traded = {
      ...row({ ...bond, type: undefined, amount: undefined }),
      isin: "US91282CAB19",
      tradeID: "1",
      tradeDate: "2026-01-05",
      quantity: "2000",
      tradePrice: "98.5"
    }
    const extended: FixtureOptions = { cashTypes: "extended" }
    assert.deepStrictEqual(book([coupon], extended).booked, ["ibkr:cash:1 INTEREST 42.5"])
    assert.deepStrictEqual(book([{ ...coupon, isin: "US91282CAB19" }], extended).booked, ["ibkr:cash:1 INTEREST 42.5"])
    assert.deepStrictEqual(book([coupon], extended, [traded]).booked, ["ibkr:cash:1 INTEREST US91282CAB19 42.5"])
    assert.deepStrictEqual(book([row({ ...bond, type: "Dividends" })], extended).left, ["ibkr:cash:1 unknown-venue"])
  })

  it("a row of nobody's instrument is booked unless it is a dividend", () => {
    assert.deepStrictEqual(book([plain({ type: "Withholding Tax", amount: "-1" })]).booked, ["ibkr:cash:1 TAX 1"])
    assert.deepStrictEqual(book([plain({})]).left, ["ibkr:cash:1 unknown-instrument"])
    assert.deepStrictEqual(book([plain({ type: "Withholding Tax", amount: "-1", conid: "99" })]).booked, [
      "ibkr:cash:1 TAX 1"
    ])
    assert.deepStrictEqual(book([plain({ conid: "99" })]).left, ["ibkr:cash:1 unknown-instrument"])
  })

  it("a deposit is of no instrument, whatever its row carries", () => {
    assert.deepStrictEqual(book([row({ type: "Deposits/Withdrawals" })]).booked, ["ibkr:cash:1 DEPOSIT 12.15"])
  })

  it("equal rows are one; other rows of that id follow by type, amount and instrument", () => {
    const rows = [row(), row({ type: "Withholding Tax", amount: "-1" }), row(), row({ amount: "3" })]
    const expected = ["ibkr:cash:1 DIVIDEND KO 3", "ibkr:cash:1:2 DIVIDEND KO 12.15", "ibkr:cash:1:3 TAX KO 1"]
    assert.deepStrictEqual(book(rows).booked.toSorted(), expected)
    assert.deepStrictEqual(book(rows.toReversed()).booked.toSorted(), expected)
  })

  describe("reversals", () => {
    const reversal = (fields: Fields = {}) =>
      row({ transactionID: "2", amount: "-12.15", reportDate: "2026-01-09", description: "OTHER TEXT", ...fields })

    it("go with the row they take back, each naming the other", () => {
      const { booked, skipped } = book([row(), reversal()])
      assert.deepStrictEqual(booked, [])
      assert.deepStrictEqual(
        skipped.map(({ detail, externalId, held, reason }) => ({ detail, externalId, held, reason })),
        [
          { externalId: "ibkr:cash:1", reason: "reversed", detail: "by ibkr:cash:2", held: false },
          { externalId: "ibkr:cash:2", reason: "reversed", detail: "reverses ibkr:cash:1", held: false }
        ]
      )
    })

    it("are paired by day reported, not by the text of the id", () => {
      const rows = [
        row({ transactionID: "9" }),
        reversal({ transactionID: "10" }),
        row({ transactionID: "11", reportDate: "2026-01-09" })
      ]
      assert.deepStrictEqual(book(rows).booked, ["ibkr:cash:11 DIVIDEND KO 12.15"])
      assert.deepStrictEqual(book(rows.toReversed()).booked, ["ibkr:cash:11 DIVIDEND KO 12.15"])
    })

    it("of another amount, currency, pay date, type or instrument are booked", () => {
      for (
        const change of [
          { amount: "-12.14" },
          { currency: "EUR" },
          { settleDate: "2026-01-07" },
          { type: "Payment In Lieu Of Dividends" },
          { conid: "6", symbol: "PEP" }
        ]
      ) {
        const { booked } = book([row(), reversal(change)], { cashTypes: "extended" })
        assert.deepStrictEqual(
          booked.map((line) => line.split(" ")[1]).sort(),
          ["DIVIDEND", "FEE"],
          JSON.stringify(change)
        )
      }
    })

    it("of what is in the tracker are booked against it", () => {
      assert.deepStrictEqual(book([row(), reversal()], { booked: ["ibkr:cash:1"] }).booked, [
        "ibkr:cash:1 DIVIDEND KO 12.15",
        "ibkr:cash:2 FEE KO 12.15"
      ])
    })

    it("of what was before the start are booked", () => {
      const { booked, left } = book([row(), reversal()], { startDate: "2026-01-07" })
      assert.deepStrictEqual(booked, ["ibkr:cash:2 FEE KO 12.15"])
      assert.deepStrictEqual(left, ["ibkr:cash:1 before-start-date"])
    })

    it("of no instrument stand as they are: their text proves nothing", () => {
      const fee = plain({ type: "Other Fees", amount: "-9.18" })
      const back = plain({ type: "Other Fees", amount: "9.18", transactionID: "2" })
      assert.deepStrictEqual(book([fee, back]).booked, ["ibkr:cash:1 FEE 9.18", "ibkr:cash:2 CREDIT REFUND 9.18"])
    })
  })

  it("cash of a future or CFD is not booked half", () => {
    assert.deepStrictEqual(book([row({ assetCategory: "CFD" })]).left, ["ibkr:cash:1 unsupported-asset-category"])
    const option = {
      currency: "USD",
      assetCategory: "FUT",
      symbol: "KO",
      conid: "5",
      listingExchange: "CBOE",
      tradeID: "1",
      tradeDate: "2026-01-05",
      quantity: "1",
      tradePrice: "2"
    }
    assert.deepStrictEqual(
      book([row({ assetCategory: undefined, type: "Other Fees", amount: "-1" })], {}, [option]).left,
      [
        "ibkr:cash:1 unsupported-asset-category",
        "ibkr:trade:1 unsupported-asset-category"
      ]
    )
  })

  it("the day is the report date, with a time only where it was printed with that day", () => {
    const at = (fields: Fields) => {
      const [activity] = book([row(fields)]).activities
      return `${activity?.date} ${activity?.time}`
    }
    assert.strictEqual(at({}), "2026-01-06 20:20:00")
    assert.strictEqual(at({ reportDate: "2026-01-09" }), "2026-01-09 undefined")
    assert.strictEqual(at({ reportDate: undefined }), "2026-01-06 20:20:00")
    assert.strictEqual(at({ dateTime: "2026-01-06" }), "2026-01-06 undefined")
  })

  it("nothing of a cash row says in which currency its security is quoted", () => {
    const { instruments } = book([row({ currency: "GBP" })])
    assert.deepStrictEqual([...instruments.values()].map(({ currency, symbol }) => ({ currency, symbol })), [{
      currency: undefined,
      symbol: "KO"
    }])
  })
})
