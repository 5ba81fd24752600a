import { assert, describe, it } from "@effect/vitest"
import { canonicalSymbol, overriddenSymbol, type SymbolLine } from "../../src/Ibkr/Symbol.ts"

const symbolOf = (symbol: string, line: Omit<SymbolLine, "symbol"> = {}) => canonicalSymbol({ symbol, ...line })?.symbol

describe("canonicalSymbol", () => {
  it("the runbook's heuristic: London's venues and pounds without a venue get .L", () => {
    for (const venue of ["LSE", "LSEETF", "LSEIOB1"]) {
      assert.strictEqual(symbolOf("VUSA", { listingExchange: venue }), "VUSA.L")
      assert.strictEqual(symbolOf("VUSA", { exchanges: [venue], currency: "USD" }), "VUSA.L")
    }
    assert.strictEqual(symbolOf("VUSA", { currency: "GBP" }), "VUSA.L")
    assert.strictEqual(symbolOf("VUSA", { currency: "GBP", exchanges: ["--"] }), "VUSA.L")
    assert.strictEqual(symbolOf("VUSA.L", { currency: "GBP" }), "VUSA.L")
    assert.strictEqual(symbolOf("EQQQ.L", { listingExchange: "LSEETF" }), "EQQQ.L")
  })

  it("US listings stay bare, whichever exchange", () => {
    for (
      const [venue, mic] of [
        ["NASDAQ", "XNAS"],
        ["NYSE", "XNYS"],
        ["ARCA", "ARCX"],
        ["AMEX", "XASE"],
        ["BATS", "BATS"],
        ["PINK", "OTCM"]
      ]
    ) {
      assert.deepStrictEqual(canonicalSymbol({ symbol: "AAPL", listingExchange: venue! }), {
        symbol: "AAPL",
        ticker: "AAPL",
        mic: mic!,
        isUsListing: true
      })
    }
  })

  it("dollars on a US execution venue say US, not which exchange; other money does not", () => {
    for (const venue of ["ISLAND", "ARCA", "DARK", "IBKRATS", "DRCTEDGE"]) {
      assert.deepStrictEqual(canonicalSymbol({ symbol: "AAPL", exchanges: [venue], currency: "USD" }), {
        symbol: "AAPL",
        ticker: "AAPL",
        isUsListing: true
      })
      assert.isUndefined(symbolOf("AAPL", { exchanges: [venue], currency: "EUR" }))
    }
  })

  it("the listing venue wins over where it was executed", () => {
    assert.strictEqual(symbolOf("BMW", { listingExchange: "IBIS", exchanges: ["LSE", "ISLAND"] }), "BMW.DE")
    assert.strictEqual(symbolOf("MSTR", { listingExchange: "NASDAQ", exchanges: ["IBIS"] }), "MSTR")
  })

  it("codes that look like others: Toronto, Vienna, Oslo, Lisbon", () => {
    const suffixed: Record<string, string> = {
      TSE: "A.TO",
      VSE: "A.VI",
      OSE: "A.OL",
      BVL: "A.LS",
      IBIS: "A.DE",
      IBIS2: "A.DE",
      FWB2: "A.F",
      SBF: "A.PA",
      AEB: "A.AS",
      EBS: "A.SW",
      BVME: "A.MI",
      BM: "A.MC",
      SFB: "A.ST",
      VENTURE: "A.V",
      "ENEXT.BE": "A.BR",
      TSEJ: "A.T",
      SGX: "A.SI",
      ASX: "A.AX"
    }
    for (const [venue, symbol] of Object.entries(suffixed)) {
      assert.strictEqual(symbolOf("A", { listingExchange: venue }), symbol)
    }
  })

  it("unknown venues, execution venues and placeholders are not guessed", () => {
    for (const venue of ["SET", "XYZ", "IDEALFX", "IBUSCFDMS"]) {
      assert.isUndefined(symbolOf("A", { listingExchange: venue, currency: "USD" }))
    }
    for (const venue of ["CHIXUK", "BATEUK", "TRQXDE", "GETTEX2", "EUDARK"]) {
      assert.isUndefined(symbolOf("A", { exchanges: [venue], currency: "EUR" }))
    }
    for (const venue of ["--", "", "MULTI", "VALUE"]) {
      assert.isUndefined(symbolOf("A", { listingExchange: venue, exchanges: [venue], currency: "EUR" }))
    }
    assert.isUndefined(symbolOf("A", { currency: "USD" }))
    assert.isUndefined(symbolOf("A", { exchanges: ["CHIXUK"], currency: "GBP" }))
  })

  it("symbols as IBKR writes them", () => {
    assert.strictEqual(symbolOf("BRK B", { listingExchange: "NYSE" }), "BRK-B")
    assert.strictEqual(symbolOf("BPF.UN", { listingExchange: "TSE" }), "BPF-UN.TO")
    assert.strictEqual(symbolOf("698", { listingExchange: "SEHK" }), "0698.HK")
    assert.strictEqual(symbolOf("9988", { listingExchange: "SEHK" }), "9988.HK")
    assert.strictEqual(symbolOf("BMWd", { listingExchange: "IBIS" }), "BMW.DE")
    assert.strictEqual(symbolOf("CHSPIz", { listingExchange: "EBS" }), "CHSPI.SW")
    assert.strictEqual(symbolOf("BP.", { listingExchange: "LSE" }), "BP.L")
    assert.strictEqual(symbolOf("BT.A", { listingExchange: "LSE" }), "BT-A.L")
    assert.strictEqual(symbolOf("GCM.TO", { listingExchange: "TSE" }), "GCM.TO")
    assert.strictEqual(symbolOf("abc", { listingExchange: "NASDAQ" }), "abc")
  })

  it("marks alone are no name: of `.` London's rule for a trailing dot would leave nothing", () => {
    for (const symbol of [".", "..", "-", ". .", "@", "/"]) {
      for (const venue of ["LSE", "NYSE", "SEHK", "IBIS"]) {
        assert.isUndefined(symbolOf(symbol, { listingExchange: venue }))
      }
    }
    assert.isUndefined(symbolOf("-.L", { listingExchange: "LSE" }))
  })

  it("only ASCII passes, and no empty name", () => {
    for (const symbol of ["", "ÅÄÖ", "A\tB", "A  B", " A", "株"]) {
      assert.isUndefined(symbolOf(symbol, { listingExchange: "NYSE" }))
    }
  })

  it("several listing venues seen: the order of the fills decides nothing", () => {
    for (const exchanges of [["IBIS", "SWB", "TGATE"], ["TGATE", "SWB", "IBIS"]]) {
      assert.strictEqual(symbolOf("BMW", { exchanges, currency: "EUR" }), "BMW.DE")
    }
  })
})

describe("overriddenSymbol", () => {
  it("takes a suffix, a market, or neither (a US listing)", () => {
    assert.deepStrictEqual(overriddenSymbol({ symbol: "VUSA.L" }), {
      symbol: "VUSA.L",
      ticker: "VUSA",
      mic: "XLON",
      isUsListing: false
    })
    assert.deepStrictEqual(overriddenSymbol({ symbol: "VUSA", mic: "XLON" }), {
      symbol: "VUSA.L",
      ticker: "VUSA",
      mic: "XLON",
      isUsListing: false
    })
    assert.deepStrictEqual(overriddenSymbol({ symbol: "VUSA.L", mic: "XLON" }), {
      symbol: "VUSA.L",
      ticker: "VUSA",
      mic: "XLON",
      isUsListing: false
    })
    assert.deepStrictEqual(overriddenSymbol({ symbol: "AAPL", mic: "XNAS" }), {
      symbol: "AAPL",
      ticker: "AAPL",
      mic: "XNAS",
      isUsListing: true
    })
    assert.deepStrictEqual(overriddenSymbol({ symbol: "AAPL" }), { symbol: "AAPL", ticker: "AAPL", isUsListing: true })
    assert.deepStrictEqual(overriddenSymbol({ symbol: "BRK.B" }), {
      symbol: "BRK.B",
      ticker: "BRK.B",
      isUsListing: true
    })
    assert.strictEqual(overriddenSymbol({ symbol: "PTT", mic: "XXXX" }).symbol, "PTT@XXXX")
  })
})
