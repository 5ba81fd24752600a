import { BigDecimal, Option } from "effect"

/** An exact decimal. No float touches money: parse, calculate and print through this file. */
export type Decimal = BigDecimal.BigDecimal

const plain = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const thousands = /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/
/** No broker prints a figure so long; the work on one grows with the square of its length. */
const mostCharacters = 1_000

/**
 * Reads plain, thousands-separated (`-6,400.00`) and exponent notation. Anything else, the empty text, one of more
 * than 1 000 characters and an exponent of more than three digits included, is `undefined`: a bad value is never a zero.
 */
export const parse = (text: string): Decimal | undefined => {
  const short = text.length <= longestShort ? parseShort(text) : undefined
  if (short !== undefined) return short
  if (text.length > mostCharacters) return undefined
  const bare = thousands.test(text) ? text.replaceAll(",", "") : text
  return plain.test(bare) ? Option.getOrUndefined(BigDecimal.fromString(bare)) : undefined
}

/** A sign, fifteen digits and a point: such a number is whole in a float, digit by digit. */
const longestShort = 17
const mostDigits = 15

/** `-12.50`, as nearly all figures are printed; `undefined` for what has to be looked at closer. */
const parseShort = (text: string): Decimal | undefined => {
  const isNegative = text.charCodeAt(0) === 45
  let value = 0
  let digits = 0
  let point = -1
  for (let at = isNegative ? 1 : 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      digits++
    } else if (digit === -2 && point < 0) point = at
    else return undefined
  }
  if (digits === 0 || digits > mostDigits) return undefined
  return BigDecimal.make(BigInt(isNegative ? -value : value), point < 0 ? 0 : text.length - point - 1)
}

export const of = (text: string): Decimal => BigDecimal.fromStringUnsafe(text)

export const zero: Decimal = BigDecimal.fromBigInt(0n)
export const one: Decimal = BigDecimal.fromBigInt(1n)
/** Holdings pass through 64-bit floats in the tracker: below this a difference is none. */
export const epsilon: Decimal = of("0.00000001")

export const add: (a: Decimal, b: Decimal) => Decimal = BigDecimal.sum
export const subtract: (a: Decimal, b: Decimal) => Decimal = BigDecimal.subtract
export const multiply: (a: Decimal, b: Decimal) => Decimal = BigDecimal.multiply
export const negate: (a: Decimal) => Decimal = BigDecimal.negate
export const abs = (a: Decimal): Decimal => a.value < 0n ? BigDecimal.abs(a) : a
export const equals: (a: Decimal, b: Decimal) => boolean = BigDecimal.equals
export const isLessThan: (a: Decimal, b: Decimal) => boolean = BigDecimal.isLessThan
export const isZero = (a: Decimal): boolean => a.value === 0n
export const isNegative = (a: Decimal): boolean => a.value < 0n
export const isPositive = (a: Decimal): boolean => a.value > 0n
export const sum = (all: Iterable<Decimal>): Decimal => {
  let total = zero
  for (const each of all) total = add(total, each)
  return total
}

/** `a / b` rounded half-even to 18 fraction digits (what the tracker keeps whole); `b` must not be zero. */
export const divide = (a: Decimal, b: Decimal): Decimal =>
  BigDecimal.round(BigDecimal.divideUnsafe(a, b), { scale: 18, mode: "half-even" })

/** To `scale` fraction digits as people round: half away from zero. */
export const round = (a: Decimal, scale: number): Decimal => BigDecimal.round(a, { scale, mode: "half-from-zero" })

/** Fraction digits without trailing zeros; negative where even the last whole digits are zeros. */
export const scaleOf = (a: Decimal): number => BigDecimal.normalize(a).scale

/** Plain notation: no exponent, no trailing zeros, zero is `0`. */
export const format = (a: Decimal): string => {
  if (a.value === 0n) return "0"
  const negative = a.value < 0n
  const digits = (negative ? -a.value : a.value).toString()
  const text = a.scale <= 0
    ? digits + "0".repeat(-a.scale)
    : withPoint(digits.padStart(a.scale + 1, "0"), a.scale)
  return negative ? `-${text}` : text
}

const withPoint = (digits: string, scale: number): string => {
  const point = digits.length - scale
  const fraction = digits.slice(point).replace(/0+$/, "")
  return fraction === "" ? digits.slice(0, point) : `${digits.slice(0, point)}.${fraction}`
}

/** A JSON number of the tracker (a 64-bit float) as the shortest decimal that reads back to it. */
export const fromFloat = (value: number): Decimal => of(String(value))
