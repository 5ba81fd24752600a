import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import { decimal } from "./arbitrary.ts"

it("reads what brokers print, and takes nothing else for a number", () => {
  const read = (text: string) => {
    const parsed = Decimals.parse(text)
    return parsed === undefined ? undefined : Decimals.format(parsed)
  }
  const readable: Readonly<Record<string, string>> = {
    "0": "0",
    "-0": "0",
    "0.00": "0",
    "1.50": "1.5",
    "+3": "3",
    "007": "7",
    ".5": "0.5",
    "-.5": "-0.5",
    "5.": "5",
    "1,234.50": "1234.5",
    "-6,400.00": "-6400",
    "1,234,567": "1234567",
    "1E3": "1000",
    "1.5e-7": "0.00000015",
    "-2E-10": "-0.0000000002",
    "0.1234567890123456789": "0.1234567890123456789",
    "100000000000000000000": "100000000000000000000"
  }
  for (const [text, expected] of Object.entries(readable)) assert.strictEqual(read(text), expected, text)
  const unreadable = [
    "",
    " ",
    "-",
    ".",
    "N/A",
    "--",
    "1 000",
    "1.234,50",
    "12,34",
    "1,2345",
    ",123",
    "1e9999999",
    "0x10",
    "∞",
    "NaN",
    "1.2.3",
    "٣"
  ]
  for (const text of unreadable) assert.isUndefined(read(text), text)
})

it("a text longer than any figure is none, however long, and is not looked at", () => {
  const figure = `0.${"1".repeat(998)}`
  assert.strictEqual(Decimals.format(Decimals.of(figure)), figure)
  assert.isDefined(Decimals.parse(figure))
  // Quadratic in its length this would take hours.
  const million = 1_000_000
  for (
    const text of [
      `${figure}1`,
      "1".repeat(million),
      `${"1".repeat(million)}x`,
      `0.${"0".repeat(million)}1`,
      `1${",111".repeat(million)}x`
    ]
  ) assert.isUndefined(Decimals.parse(text), `${text.length} characters`)
})

it("prints plain notation at every scale", () => {
  assert.strictEqual(Decimals.format(Decimals.of("1e20")), "100000000000000000000")
  assert.strictEqual(Decimals.format(Decimals.of("-1e-20")), "-0.00000000000000000001")
  assert.strictEqual(Decimals.format(Decimals.of("10.500")), "10.5")
  assert.strictEqual(Decimals.format(Decimals.of("-0.000")), "0")
})

it("divides to 18 digits, half to even", () => {
  const divided = (a: string, b: string) => Decimals.format(Decimals.divide(Decimals.of(a), Decimals.of(b)))
  assert.strictEqual(divided("1", "3"), "0.333333333333333333")
  assert.strictEqual(divided("2", "3"), "0.666666666666666667")
  assert.strictEqual(divided("1e-18", "2"), "0")
  assert.strictEqual(divided("3e-18", "2"), "0.000000000000000002")
  assert.strictEqual(divided("-3e-18", "2"), "-0.000000000000000002")
  assert.strictEqual(divided("100", "4"), "25")
})

it("reads a JSON number as the shortest decimal that is it", () => {
  for (
    const [value, text] of [[0.1, "0.1"], [1e21, "1000000000000000000000"], [1.5e-7, "0.00000015"], [-0, "0"]] as const
  ) {
    assert.strictEqual(Decimals.format(Decimals.fromFloat(value)), text)
  }
})

it.effect.prop(
  "what is printed reads back to itself, and has no exponent or trailing zero",
  [decimal],
  ([a]) =>
    Effect.sync(() => {
      const text = Decimals.format(a)
      assert.match(text, /^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/)
      const again = Decimals.parse(text)
      assert.isTrue(again !== undefined && Decimals.equals(a, again))
    })
)

it.effect.prop(
  "arithmetic is exact: what was added comes off again, in any order",
  [decimal, decimal, decimal],
  ([a, b, c]) =>
    Effect.sync(() => {
      const same = (x: Decimals.Decimal, y: Decimals.Decimal) =>
        assert.strictEqual(Decimals.format(x), Decimals.format(y))
      same(Decimals.subtract(Decimals.add(a, b), b), a)
      same(Decimals.sum([a, b, c]), Decimals.sum([c, a, b]))
      same(Decimals.multiply(a, Decimals.add(b, c)), Decimals.add(Decimals.multiply(a, b), Decimals.multiply(a, c)))
      same(Decimals.negate(Decimals.negate(a)), a)
      assert.strictEqual(Decimals.isLessThan(a, b), Decimals.isNegative(Decimals.subtract(a, b)))
      assert.isFalse(Decimals.isNegative(Decimals.abs(a)))
    })
)
