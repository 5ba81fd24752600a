import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { bookings } from "../../src/Ibkr/Activities.ts"
import { decodeSecurityInfo, decodeTrade } from "../../src/Ibkr/FlexReport.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Row } from "../support/arbitrary.ts"
import { type FixtureOptions, reportOptions, shownActivity } from "../support/fixture.ts"

const base = {
  currency: "EUR",
  assetCategory: "STK",
  symbol: "BMW",
  conid: "14",
  listingExchange: "IBIS",
  tradeID: "1",
  transactionID: "100",
  tradeDate: "2026-01-05",
  reportDate: "2026-01-05",
  dateTime: "2026-01-05;10:00:00",
  transactionType: "ExchTrade",
  quantity: "10",
  tradePrice: "76.4",
  ibCommission: "-1.25"
}

type Fields = { readonly [K in keyof typeof base | (string & {})]?: string | undefined }

const row = (fields: Fields = {}): Row =>
  Object.fromEntries(
    Object.entries({ ...base, ...fields }).flatMap(([key, value]) => value === undefined ? [] : [[key, value]])
  )

const cancelOf = (fields: Fields = {}): Row =>
  row({
    tradeID: undefined,
    origTradeID: "1",
    transactionID: "101",
    transactionType: "TradeCancel",
    reportDate: "2026-01-06",
    quantity: "-10",
    ibCommission: "0",
    ...fields
  })

const book = (
  trades: ReadonlyArray<Row>,
  options: FixtureOptions = {},
  knownAs: ReadonlyMap<string, ReadonlySet<string>> = new Map()
) => {
  const found = bookings({
    trades: trades.map((each) => Result.getOrThrow(decodeTrade(each))),
    cash: [],
    securities: [],
    positions: []
  }, { ...reportOptions(options), knownAs })
  return {
    ...found,
    booked: found.activities.map((activity) => {
      const { amount, externalId, quantity = "", type } = shownActivity(activity, found)
      return `${externalId} ${type} ${quantity} ${amount}`
    }),
    left: found.skipped.map(({ externalId = "-", reason }) => `${externalId} ${reason}`).sort()
  }
}

describe("trades", () => {
  describe("cancels", () => {
    it("of a trade that was rebooked the commission kept stays, beside the row that takes its place", () => {
      const { booked, left } = book([
        row(),
        cancelOf(),
        row({ transactionID: "102", quantity: "12", reportDate: "2026-01-06", ibCommission: "0" })
      ])
      assert.deepStrictEqual(booked, ["ibkr:trade:1 BUY 12 916.8", "ibkr:trade:1:cancel-fee FEE  1.25"])
      assert.deepStrictEqual(left, ["ibkr:trade-tx:101 cancelled", "ibkr:trade:1 cancelled"])
    })

    it("a cancel that is in the tracker stays there, whatever this statement has", () => {
      const { booked } = book([row(), cancelOf()], { booked: ["ibkr:trade-tx:101"] })
      assert.deepStrictEqual(booked, ["ibkr:trade:1 BUY 10 765.25", "ibkr:trade-tx:101 SELL 10 764"])
    })

    it("a rebooking with the very same figures is newer than the cancel, and stays", () => {
      const rebooked = row({ transactionID: "102", reportDate: "2026-01-06", ibCommission: "0" })
      assert.deepStrictEqual(book([row(), cancelOf(), rebooked]).booked, [
        "ibkr:trade:1 BUY 10 764",
        "ibkr:trade:1:cancel-fee FEE  1.25"
      ])
      assert.deepStrictEqual(book([cancelOf(), rebooked]).booked, ["ibkr:trade:1 BUY 10 764"])
    })

    it("of other figures than the trade it names, a cancel is booked as the opposite trade", () => {
      const { booked } = book([row(), cancelOf({ quantity: "-4" })])
      assert.deepStrictEqual(booked, ["ibkr:trade:1 BUY 10 765.25", "ibkr:trade-tx:101 SELL 4 305.6"])
    })

    it("without an id of its own a cancel acts all the same", () => {
      const cancel = cancelOf({ transactionID: undefined })
      assert.deepStrictEqual(book([row(), cancel]).left, ["ibkr:trade:1 cancelled", "ibkr:trade:1:cancel cancelled"])
      assert.deepStrictEqual(book([cancel]).booked, ["ibkr:trade:1:cancel SELL 10 764"])
    })

    it("the cancelled trade's id may stand in tradeID: the cancel never takes that id", () => {
      const cancel = cancelOf({ tradeID: "1", origTradeID: undefined })
      assert.deepStrictEqual(book([row(), cancel]).left, ["ibkr:trade-tx:101 cancelled", "ibkr:trade:1 cancelled"])
      assert.deepStrictEqual(book([cancel]).booked, ["ibkr:trade-tx:101 SELL 10 764"])
    })

    it("is known by transaction type, side or code", () => {
      for (
        const sign of [
          { transactionType: "TradeCancel" },
          { transactionType: undefined, buySell: "BUY (Ca.)" },
          { transactionType: "ExchTrade", notes: "P;Ca" }
        ]
      ) assert.strictEqual(book([row(), cancelOf(sign)]).left.length, 2, JSON.stringify(sign))
    })

    it("without conids, on the venue `--`, finds its trade", () => {
      const plain = { conid: undefined, listingExchange: undefined }
      const { booked, left } = book([row({ ...plain, exchange: "IBIS" }), cancelOf({ ...plain, exchange: "--" })])
      assert.deepStrictEqual(left, ["ibkr:trade-tx:101 cancelled", "ibkr:trade:1 cancelled"])
      assert.deepStrictEqual(booked, ["ibkr:trade:1:cancel-fee FEE  1.25"])
    })

    it("leaves another instrument's trade of that id alone", () => {
      const other = row({ conid: "15", symbol: "SAP", transactionID: "90" })
      assert.deepStrictEqual(book([row(), other, cancelOf()]).left, [
        "ibkr:trade-tx:101 cancelled",
        "ibkr:trade:1 cancelled"
      ])
    })

    it("commission in another currency stays in that currency", () => {
      const foreign = { ibCommissionCurrency: "GBP", taxes: "-0.4" }
      assert.deepStrictEqual(book([row(foreign), cancelOf({ ibCommissionCurrency: "GBP", taxes: "0.4" })]).booked, [
        "ibkr:trade:1:cancel-fee FEE  1.25"
      ])
      assert.deepStrictEqual(book([row(foreign), cancelOf({ ibCommissionCurrency: "GBP", taxes: "0" })]).booked, [
        "ibkr:trade:1:cancel-fee-EUR FEE  0.4",
        "ibkr:trade:1:cancel-fee-GBP FEE  1.25"
      ])
    })

    it("in another currency it is not that trade's: both are booked", () => {
      assert.deepStrictEqual(book([row(), cancelOf({ currency: "USD" })]).booked, [
        "ibkr:trade:1 BUY 10 765.25",
        "ibkr:trade-tx:101 SELL 10 764"
      ])
    })

    it("naming no trade, it takes the oldest that it negates, whatever the order of the file", () => {
      const fraction = (transactionID: string) => row({ tradeID: undefined, transactionID })
      const cancel = cancelOf({ origTradeID: undefined, transactionID: "300" })
      const all = [fraction("100"), fraction("200"), cancel]
      for (const rows of [all, all.toReversed()]) {
        assert.deepStrictEqual(book(rows).left, ["ibkr:trade-tx:100 cancelled", "ibkr:trade-tx:300 cancelled"])
      }
    })

    it("without any day of either, commission has none to be booked on: both are told", () => {
      const dayless = { tradeDate: undefined, dateTime: undefined }
      const { booked, left } = book([row(dayless), cancelOf(dayless)])
      assert.deepStrictEqual([booked, left], [[], ["ibkr:trade-tx:101 unreadable", "ibkr:trade:1 unreadable"]])
      assert.deepStrictEqual(book([row(), cancelOf(dayless)]).booked, ["ibkr:trade:1:cancel-fee FEE  1.25"])
      const free = { ...dayless, ibCommission: "0" }
      assert.deepStrictEqual(book([row(free), cancelOf(free)]).left, [
        "ibkr:trade-tx:101 cancelled",
        "ibkr:trade:1 cancelled"
      ])
    })
  })

  it("equal rows are one; the same id on two instruments is two rows, by side, amount and conid", () => {
    const other = row({ conid: "15", symbol: "SAP", tradePrice: "70", transactionID: "99" })
    const sale = row({
      conid: "16",
      symbol: "ALV",
      quantity: "-1",
      tradePrice: "1",
      transactionID: "98",
      ibCommission: "0"
    })
    const expected = ["ibkr:trade:1 BUY 10 701.25", "ibkr:trade:1:2 BUY 10 765.25", "ibkr:trade:1:3 SELL 1 1"]
    assert.deepStrictEqual(book([row(), row(), other, sale]).booked.toSorted(), expected)
    assert.deepStrictEqual(book([sale, other, row(), other]).booked.toSorted(), expected)
  })

  it("a row that was called the second of its id stays that when it comes alone, or with others", () => {
    const other = row({ conid: "15", symbol: "SAP", tradePrice: "90", transactionID: "99" })
    const hash = book([other]).activities[0]?.contentHash ?? ""
    for (const name of ["ibkr:trade:1:2", "ibkr:trade:1:2:fee"]) {
      const knownAs = new Map([[hash, new Set([name])]])
      assert.deepStrictEqual(book([other], {}, knownAs).booked, ["ibkr:trade:1:2 BUY 10 901.25"])
      const third = row({ conid: "16", symbol: "ALV", tradePrice: "95", transactionID: "98" })
      assert.deepStrictEqual(book([third, other, row()], {}, knownAs).booked.toSorted(), [
        "ibkr:trade:1 BUY 10 765.25",
        "ibkr:trade:1:2 BUY 10 901.25",
        "ibkr:trade:1:3 BUY 10 951.25"
      ])
    }
  })

  it("a price below zero without proceeds, and cash per share beyond the tracker's digits, are unreadable", () => {
    const told = (fields: Fields) => book([row(fields)]).skipped.map(({ detail, reason }) => `${reason} ${detail}`)
    assert.deepStrictEqual(told({ tradePrice: "-2" }), ["unreadable tradePrice is negative: 10 BMW at -2 EUR"])
    assert.deepStrictEqual(told({ tradePrice: "-2", proceeds: "-20" }), [])
    const tiny = `0.${"0".repeat(27)}1`
    assert.match(told({ quantity: tiny, proceeds: "-20" })[0] ?? "", /^unreadable the cash per share is 10\^15 or more/)
  })

  it("an instrument comes with its trade, though another section files it elsewhere", () => {
    const { activities, instruments } = bookings({
      trades: [row()].map((each) => Result.getOrThrow(decodeTrade(each))),
      cash: [],
      securities: [Result.getOrThrow(decodeSecurityInfo({ conid: "14", assetCategory: "CFD" }))],
      positions: []
    }, reportOptions())
    assert.deepStrictEqual(activities.map(({ instrumentKey }) => instruments.get(instrumentKey ?? "")?.symbol), [
      "BMW.DE"
    ])
  })

  it("a rebooking without cancel: the latest by report date, then transaction id", () => {
    const newer = row({ transactionID: "1000", tradePrice: "77" })
    const { booked, left } = book([newer, row({ transactionID: "999" })])
    assert.deepStrictEqual(booked, ["ibkr:trade:1 BUY 10 771.25"])
    assert.deepStrictEqual(left, ["ibkr:trade:1 superseded"])
    const later = row({ transactionID: "5", tradePrice: "78", reportDate: "2026-01-08" })
    assert.deepStrictEqual(book([newer, later]).booked, ["ibkr:trade:1 BUY 10 781.25"])
  })

  it("a conid without any symbol is held, not booked under a name of its own", () => {
    const { booked, left, skipped } = book([row({ symbol: undefined })])
    assert.deepStrictEqual([booked, left], [[], ["ibkr:trade:1 unknown-instrument"]])
    assert.isTrue(skipped[0]?.held)
  })

  it("the sign of the quantity is the side, whatever buySell says", () => {
    assert.deepStrictEqual(book([row({ quantity: "-10", buySell: "BUY" })]).booked, ["ibkr:trade:1 SELL 10 762.75"])
  })

  it("funds and ETFs are equities; a missing category is none", () => {
    for (const assetCategory of ["FUND", "ETF"]) assert.strictEqual(book([row({ assetCategory })]).booked.length, 1)
    assert.deepStrictEqual(book([row({ assetCategory: undefined })]).left, ["ibkr:trade:1 unreadable"])
  })

  it("a multiplier goes into the price, as the tracker is sent none", () => {
    const { activities } = book([row({ multiplier: "100", proceeds: "-76400" })])
    assert.strictEqual(Decimals.format(activities[0]?.unitPrice ?? Decimals.zero), "7640")
    assert.strictEqual(Decimals.format(activities[0]?.amount ?? Decimals.zero), "76401.25")
  })

  it("a price that is not the broker's is told in the note", () => {
    const { activities } = book([row({ proceeds: "-764.01" })])
    assert.include(activities[0]?.note ?? "", "76.4")
    assert.strictEqual(Decimals.format(activities[0]?.unitPrice ?? Decimals.zero), "76.401")
    assert.isUndefined(book([row({ proceeds: "-764" })]).activities[0]?.note)
  })

  it("the day is the trade date; a wall clock of another day stands at its edge", () => {
    const at = (fields: Fields) => {
      const [activity] = book([row(fields)]).activities
      return `${activity?.date} ${activity?.time}`
    }
    assert.strictEqual(at({}), "2026-01-05 10:00:00")
    assert.strictEqual(at({ dateTime: "2026-01-04;18:10:00" }), "2026-01-05 00:00:00")
    assert.strictEqual(at({ dateTime: "2026-01-06;00:10:00" }), "2026-01-05 23:59:59")
    assert.strictEqual(at({ dateTime: undefined, tradeTime: "113000" }), "2026-01-05 11:30:00")
    assert.strictEqual(at({ tradeDate: undefined }), "2026-01-05 10:00:00")
    assert.strictEqual(at({ dateTime: "2026-01-05" }), "2026-01-05 undefined")
  })

  it("fills tell their order, their commission does not; it is no part of the content hash", () => {
    const fields = { ibCommissionCurrency: "GBP" }
    const plain = book([row(fields)]).activities
    const filled = book([row({ ...fields, ibOrderID: "4000000007" })]).activities
    assert.deepStrictEqual(filled.map(({ externalId, order }) => [externalId, order]), [
      ["ibkr:trade:1", "4000000007"],
      ["ibkr:trade:1:fee", undefined]
    ])
    assert.deepStrictEqual(filled.map((each) => each.contentHash), plain.map((each) => each.contentHash))
    for (const none of ["", "0", "-"]) assert.notProperty(book([row({ ibOrderID: none })]).activities[0], "order")
  })

  it("the content hash is the broker's row's: it changes with it and not with the mapping", () => {
    const hash = (fields: Fields, options: FixtureOptions = {}) =>
      book([row(fields)], options).activities[0]?.contentHash
    const first = hash({})
    assert.strictEqual(hash({}, { symbolMap: { "14": { symbol: "BMW", mic: "XFRA" } } }), first)
    assert.strictEqual(hash({ quantity: "10.00", ibCommission: "-1.250" }), first, "as numbers, not as text")
    for (
      const change of [
        { quantity: "11" },
        { tradePrice: "76.5" },
        { ibCommission: "-1" },
        { tradeDate: "2026-01-04" },
        { proceeds: "-764.01" },
        { currency: "USD" }
      ]
    ) assert.notStrictEqual(hash(change), first, JSON.stringify(change))
  })
})
