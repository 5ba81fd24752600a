import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import {
  decodeCashTransaction,
  decodeOpenPosition,
  decodeSecurityInfo,
  decodeTrade,
  type Trade
} from "../../src/Ibkr/FlexReport.ts"
import { instrumentIndex } from "../../src/Ibkr/Instruments.ts"
import type { SymbolOverride } from "../../src/Ibkr/Symbol.ts"
import type { Row } from "../support/arbitrary.ts"

interface Rows {
  readonly trades?: ReadonlyArray<Row>
  readonly cash?: ReadonlyArray<Row>
  readonly positions?: ReadonlyArray<Row>
  readonly securities?: ReadonlyArray<Row>
}

const trade = (fields: Row): Trade =>
  Result.getOrThrow(decodeTrade({ quantity: "1", tradePrice: "1", assetCategory: "STK", ...fields }))
const cash = (fields: Row) =>
  Result.getOrThrow(decodeCashTransaction({ currency: "USD", type: "Dividends", amount: "1", ...fields }))
const position = (fields: Row) =>
  Result.getOrThrow(decodeOpenPosition({ position: "1", assetCategory: "STK", ...fields }))

const indexOf = (rows: Rows, symbolMap: Readonly<Record<string, SymbolOverride>> = {}) =>
  instrumentIndex({
    trades: (rows.trades ?? []).map(trade),
    cash: (rows.cash ?? []).map(cash),
    positions: (rows.positions ?? []).map(position),
    securities: (rows.securities ?? []).map((row) => Result.getOrThrow(decodeSecurityInfo(row)))
  }, new Map(Object.entries(symbolMap)))

const known = (index: ReturnType<typeof indexOf>, key: string | undefined) => {
  const match = key === undefined ? undefined : index.match(key)
  return match?._tag === "Known" ? match.instrument : undefined
}

const vusa = { symbol: "VUSA", currency: "GBP", exchange: "LSE" }

describe("instruments", () => {
  it("one per conid, with what the rows tell about it", () => {
    const index = indexOf({
      trades: [{ conid: "61", symbol: "VUSA", currency: "GBP", description: "FROM TRADE" }],
      securities: [{
        conid: "61",
        symbol: "VUSA",
        description: "VANG S&P500",
        isin: "IE00B3XXRP09",
        listingExchange: "LSEETF",
        currency: "USD"
      }]
    })
    assert.deepStrictEqual(known(index, "61"), {
      key: "61",
      symbol: "VUSA.L",
      ticker: "VUSA",
      mic: "XLON",
      isUsListing: false,
      currency: "GBP",
      conid: "61",
      isin: "IE00B3XXRP09",
      name: "VANG S&P500"
    })
  })

  it("the quote currency is that of trades, else the position, else the security; never that of a dividend", () => {
    const line = { conid: "61", symbol: "VUSA", listingExchange: "LSEETF" }
    const trades = [{ ...line, currency: "GBP" }]
    const positions = [{ ...line, currency: "EUR" }]
    const securities = [{ ...line, currency: "CHF" }]
    const dividend = [{ ...line, currency: "USD" }]
    assert.strictEqual(known(indexOf({ trades, positions, securities, cash: dividend }), "61")?.currency, "GBP")
    assert.strictEqual(known(indexOf({ positions, securities, cash: dividend }), "61")?.currency, "EUR")
    assert.strictEqual(known(indexOf({ securities, cash: dividend }), "61")?.currency, "CHF")
    const alone = known(indexOf({ cash: dividend }), "61")
    assert.deepStrictEqual([alone?.symbol, alone?.currency], ["VUSA.L", undefined])
  })

  it("so it is for rows without conid that take that of Securities Information", () => {
    const index = indexOf({
      trades: [vusa],
      positions: [{ ...vusa, currency: "GBP" }],
      securities: [{ conid: "61", symbol: "VUSA" }]
    })
    assert.strictEqual(index.keyOf(trade(vusa), "GBP"), "61")
    assert.deepStrictEqual([known(index, "61")?.symbol, known(index, "61")?.currency], ["VUSA.L", "GBP"])
  })

  it("a conid quoted in another currency is another line", () => {
    const index = indexOf({
      trades: [vusa],
      securities: [{ conid: "62", symbol: "VUSA", currency: "USD", listingExchange: "NYSE" }]
    })
    const key = index.keyOf(trade(vusa), "GBP")
    assert.strictEqual(key, "VUSA.L/GBP")
    assert.deepStrictEqual([known(index, key)?.symbol, known(index, "62")?.symbol], ["VUSA.L", "VUSA"])
  })

  it("of two conids of one symbol the one in the row's currency is meant; of two that say nothing, none", () => {
    const two = [{ conid: "61", symbol: "IGLN", currency: "GBP" }, { conid: "62", symbol: "IGLN", currency: "USD" }]
    const line = { symbol: "IGLN", currency: "USD", exchange: "LSE" }
    assert.strictEqual(indexOf({ trades: [line], securities: two }).keyOf(trade(line), "USD"), "62")
    const untold = two.map(({ conid, symbol }) => ({ conid, symbol }))
    assert.strictEqual(indexOf({ trades: [line], securities: untold }).keyOf(trade(line), "USD"), "IGLN.L/USD")
  })

  it("a contract for difference or an option of that symbol is not the share", () => {
    const cfd = { ...vusa, assetCategory: "CFD", exchange: "IBUSCFDMS" }
    const index = indexOf({ trades: [vusa, cfd] })
    assert.notStrictEqual(index.keyOf(trade(cfd), "GBP"), index.keyOf(trade(vusa), "GBP"))
    const withConid = indexOf({ trades: [vusa], securities: [{ conid: "70", symbol: "VUSA", assetCategory: "CFD" }] })
    assert.strictEqual(withConid.keyOf(trade(vusa), "GBP"), "VUSA.L/GBP")
    assert.strictEqual(index.keyOf(cash({ symbol: "VUSA", assetCategory: "STK" })), "VUSA.L/GBP")
  })

  it("fills on venues that say nothing belong to the line that is known in that currency", () => {
    const index = indexOf({ trades: [{ ...vusa, exchange: "CHIXUK" }, vusa, { ...vusa, exchange: "BATEUK" }] })
    for (const exchange of ["CHIXUK", "BATEUK", "LSE"]) {
      assert.strictEqual(index.keyOf(trade({ ...vusa, exchange }), "GBP"), "VUSA.L/GBP", exchange)
    }
    const alone = indexOf({ trades: [{ ...vusa, exchange: "CHIXUK" }] })
    const key = alone.keyOf(trade({ ...vusa, exchange: "CHIXUK" }), "GBP")
    assert.strictEqual(alone.match(key ?? "")?._tag, "UnknownVenue")
  })

  it("of rows that are equally new the same one has the word, whatever the order of the file", () => {
    const row = { conid: "61", symbol: "VUSA", currency: "GBP", exchange: "LSE", reportDate: "2026-01-05" }
    for (
      const [field, other] of [
        ["currency", "USD"],
        ["symbol", "VUSB"],
        ["listingExchange", "IBIS"],
        ["isin", "IE00B3XXRP09"],
        ["description", "OTHER"]
      ] as const
    ) {
      const rows = [row, { ...row, [field]: other }]
      const securities = [{ conid: "62", symbol: "VUSA", currency: "GBP" }]
      const told = (trades: ReadonlyArray<Row>) => {
        const index = indexOf({ trades, securities })
        return [known(index, "61"), index.keyOf({ symbol: "VUSA" }, "GBP"), index.keyOf({ symbol: "VUSA" }, "USD")]
      }
      assert.deepStrictEqual(told(rows.toReversed()), told(rows), field)
    }
  })

  it("a name that changed is the newest, whatever the order of the rows", () => {
    const old = { conid: "61", symbol: "FB", currency: "USD", listingExchange: "NASDAQ", reportDate: "2026-01-05" }
    const renamed = { ...old, symbol: "META", reportDate: "2026-01-07" }
    for (const trades of [[old, renamed], [renamed, old]]) {
      assert.strictEqual(known(indexOf({ trades }), "61")?.symbol, "META")
    }
  })

  describe("from the text of a cash row", () => {
    const index = indexOf({
      trades: [
        { conid: "61", symbol: "VUSA", currency: "GBP", isin: "IE00B3XXRP09", listingExchange: "LSEETF" },
        { conid: "62", symbol: "BRK B", currency: "USD", listingExchange: "NYSE" },
        { conid: "232150882", symbol: "FHZN", currency: "CHF", listingExchange: "EBS" },
        { conid: "63", symbol: "CSPX", currency: "USD", isin: "IE00B5BMR087", listingExchange: "LSEETF" },
        { conid: "64", symbol: "SXR8", currency: "EUR", isin: "IE00B5BMR087", listingExchange: "IBIS" },
        { conid: "65", symbol: "GE", currency: "USD", isin: "US3696043013", listingExchange: "NYSE" }
      ]
    })

    it.each(
      [
        ["VUSA(IE00B3XXRP09) CASH DIVIDEND GBP 0.42 PER SHARE", "61"],
        ["VUSA (IE00B3XXRP09) CASH DIVIDEND", "61"],
        ["OLDNAME(IE00B3XXRP09) CASH DIVIDEND", "61"],
        ["BRK B(US0846707026) CASH DIVIDEND", "62"],
        ["FHZN(232150882) CASH DIVIDEND", "232150882"],
        ["SXR8(IE00B5BMR087) CASH DIVIDEND", "64"],
        ["GE(US3696041033) CASH DIVIDEND", undefined],
        ["ZZZZ(XS0000000001) CASH DIVIDEND", undefined],
        ["USD CREDIT INT FOR DEC-2025", undefined],
        ["", undefined]
      ] as const
    )("%s", (description, key) => {
      assert.strictEqual(index.fromDescription(description), key)
    })
  })

  describe("the symbol map", () => {
    const line = { conid: "66", symbol: "PTT", currency: "THB", listingExchange: "SET" }

    it("goes by conid before symbol, and wins over what the broker says", () => {
      const both = { "66": { symbol: "PTT.BK" }, PTT: { symbol: "WRONG" } }
      assert.strictEqual(known(indexOf({ trades: [line] }, both), "66")?.symbol, "PTT.BK")
      assert.strictEqual(
        known(indexOf({ trades: [line] }, { PTT: { symbol: "PTT", mic: "XBKK" } }), "66")?.symbol,
        "PTT.BK"
      )
      const listed = { ...line, listingExchange: "IBIS" }
      assert.strictEqual(known(indexOf({ trades: [listed] }, { "66": { symbol: "PTT.BK" } }), "66")?.symbol, "PTT.BK")
    })

    it("knows the symbol that people see, too", () => {
      const index = indexOf({ trades: [vusa] }, { "VUSA.L": { symbol: "VUSA.AS" } })
      assert.strictEqual(known(index, "VUSA.L/GBP")?.symbol, "VUSA.AS")
    })

    it("may say the quote currency", () => {
      const index = indexOf({ cash: [line] }, { "66": { symbol: "PTT.BK", currency: "THB" } })
      assert.strictEqual(known(index, "66")?.currency, "THB")
      assert.strictEqual(
        known(indexOf({ trades: [line] }, { "66": { symbol: "PTT.BK", currency: "USD" } }), "66")?.currency,
        "THB",
        "what the rows trade in is known"
      )
    })
  })
})
