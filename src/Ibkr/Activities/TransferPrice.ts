import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import type { AssetClass } from "../Category.ts"

export interface TransferPrice {
  /** As the tracker takes it: of an option by unit of the underlying, of a bond as money by unit of face value. */
  readonly unitPrice: Decimal
  /** Where it is not the broker's own price. */
  readonly note?: string
}

const hundred = Decimals.of("100")
const most = Decimals.of("1000000000000000")

/**
 * What came in cost what it is told to be worth: by the price, else by the value of the position, else 0, which the note
 * says. IBKR prints 0 for a price that it does not know.
 */
export const transferPrice = ({ assetClass, multiplier, price, quantity, value }: {
  readonly quantity: Decimal
  readonly assetClass: AssetClass
  readonly price?: Decimal | undefined
  readonly value?: Decimal | undefined
  readonly multiplier?: Decimal | undefined
}): TransferPrice | "too-large" => {
  const found = told(price)
  const worth = told(value)
  const units = assetClass !== "option"
    ? Decimals.one
    : multiplier !== undefined && Decimals.isPositive(multiplier)
    ? multiplier
    : hundred
  if (found !== undefined) {
    return { unitPrice: assetClass === "bond" ? Decimals.divide(found, hundred) : found }
  }
  if (worth === undefined) return { unitPrice: Decimals.zero, note: "its price is not told: entered as 0" }
  const all = Decimals.multiply(Decimals.abs(quantity), units)
  return Decimals.isLessThan(worth, Decimals.multiply(all, most))
    ? { unitPrice: Decimals.divide(worth, all), note: "priced by the value of the position" }
    : "too-large"
}

const told = (figure: Decimal | undefined): Decimal | undefined =>
  figure === undefined || Decimals.isZero(figure) ? undefined : Decimals.abs(figure)
