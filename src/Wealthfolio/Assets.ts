import * as Decimals from "../Portfolio/Decimal.ts"
import type { Instrument } from "../Portfolio/Instrument.ts"
import { majorCurrency } from "../Portfolio/MinorUnit.ts"
import { isUsMic } from "../Portfolio/Venue.ts"
import type { AssetMatch } from "../WealthfolioRepo.ts"
import type { Asset, NewAsset, OptionMetadata } from "./Wire.ts"

export type AssetDecision = AssetMatch | { readonly _tag: "Create"; readonly asset: NewAsset }

/** The line an asset was taken for in this batch. */
export type Claims = ReadonlyMap<string, Instrument>

/**
 * Ties an instrument to one asset: the one remembered, the one that carries its conid, the one of its ticker and market,
 * for a US listing the one under any US market or none. Two candidates, other evidence on the asset, or another quote
 * currency hold it back. Wealthfolio's identity of an equity is ticker and market, never currency or ISIN.
 */
export const match = (
  assets: ReadonlyArray<Asset>,
  claims: Claims,
  instrument: Instrument,
  rememberedAssetId?: string
): AssetDecision => {
  const remembered = assets.find((asset) => asset.id === rememberedAssetId && fits(asset, instrument))
  if (remembered !== undefined) return settle(remembered, instrument)
  const carrying = carriersOf(assets, instrument).filter((asset) => fits(asset, instrument))
  const [carrier] = carrying
  if (carrier !== undefined) return carrying.length > 1 ? ambiguous(carrying, instrument) : settle(carrier, instrument)

  const candidates = candidatesOf(assets, instrument)
  if ("held" in candidates) return ambiguous(candidates.held, instrument)
  const [candidate] = candidates.found
  if (candidate === undefined) return create(instrument)
  if (candidates.found.length > 1) return ambiguous(candidates.found, instrument)
  const claimed = claims.get(candidate.id)
  if (instrument.isMapped !== true && isOtherLine(evidenceOf(candidate), instrument)) {
    return held(`${describe(candidate)} carries another contract id or ISIN`, instrument)
  }
  if (claimed !== undefined && isOtherLine(claimed, instrument)) {
    return held(
      `${describe(candidate)} is already the asset of ${claimed.symbol} (${claimed.conid ?? claimed.key})`,
      instrument
    )
  }
  return settle(candidate, instrument)
}

/** Those of the instrument's own contract id, else of one that it took the place of. */
const carriersOf = (assets: ReadonlyArray<Asset>, { conid, otherConids = [] }: Instrument): ReadonlyArray<Asset> => {
  const own = conid === undefined ? [] : assets.filter((asset) => evidenceOf(asset).conid === conid)
  return own.length > 0 ? own : assets.filter((asset) => otherConids.includes(evidenceOf(asset).conid ?? ""))
}

/** The symbol map has the last word: an asset under another ticker or market is not what it names. */
const fits = (asset: Asset, instrument: Instrument): boolean => {
  if (instrument.isMapped !== true) return true
  if (comparable(asset.instrumentSymbol ?? "") !== comparable(instrument.ticker)) return false
  const mic = micOf(asset)
  return mic === instrument.mic?.toUpperCase() || (instrument.isUsListing && (mic === undefined || isUsMic(mic)))
}

/** Whether memory or conid alone lead to an asset, so that no other line has a claim to it. */
export const isKnown = (assets: ReadonlyArray<Asset>, instrument: Instrument, rememberedAssetId?: string): boolean =>
  assets.some((asset) => asset.id === rememberedAssetId) || carriersOf(assets, instrument).length > 0

type Candidates = { readonly found: ReadonlyArray<Asset> } | { readonly held: ReadonlyArray<Asset> }

const candidatesOf = (assets: ReadonlyArray<Asset>, instrument: Instrument): Candidates => {
  const ticker = comparable(instrument.ticker)
  const named = assets.filter((asset) =>
    asset.instrumentType === typeOf(instrument) && comparable(asset.instrumentSymbol ?? "") === ticker
  )
  // A contract or a bond has one name wherever it trades.
  if (instrument.kind !== undefined) return { found: named }
  const exact = named.filter((asset) => micOf(asset) === instrument.mic?.toUpperCase())
  if (exact.length > 0) return { found: exact }
  if (instrument.isUsListing) {
    return { found: named.filter((asset) => micOf(asset) === undefined || isUsMic(micOf(asset) ?? "")) }
  }
  const bare = named.filter((asset) => micOf(asset) === undefined)
  if (bare.length === 0 || instrument.currency === undefined) return bare.length === 0 ? { found: [] } : { held: bare }
  const currency = majorCurrency(instrument.currency)
  const alike = bare.filter((asset) => majorCurrency(asset.quoteCcy ?? "") === currency)
  if (alike.length === 0) return { found: [] }
  // A ticker without market is a US line to Wealthfolio's quote source, unless its currency says that it cannot be.
  const sameIsin = alike.filter((asset) => instrument.isin !== undefined && evidenceOf(asset).isin === instrument.isin)
  if (sameIsin.length === 1) return { found: sameIsin }
  return currency !== "USD" && named.length === 1 ? { found: alike } : { held: alike }
}

/** `BRK.B`, `BRK-B` and `BRK B` are one; London's trailing dot says nothing. */
const comparable = (ticker: string): string => ticker.trim().toUpperCase().replace(/\.$/, "").replaceAll(/[ ./-]/g, "-")

const micOf = (asset: Asset): string | undefined => {
  const mic = asset.instrumentExchangeMic?.trim().toUpperCase()
  return mic === "" ? undefined : mic
}

interface Evidence {
  readonly conid?: string
  readonly isin?: string
}

const evidenceOf = (asset: Asset): Evidence => {
  const metadata = recordOf(asset.metadata)
  const conid = recordOf(metadata["ibkr"])["conid"]
  const isin = metadata["isin"]
  return {
    ...(typeof conid === "string" || typeof conid === "number" ? { conid: String(conid) } : {}),
    ...(typeof isin === "string" && isin !== "" ? { isin } : {})
  }
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {}

/** A changed contract id keeps the line as long as the ISIN is the same. */
const isOtherLine = (a: Evidence, b: Evidence): boolean => {
  if (a.conid !== undefined && a.conid === b.conid) return false
  if (a.isin !== undefined && b.isin !== undefined) return a.isin !== b.isin
  return a.conid !== undefined && b.conid !== undefined
}

const settle = (asset: Asset, instrument: Instrument): AssetMatch => {
  const quoted = asset.quoteCcy ?? ""
  if (
    instrument.currency === undefined || quoted === "" || majorCurrency(quoted) === majorCurrency(instrument.currency)
  ) {
    return { _tag: "Matched", assetId: asset.id }
  }
  return {
    _tag: "Held",
    reason: "currency-mismatch",
    detail:
      `${describe(asset)} is quoted in ${quoted}, ${instrument.symbol} trades in ${instrument.currency}: rows would ` +
      `be dropped for want of a rate. Correct the asset in Wealthfolio, or name another line in the symbol map: ${
        mapLine(instrument, undefined)
      }`
  }
}

const create = (instrument: Instrument): AssetDecision => {
  // A symbol that begins with a multi-byte character makes the server drop the connection.
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(instrument.ticker)) {
    return held(`the ticker of ${instrument.symbol} is not plain ASCII`, instrument)
  }
  if (instrument.currency === undefined) {
    return {
      _tag: "Held",
      reason: "unknown-currency",
      detail:
        `nothing says in which currency ${instrument.symbol} trades, and Wealthfolio does not have it yet; the symbol map can: ${
          mapLine(instrument, undefined)
        }`
    }
  }
  const { conid, isin } = instrument
  const option = contractOf(instrument)
  const metadata = {
    ...(conid === undefined ? {} : { ibkr: { conid } }),
    ...(isin === undefined ? {} : { isin }),
    ...(option === undefined ? {} : { option })
  }
  return {
    _tag: "Create",
    asset: {
      kind: "INVESTMENT",
      quoteMode: "MARKET",
      quoteCcy: instrument.currency,
      instrumentType: typeOf(instrument),
      instrumentSymbol: instrument.ticker,
      ...(instrument.mic === undefined ? {} : { instrumentExchangeMic: instrument.mic }),
      displayCode: instrument.ticker,
      ...(instrument.name === undefined ? {} : { name: instrument.name }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata })
    }
  }
}

const typeOf = ({ kind }: Instrument): NewAsset["instrumentType"] => kind ?? "EQUITY"

/** A contract on other than a hundred units has to say so on its asset. */
const contractOf = ({ kind, multiplier, ticker }: Instrument): OptionMetadata | undefined => {
  const [, root, year, month, day, right, strike] = /^(.+)(\d\d)(\d\d)(\d\d)([CP])(\d{8})$/.exec(ticker) ?? []
  if (kind !== "OPTION" || multiplier === undefined || root === undefined) return undefined
  if (Decimals.equals(multiplier, hundred)) return undefined
  return {
    underlyingAssetId: root,
    expiration: `20${year}-${month}-${day}`,
    right: right === "C" ? "CALL" : "PUT",
    strike: Decimals.format(Decimals.divide(Decimals.of(strike ?? "0"), thousand)),
    multiplier: Decimals.format(multiplier)
  }
}

const hundred = Decimals.of("100")
const thousand = Decimals.of("1000")

const describe = (asset: Asset): string => {
  const symbol = asset.instrumentSymbol ?? asset.displayCode ?? asset.name ?? "?"
  const mic = micOf(asset)
  return `${mic === undefined ? `${symbol} without exchange` : `${symbol}@${mic}`} (${
    asset.quoteCcy ?? "?"
  }, id ${asset.id})`
}

/** As it would stand in the symbol map, for this asset or with the market left to fill in. */
const mapLine = (instrument: Instrument, asset: Asset | undefined): string => {
  const mic = asset === undefined ? instrument.mic : micOf(asset)
  const ticker = asset?.instrumentSymbol ?? instrument.ticker
  const currency = asset?.quoteCcy ?? instrument.currency ?? "…"
  return `${JSON.stringify(instrument.conid ?? instrument.symbol)}: ${
    JSON.stringify({ symbol: ticker, ...(mic === undefined ? {} : { mic }), currency })
  }`
}

const ambiguous = (candidates: ReadonlyArray<Asset>, instrument: Instrument): AssetMatch => ({
  _tag: "Held",
  reason: "ambiguous-asset",
  detail: `${instrument.symbol} could be ${candidates.map(describe).join(" or ")}; choose one in the symbol map: ${
    candidates.map((asset) => mapLine(instrument, asset)).join(" or ")
  }`
})

const held = (why: string, instrument: Instrument): AssetMatch => ({
  _tag: "Held",
  reason: "ambiguous-asset",
  detail: `${why}; if ${instrument.symbol} is another line, name it in the symbol map: ${
    mapLine(instrument, undefined)
  }`
})
