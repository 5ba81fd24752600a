import { assert, describe, it } from "@effect/vitest"
import { bookSections } from "./sections.ts"

const es = { currency: "USD", assetCategory: "FUT", symbol: "ESH6", conid: "52", listingExchange: "CME" }
const line = {
  ...es,
  transactionID: "9",
  reportDate: "2026-01-06",
  activityCode: "ADJ",
  activityDescription: "Position MTM",
  amount: "150",
  levelOfDetail: "Currency"
}
const trade = { ...es, tradeID: "6", transactionID: "3", tradeDate: "2026-01-06", quantity: "1", tradePrice: "6900" }
const option = { ...line, assetCategory: "OPT", symbol: "XSP   260109P00690000", conid: "53" }

type Row = Readonly<Record<string, string>>

const book = (lines: ReadonlyArray<Row>, others: Readonly<Record<string, ReadonlyArray<Row>>> = {}) =>
  bookSections({ ...others, StmtFunds: lines })

describe("Statement of Funds", () => {
  it("what futures and CFDs made or lost is a credit or a fee", () => {
    assert.deepStrictEqual(book([line]).booked, ["ibkr:funds:9 CREDIT 150 USD on 2026-01-06"])
    assert.deepStrictEqual(book([{ ...line, amount: "-150" }]).booked, ["ibkr:funds:9 FEE 150 USD on 2026-01-06"])
    for (const assetCategory of ["CFD", "FXCFD"]) {
      assert.deepStrictEqual(book([{ ...line, assetCategory }]).booked, ["ibkr:funds:9 CREDIT 150 USD on 2026-01-06"])
    }
    assert.deepStrictEqual(book([line]).activities.map(({ note }) => note), ["Position MTM ESH6"])
  })

  it("all other lines are views: neither booked nor told", () => {
    for (
      const fields of [{ assetCategory: "STK" }, { assetCategory: "CASH" }, { assetCategory: "CRYPTO" }, {
        amount: "0"
      }]
    ) {
      const { booked, left } = book([{ ...line, ...fields }])
      assert.deepStrictEqual([booked, left], [[], []], JSON.stringify(fields))
    }
    assert.deepStrictEqual(book([{ ...line, assetCategory: "", symbol: "", conid: "" }]).left, [])
  })

  it("nor are views read: a figure that is none stops nothing", () => {
    assert.deepStrictEqual(book([{ ...line, assetCategory: "STK", amount: "many" }]).left, [])
    assert.deepStrictEqual(book([{ ...line, amount: "many" }]).left, ["ibkr:funds:9 unreadable"])
  })

  it("a line that does not say so is of a future if its conid is", () => {
    assert.deepStrictEqual(book([{ ...line, assetCategory: "" }], { Trades: [trade] }).booked, [
      "ibkr:funds:9 CREDIT 150 USD on 2026-01-06"
    ])
  })

  it("of an option only what it settles for, and only where no trade has the money", () => {
    const settled = { ...option, activityDescription: "Option Cash Settlement for: Exercise ( XSP )", tradeID: "6" }
    assert.deepStrictEqual(book([option]).booked, [])
    assert.deepStrictEqual(book([settled]).booked, ["ibkr:funds:9 CREDIT 150 USD on 2026-01-06"])
    const exercised = { ...trade, assetCategory: "OPT", symbol: option.symbol, conid: "53", quantity: "-1" }
    const bookTrade = (proceeds: string) =>
      book([settled], { Trades: [{ ...exercised, tradePrice: proceeds, proceeds, multiplier: "1" }] })
    assert.include(bookTrade("0").booked, "ibkr:funds:9 CREDIT 150 USD on 2026-01-06")
    assert.deepStrictEqual(bookTrade("150").left, ["ibkr:funds:9 superseded"])
  })

  it("a line in base currency may be the same booking once more: the level must be told", () => {
    assert.deepStrictEqual(book([{ ...line, levelOfDetail: "" }]).left, ["ibkr:funds:9 unreadable"])
  })

  it("what another section books is told as its row, also a cash row that says nothing of a contract", () => {
    const cash = { currency: "USD", transactionID: "9", type: "Other Fees", amount: "150", reportDate: "2026-01-06" }
    const { booked, details } = book([line], { CashTransactions: [cash] })
    assert.deepStrictEqual(booked, ["ibkr:cash:9 CREDIT REFUND 150 USD on 2026-01-06"])
    assert.deepStrictEqual(details, ["is ibkr:cash:9: Position MTM ESH6 150 USD"])
  })

  it("trades and cash of contracts say where their cash is", () => {
    const detail = (lines: ReadonlyArray<Row>) => book(lines, { Trades: [trade] }).details.join()
    assert.strictEqual(detail([{ ...line, transactionID: "3" }]), "FUT 1 ESH6 at 6900 USD; its cash is ibkr:funds:3")
    assert.strictEqual(detail([{ ...line, tradeID: "6" }]), "FUT 1 ESH6 at 6900 USD; its cash is ibkr:funds:9")
    for (const lines of [[line], []]) {
      assert.match(detail(lines), /; its cash is not booked, .*: tick that section, level Currency, if it is not$/)
    }
  })
})
