import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { type AccountedPart, type CommissionPiece, planCorrection } from "../../src/Portfolio/CommissionCorrection.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { joined } from "../../src/Sync/CorrectionParts.ts"
import { integer } from "./arbitrary.ts"

const amounts = (all: Readonly<Record<string, string>>) =>
  new Map(Object.entries(all).map(([currency, amount]) => [currency, Decimals.of(amount)]))

const piece = (conversions: string, all: Readonly<Record<string, string>>): CommissionPiece => ({
  conversions: new Set(conversions.split("")),
  amounts: amounts(all)
})

const part = (conversions: string, all: Readonly<Record<string, string>>, of = "earlier"): AccountedPart => ({
  conversions: new Set(conversions.split("")),
  shares: Object.entries(all).map(([currency, amount]) => ({ of, currency, amount: Decimals.of(amount) }))
})

const shown = (all: ReadonlyMap<string, Decimals.Decimal>) =>
  Object.fromEntries([...all].map(([currency, amount]) => [currency, Decimals.format(amount)]))

const shownParts = (parts: ReadonlyArray<AccountedPart>) =>
  parts.map(({ conversions, shares }) =>
    [[...conversions].join(""), ...shares.map(({ amount, currency }) => `${currency} ${Decimals.format(amount)}`)].join(
      " "
    )
  )

describe("planCorrection", () => {
  it("a first window: all of it", () => {
    const { added, book, undecided } = planCorrection([piece("ab", { CHF: "1.8", USD: "-2" })], [])
    assert.deepStrictEqual(shown(book), { CHF: "1.8", USD: "-2" })
    assert.deepStrictEqual(added.map(({ conversions }) => [...conversions]), [["a", "b"]])
    assert.strictEqual(undecided.size, 0)
  })

  it("the same window again, a window that has it inside, and one beside it", () => {
    const before = [part("ab", { CHF: "1.8", USD: "-2" })]
    assert.deepStrictEqual(shown(planCorrection([piece("ab", { CHF: "1.8", USD: "-2" })], before).book), {})
    const wider = planCorrection([piece("abc", { CHF: "3.5", USD: "-4" })], before)
    assert.deepStrictEqual(shown(wider.book), { CHF: "1.7", USD: "-2" })
    assert.deepStrictEqual(wider.added.map(({ conversions }) => [...conversions]), [["c"]])
    assert.deepStrictEqual(shown(planCorrection([piece("c", { CHF: "1.7", USD: "-2" })], before).book), {
      CHF: "1.7",
      USD: "-2"
    })
  })

  it("a window inside an earlier one books nothing, and tells the parts apart", () => {
    const { book, parts, undecided, within } = planCorrection([piece("b", { CHF: "1", USD: "-1.1" })], [
      part("abc", { CHF: "1.8", USD: "-2" })
    ])
    assert.deepStrictEqual(shown(book), {})
    assert.strictEqual(undecided.size, 0)
    assert.deepStrictEqual(shownParts(parts), ["b CHF 1 USD -1.1", "ac CHF 0.8 USD -0.9"])
    assert.deepStrictEqual(within.map(({ amount }) => Decimals.format(amount)), ["1", "-1.1"])
  })

  it("a window that overlaps one, with new conversions: nothing is booked while it is not known whose it is", () => {
    const before = [part("ab", { CHF: "1.8", USD: "-2" })]
    const unknown = planCorrection([piece("bc", { CHF: "1.7", USD: "-2" })], before)
    assert.deepStrictEqual(shown(unknown.book), {})
    assert.deepStrictEqual(shown(unknown.undecided), { CHF: "1.7", USD: "-2" })
    assert.deepStrictEqual(unknown.parts, before)
    // Once `a` and `b` are told apart it is.
    const { parts } = planCorrection([piece("b", {})], before)
    assert.deepStrictEqual(shown(planCorrection([piece("bc", { CHF: "1.7", USD: "-2" })], parts).book), {
      CHF: "1.7",
      USD: "-2"
    })
  })

  it("a share that is more than the whole is not believed", () => {
    const { book, parts, undecided } = planCorrection([piece("b", { CHF: "9", USD: "-9" })], [
      part("ab", { CHF: "1.8", USD: "-2" })
    ])
    assert.deepStrictEqual(shown(book), {})
    assert.deepStrictEqual(shown(undecided), { CHF: "9", USD: "-9" })
    assert.strictEqual(parts.length, 1)
  })

  it("one currency of a correction was undone: it alone is booked again", () => {
    const { book } = planCorrection([piece("ab", { CHF: "1.8", USD: "-2" })], [part("ab", { CHF: "1.8" })])
    assert.deepStrictEqual(shown(book), { USD: "-2" })
  })

  /** Conversions of 30 days; some were charged in dollars, 2 each, though their rows say francs. */
  const conversions = Arbitrary.array(
    Arbitrary.all({ day: integer(1, 30), isSwapped: integer(0, 1), cents: integer(150, 190) }),
    { maxLength: 12 }
  )
  const windows = Arbitrary.array(
    Arbitrary.all({ from: integer(1, 30), length: integer(0, 30), single: integer(0, 4) }),
    { maxLength: 15 }
  )

  it.effect.prop(
    "whatever windows come, in whatever order, again and again: what is booked of a conversion is what was charged, once",
    { conversions, windows },
    (input) =>
      Effect.sync(() => {
        const charged = input.conversions.map(({ cents, day, isSwapped }, index) => ({
          id: `c${index}`,
          day,
          amounts: isSwapped === 0 ? amounts({}) : amounts({ CHF: `${cents}e-2`, USD: "-2" })
        }))
        const sumOf = (ids: ReadonlySet<string>, currency: string) =>
          Decimals.sum(charged.flatMap(({ amounts, id }) => ids.has(id) ? amounts.get(currency) ?? [] : []))
        const pieceOf = (all: typeof charged): CommissionPiece => {
          const ids = new Set(all.map(({ id }) => id))
          return { conversions: ids, amounts: new Map(["CHF", "USD"].map((each) => [each, sumOf(ids, each)])) }
        }
        let parts: ReadonlyArray<AccountedPart> = []
        const booked = new Map([["CHF", Decimals.zero], ["USD", Decimals.zero]])
        const read = (from: number, to: number, single: boolean) => {
          const all = charged.filter(({ day }) => from <= day && day <= to)
          const pieces = single ? all.map((each) => pieceOf([each])) : all.length === 0 ? [] : [pieceOf(all)]
          const plan = planCorrection(pieces, parts)
          for (const [currency, amount] of plan.book) {
            booked.set(currency, Decimals.add(booked.get(currency) ?? Decimals.zero, amount))
          }
          parts = joined([
            ...plan.parts,
            ...plan.added.map(({ amounts, conversions }) => ({
              conversions,
              shares: [...amounts].map(([currency, amount]) => ({ of: `${from}-${to}`, currency, amount }))
            }))
          ])
          const seen: Array<string> = []
          for (const { conversions, shares } of parts) {
            seen.push(...conversions)
            for (const currency of ["CHF", "USD"]) {
              const own = shares.filter((share) => share.currency === currency).map(({ amount }) => amount)
              assert.isTrue(Decimals.equals(Decimals.sum(own), sumOf(conversions, currency)))
            }
          }
          assert.strictEqual(new Set(seen).size, seen.length, "a conversion in two parts")
          // What a window shows as explained, with what it could not decide, is what it asked for.
          for (const currency of ["CHF", "USD"]) {
            const told = Decimals.sum([
              ...plan.within.filter((share) => share.currency === currency).map(({ amount }) => amount),
              plan.book.get(currency) ?? Decimals.zero,
              plan.undecided.get(currency) ?? Decimals.zero
            ])
            assert.isTrue(Decimals.equals(told, sumOf(new Set(all.map(({ id }) => id)), currency)))
          }
        }
        for (const { from, length, single } of input.windows) read(from, Math.min(30, from + length), single === 0)
        // A window that has all of it settles what was open.
        read(1, 30, false)
        const all = new Set(charged.map(({ id }) => id))
        for (const currency of ["CHF", "USD"]) {
          assert.isTrue(Decimals.equals(booked.get(currency) ?? Decimals.zero, sumOf(all, currency)))
        }
      })
  )
})
