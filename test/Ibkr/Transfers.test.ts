import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { cashSign } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { integer, oneOf, type Row, scaled, shuffled } from "../support/arbitrary.ts"
import { bookSections } from "./sections.ts"

const ko = { currency: "USD", assetCategory: "STK", symbol: "KO", conid: "5", listingExchange: "NYSE" }
const base = { ...ko, transactionID: "1", type: "FOP", direction: "IN", reportDate: "2026-01-06", quantity: "10" }
const cashOnly = { ...base, assetCategory: "CASH", symbol: "--", conid: "", quantity: "0" }

const book = (transfers: ReadonlyArray<Row>, cash: ReadonlyArray<Row> = []) =>
  bookSections({ Transfers: transfers, CashTransactions: cash })

const deposit = {
  currency: "USD",
  transactionID: "70",
  type: "Deposits/Withdrawals",
  amount: "500",
  reportDate: "2026-01-06"
}

describe("transfers", () => {
  it("the price is told, else worked out from the value, else 0", () => {
    const prices = [
      [{ transferPrice: "61.5", positionAmount: "1" }, "61.5"],
      [{ transferPrice: "0", positionAmount: "620" }, "62"],
      [{ positionAmount: "-620", quantity: "-10", direction: "OUT" }, "62"],
      [{ transferPrice: "0", positionAmount: "0" }, "0"],
      [{}, "0"]
    ] as const
    for (const [fields, price] of prices) {
      assert.include(book([{ ...base, ...fields }]).booked[0], ` at ${price} on`)
    }
    const noted = book([base]).activities.map(({ note }) => note)
    assert.deepStrictEqual(noted, ["FOP transfer; its price is not told: entered as 0"])
  })

  it("an option is priced by unit of the underlying, a bond as money by unit of face value", () => {
    const option = { ...base, assetCategory: "OPT", symbol: "KO    260320C00070000", multiplier: "10", quantity: "2" }
    assert.match(book([{ ...option, positionAmount: "310" }]).booked[0] ?? "", / at 15.5 on/)
    assert.match(book([{ ...option, transferPrice: "15.5" }]).booked[0] ?? "", / at 15.5 on/)
    const bond = { ...base, assetCategory: "BOND", isin: "US91282CAB19", quantity: "2000" }
    assert.match(book([{ ...bond, transferPrice: "98.5" }]).booked[0] ?? "", / at 0.985 on/)
    assert.match(book([{ ...bond, positionAmount: "1970" }]).booked[0] ?? "", / at 0.985 on/)
  })

  it("only those with other brokers are from outside the portfolio", () => {
    const isExternal = (type: string) => book([{ ...base, type }]).activities[0]?.isExternal ?? false
    assert.deepStrictEqual(["ACATS", "ATON", "FOP", "OTC", ""].map(isExternal), [true, true, true, true, true])
    assert.deepStrictEqual(["INTERNAL", "INTERCOMPANY"].map(isExternal), [false, false])
    const typeOf = (type: string, cashTransfer: string) =>
      book([{ ...cashOnly, type, cashTransfer }]).activities[0]?.type
    assert.deepStrictEqual([typeOf("ACATS", "5"), typeOf("ACATS", "-5")], ["DEPOSIT", "WITHDRAWAL"])
    assert.deepStrictEqual([typeOf("INTERNAL", "5"), typeOf("INTERNAL", "-5")], ["TRANSFER_IN", "TRANSFER_OUT"])
  })

  it("the sign is the direction; against the one that is told it is a short position, or a cancel", () => {
    const outcome = (quantity: string, direction: string, code = "") => {
      const { booked, left } = book([{ ...base, quantity, direction, code }])
      return booked[0]?.split(" ")[1] ?? left[0]?.split(" ")[1]
    }
    assert.deepStrictEqual([outcome("10", "IN"), outcome("10", "-"), outcome("10", "")], Array(3).fill("TRANSFER_IN"))
    assert.deepStrictEqual([outcome("-10", "OUT"), outcome("-10", "-")], Array(2).fill("TRANSFER_OUT"))
    assert.deepStrictEqual([outcome("-10", "IN"), outcome("10", "OUT")], ["short", "short"])
    assert.deepStrictEqual([outcome("-10", "IN", "Ca"), outcome("10", "OUT", "P;Ca")], ["TRANSFER_OUT", "TRANSFER_IN"])
  })

  it("securities and cash in one row are two activities", () => {
    assert.deepStrictEqual(book([{ ...base, cashTransfer: "12.5", transferPrice: "60" }]).booked, [
      "ibkr:transfer:1 TRANSFER_IN 10 KO at 60 on 2026-01-06",
      "ibkr:transfer:1:cash DEPOSIT 12.5 USD on 2026-01-06"
    ])
  })

  describe("cash that is a deposit, too", () => {
    const came = { ...cashOnly, cashTransfer: "500" }

    it("is that deposit: one for one, by amount, currency and day", () => {
      const { booked, details, left } = book([came, { ...came, transactionID: "2" }], [deposit])
      assert.deepStrictEqual(booked, [
        "ibkr:cash:70 DEPOSIT 500 USD on 2026-01-06",
        "ibkr:transfer:2 DEPOSIT 500 USD on 2026-01-06"
      ])
      assert.deepStrictEqual(left, ["ibkr:transfer:1 superseded"])
      assert.deepStrictEqual(details, ["is ibkr:cash:70: FOP IN 500 USD"])
    })

    it("also where the two are reported on different days of one booking", () => {
      assert.deepStrictEqual(book([{ ...came, reportDate: "2026-01-07", date: "2026-01-06" }], [deposit]).left, [
        "ibkr:transfer:1 superseded"
      ])
      assert.deepStrictEqual(
        book([came], [{ ...deposit, reportDate: "2026-01-08", dateTime: "2026-01-06;20:20:00" }]).left,
        ["ibkr:transfer:1 superseded"]
      )
    })

    it("is not one of another amount, currency, day or type, nor one without id", () => {
      for (
        const other of [
          { amount: "500.01" },
          { amount: "-500" },
          { currency: "EUR" },
          { reportDate: "2026-01-09" },
          { type: "Other Fees" },
          { transactionID: "" }
        ]
      ) {
        const { booked } = book([came], [{ ...deposit, ...other }])
        assert.include(booked, "ibkr:transfer:1 DEPOSIT 500 USD on 2026-01-06", JSON.stringify(other))
      }
    })
  })

  it("what cannot be booked says why", () => {
    const reasons = [
      [{ transactionID: "" }, "- no-id"],
      [{ reportDate: "" }, "ibkr:transfer:1 unreadable"],
      [{ quantity: "0" }, "ibkr:transfer:1 unreadable"],
      [{ quantity: "ten" }, "ibkr:transfer:1 unreadable"],
      [{ assetCategory: "CRYPTO" }, "ibkr:transfer:1 unsupported-asset-category"],
      [{ listingExchange: "SET" }, "ibkr:transfer:1 unknown-venue"]
    ] as const
    for (const [fields, reason] of reasons) assert.deepStrictEqual(book([{ ...base, ...fields }]).left, [reason])
  })

  it("what is not booked says what it would have moved", () => {
    const moves = (fields: Row) =>
      book([{ ...base, ...fields }]).skipped.map(({ position }) =>
        position === undefined ? "none" : `${Decimals.format(position.quantity)} of ${position.instrumentKey}`
      )
    assert.deepStrictEqual(moves({ transactionID: "" }), ["10 of 5"])
    assert.deepStrictEqual(moves({ listingExchange: "SET" }), ["10 of 5"])
    assert.deepStrictEqual(moves({ assetCategory: "CRYPTO", quantity: "-2", direction: "OUT" }), ["-2 of 5"])
    assert.deepStrictEqual(moves({ quantity: "0", transactionID: "" }), ["none"])
  })

  it("an opening position is not told where a transfer hides what it moved", () => {
    const opening = (fields: Row) =>
      bookSections(
        { Transfers: [{ ...base, ...fields }], OpenPositions: [{ ...ko, position: "12" }] },
        { closing: true }
      ).opening?.map(({ instrumentKey, quantity }) => `${Decimals.format(quantity)} of ${instrumentKey}`)
    assert.deepStrictEqual(opening({}), ["2 of 5"])
    assert.deepStrictEqual(opening({ transactionID: "" }), ["2 of 5"])
    assert.isUndefined(opening({ reportDate: "" }))
    assert.isUndefined(opening({ conid: "", symbol: "", assetCategory: "STK", isin: "US1912161007" }))
  })

  describe("and short positions", () => {
    const traded = (quantity: string, day: string) => ({
      ...ko,
      tradeID: `6${day}`,
      tradeDate: day,
      quantity,
      tradePrice: "60"
    })
    const outcome = (transfers: ReadonlyArray<Row>, trades: ReadonlyArray<Row>, held: string) =>
      bookSections(
        { Transfers: transfers, Trades: trades, OpenPositions: [{ ...ko, position: held }] },
        { closing: true }
      ).activities.filter(({ section }) => section === "Trades").map(({ type }) => type)

    it("what is bought and then moved away covers nothing", () => {
      const left = { ...base, quantity: "-10", direction: "OUT", reportDate: "2026-01-07" }
      assert.deepStrictEqual(outcome([left], [traded("10", "2026-01-06")], "0"), ["BUY"])
    })

    it("what is sold before the shares come in is short", () => {
      const came = { ...base, reportDate: "2026-01-07" }
      assert.deepStrictEqual(outcome([came], [traded("-10", "2026-01-06")], "0"), ["CREDIT"])
      assert.deepStrictEqual(outcome([came], [traded("-10", "2026-01-07")], "0"), ["SELL"])
    })
  })

  const row: Arbitrary.Arbitrary<Row> = Arbitrary.map(
    Arbitrary.all({
      id: integer(1, 5),
      units: integer(-400, 400),
      cash: oneOf([0, 0, 0, 125, -125, 500]),
      price: integer(0, 9_000),
      value: integer(0, 90_000),
      type: oneOf(["ACATS", "INTERNAL"]),
      day: integer(5, 7)
    }),
    ({ cash, day, id, price, type, units, value }): Row => ({
      ...base,
      transactionID: String(id),
      type,
      direction: units < 0 ? "OUT" : "IN",
      quantity: scaled(units, 2),
      cashTransfer: scaled(cash, 1),
      transferPrice: scaled(price, 2),
      positionAmount: scaled(value, 2),
      reportDate: `2026-01-0${day}`
    })
  )

  it.effect.prop(
    "move what the rows say, to the last digit, each row once, in whatever order they stand",
    { rows: Arbitrary.array(row, { maxLength: 8 }), seed: integer(1, 1_000_000) },
    ({ rows, seed }) =>
      Effect.sync(() => {
        const { activities, booked, left } = book(rows)
        const distinct = [
          ...new Map(rows.map((row) => [JSON.stringify({ ...row, transferPrice: "", positionAmount: "" }), row]))
            .values()
        ]
        const sumOf = (field: string) => Decimals.sum(distinct.map((row) => Decimals.of(row[field] ?? "0")))
        const shares = Decimals.sum(
          activities.flatMap(({ quantity, type }) =>
            quantity === undefined ? [] : [type === "TRANSFER_IN" ? quantity : Decimals.negate(quantity)]
          )
        )
        const moved = Decimals.sum(
          activities.map(({ amount, type }) => cashSign(type) > 0 ? amount : Decimals.negate(amount))
        )
        assert.strictEqual(Decimals.format(shares), Decimals.format(sumOf("quantity")))
        assert.strictEqual(Decimals.format(moved), Decimals.format(sumOf("cashTransfer")))
        const ids = activities.map(({ externalId }) => externalId)
        assert.strictEqual(new Set(ids).size, ids.length)
        const again = book(shuffled(rows, seed))
        assert.deepStrictEqual(again.left, left)
        assert.deepStrictEqual(
          again.booked.map((line) => line.split(" at ")[0]),
          booked.map((line) => line.split(" at ")[0])
        )
      }),
    { arbitrary: { runs: 200 } }
  )
})
