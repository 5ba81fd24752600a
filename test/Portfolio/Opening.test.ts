import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { quantitiesAfter } from "../../src/Portfolio/HeldAfter.ts"
import { type Opening, openingLines, openingQuantities } from "../../src/Portfolio/Opening.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { shortParts } from "../../src/Portfolio/Shorts.ts"
import { integer } from "./arbitrary.ts"

const quantities = (of: Readonly<Record<string, string>>) =>
  new Map(Object.entries(of).map(([key, text]) => [key, Decimals.of(text)]))

const opening = (
  positions: Readonly<Record<string, string>>,
  cash: Readonly<Record<string, string>> = {}
): Opening => ({
  day: PlainDates.of("2026-01-05"),
  positions: Object.entries(positions).map(([instrumentKey, text]) => ({
    instrumentKey,
    symbol: instrumentKey.toUpperCase(),
    quantity: Decimals.of(text)
  })),
  cash: Object.entries(cash).map(([currency, text]) => ({ currency, amount: Decimals.of(text) }))
})

const lines = (
  of: Opening,
  held: Readonly<Record<string, string>>,
  cash: Readonly<Record<string, string>> = {},
  ties: ReadonlyMap<string, string> = new Map([["a", "asset-a"], ["b", "asset-b"]])
) =>
  openingLines(of, ties, {
    quantities: quantities(held),
    cash: quantities(cash),
    symbols: new Map([["asset-z", "ZZZ.L"]])
  }).map(({ broker, difference, kind, name, symbol, tracker }) =>
    [kind, name, symbol, ...[broker, tracker, difference].map(Decimals.format)].join(" ")
  )

describe("opening quantities", () => {
  it("are what is held at the end less what was moved; what is not held at the end counts too", () => {
    const found = openingQuantities(quantities({ a: "90", b: "-52" }), [
      { instrumentKey: "a", quantity: Decimals.of("-10") },
      { instrumentKey: "b", quantity: Decimals.of("-52") },
      { instrumentKey: "c", quantity: Decimals.of("-7") },
      { instrumentKey: "c", quantity: Decimals.of("2.5") }
    ])
    assert.deepStrictEqual([...found].map(([key, quantity]) => `${key} ${Decimals.format(quantity)}`), [
      "a 100",
      "b 0",
      "c 4.5"
    ])
  })

  const many = Arbitrary.array(Arbitrary.all({ units: integer(-50, 50), key: integer(1, 3) }), { maxLength: 20 })
  it.effect.prop(
    "a tracker that is opened with the difference ends where the broker does, whatever it had of it and sold",
    [many, integer(-40, 40), integer(0, 60)],
    ([steps, start, had]) =>
      Effect.sync(() => {
        const moves = steps.flatMap(({ key, units }) =>
          units === 0 ? [] : [{ instrumentKey: String(key), quantity: Decimals.of(String(units)) }]
        )
        const before = quantities({ 1: String(start), 2: String(start), 3: "0" })
        const closing = new Map(before)
        for (const { instrumentKey, quantity } of moves) {
          closing.set(instrumentKey, Decimals.add(closing.get(instrumentKey) ?? Decimals.zero, quantity))
        }
        const found = openingQuantities(closing, moves)
        for (const [key, quantity] of before) assert.isTrue(Decimals.equals(found.get(key) ?? Decimals.zero, quantity))

        const typed = [{ type: "BUY", assetId: "1", currency: "GBP", quantity: Decimals.of(String(had)) }]
        const shorts = shortParts(moves, (key) => found.get(key))
        const booked = moves.map(({ instrumentKey, quantity }, index) => ({
          type: Decimals.isNegative(quantity) ? "SELL" : "BUY",
          assetId: instrumentKey,
          currency: "GBP",
          quantity: Decimals.subtract(Decimals.abs(quantity), shorts[index]?.short ?? Decimals.zero)
        }))
        const ties = new Map(["1", "2", "3"].map((key) => [key, key]))
        const of: Opening = {
          ...opening({}),
          positions: [...found].map(([key, quantity]) => ({ instrumentKey: key, symbol: key, quantity }))
        }
        const held = { quantities: quantitiesAfter(typed), cash: new Map(), symbols: new Map() }
        const opened = openingLines(of, ties, held).flatMap(({ difference, name }) =>
          Decimals.isPositive(difference)
            ? [{ type: "TRANSFER_IN", assetId: name, currency: "GBP", quantity: difference }]
            : []
        )
        const end = quantitiesAfter([...typed, ...opened, ...booked])
        for (const key of had > Math.max(start, 0) ? ["2", "3"] : ["1", "2", "3"]) {
          const target = closing.get(key) ?? Decimals.zero
          const holdable = Decimals.isNegative(target) ? Decimals.zero : target
          assert.strictEqual(Decimals.format(end.get(key) ?? Decimals.zero), Decimals.format(holdable), key)
        }
      })
  )
})

describe("opening lines", () => {
  it("join both sides by asset, and show the difference", () => {
    assert.deepStrictEqual(
      lines(opening({ b: "5", a: "100" }, { GBP: "500", USD: "-3" }), { "asset-a": "40" }, { GBP: "500" }),
      [
        "asset a A 100 40 60",
        "asset b B 5 0 5",
        "cash GBP GBP 500 500 0",
        "cash USD USD -3 0 -3"
      ]
    )
  })

  it("a short lacks nothing; what the broker has not is too much; cash only where the broker tells of it", () => {
    assert.deepStrictEqual(lines(opening({ a: "-52" }), { "asset-z": "3" }, { EUR: "7" }), [
      "asset a A -52 0 0",
      "asset asset-z ZZZ.L 0 3 -3"
    ])
    assert.deepStrictEqual(lines(opening({ a: "-52" }), { "asset-a": "3" }), ["asset a A -52 3 -3"])
  })

  it("two contract ids of one asset are one line; an instrument without an asset stands against nothing", () => {
    const one = new Map([["a", "asset-a"], ["b", "asset-a"]])
    assert.deepStrictEqual(lines(opening({ a: "2", b: "5", c: "1" }), { "asset-a": "6" }, {}, one), [
      "asset a A 7 6 1",
      "asset c C 1 0 1"
    ])
  })

  it("below 1e-8 there is no difference", () => {
    assert.deepStrictEqual(
      lines(opening({ a: "1" }, { GBP: "1" }), { "asset-a": "1.000000001" }, { GBP: "0.999999999" }),
      [
        "asset a A 1 1.000000001 0",
        "cash GBP GBP 1 0.999999999 0"
      ]
    )
  })
})
