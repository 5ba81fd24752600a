import { Arbitrary } from "effect"
import type { AdoptableRow, HandRow } from "../../src/Portfolio/Adopt.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { oneOf, scaled } from "../support/arbitrary.ts"
import { integer } from "./arbitrary.ts"
import { told } from "./typed.ts"

/** Rows of both sides at random, of few figures, so that they clash. */

export const idOf = (index: number) => `ibkr:trade:${index}`

const row = Arbitrary.map(
  Arbitrary.all({
    type: oneOf(["BUY", "BUY", "SELL", "TAX", "FEE", "DIVIDEND"]),
    day: integer(1, 4),
    asset: oneOf(["a", "a", "a", "b", ""]),
    currency: oneOf(["GBP", "GBP", "GBP", "USD"]),
    quantity: oneOf(["5", "5", "10"]),
    price: Arbitrary.map(
      Arbitrary.all({ units: integer(0, 6), scale: integer(2, 4) }),
      ({ scale, units }) => scaled(5 * 10 ** scale + units, scale)
    ),
    fee: oneOf(["", "", "1"]),
    order: oneOf(["", "o", "p"])
  }),
  ({ asset, currency, day, fee, order, price, quantity, type }) => (index: number) => {
    if (type !== "BUY" && type !== "SELL") {
      const isLeg = type === "FEE" && asset === "" && order === ""
      return told(isLeg ? `${idOf(index)}:fee` : idOf(index), { type, day, currency, asset, amount: price })
    }
    return told(idOf(index), {
      type,
      day,
      currency,
      quantity,
      price,
      asset: asset === "" ? "a" : asset,
      ...(fee === "" ? {} : { fee }),
      ...(order === "" ? {} : { order })
    })
  }
)

export const brokerRows: Arbitrary.Arbitrary<ReadonlyArray<AdoptableRow>> = Arbitrary.map(
  Arbitrary.array(row, { maxLength: 14 }),
  (rows) => rows.map((numbered, index) => numbered(index))
)

/** The row as its owner would have it by hand, to the letter. */
export const copyOf = ({ activity, assetId }: AdoptableRow, id: string): HandRow => {
  const { amount, currency, date, fee, quantity, type, unitPrice } = activity
  return {
    id,
    type,
    date,
    currency,
    amount,
    ...(assetId === undefined ? {} : { assetId }),
    ...(quantity === undefined ? {} : { quantity }),
    ...(unitPrice === undefined ? {} : { unitPrice }),
    ...(fee === undefined ? {} : { fee })
  }
}

const without = (row: HandRow, ...names: ReadonlyArray<"fee" | "amount" | "assetId">) => {
  const kept = { ...row }
  for (const name of names) delete kept[name]
  return kept
}

const withRounded = (row: HandRow, name: "unitPrice" | "amount") =>
  row[name] === undefined ? row : { ...row, [name]: Decimals.round(row[name], 2) }

const doubled = (value: Decimal) => Decimals.add(value, value)

/** What people do to a row when they type it. */
const habits: ReadonlyArray<(row: HandRow) => HandRow> = [
  (row) => row,
  (row) => without(row, "fee"),
  (row) => row.unitPrice === undefined ? row : without(row, "fee", "amount"),
  (row) => without(row, "assetId"),
  (row) => withRounded(row, "unitPrice"),
  (row) => withRounded(row, "amount"),
  (row) => ({ ...row, date: PlainDates.addDays(row.date, 1) }),
  (row) => ({ ...withRounded(row, "amount"), date: PlainDates.addDays(row.date, -1), subtype: "DRIP" }),
  (row) => row.quantity === undefined ? row : { ...row, quantity: doubled(row.quantity) }
]

/** Most rows by hand are one of the broker's, as someone would type it; some are of another account. */
export const bothSides = Arbitrary.map(
  Arbitrary.all({
    rows: brokerRows,
    others: brokerRows,
    typing: Arbitrary.array(Arbitrary.all({ of: integer(0, 20), habit: oneOf(habits) }), { maxLength: 14 })
  }),
  ({ others, rows, typing }) => ({
    rows,
    hand: typing.flatMap(({ habit, of }, index) => {
      const row = [...rows, ...others][of] ?? rows[0]
      return row === undefined ? [] : [habit(copyOf(row, `hand-${index}`))]
    })
  })
)
