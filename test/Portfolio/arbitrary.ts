import { Arbitrary, Schema } from "effect"
import type { DaySpan } from "../../src/Portfolio/Coverage.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import type { TrackedMovement } from "../../src/Portfolio/Reconcile.ts"

export const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.pipe(Schema.check(Schema.isBetween({ minimum, maximum }))))

/** Up to 18 fraction digits, as Wealthfolio keeps them; zero often enough. */
export const decimal: Arbitrary.Arbitrary<Decimals.Decimal> = Arbitrary.map(
  Arbitrary.all({ units: integer(-999_999_999, 999_999_999), scale: integer(0, 18), isZero: integer(0, 9) }),
  ({ isZero, scale, units }) => isZero === 0 ? Decimals.zero : Decimals.of(`${units}e-${scale}`)
)

/** Above 1e-8 by far, so that no two of them differ by less. */
export const quantity: Arbitrary.Arbitrary<Decimals.Decimal> = Arbitrary.map(
  Arbitrary.all({ units: integer(1, 99_999), scale: integer(0, 4) }),
  ({ scale, units }) => Decimals.of(`${units}e-${scale}`)
)

const types = [
  "BUY",
  "SELL",
  "TRANSFER_IN",
  "TRANSFER_OUT",
  "SPLIT",
  "DIVIDEND",
  "DRIP",
  "DEPOSIT",
  "WITHDRAWAL",
  "FEE",
  "TAX",
  "CREDIT",
  "INTEREST"
] as const

const ofAsset = new Set<string>(["BUY", "SELL", "SPLIT", "DIVIDEND", "DRIP"])

/** A row of the tracker about one of three assets, or about cash alone. A split is 2, 4, 5 or 10 for one. */
export const movement: Arbitrary.Arbitrary<TrackedMovement> = Arbitrary.map(
  Arbitrary.all({
    kind: integer(0, types.length - 1),
    asset: integer(0, 2),
    quantity,
    price: quantity,
    fee: integer(0, 3),
    ratio: integer(0, 3),
    currency: integer(0, 1),
    isCash: integer(0, 1)
  }),
  ({ asset, currency, fee, isCash, kind, price, quantity, ratio }): TrackedMovement => {
    const type = types[kind] ?? "BUY"
    const ratios = ["2", "4", "5", "10"]
    const withAsset = ofAsset.has(type) || (type.startsWith("TRANSFER") && isCash === 0)
    const trades = type === "BUY" || type === "SELL" || type === "DRIP" || (type.startsWith("TRANSFER") && withAsset)
    return {
      type: type === "DRIP" ? "DIVIDEND" : type,
      ...(type === "DRIP" ? { subtype: "DRIP" } : {}),
      ...(withAsset ? { assetId: `asset-${asset}` } : {}),
      currency: ["GBP", "USD"][currency] ?? "GBP",
      ...(trades ? { quantity, unitPrice: price } : {}),
      ...(type === "SPLIT"
        ? { amount: Decimals.of(ratios[ratio] ?? "2") }
        : trades
        ? {}
        : { amount: price }),
      ...(fee === 0 || type === "SPLIT" ? {} : { fee: Decimals.of(`${fee}.25`) })
    }
  }
)

/** Within ten weeks over a year's end, so that they touch, overlap and leave weekends; now and then the wrong way round. */
export const span: Arbitrary.Arbitrary<DaySpan> = Arbitrary.map(
  Arbitrary.all({ start: integer(0, 70), length: integer(-1, 9) }),
  ({ length, start }) => {
    const from = PlainDates.addDays(PlainDates.of("2025-11-24"), start)
    return { from, to: PlainDates.addDays(from, length) }
  }
)

export const spans: Arbitrary.Arbitrary<ReadonlyArray<DaySpan>> = Arbitrary.array(span, { maxLength: 8 })
