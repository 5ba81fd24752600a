import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { CorporateAction } from "../FlexReport.ts"
import { textOf } from "./ActionRows.ts"

/** Units after a split per unit before, or why it cannot be told. */
export type Ratio =
  | { readonly _tag: "Known"; readonly ratio: Decimal }
  | { readonly _tag: "Unclear"; readonly why: string }

const splitTypes: ReadonlySet<string> = new Set(["FS", "RS", "FI"])

/** By its type; older templates have none, but say it. */
export const isSplit = (action: CorporateAction): boolean =>
  action.type === undefined ? statedRatio(action) !== undefined : splitTypes.has(action.type)

const stated = /\bSPLIT (\d{1,9}(?:\.\d{1,9})?) FOR (\d{1,9}(?:\.\d{1,9})?)\b/

/** `SPLIT 4 FOR 1`: what the text says, as a fraction. */
export const statedRatio = (action: CorporateAction): readonly [after: Decimal, before: Decimal] | undefined => {
  const [, after, before] = stated.exec(textOf(action)) ?? []
  if (after === undefined || before === undefined) return undefined
  const fraction = [Decimals.of(after), Decimals.of(before)] as const
  return fraction.every(Decimals.isPositive) ? fraction : undefined
}

const known = (after: Decimal, before: Decimal): Ratio => {
  const ratio = Decimals.divide(after, before)
  return Decimals.isLessThan(ratio, smallest) || Decimals.isLessThan(largest, ratio)
    ? { _tag: "Unclear", why: `${Decimals.format(before)} became ${Decimals.format(after)}` }
    : { _tag: "Known", ratio }
}

/** No company splits further; beyond it the tracker's digits end. */
const largest = Decimals.of("1000000")
const smallest = Decimals.of("0.000001")

/** All of what was held under one contract id, for what is held under another. */
export const ratioOfExchange = (out: Decimal, into: Decimal): Ratio => known(Decimals.abs(into), Decimals.abs(out))

/**
 * A split told as what it adds or takes. Quantity and text must agree to within one share, which is as much as can have
 * been paid out in cash; then the quantity decides, as it is what the broker holds.
 */
export const ratioOfDelta = (action: CorporateAction, heldBefore: Decimal | undefined): Ratio => {
  const { quantity } = action
  const text = statedRatio(action)
  if (heldBefore === undefined) {
    if (text === undefined) return unclear("neither its text nor Open Positions say at what ratio")
    const [after, before] = text
    // What was held must have been something.
    return Decimals.isLessThan(before, after) === Decimals.isPositive(quantity)
      ? known(after, before)
      : unclear(`${Decimals.format(quantity)} cannot come of ${saying(text)}`)
  }
  const held = Decimals.add(heldBefore, quantity)
  if (!Decimals.isPositive(heldBefore) || !Decimals.isPositive(held)) {
    return unclear(`of ${Decimals.format(heldBefore)} held ${Decimals.format(held)} would be left`)
  }
  if (text === undefined) return known(held, heldBefore)
  const [after, before] = text
  // Multiplied out, so that no rounding decides.
  const off = Decimals.abs(Decimals.subtract(Decimals.multiply(held, before), Decimals.multiply(heldBefore, after)))
  if (Decimals.isZero(off)) return known(after, before)
  return Decimals.isLessThan(off, before)
    ? known(held, heldBefore)
    : unclear(`${saying(text)} does not make ${Decimals.format(held)} of ${Decimals.format(heldBefore)}`)
}

const saying = ([after, before]: readonly [Decimal, Decimal]): string =>
  `"${Decimals.format(after)} for ${Decimals.format(before)}"`

const unclear = (why: string): Ratio => ({ _tag: "Unclear", why })
