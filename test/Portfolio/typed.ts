import type { Activity } from "../../src/Portfolio/Activity.ts"
import { type AdoptableRow, adoptions, type HandRow } from "../../src/Portfolio/Adopt.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"

/** Rows of both sides in few words; figures as text, `day` of January 2026. */

export interface Words {
  readonly type?: Activity["type"]
  readonly day?: number
  /** `""` is none. */
  readonly asset?: string
  readonly currency?: string
  readonly quantity?: string
  readonly price?: string
  readonly amount?: string
  readonly fee?: string
}

const figures = ({ amount, fee, price, quantity }: Words) => ({
  ...(quantity === undefined ? {} : { quantity: Decimals.of(quantity) }),
  ...(price === undefined ? {} : { unitPrice: Decimals.of(price) }),
  ...(amount === undefined ? {} : { amount: Decimals.of(amount) }),
  ...(fee === undefined ? {} : { fee: Decimals.of(fee) })
})

const dayOf = ({ day = 5 }: Words) => PlainDates.addDays(PlainDates.of("2026-01-01"), day - 1)

const cashOf = ({ fee = "0", price, quantity, type }: Words) => {
  const worth = Decimals.multiply(Decimals.of(quantity ?? "0"), Decimals.of(price ?? "0"))
  return type === "SELL" ? Decimals.subtract(worth, Decimals.of(fee)) : Decimals.add(worth, Decimals.of(fee))
}

/** The broker's: a fill of asset `a`, or, where it has an amount only, a cash row without asset. */
export const told = (
  id: string,
  words: Words & { readonly order?: string; readonly contentHash?: string }
): AdoptableRow => {
  const { asset = words.quantity === undefined ? "" : "a", contentHash = id, currency = "GBP", order, type = "BUY" } =
    words
  return {
    ...(asset === "" ? {} : { assetId: asset }),
    activity: {
      externalId: id.includes(":") ? id : `ibkr:trade:${id}`,
      type,
      date: dayOf(words),
      millisecond: 0,
      ...(order === undefined ? {} : { order }),
      currency,
      amount: cashOf(words),
      ...figures(words),
      contentHash,
      section: "Trades"
    }
  }
}

/** The same, by hand. */
export const typed = (id: string, words: Words & { readonly subtype?: string }): HandRow => {
  const { asset = words.quantity === undefined ? "" : "a", currency = "GBP", subtype, type = "BUY" } = words
  return {
    id,
    type,
    ...(subtype === undefined ? {} : { subtype }),
    date: dayOf(words),
    ...(asset === "" ? {} : { assetId: asset }),
    currency,
    ...figures(words)
  }
}

/** `hand: broker+broker`, without what every id begins with. */
export const matched = (rows: ReadonlyArray<AdoptableRow>, hand: ReadonlyArray<HandRow>): ReadonlyArray<string> =>
  adoptions(rows, hand).map(({ externalIds, handId }) =>
    `${handId}: ${externalIds.map((id) => id.replace("ibkr:trade:", "")).join("+")}`
  )
