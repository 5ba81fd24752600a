import type { Decimal } from "../Portfolio/Decimal.ts"
import type { Instrument } from "../Portfolio/Instrument.ts"
import { assetClass } from "./Category.ts"
import type { SecurityInfo } from "./FlexReport.ts"
import { type CanonicalSymbol, canonicalSymbol, overriddenSymbol, type SymbolOverride } from "./Symbol.ts"

/** The symbol map: by conid, IBKR symbol or canonical symbol. */
export type SymbolMap = ReadonlyMap<string, SymbolOverride>

export type InstrumentMatch =
  | { readonly _tag: "Known"; readonly instrument: Instrument }
  | { readonly _tag: "UnknownVenue"; readonly detail: string }

/** What the rows of a statement tell about one instrument. */
export interface Facts {
  readonly key: string
  conid?: string
  symbol?: string
  listingExchange?: string
  readonly exchanges: Set<string>
  currency?: string
  isin?: string
  name?: string
  category?: string
  multiplier?: Decimal
  security?: SecurityInfo
}

/** The name that the tracker and people know it by; the symbol map has the last word. */
export const resolve = (facts: Facts, symbolMap: SymbolMap, printed: string): InstrumentMatch => {
  const symbol = facts.symbol ?? ""
  const kind = kindOf(facts.category)
  const told = kind === undefined ? listedSymbol(facts) : contractSymbol(kind, facts)
  const override = [facts.conid, printed, symbol, told?.symbol]
    .map((name) => name === undefined ? undefined : symbolMap.get(name))
    .find((entry) => entry !== undefined)
  const canonical = override === undefined ? told : overriddenSymbol(override)
  if (canonical === undefined) {
    const why = kind === undefined
      ? `on ${facts.listingExchange ?? ([...facts.exchanges].join(", ") || "no exchange given")}`
      : kind === "OPTION"
      ? "is an option without an OCC symbol"
      : "is a bond without ISIN"
    return { _tag: "UnknownVenue", detail: `${symbol} ${why}; add to the symbol map: ${mapLine(facts)}` }
  }
  // What the rows trade in is known; the map's word is for lines of which only a dividend has been seen.
  const currency = facts.currency ?? override?.currency
  return {
    _tag: "Known",
    instrument: {
      key: facts.key,
      ...canonical,
      ...(kind === undefined ? {} : { kind }),
      ...(kind !== "OPTION" || facts.multiplier === undefined ? {} : { multiplier: facts.multiplier }),
      ...(override === undefined ? {} : { isMapped: true }),
      ...(currency === undefined ? {} : { currency }),
      ...(facts.conid === undefined ? {} : { conid: facts.conid }),
      ...(facts.isin === undefined ? {} : { isin: facts.isin }),
      ...(facts.name === undefined ? {} : { name: facts.name })
    }
  }
}

export const listedSymbol = (facts: Facts): CanonicalSymbol | undefined =>
  canonicalSymbol({
    symbol: facts.symbol ?? "",
    ...(facts.listingExchange === undefined ? {} : { listingExchange: facts.listingExchange }),
    exchanges: [...facts.exchanges],
    ...(facts.currency === undefined ? {} : { currency: facts.currency })
  })

/** IBKR pads the root of an OCC symbol to six characters; a bond is told by its ISIN, as prices and holdings are. */
const contractSymbol = (kind: "OPTION" | "BOND", { isin, symbol = "" }: Facts): CanonicalSymbol | undefined => {
  const [, root, terms] = /^([A-Z0-9.]{1,6}) *(\d{6}[CP]\d{8})$/.exec(symbol) ?? []
  const named = /^[A-Z]{2}[A-Z0-9]{9}\d$/.test(isin ?? "") ? isin : undefined
  const ticker = kind === "BOND" ? named : root === undefined ? undefined : `${root}${terms}`
  return ticker === undefined ? undefined : { symbol: ticker, ticker, isUsListing: false }
}

const mapLine = ({ conid, currency, symbol = "" }: Facts): string =>
  `"${conid ?? symbol}": { "symbol": "${symbol}", "mic": "…"${
    currency === undefined ? "" : `, "currency": "${currency}"`
  } }`

const kindOf = (category: string | undefined): Instrument["kind"] => {
  const found = category === undefined ? undefined : assetClass(category)
  return found === "option" ? "OPTION" : found === "bond" ? "BOND" : undefined
}
