import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Instrument } from "../../src/Portfolio/Instrument.ts"
import { match } from "../../src/Wealthfolio/Assets.ts"
import { tie } from "../../src/Wealthfolio/AssetTies.ts"
import type { Asset } from "../../src/Wealthfolio/Wire.ts"

const asset = (
  id: string,
  instrumentSymbol: string,
  mic: string | null,
  quoteCcy: string,
  more: Partial<Asset> = {}
): Asset => ({
  id,
  kind: "INVESTMENT",
  instrumentType: "EQUITY",
  instrumentSymbol,
  instrumentExchangeMic: mic,
  quoteCcy,
  metadata: null,
  ...more
})
const vusa: Instrument = {
  key: "133025",
  symbol: "VUSA.L",
  ticker: "VUSA",
  mic: "XLON",
  isUsListing: false,
  currency: "GBP",
  conid: "133025",
  isin: "IE00B3XXRP09",
  name: "VANGUARD S&P 500 UCITS ETF"
}
const aapl: Instrument = {
  key: "265598",
  symbol: "AAPL",
  ticker: "AAPL",
  mic: "XNAS",
  isUsListing: true,
  currency: "USD",
  conid: "265598"
}
const none: ReadonlyMap<string, Instrument> = new Map()
const matched = (assetId: string) => ({ _tag: "Matched", assetId }) as const
const heldFor = (decision: ReturnType<typeof match>) => decision._tag === "Held" ? decision.reason : decision._tag

describe("match", () => {
  it("goes by memory, then conid, then ticker and market", () => {
    const assets = [
      asset("by-market", "VUSA", "XLON", "GBP"),
      asset("by-conid", "OLD", "XLON", "GBp", { metadata: { ibkr: { conid: 133025 } } }),
      asset("by-memory", "ANY", null, "GBX")
    ]
    assert.deepStrictEqual(match(assets, none, vusa, "by-memory"), matched("by-memory"))
    assert.deepStrictEqual(match(assets, none, vusa, "gone"), matched("by-conid"))
    assert.deepStrictEqual(match(assets.slice(0, 1), none, vusa), matched("by-market"))
  })

  it("a contract or a bond goes by its name alone, and only among its kind", () => {
    const call: Instrument = {
      key: "7",
      kind: "OPTION",
      symbol: "AAPL260320C00250000",
      ticker: "AAPL260320C00250000",
      isUsListing: false,
      currency: "USD",
      conid: "7",
      multiplier: Decimals.of("100")
    }
    const asked = match([asset("share", call.ticker, null, "USD")], none, call)
    assert.strictEqual(asked._tag, "Create")
    if (asked._tag !== "Create") return
    assert.strictEqual(asked.asset.instrumentType, "OPTION")
    assert.deepStrictEqual(asked.asset.metadata, { ibkr: { conid: "7" } })
    const there = asset("call", call.ticker, null, "USD", { instrumentType: "OPTION" })
    assert.deepStrictEqual(match([there], none, call), matched("call"))

    const mini = match([], none, { ...call, multiplier: Decimals.of("10") })
    assert.deepStrictEqual(mini._tag === "Create" ? mini.asset.metadata?.option : mini, {
      underlyingAssetId: "AAPL",
      expiration: "2026-03-20",
      right: "CALL",
      strike: "250",
      multiplier: "10"
    })
    const isin = "US91282CNT44"
    const bond = match([], none, {
      key: "8",
      kind: "BOND",
      symbol: isin,
      ticker: isin,
      isUsListing: false,
      currency: "USD",
      isin
    })
    assert.strictEqual(bond._tag === "Create" ? bond.asset.instrumentType : bond._tag, "BOND")
  })

  it("any US market or none is one line; two of them are not guessed", () => {
    assert.deepStrictEqual(match([asset("a", "AAPL", "XASE", "USD")], none, aapl), matched("a"))
    assert.deepStrictEqual(match([asset("a", "AAPL", null, "USD")], none, aapl), matched("a"))
    const two = match([asset("a", "AAPL", "XASE", "USD"), asset("b", "AAPL", null, "USD")], none, aapl)
    assert.strictEqual(heldFor(two), "ambiguous-asset")
    if (two._tag !== "Held") return
    for (const part of ["AAPL@XASE", "id a", "id b", `"265598": {"symbol":"AAPL","mic":"XASE","currency":"USD"}`]) {
      assert.include(two.detail, part)
    }
    const exact = [asset("a", "AAPL", "XASE", "USD"), asset("c", "AAPL", "XNAS", "USD")]
    assert.deepStrictEqual(match(exact, none, aapl), matched("c"))
  })

  it("never mixes a US line with a foreign one, nor two foreign markets", () => {
    assert.strictEqual(
      match([asset("a", "VUSA", "XNAS", "USD"), asset("b", "VUSA", "XETR", "EUR")], none, vusa)._tag,
      "Create"
    )
    assert.strictEqual(match([asset("a", "AAPL", "XLON", "USD")], none, aapl)._tag, "Create")
    assert.strictEqual(
      match([asset("a", "VUSA", null, "USD")], none, vusa)._tag,
      "Create",
      "a bare USD line is the US one"
    )
  })

  it("a foreign line without market: taken when its currency rules out the US one, else not guessed", () => {
    assert.deepStrictEqual(match([asset("a", "VUSA", null, "GBp")], none, vusa), matched("a"))
    const usdLine = { ...vusa, currency: "USD" }
    assert.strictEqual(heldFor(match([asset("a", "VUSA", null, "USD")], none, usdLine)), "ambiguous-asset")
    const known = asset("a", "VUSA", null, "USD", { metadata: { isin: "IE00B3XXRP09" } })
    assert.deepStrictEqual(match([known], none, usdLine), matched("a"))
    const both = [asset("a", "VUSA", null, "GBP"), asset("b", "VUSA", "XETR", "EUR")]
    assert.strictEqual(heldFor(match(both, none, vusa)), "ambiguous-asset")
  })

  it("another quote currency is held, pence are not another", () => {
    assert.strictEqual(heldFor(match([asset("a", "VUSA", "XLON", "USD")], none, vusa)), "currency-mismatch")
    assert.strictEqual(heldFor(match([asset("a", "X", "XLON", "USD")], none, vusa, "a")), "currency-mismatch")
    for (const [mine, theirs] of [["GBP", "GBX"], ["ZAR", "ZAc"], ["ILS", "ILA"]] as const) {
      assert.deepStrictEqual(
        match([asset("a", "VUSA", "XLON", theirs)], none, { ...vusa, currency: mine }),
        matched("a")
      )
    }
  })

  it("an instrument without currency is tied to what is there and never created", () => {
    const { currency: _, ...dividendOnly } = vusa
    assert.deepStrictEqual(match([asset("a", "VUSA", "XLON", "GBP")], none, dividendOnly), matched("a"))
    assert.strictEqual(heldFor(match([], none, dividendOnly)), "unknown-currency")
  })

  it("other evidence on the asset holds the line back; a new conid under the same ISIN does not", () => {
    const carries = (metadata: unknown) => match([asset("a", "VUSA", "XLON", "GBP", { metadata })], none, vusa)
    assert.strictEqual(heldFor(carries({ ibkr: { conid: "999" } })), "ambiguous-asset")
    assert.strictEqual(heldFor(carries({ ibkr: { conid: "999" }, isin: "XX" })), "ambiguous-asset")
    assert.strictEqual(heldFor(carries({ isin: "XX" })), "ambiguous-asset")
    assert.deepStrictEqual(carries({ ibkr: { conid: "999" }, isin: "IE00B3XXRP09" }), matched("a"))
  })

  it("share classes are one however they are written; a ticker that is not ASCII is never sent", () => {
    const brk = { ...aapl, ticker: "BRK B" }
    assert.deepStrictEqual(match([asset("a", "BRK-B", "XNYS", "USD")], none, brk), matched("a"))
    assert.strictEqual(heldFor(match([], none, { ...aapl, ticker: "ÄÖ" })), "ambiguous-asset")
  })

  it("creates with everything that tells the line apart later", () => {
    assert.deepStrictEqual(match([], none, vusa), {
      _tag: "Create",
      asset: {
        kind: "INVESTMENT",
        quoteMode: "MARKET",
        quoteCcy: "GBP",
        instrumentType: "EQUITY",
        instrumentSymbol: "VUSA",
        instrumentExchangeMic: "XLON",
        displayCode: "VUSA",
        name: "VANGUARD S&P 500 UCITS ETF",
        metadata: { ibkr: { conid: "133025" }, isin: "IE00B3XXRP09" }
      }
    })
  })
})

describe("tie", () => {
  const post = (made: Array<string>) => (body: { readonly instrumentSymbol: string }) =>
    Effect.sync(() => {
      made.push(body.instrumentSymbol)
      return { _tag: "Made", asset: { ...asset(`new-${made.length}`, "", null, ""), ...body } } as const
    })

  it.effect("two lines of one batch never share an asset, unless they are one line", () =>
    Effect.gen(function*() {
      const made: Array<string> = []
      const other = { ...vusa, key: "2", conid: "2", isin: "IE00OTHER" }
      const renumbered = { ...vusa, key: "3", conid: "3" }
      const wanted = [vusa, other, renumbered].map((instrument) => ({ instrument }))
      const ties = yield* tie(wanted, { create: true }, Effect.succeed([]), post(made))
      assert.deepStrictEqual(made, ["VUSA"])
      assert.deepStrictEqual(ties.get("133025"), { ...matched("new-1"), isNew: true })
      assert.strictEqual(ties.get("2")?._tag, "Held")
      assert.deepStrictEqual(ties.get("3"), matched("new-1"))
    }))

  it.effect("what is remembered claims its asset before a newcomer of the same ticker", () =>
    Effect.gen(function*() {
      const newcomer = { ...aapl, key: "9", conid: "9" }
      const ties = yield* tie(
        [{ instrument: newcomer }, { instrument: aapl, rememberedAssetId: "a" }],
        { create: true },
        Effect.succeed([asset("a", "AAPL", "XNAS", "USD")]),
        post([])
      )
      assert.deepStrictEqual(ties.get("265598"), matched("a"))
      assert.strictEqual(ties.get("9")?._tag, "Held")
    }))

  it.effect("without leave to create it says absent, and foresees what would share the new asset", () =>
    Effect.gen(function*() {
      const usd = { ...vusa, key: "2", conid: "2", currency: "USD" }
      const made: Array<string> = []
      const ties = yield* tie(
        [{ instrument: vusa }, { instrument: usd }],
        { create: false },
        Effect.succeed([]),
        post(made)
      )
      assert.deepStrictEqual(made, [])
      assert.deepStrictEqual(ties.get("133025"), { _tag: "Absent" })
      assert.strictEqual(ties.get("2")?._tag, "Held")
    }))

  it.effect("an identity that exists already (3.1.0) is read again; a refused asset holds only its own line", () =>
    Effect.gen(function*() {
      let reads = 0
      const load = Effect.sync(() => ++reads === 1 ? [] : [asset("a", "AAPL", "XNAS", "USD")])
      const ties = yield* tie([{ instrument: aapl }], { create: true }, load, () => Effect.succeed({ _tag: "Exists" }))
      assert.deepStrictEqual(ties.get("265598"), matched("a"))
      const refused = yield* tie(
        [{ instrument: vusa }],
        { create: true },
        Effect.succeed([]),
        () => Effect.succeed({ _tag: "Refused", message: "no such thing" })
      )
      const held = refused.get("133025")
      assert.isTrue(held?._tag === "Held" && held.detail.includes("no such thing"))
    }))
})
