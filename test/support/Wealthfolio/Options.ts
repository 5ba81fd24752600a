import * as Decimal from "../../../src/Portfolio/Decimal.ts"
import type { Asset } from "./Model.ts"

const hundred = Decimal.of("100")

interface Contract {
  readonly underlyingAssetId?: unknown
  readonly expiration?: unknown
  readonly right?: unknown
  readonly strike?: unknown
  readonly multiplier?: unknown
}

const contractOf = (asset: Asset): Contract => (asset.metadata as { readonly option?: Contract } | null)?.option ?? {}

/** What a quantity and a price of the asset are multiplied by: 100 for an option unless its metadata is whole and says otherwise. */
export const multiplierOf = (asset: Asset | undefined): Decimal.Decimal => {
  if (asset?.instrumentType !== "OPTION") return Decimal.one
  const { underlyingAssetId, expiration, right, strike, multiplier } = contractOf(asset)
  const isWhole = [underlyingAssetId, expiration, right].every((each) => typeof each === "string") &&
    strike !== undefined && multiplier !== undefined
  return (isWhole ? Decimal.parse(String(multiplier)) : undefined) ?? hundred
}

/** The main branch hides options whose last day is over, by their metadata or their OCC symbol. */
export const isExpired = (asset: Asset, today: string): boolean => {
  if (asset.instrumentType !== "OPTION") return false
  const { expiration } = contractOf(asset)
  if (typeof expiration === "string") return expiration < today
  const found = /(\d{2})(\d{2})(\d{2})[CP]\d{8}$/.exec(asset.instrumentSymbol ?? "")
  return found !== null && `20${found[1]}-${found[2]}-${found[3]}` < today
}
