import { Effect } from "effect"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { canonical } from "../Portfolio/Venue.ts"
import type { Holding, TrackerActivity } from "../WealthfolioRepo.ts"
import { dayAt, millisOf, type Zone } from "./WallTime.ts"
import { type Asset, decimalOf, type Holdings, type SearchRow } from "./Wire.ts"

/** Joined by asset id: releases up to 3.2.1 have no market in their holdings. */
export const holdingsOf = (rows: typeof Holdings.Type, assets: ReadonlyArray<Asset>): ReadonlyArray<Holding> => {
  const byId = new Map(assets.map((asset) => [asset.id, asset]))
  return rows.flatMap(({ holdingType, instrument, localCurrency, quantity }): ReadonlyArray<Holding> => {
    if (holdingType === "cash") {
      const currency = instrument?.currency ?? localCurrency ?? instrument?.symbol
      return currency === undefined ? [] : [{ _tag: "Cash", currency, quantity: decimalOf(quantity) }]
    }
    if (holdingType !== "security" || instrument === undefined || instrument === null) return []
    const asset = byId.get(instrument.id)
    const mic = asset?.instrumentExchangeMic ?? instrument.exchangeMic ?? undefined
    const symbol = canonical(asset?.instrumentSymbol ?? instrument.symbol, mic === "" ? undefined : mic)
    return [{ _tag: "Security", assetId: instrument.id, symbol, quantity: decimalOf(quantity) }]
  })
}

/** Posted rows after `day` in the tracker's zone, oldest first; rows of one instant keep their order. */
export const activitiesAfter = (rows: ReadonlyArray<SearchRow>, day: PlainDate, zone: Zone) =>
  rows
    .flatMap((row) => {
      const at = millisOf(row.date)
      const date = dayAt(at, zone)
      if (date <= day || (row.status ?? "POSTED") !== "POSTED") return []
      return [{ at, activity: activityOf(row, date) }]
    })
    .sort((a, b) => a.at - b.at)
    .map(({ activity }) => activity)

const activityOf = (row: SearchRow, date: PlainDate): TrackerActivity => {
  const { amount, assetId, fee, quantity, subtype, unitPrice } = row
  return {
    id: row.id,
    type: row.activityType,
    ...(subtype === undefined || subtype === null ? {} : { subtype }),
    date,
    ...(assetId === undefined || assetId === null || assetId === "" ? {} : { assetId }),
    currency: row.currency,
    ...decimal("quantity", quantity),
    ...decimal("unitPrice", unitPrice),
    ...decimal("amount", amount),
    ...decimal("fee", fee)
  }
}

const decimal = <K extends "quantity" | "unitPrice" | "amount" | "fee">(
  name: K,
  value: string | number | null | undefined
) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (value === undefined || value === null ? {} : { [name]: decimalOf(value) }) as Pick<TrackerActivity, K>

/** One big page first; a host that caps pages is read on, page by page. */
export const readAllPages = Effect.fnUntraced(function*<E>(
  page: (page: number, pageSize: number) => Effect.Effect<{
    readonly data: ReadonlyArray<SearchRow>
    readonly meta: { readonly totalRowCount: number }
  }, E>
) {
  const all = yield* page(0, -1)
  if (all.data.length >= all.meta.totalRowCount) return all.data
  const size = 500
  const rows = new Map<string, SearchRow>()
  for (let index = 0; rows.size < all.meta.totalRowCount; index++) {
    const { data } = yield* page(index, size)
    if (data.length === 0) break
    for (const row of data) rows.set(row.id, row)
  }
  return [...rows.values()]
})
