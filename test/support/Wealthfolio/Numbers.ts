import { BigDecimal } from "effect"
import * as Decimal from "../../../src/Portfolio/Decimal.ts"

const limit = 2n ** 96n

/** Reads a decimal as the server does: underscores are let through, thousands commas are not, 28 digits are kept. */
export const read = (text: string): Decimal.Decimal | undefined => {
  if (text.includes(",")) return undefined
  const value = Decimal.parse(text.replaceAll("_", ""))
  if (value === undefined) return undefined
  if (value.scale < -28) return undefined
  if (value.scale < 0) return BigDecimal.make(value.value * 10n ** BigInt(-value.scale), 0)
  let kept = BigDecimal.scale(value, Math.min(value.scale, 28))
  while (magnitude(kept) >= limit && kept.scale > 0) {
    kept = BigDecimal.round(value, { scale: kept.scale - 1, mode: "half-even" })
  }
  if (value.scale > 28) kept = BigDecimal.round(value, { scale: kept.scale, mode: "half-even" })
  return magnitude(kept) >= limit ? undefined : kept
}

const magnitude = (value: Decimal.Decimal): bigint => (value.value < 0n ? -value.value : value.value)

/** Prints with the scale kept: `5.50` stays `5.50`. */
export const print = (value: Decimal.Decimal): string => {
  const digits = magnitude(value).toString().padStart(value.scale + 1, "0")
  const point = digits.length - value.scale
  const text = value.scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`
  return value.value < 0n ? `-${text}` : text
}

/** JSON number of a holding. */
export const float = (value: Decimal.Decimal): number => Number(Decimal.format(value))

export const round = (value: Decimal.Decimal, scale: number): Decimal.Decimal =>
  value.scale <= scale ? value : BigDecimal.round(value, { scale, mode: "half-even" })

export const stored = (text: string | null): Decimal.Decimal =>
  text === null ? Decimal.zero : Decimal.abs(read(text) ?? Decimal.zero)

export const min = (a: Decimal.Decimal, b: Decimal.Decimal): Decimal.Decimal => (Decimal.isLessThan(a, b) ? a : b)

/** Multiplies by 0.01 as the server does: two more fraction digits, but none for zero. */
const hundredth = (value: Decimal.Decimal): Decimal.Decimal =>
  Decimal.isZero(value) ? Decimal.zero : BigDecimal.make(value.value, value.scale + 2)

const minorUnits: Record<string, string> = {
  GBp: "GBP",
  GBX: "GBP",
  KWF: "KWD",
  ZAc: "ZAR",
  ZAC: "ZAR",
  ILA: "ILS"
}

/** Pence and their like become the major unit; case decides. */
export const major = (currency: string): { readonly currency: string; readonly minor: boolean } => {
  const code = minorUnits[currency]
  return code === undefined ? { currency, minor: false } : { currency: code, minor: true }
}

export const fold = (value: Decimal.Decimal, minor: boolean): Decimal.Decimal => (minor ? hundredth(value) : value)
