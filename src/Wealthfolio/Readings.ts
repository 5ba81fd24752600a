import { canonical } from "../Portfolio/Venue.ts"
import type { Holding } from "../WealthfolioRepo.ts"
import { type Asset, decimalOf, type Holdings } from "./Wire.ts"

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
