import { assert, describe, it } from "@effect/vitest"
import { matched, told, typed } from "./typed.ts"

const fill = { quantity: "10", price: "89.87", fee: "1" }
const plain = { quantity: "10", price: "89.87" }

const stands = (broker: Parameters<typeof told>[1], hand: Parameters<typeof typed>[1]) =>
  matched([told("1", broker)], [typed("h", hand)]).length === 1

describe("one row for one", () => {
  it("a trade by quantity and price, whatever its fee says", () => {
    for (const fee of [undefined, "0", "1", "1.5"]) {
      assert.isTrue(stands(fill, { ...plain, ...(fee === undefined ? {} : { fee }) }), fee)
    }
  })

  it("only of the same type, asset, currency and quantity", () => {
    for (
      const other of [
        { type: "SELL" as const },
        { asset: "b" },
        { asset: "" },
        { currency: "USD" },
        { quantity: "11" },
        { quantity: "10.0000001" }
      ]
    ) assert.isFalse(stands(fill, { ...plain, amount: "898.7", ...other }), JSON.stringify(other))
    assert.isTrue(stands(fill, { ...plain, quantity: "10.00" }))
  })

  it("subtypes do not matter", () => {
    assert.deepStrictEqual(matched([told("1", fill)], [typed("h", { ...plain, subtype: "POSITION_OPEN" })]), ["h: 1"])
  })

  it("a day apart at most", () => {
    assert.deepStrictEqual([3, 4, 5, 6, 7].map((day) => stands(fill, { ...plain, day })), [
      false,
      true,
      true,
      true,
      false
    ])
  })

  it("a price with the digits that the row by hand has, cents at the coarsest", () => {
    const price = (broker: string, hand: string) =>
      stands({ quantity: "1000", price: broker }, { quantity: "1000", price: hand })
    assert.isTrue(price("89.8749", "89.87"))
    assert.isTrue(price("89.865", "89.87"), "half away from zero")
    assert.isFalse(price("89.8751", "89.87"))
    assert.isTrue(price("89.904", "89.9"), "a trailing zero is not seen")
    assert.isFalse(price("89.87", "90"), "whole pounds are no rounding")
    assert.isTrue(price("89.87349", "89.8735"))
    assert.isFalse(price("89.87", "89.874"), "a digit that the broker does not have")
    assert.isFalse(price("0.004", "0"), "something is not nothing")
    assert.isTrue(price("0", "0"), "a gift")
  })

  it("a trade by quantity and cash, with the fee or without", () => {
    const worth = (amount: string, type: "BUY" | "SELL" = "BUY") =>
      stands({ ...fill, type, price: "89.8712" }, { type, quantity: "10", amount })
    assert.deepStrictEqual(["899.712", "899.71", "898.712", "898.71"].map((amount) => worth(amount)), [
      true,
      true,
      true,
      true
    ])
    assert.deepStrictEqual(["897.71", "898.71", "899.71"].map((amount) => worth(amount, "SELL")), [true, true, false])
    for (const amount of ["899.7", "898.7", "900", "897.71"]) assert.isFalse(worth(amount), amount)
  })

  it("a price that was divided, with the fee or without", () => {
    const price = (hand: string) =>
      stands({ quantity: "30", price: "89.8733", fee: "1" }, { quantity: "30", price: hand })
    assert.isTrue(price("89.91"), "2697.199 / 30, to cents")
    assert.isTrue(price("89.906666666667"), "2697.20 / 30")
    assert.isTrue(price("89.873333333333"), "2696.20 / 30")
    assert.isTrue(price("89.87329999999999"), "through a float")
    assert.isFalse(price("89.93"))
  })

  it("a cash row by its amount", () => {
    for (const type of ["DEPOSIT", "WITHDRAWAL", "INTEREST", "FEE", "TAX", "CREDIT"] as const) {
      const amount = (hand: string) => stands({ type, amount: "12.345" }, { type, amount: hand })
      assert.deepStrictEqual(["12.345", "12.35", "12.34", "12.3", "0"].map(amount), [true, true, false, false, false])
      assert.isFalse(stands({ type, amount: "5" }, { type, amount: "5", currency: "USD" }))
    }
  })

  it("a dividend typed as shares and rate, a fee typed as fee", () => {
    const dividend = { type: "DIVIDEND", amount: "25", asset: "a" } as const
    assert.isTrue(stands(dividend, { type: "DIVIDEND", quantity: "100", price: "0.25" }))
    assert.isTrue(stands(dividend, { type: "DIVIDEND", quantity: "100", price: "0.2", amount: "25" }))
    assert.isTrue(stands({ type: "FEE", amount: "10" }, { type: "FEE", amount: "0", fee: "10" }))
    assert.isTrue(stands({ type: "TAX", amount: "10" }, { type: "TAX", fee: "10" }))
    assert.isFalse(stands({ type: "FEE", amount: "10" }, { type: "FEE", amount: "10", fee: "4" }))
  })

  it("never another type, however alike", () => {
    const types = ["DIVIDEND", "INTEREST", "CREDIT", "FEE", "TAX", "DEPOSIT", "WITHDRAWAL"] as const
    for (const broker of types) {
      for (const type of types) {
        assert.strictEqual(stands({ type: broker, amount: "5" }, { type, amount: "5" }), broker === type)
      }
    }
  })

  it("without asset, for one with asset of that very day", () => {
    const tax = { type: "TAX", amount: "1.504", asset: "a" } as const
    const typedTax = { type: "TAX", amount: "1.5" } as const
    assert.isTrue(stands(tax, typedTax))
    assert.isFalse(stands(tax, { ...typedTax, day: 6 }))
    assert.isFalse(stands(tax, { ...typedTax, asset: "b" }))
    assert.isFalse(stands({ ...tax, asset: "" }, { ...typedTax, asset: "a" }), "the broker says there is none")
    assert.isFalse(stands(fill, { ...plain, asset: "" }), "a trade is of its asset")
  })
})

describe("which one", () => {
  const which = (days: ReadonlyArray<number>, hand: ReadonlyArray<number>) =>
    matched(
      days.map((day, index) => told(String(index + 1), { ...fill, day })),
      hand.map((day, index) => typed(`h${index + 1}`, { ...plain, day }))
    )

  it("of two honest identical fills one row by hand stands for one, the first", () => {
    assert.deepStrictEqual(which([5, 5], [5]), ["h1: 1"])
    assert.deepStrictEqual(which([5, 5], [5, 5]), ["h1: 1", "h2: 2"])
    assert.deepStrictEqual(which([5], [5, 5]), ["h1: 1"])
  })

  it("the same day before a day apart", () => {
    assert.deepStrictEqual(which([4, 5, 6], [5]), ["h1: 2"])
    assert.deepStrictEqual(which([5], [4, 5, 6]), ["h2: 1"])
    const near = { ...fill, day: 4 }
    const hand = typed("h", plain)
    assert.deepStrictEqual(matched([told("1", near), told("2", { ...fill, price: "89.8712" })], [hand]), ["h: 2"])
  })

  it("a day apart, none is left over that could have found one", () => {
    assert.deepStrictEqual(which([2, 4, 6], [3, 5, 7]), ["h1: 1", "h2: 2", "h3: 3"])
    assert.deepStrictEqual(which([3, 5, 7], [2, 4, 6]), ["h1: 1", "h2: 2", "h3: 3"])
  })

  it("exact before rounded, and what has most digits first", () => {
    const rows = [told("1", { ...fill, price: "89.8712" }), told("2", fill)]
    assert.deepStrictEqual(matched(rows, [typed("h", plain)]), ["h: 2"])
    const finer = [told("1", { ...fill, price: "89.87124" }), told("2", { ...fill, price: "89.8731" })]
    const hand = [typed("a", plain), typed("b", { ...plain, price: "89.8712" })]
    assert.deepStrictEqual(matched(finer, hand), ["a: 2", "b: 1"])
  })

  it("exact before rounded cash", () => {
    const cash = (first: string, second: string, hand: string) =>
      matched(
        [first, second].map((amount, index) => told(String(index + 1), { type: "DIVIDEND", asset: "a", amount })),
        [typed("h", { type: "DIVIDEND", asset: "a", amount: hand })]
      )
    assert.deepStrictEqual(cash("12.345", "12.35", "12.35"), ["h: 2"])
    const rows = [told("1", { ...fill, price: "89.8703" }), told("2", fill)]
    for (const amount of ["899.7", "898.7"]) {
      assert.deepStrictEqual(matched(rows, [typed("h", { quantity: "10", amount })]), ["h: 2"])
    }
  })

  it("price before cash, and of identical fills the one with that fee", () => {
    const rows = [told("1", { ...plain, price: "89.97" }), told("2", fill)]
    const both = { ...plain, amount: "899.7" }
    assert.deepStrictEqual(matched(rows, [typed("h", both)]), ["h: 2"])
    const dearer = [told("1", fill), told("2", { ...fill, fee: "2" })]
    assert.deepStrictEqual(matched(dearer, [typed("h", { ...fill, amount: "900.7", fee: "2" })]), ["h: 2"])
  })

  it("the asset that it says before none", () => {
    const tax = { type: "TAX", amount: "1.5" } as const
    const rows = [told("1", { ...tax, asset: "a" }), told("2", { ...tax, day: 6 })]
    assert.deepStrictEqual(matched(rows, [typed("h", tax)]), ["h: 2"])
    assert.deepStrictEqual(matched(rows, [typed("h1", tax), typed("h2", { ...tax, asset: "a" })]), ["h1: 2", "h2: 1"])
  })
})

describe("one row for several fills", () => {
  const fills = [
    told("1", { quantity: "10", price: "89.87", fee: "1", order: "o" }),
    told("2", { quantity: "20", price: "89.9", fee: "0.5", order: "o" }),
    told("3", { quantity: "3", price: "89.89", fee: "0.1", order: "o" })
  ]
  // 898.7 + 1798 + 269.67 = 2966.37, / 33 = 89.89; with 1.6 of fees 2967.97.
  const whole = { quantity: "33", price: "89.89" }

  it("of one order: the quantity is the sum, the price the average", () => {
    assert.deepStrictEqual(matched(fills, [typed("h", whole)]), ["h: 1+2+3"])
    assert.deepStrictEqual(matched(fills, [typed("h", { ...whole, price: "89.88" })]), [])
    assert.deepStrictEqual(matched(fills, [typed("h", { ...whole, quantity: "32" })]), [])
  })

  it("or the amount is the cash, with the fees or without", () => {
    for (const amount of ["2966.37", "2967.97"]) {
      assert.deepStrictEqual(matched(fills, [typed("h", { quantity: "33", amount })]), ["h: 1+2+3"])
    }
    assert.deepStrictEqual(matched(fills, [typed("h", { quantity: "33", amount: "2966.38" })]), [])
  })

  it("of one order and no other", () => {
    const other = told("4", { quantity: "10", price: "89.87", order: "p" })
    assert.deepStrictEqual(matched([...fills, other], [typed("h", whole)]), ["h: 1+2+3"])
    const sale = told("4", { type: "SELL", quantity: "10", price: "89.87", order: "o" })
    assert.deepStrictEqual(matched([...fills, sale], [typed("h", whole)]), ["h: 1+2+3"])
    const both = { quantity: "43", amount: "3865.07" }
    assert.deepStrictEqual(matched([...fills, other], [typed("h", both)]), [])
  })

  it("of one asset and day, where the broker names no order", () => {
    const day = [
      told("1", { quantity: "10", price: "5" }),
      told("2", { quantity: "20", price: "5.03" }),
      told("3", { quantity: "10", price: "5", day: 6 }),
      told("4", { quantity: "10", price: "5", asset: "b" })
    ]
    assert.deepStrictEqual(matched(day, [typed("h", { quantity: "30", price: "5.02" })]), ["h: 1+2"])
    assert.deepStrictEqual(matched(day, [typed("h", { quantity: "30", price: "5.02", day: 4 })]), ["h: 1+2"])
  })

  it("no subset of them", () => {
    assert.deepStrictEqual(matched(fills, [typed("h", { quantity: "13", amount: "1168.37" })]), [])
    assert.deepStrictEqual(matched(fills, [typed("h", { quantity: "30", price: "89.89" })]), [])
  })

  it("of those that no row of their own has claimed", () => {
    const rest = typed("rest", { quantity: "30", price: "89.89" })
    const own = { quantity: "3", price: "89.89" }
    assert.deepStrictEqual(matched(fills, [rest, typed("own", own)]), ["own: 3", "rest: 1+2"])
    // The one that is a day off is found only after the group was tried.
    assert.deepStrictEqual(matched(fills, [rest, typed("own", { ...own, day: 6 })]), ["rest: 1+2", "own: 3"])
  })

  it("one row for one goes first, the same day before that", () => {
    const one = told("4", { ...whole, order: "p" })
    assert.deepStrictEqual(matched([...fills, one], [typed("h", whole)]), ["h: 4"])
    const later = told("4", { ...whole, order: "p", day: 6 })
    assert.deepStrictEqual(matched([...fills, later], [typed("h", whole)]), ["h: 1+2+3"])
  })

  it("an order over two days: as a whole, or a row for each", () => {
    const days = [
      told("1", { quantity: "10", price: "5", order: "o" }),
      told("2", { quantity: "10", price: "5.02", order: "o" }),
      told("3", { quantity: "5", price: "5.01", order: "o", day: 6 }),
      told("4", { quantity: "15", price: "5.01", order: "o", day: 6 })
    ]
    const all = (day: number) => matched(days, [typed("h", { quantity: "40", price: "5.01", day })])
    assert.deepStrictEqual([4, 5, 6, 7].map(all), [[], ["h: 1+2+3+4"], ["h: 1+2+3+4"], []])
    const each = { quantity: "20", price: "5.01" }
    assert.deepStrictEqual(matched(days, [typed("h1", each), typed("h2", { ...each, day: 6 })]), ["h1: 1+2", "h2: 3+4"])
  })

  it("fills of one order more than two days apart have no day in common", () => {
    const wide = (last: number) => [
      told("1", { quantity: "10", price: "5", order: "o", day: 5 }),
      told("2", { quantity: "20", price: "5", order: "o", day: last })
    ]
    const hand = [4, 5, 6, 7, 8].map((day) => typed(`h${day}`, { quantity: "30", price: "5", day }))
    assert.deepStrictEqual(matched(wide(7), hand), ["h6: 1+2"])
    assert.deepStrictEqual(matched(wide(8), hand), [])
  })
})

describe("a commission beside its trade", () => {
  const trade = told("1", { ...plain, contentHash: "row" })
  const leg = told("ibkr:trade:1:fee", { type: "FEE", amount: "1", currency: "USD", contentHash: "row" })
  const rows = [trade, leg]
  const fee = { type: "FEE", amount: "1", currency: "USD" } as const

  it("stands under a fee of its own, with the trade's asset or without", () => {
    assert.deepStrictEqual(matched(rows, [typed("buy", plain), typed("fee", fee)]), ["buy: 1", "fee: 1:fee"])
    assert.deepStrictEqual(matched(rows, [typed("fee", { ...fee, asset: "a", day: 6 })]), ["fee: 1:fee"])
    assert.deepStrictEqual(matched(rows, [typed("fee", { ...fee, asset: "b" })]), [])
  })

  it("is left to be booked where nobody typed it", () => {
    assert.deepStrictEqual(matched(rows, [typed("buy", plain)]), ["buy: 1"])
  })

  it("leaves a typed fee to a fee that the broker has for itself, even a day off", () => {
    for (const id of ["1:fee", "1:fee-USD", "1:cancel-fee", "1:2:fee", "1:fee:2"]) {
      const each = told(`ibkr:trade:${id}`, fee)
      const own = told("ibkr:cash:9", { ...fee, day: 6 })
      assert.deepStrictEqual(matched([each, own], [typed("h", fee)]), ["h: ibkr:cash:9"], id)
      assert.deepStrictEqual(matched([each], [typed("h", fee)]), [`h: ${id}`], id)
    }
  })

  it("is not what a number tells apart", () => {
    const second = told("ibkr:cash:1:2", fee)
    const later = told("ibkr:cash:1", { ...fee, day: 6 })
    assert.deepStrictEqual(matched([second, later], [typed("h", fee)]), ["h: ibkr:cash:1:2"])
  })
})
