import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { type AdoptableRow, type Adoption, adoptions, type HandRow } from "../../src/Portfolio/Adopt.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { oneOf, scaled, shuffled } from "../support/arbitrary.ts"
import { bothSides, brokerRows, copyOf, idOf } from "./adoptable.ts"
import { integer } from "./arbitrary.ts"
import { told, typed } from "./typed.ts"

const cents = (value: Decimal) => Decimals.round(value, 2)

const claimedBy = (adopted: ReadonlyArray<Adoption>) => adopted.flatMap(({ externalIds }) => externalIds)
const singles = (adopted: ReadonlyArray<Adoption>) => adopted.filter(({ externalIds }) => externalIds.length === 1)

it.effect.prop("no row of either side is in two adoptions", [bothSides], ([{ hand, rows }]) =>
  Effect.sync(() => {
    const adopted = adoptions(rows, hand)
    for (const ids of [claimedBy(adopted), adopted.map(({ handId }) => handId)]) {
      assert.strictEqual(new Set(ids).size, ids.length)
    }
    for (const { externalIds } of adopted) assert.isNotEmpty(externalIds)
  }))

it.effect.prop(
  "the order of either side does not matter, nor does a row that is there twice",
  { sides: bothSides, seed: integer(1, 1_000_000) },
  ({ seed, sides: { hand, rows } }) =>
    Effect.sync(() => {
      assert.deepStrictEqual(adoptions(shuffled(rows, seed), shuffled(hand, seed + 1)), adoptions(rows, hand))
    })
)

const isNear = (told: Decimal, typed: Decimal | undefined) => {
  if (typed === undefined) return false
  const scale = Math.max(2, (Decimals.format(typed).split(".")[1] ?? "").length)
  return !Decimals.isLessThan(
    Decimals.of(`0.5e-${scale}`),
    Decimals.abs(Decimals.subtract(told, typed))
  )
}

/** The rule again, as a check of one answer: by tolerance instead of by key. */
const mayStandFor = (hand: HandRow, fills: ReadonlyArray<AdoptableRow>): boolean => {
  const day = PlainDates.toEpochDay(hand.date)
  const total = (of: (row: AdoptableRow) => Decimal | undefined) =>
    Decimals.sum(fills.map((row) => of(row) ?? Decimals.zero))
  const net = total(({ activity }) => activity.amount)
  const isFree = ({ activity, assetId }: AdoptableRow) => activity.quantity === undefined && assetId !== undefined
  const alike = fills.every((row) => {
    const apart = Math.abs(PlainDates.toEpochDay(row.activity.date) - day)
    return row.activity.type === hand.type && row.activity.currency === hand.currency && apart <= 1
      && (row.assetId === hand.assetId || (hand.assetId === undefined && isFree(row) && apart === 0))
  })
  if (!alike) return false
  if (fills[0]?.activity.quantity === undefined) return fills.length === 1 && isNear(net, hand.amount)
  const quantity = total(({ activity }) => activity.quantity)
  if (hand.quantity === undefined || !Decimals.equals(hand.quantity, quantity)) return false
  const gross = total(({ activity: { quantity, unitPrice } }) => Decimals.multiply(quantity!, unitPrice!))
  return [net, gross].some((cash) =>
    isNear(Decimals.divide(cash, quantity), hand.unitPrice) || isNear(cash, hand.amount)
    || (hand.unitPrice !== undefined
      && Decimals.equals(cents(cash), cents(Decimals.multiply(quantity, hand.unitPrice))))
  )
}

it.effect.prop("every adoption is one that the rule allows", [bothSides], ([{ hand, rows }]) =>
  Effect.sync(() => {
    const byId = new Map(rows.map((row) => [row.activity.externalId, row]))
    for (const { externalIds, handId } of adoptions(rows, hand)) {
      const fills = externalIds.map((id) => byId.get(id)!)
      assert.isTrue(mayStandFor(hand.find(({ id }) => id === handId)!, fills), `${handId}: ${externalIds.join()}`)
      const orders = new Set(fills.map(({ activity }) => activity.order))
      assert.strictEqual(orders.size, 1, "fills of one order, or of none")
    }
  }))

it.effect.prop(
  "nothing is left over on both sides that says the same",
  [bothSides],
  ([{ hand, rows }]) =>
    Effect.sync(() => {
      const adopted = adoptions(rows, hand)
      const claimed = new Set(claimedBy(adopted))
      const taken = new Set(adopted.map(({ handId }) => handId))
      const freeRows = rows.filter(({ activity }) => !claimed.has(activity.externalId))
      for (const row of hand.filter(({ id }) => !taken.has(id))) {
        for (const free of freeRows) {
          const isSame = mayStandFor(row, [free]) && (free.activity.quantity === undefined
            ? Decimals.equals(row.amount!, free.activity.amount)
            : row.unitPrice !== undefined && Decimals.equals(row.unitPrice, free.activity.unitPrice!))
          assert.isFalse(isSame, `${row.id}: ${free.activity.externalId}`)
        }
      }
    })
)

const figuresOf = (row: HandRow) =>
  JSON.stringify({
    ...row,
    id: "",
    ...Object.fromEntries(
      (["amount", "fee", "quantity", "unitPrice"] as const).map((name) => [
        name,
        row[name] === undefined ? "" : Decimals.format(row[name])
      ])
    )
  })

it.effect.prop(
  "copies are all found, one for one, each by a row of its figures",
  { rows: brokerRows, seed: integer(1, 1_000_000) },
  ({ rows, seed }) =>
    Effect.sync(() => {
      const hand = shuffled(rows.map((row, index) => copyOf(row, `hand-${(index * 7) % 15}`)), seed)
      const adopted = singles(adoptions(rows, hand))
      assert.strictEqual(adopted.length, rows.length)
      for (const { externalIds: [externalId], handId } of adopted) {
        const copied = rows.find(({ activity }) => activity.externalId === externalId)!
        const found = hand.find(({ id }) => id === handId)!
        assert.strictEqual(figuresOf(found), figuresOf(copyOf(copied, "")))
      }
    })
)

it.effect.prop("of n identical fills k identical rows claim the first k, wherever they are dated and rounded", {
  fills: integer(1, 9),
  typedRows: integer(0, 9),
  day: integer(4, 6),
  order: oneOf(["", "o"]),
  price: oneOf(["5.0049", "5", "5.00"]),
  fee: oneOf(["0", "1"]),
  seed: integer(1, 1_000_000)
}, ({ day, fee, fills, order, price, seed, typedRows }) =>
  Effect.sync(() => {
    const one = { quantity: "10", price: "5.0049", fee }
    const rows = Array.from(
      { length: fills },
      (_, index) => told(idOf(index), order === "" ? one : { ...one, order })
    )
    const hand = Array.from({ length: typedRows }, (_, index) => typed(`h${index}`, { quantity: "10", price, day }))
    assert.deepStrictEqual(
      adoptions(shuffled(rows, seed), shuffled(hand, seed)),
      Array.from({ length: Math.min(fills, typedRows) }, (_, index) => ({
        handId: `h${index}`,
        externalIds: [idOf(index)]
      }))
    )
  }))

it.effect.prop("another quantity never matches, by however little", [brokerRows], ([rows]) =>
  Effect.sync(() => {
    const hand = rows.flatMap((row, index) => {
      const copy = copyOf(row, `hand-${index}`)
      // No sum of these quantities has a digit there.
      return copy.quantity === undefined
        ? []
        : [{ ...copy, quantity: Decimals.add(copy.quantity, Decimals.of(`${index + 1}e-8`)) }]
    })
    assert.deepStrictEqual(adoptions(rows, hand), [])
  }))

it.effect.prop(
  "an order typed as one row is found whole, by its average or its cash",
  {
    fills: Arbitrary.array(
      Arbitrary.all({ quantity: integer(1, 500), price: integer(1, 90_000), fee: integer(0, 200) }),
      {
        minLength: 2,
        maxLength: 8
      }
    ),
    order: oneOf(["", "o"]),
    type: oneOf(["BUY", "SELL"]),
    say: oneOf(["average", "gross", "net"]),
    scale: integer(2, 6)
  },
  ({ fills, order, say, scale, type }) =>
    Effect.sync(() => {
      const rows = fills.map(({ fee, price, quantity }, index) =>
        told(idOf(index), {
          type,
          quantity: String(quantity),
          price: scaled(price, 3),
          fee: scaled(fee, 2),
          ...(order === "" ? {} : { order })
        })
      )
      const quantity = fills.reduce((sum, fill) => sum + fill.quantity, 0)
      const worth = Decimals.of(scaled(fills.reduce((sum, fill) => sum + fill.quantity * fill.price, 0), 3))
      const fee = Decimals.of(scaled(fills.reduce((sum, fill) => sum + fill.fee, 0), 2))
      const net = type === "BUY" ? Decimals.add(worth, fee) : Decimals.subtract(worth, fee)
      const average = Decimals.round(Decimals.divide(worth, Decimals.of(String(quantity))), scale)
      if (say === "average" && Decimals.isZero(average)) return
      const hand = typed("h", {
        type,
        quantity: String(quantity),
        ...(say === "average"
          ? { price: Decimals.format(average) }
          : { amount: Decimals.format(cents(say === "gross" ? worth : Decimals.abs(net))) })
      })
      if (Decimals.isNegative(net)) return
      assert.deepStrictEqual(adoptions(rows, [hand]), [{
        handId: "h",
        externalIds: rows.map(({ activity }) => activity.externalId)
      }])
    })
)
