import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import { reconcileCash, reconcilePositions, type TrackedMovement } from "../../src/Portfolio/Reconcile.ts"
import { decimal, integer, movement, quantity } from "./arbitrary.ts"

const position = (key: string, text: string | Decimal) => ({
  instrumentKey: key,
  symbol: key.toUpperCase(),
  quantity: typeof text === "string" ? Decimals.of(text) : text
})

const holding = (assetId: string, text: string | Decimal) => ({
  assetId,
  symbol: `tracker ${assetId}`,
  quantity: typeof text === "string" ? Decimals.of(text) : text
})

const ties = new Map([["a", "asset-a"], ["b", "asset-b"]])

const shown = (input: Partial<Parameters<typeof reconcilePositions>[0]>) =>
  reconcilePositions({ positions: [], assetIds: ties, holdings: [], later: [], ...input }).map((each) => [
    each.symbol,
    Decimals.format(each.broker),
    Decimals.format(each.tracker),
    Decimals.format(each.drift)
  ])

describe("positions", () => {
  it("are the union of both sides, joined by asset and not by symbol", () => {
    assert.deepStrictEqual(
      shown({
        positions: [position("a", "10"), position("b", "3"), position("untied", "7")],
        holdings: [holding("asset-a", "10"), holding("asset-b", "2.5"), holding("typed by hand", "4")]
      }),
      [
        ["A", "10", "10", "0"],
        ["B", "3", "2.5", "0.5"],
        ["UNTIED", "7", "0", "7"],
        ["tracker typed by hand", "0", "4", "-4"]
      ]
    )
  })

  it("two broker lines of one asset are one", () => {
    assert.deepStrictEqual(
      shown({
        positions: [position("a", "10"), { ...position("b", "5"), symbol: "A" }],
        assetIds: new Map([["a", "asset-a"], ["b", "asset-a"]]),
        holdings: [holding("asset-a", "15")]
      }),
      [["A", "15", "15", "0"]]
    )
  })

  it("a short position stands against nothing", () => {
    assert.deepStrictEqual(shown({ positions: [position("a", "-5")] }), [["A", "-5", "0", "-5"]])
  })

  it("below 1e-8 a drift is none, at 1e-8 it is one", () => {
    const drift = (held: string) =>
      shown({ positions: [position("a", "1")], holdings: [holding("asset-a", held)] })[0]?.[3]
    assert.strictEqual(drift("1.000000009999"), "0")
    assert.strictEqual(drift("0.999999990001"), "0")
    assert.strictEqual(drift("1.00000001"), "-0.00000001")
    assert.strictEqual(drift("0.99999999"), "0.00000001")
    assert.deepStrictEqual(shown({ holdings: [holding("dust", "0.000000009")] }), [])
  })

  it("what the tracker dates later is taken out, the last first: a split undoes what came before it", () => {
    const row = (type: string, more: Partial<TrackedMovement>): TrackedMovement => ({
      type,
      assetId: "asset-a",
      currency: "GBP",
      ...more
    })
    const later = [
      row("BUY", { quantity: Decimals.of("5") }),
      row("SPLIT", { amount: Decimals.of("2") }),
      row("SELL", { quantity: Decimals.of("4") }),
      row("TRANSFER_IN", { quantity: Decimals.of("3") }),
      row("TRANSFER_OUT", { quantity: Decimals.of("1") }),
      row("DIVIDEND", { amount: Decimals.of("9"), quantity: Decimals.of("100") }),
      row("DIVIDEND", { subtype: "DRIP", quantity: Decimals.of("0.5") })
    ]
    // 10 → 15 → 30 → 26 → 29 → 28 → 28 → 28.5
    assert.deepStrictEqual(
      shown({ positions: [position("a", "10")], holdings: [holding("asset-a", "28.5")], later }),
      [["A", "10", "10", "0"]]
    )
  })

  it("a position sold since the statement is there as of its day", () => {
    const sold = { type: "SELL", assetId: "asset-a", currency: "GBP", quantity: Decimals.of("10") }
    assert.deepStrictEqual(shown({ positions: [position("a", "10")], later: [sold] }), [["A", "10", "10", "0"]])
  })

  it("a line bought since then and unknown to the broker is no drift", () => {
    const bought = { type: "BUY", assetId: "new", currency: "GBP", quantity: Decimals.of("10") }
    assert.deepStrictEqual(shown({ holdings: [holding("new", "10")], later: [bought] }), [])
  })

  it("sixty of them", () => {
    const keys = Array.from({ length: 60 }, (_, index) => `k${String(index).padStart(2, "0")}`)
    const drifts = shown({
      positions: keys.slice(0, 50).map((key, index) => position(key, String(index + 1))),
      assetIds: new Map(keys.map((key) => [key, `asset-${key}`])),
      holdings: keys.slice(10).map((key, index) => holding(`asset-${key}`, String(index + 11)))
    })
    assert.strictEqual(drifts.length, 60)
    assert.strictEqual(drifts.filter(([, , , drift]) => drift === "0").length, 40)
    assert.deepStrictEqual(drifts[0], ["K00", "1", "0", "1"])
    assert.deepStrictEqual(drifts.at(-1), ["tracker asset-k59", "0", "60", "-60"])
  })

  const holdings = Arbitrary.map(
    Arbitrary.all({ a: decimal, b: decimal, c: decimal }),
    ({ a, b, c }) => [holding("asset-0", a), holding("asset-1", b), holding("asset-2", c)]
  )
  const assetIds = new Map([["0", "asset-0"], ["1", "asset-1"], ["9", "asset-9"]])
  const positions = Arbitrary.map(
    Arbitrary.all({ a: decimal, b: decimal, c: decimal, d: decimal }),
    ({ a, b, c, d }) => [position("0", a), position("1", b), position("9", c), position("untied", d)]
  )

  it.effect.prop(
    "drift is broker minus tracker to the last digit, or less than 1e-8",
    { holdings, positions },
    (input) =>
      Effect.sync(() => {
        const rows = reconcilePositions({ ...input, assetIds, later: [] })
        for (const { broker, drift, tracker } of rows) {
          const exact = Decimals.subtract(broker, tracker)
          if (Decimals.isZero(drift)) assert.isTrue(Decimals.isLessThan(Decimals.abs(exact), Decimals.epsilon))
          else {
            assert.strictEqual(Decimals.format(drift), Decimals.format(exact))
            assert.isFalse(Decimals.isLessThan(Decimals.abs(exact), Decimals.epsilon))
          }
        }
        // Nothing of either side is lost, and nothing is counted twice.
        const brokerSum = Decimals.sum(input.positions.map(({ quantity }) => quantity))
        assert.strictEqual(Decimals.format(Decimals.sum(rows.map(({ broker }) => broker))), Decimals.format(brokerSum))
        const symbols = rows.map(({ symbol }) => symbol)
        assert.deepStrictEqual(symbols, [...symbols].sort())
        const named = new Set(["0", "1", "9", "UNTIED"])
        const expected = input.holdings.filter(({ assetId, quantity }) =>
          assetId === "asset-2" && !Decimals.isLessThan(Decimals.abs(quantity), Decimals.epsilon)
        )
        assert.strictEqual(rows.length, named.size + expected.length)
      })
  )

  it.effect.prop(
    "as of a day: what happened later changes nothing",
    {
      start: Arbitrary.all({ a: quantity, b: quantity, c: quantity }),
      later: Arbitrary.array(movement, { maxLength: 12 })
    },
    ({ later, start }) =>
      Effect.sync(() => {
        const then = new Map([["asset-0", start.a], ["asset-1", start.b], ["asset-2", start.c]])
        const now = new Map(then)
        for (const row of later) apply(now, row)
        const rows = reconcilePositions({
          positions: [position("0", start.a), position("1", start.b)],
          assetIds,
          holdings: [...now].map(([assetId, quantity]) => holding(assetId, quantity)),
          later
        })
        assert.deepStrictEqual(
          rows.map(({ drift, symbol, tracker }) => [symbol, Decimals.format(tracker), Decimals.format(drift)]),
          [
            ["0", Decimals.format(start.a), "0"],
            ["1", Decimals.format(start.b), "0"],
            ["tracker asset-2", Decimals.format(start.c), Decimals.format(Decimals.negate(start.c))]
          ]
        )
      })
  )
})

/** The other way round than the code under test: what a row does to what is held. */
const apply = (held: Map<string, Decimal>, row: TrackedMovement) => {
  if (row.assetId === undefined) return
  const before = held.get(row.assetId) ?? Decimals.zero
  const moved = row.quantity ?? Decimals.zero
  if (row.type === "BUY" || row.type === "TRANSFER_IN" || row.subtype === "DRIP") {
    held.set(row.assetId, Decimals.add(before, moved))
  } else if (row.type === "SELL" || row.type === "TRANSFER_OUT") held.set(row.assetId, Decimals.subtract(before, moved))
  else if (row.type === "SPLIT") held.set(row.assetId, Decimals.multiply(before, row.amount ?? Decimals.one))
}

describe("cash", () => {
  const balance = (currency: string, opening: Decimal, closing: Decimal) => ({ currency, opening, closing })

  it("is explained by the rows, and compared with the tracker, currency by currency", () => {
    const rows = reconcileCash({
      balances: [
        balance("GBP", Decimals.of("100"), Decimals.of("150.5")),
        balance("USD", Decimals.of("0"), Decimals.of("7"))
      ],
      moved: new Map([["GBP", Decimals.of("50")]]),
      tracker: new Map([["GBP", Decimals.of("150.5")], ["EUR", Decimals.of("3")]])
    })
    assert.deepStrictEqual(
      rows.map((row) => [
        row.currency,
        Decimals.format(row.booked),
        Decimals.format(row.drift),
        row.trackerDrift && Decimals.format(row.trackerDrift)
      ]),
      [["GBP", "150", "0.5", "0"], ["USD", "0", "7", "7"]]
    )
  })

  it("without a tracker has the broker's side alone", () => {
    const [row] = reconcileCash({ balances: [balance("GBP", Decimals.zero, Decimals.one)], moved: new Map() })
    assert.deepStrictEqual(Object.keys(row ?? {}), ["currency", "broker", "booked", "drift"])
  })

  const signed: ReadonlyArray<readonly [TrackedMovement, string]> = [
    [{
      type: "BUY",
      assetId: "x",
      currency: "GBP",
      quantity: Decimals.of("2"),
      unitPrice: Decimals.of("10.5"),
      fee: Decimals.one,
      amount: Decimals.of("99")
    }, "-22"],
    [{
      type: "SELL",
      assetId: "x",
      currency: "GBP",
      quantity: Decimals.of("2"),
      unitPrice: Decimals.of("10.5"),
      fee: Decimals.one
    }, "20"],
    [{ type: "DIVIDEND", assetId: "x", currency: "GBP", amount: Decimals.of("5"), fee: Decimals.one }, "4"],
    [{ type: "INTEREST", currency: "GBP", amount: Decimals.of("5") }, "5"],
    [{ type: "CREDIT", currency: "GBP", amount: Decimals.of("5") }, "5"],
    [{ type: "DEPOSIT", currency: "GBP", amount: Decimals.of("5"), fee: Decimals.one }, "4"],
    [{ type: "WITHDRAWAL", currency: "GBP", amount: Decimals.of("5"), fee: Decimals.one }, "-6"],
    [{ type: "FEE", currency: "GBP", amount: Decimals.of("5") }, "-5"],
    [{ type: "FEE", currency: "GBP", amount: Decimals.of("5"), fee: Decimals.of("3") }, "-3"],
    [{ type: "TAX", currency: "GBP", amount: Decimals.of("5") }, "-5"],
    [{ type: "TRANSFER_IN", currency: "GBP", amount: Decimals.of("5") }, "5"],
    [{ type: "TRANSFER_OUT", currency: "GBP", amount: Decimals.of("5") }, "-5"],
    [{
      type: "TRANSFER_IN",
      assetId: "x",
      currency: "GBP",
      quantity: Decimals.one,
      unitPrice: Decimals.of("5"),
      fee: Decimals.one
    }, "-1"],
    [{ type: "TRANSFER_OUT", assetId: "x", currency: "GBP", quantity: Decimals.one, fee: Decimals.one }, "-1"],
    [{ type: "SPLIT", assetId: "x", currency: "GBP", amount: Decimals.of("2") }, "0"],
    [{ type: "ADJUSTMENT", assetId: "x", currency: "GBP", quantity: Decimals.one }, "0"]
  ]

  it.each(signed)("a later %o moved %s", (row, cash) => {
    const [result] = reconcileCash({
      balances: [balance("GBP", Decimals.zero, Decimals.of("1000"))],
      moved: new Map(),
      tracker: new Map([["GBP", Decimals.add(Decimals.of("1000"), Decimals.of(cash))]]),
      later: [row]
    })
    assert.strictEqual(Decimals.format(result?.tracker ?? Decimals.zero), "1000")
    assert.strictEqual(Decimals.format(result?.trackerDrift ?? Decimals.one), "0")
  })

  it.effect.prop(
    "broker = opening + moved + drift, broker = tracker + trackerDrift",
    { opening: decimal, closing: decimal, moved: decimal, tracker: decimal, currency: integer(0, 1) },
    ({ closing, currency, moved, opening, tracker }) =>
      Effect.sync(() => {
        const names = ["GBP", "USD"]
        const [row] = reconcileCash({
          balances: [balance("GBP", opening, closing)],
          moved: new Map([[names[currency] ?? "GBP", moved]]),
          tracker: new Map([["GBP", tracker]])
        })
        const booked = currency === 0 ? Decimals.add(opening, moved) : opening
        const isNear = (a: Decimal, b: Decimal | undefined) =>
          b !== undefined && Decimals.isLessThan(Decimals.abs(Decimals.subtract(a, b)), Decimals.epsilon)
        assert.isTrue(row !== undefined && Decimals.equals(row.booked, booked))
        assert.isTrue(isNear(closing, row && Decimals.add(row.booked, row.drift)))
        assert.isTrue(isNear(closing, row?.trackerDrift && Decimals.add(tracker, row.trackerDrift)))
      })
  )

  it.effect.prop(
    "later rows leave other currencies alone",
    { later: Arbitrary.array(movement, { maxLength: 8 }) },
    ({ later }) =>
      Effect.sync(() => {
        const [row] = reconcileCash({
          balances: [balance("EUR", Decimals.zero, Decimals.one)],
          moved: new Map(),
          tracker: new Map([["EUR", Decimals.one]]),
          later
        })
        assert.strictEqual(Decimals.format(row?.trackerDrift ?? Decimals.one), "0")
      })
  )
})
