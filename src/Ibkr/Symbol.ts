import { canonical, isUsMic, splitSuffix, suffixOf } from "../Portfolio/Venue.ts"

/** Where a line trades, as IBKR tells it; absent and the placeholders `--`, `VALUE`, `MULTI` are alike. */
export interface SymbolLine {
  readonly symbol: string
  readonly listingExchange?: string
  /** The execution venues seen; only those that are listing venues too say anything about the listing. */
  readonly exchanges?: ReadonlyArray<string>
  readonly currency?: string
}

export interface CanonicalSymbol {
  /** What people see: `VUSA.L`, `AAPL`. */
  readonly symbol: string
  /** What the tracker gets, beside the market identifier. */
  readonly ticker: string
  readonly mic?: string
  readonly isUsListing: boolean
}

/** An entry of the symbol map; it wins over everything the broker says. */
export interface SymbolOverride {
  readonly symbol: string
  readonly mic?: string
  readonly currency?: string
}

/**
 * IBKR's listing exchange codes. Several are easily mistaken: TSE is Toronto, VSE Vienna, OSE Oslo, BVL Lisbon; and
 * LSEIOB1 gets London's `.L`, as the operators' runbook has it.
 */
const listingVenues: ReadonlyMap<string, string> = new Map([
  ["NASDAQ", "XNAS"],
  ["NASDAQ.NMS", "XNAS"],
  ["NASDAQ.SCM", "XNAS"],
  ["NYSE", "XNYS"],
  ["AMEX", "XASE"],
  ["ARCA", "ARCX"],
  ["BATS", "BATS"],
  ["IEX", "IEXG"],
  ["PINK", "OTCM"],
  ["OTCQB", "OTCM"],
  ["OTCQX", "OTCM"],
  ["TSE", "XTSE"],
  ["VENTURE", "XTSX"],
  ["CSE", "XCNQ"],
  ["AEQLIT", "XNEO"],
  ["MEXI", "XMEX"],
  ["LSE", "XLON"],
  ["LSEETF", "XLON"],
  ["LSEIOB1", "XLON"],
  ["ISED", "XDUB"],
  ["IBIS", "XETR"],
  ["IBIS2", "XETR"],
  ["FWB", "XFRA"],
  ["FWB2", "XFRA"],
  ["SWB", "XSTU"],
  ["SWB2", "XSTU"],
  ["GETTEX", "XMUN"],
  ["GETTEX2", "XMUN"],
  ["EBS", "XSWX"],
  ["SWX", "XSWX"],
  ["VSE", "XWBO"],
  ["SBF", "XPAR"],
  ["AEB", "XAMS"],
  ["ENEXT.BE", "XBRU"],
  ["BVL", "XLIS"],
  ["BVME", "XMIL"],
  ["BVME.ETF", "XMIL"],
  ["BM", "XMAD"],
  ["SFB", "XSTO"],
  ["CPH", "XCSE"],
  ["HEX", "XHEL"],
  ["OSE", "XOSL"],
  ["WSE", "XWAR"],
  ["PRA", "XPRA"],
  ["BUX", "XBUD"],
  ["N.RIGA", "XRIS"],
  ["N.TALLINN", "XTAL"],
  ["N.VILNIUS", "XLIT"],
  ["SEHK", "XHKG"],
  ["SEHKNTL", "XSHG"],
  ["SEHKSTAR", "XSHG"],
  ["SEHKSZSE", "XSHE"],
  ["CHINEXT", "XSHE"],
  ["TSEJ", "XTKS"],
  ["SGX", "XSES"],
  ["ASX", "XASX"],
  ["NZX", "XNZE"],
  ["NZE", "XNZE"],
  ["NSE", "XNSE"],
  ["TWSE", "XTAI"],
  ["KRX", "XKRX"],
  ["KSE", "XKRX"],
  ["TASE", "XTAE"],
  ["JSE", "XJSE"],
  ["BOVESPA", "BVMF"]
])

/** Execution venues that serve US securities: with a price in dollars they say "US", never which exchange. */
const usExecutionVenues: ReadonlySet<string> = new Set(
  ("ISLAND IBKRATS DARK IBDARK DRCTEDGE EDGEA EDGX BYX BEX PSX PSE IEX MEMX PEARL EMERALD SAPPHIRE MERCURY GEMINI MIAX "
    + "PHLX ISE BOX CBOE CBOE2 NASDAQOM NASDAQBX IBEOS OVERNIGHT IBFRSH IBRECINV FRACSHARE OTCLNKECN MM CHX NYSENAT LTSE "
    + "NASDAQ NYSE AMEX ARCA BATS PINK").split(" ")
)

/** These execute what is listed elsewhere: as an execution venue they say nothing about the listing. */
const executesForeignListings: ReadonlySet<string> = new Set(["GETTEX", "GETTEX2"])

const placeholders: ReadonlySet<string> = new Set(["", "-", "--", "N/A", "VALUE", "MULTI"])

const told = (venue: string | undefined): string | undefined =>
  venue === undefined || placeholders.has(venue) ? undefined : venue

/**
 * The symbol a person knows, and the ticker and market a tracker needs. `undefined` where the venue is unknown: it is
 * never guessed into a US symbol, the rows are held until the symbol map says. Only ASCII symbols pass, and only where a
 * letter or digit is left in the ticker.
 */
export const canonicalSymbol = (line: SymbolLine): CanonicalSymbol | undefined => {
  const found = symbolAt(line)
  return found === undefined || !/[A-Za-z0-9]/.test(found.ticker) ? undefined : found
}

const symbolAt = (line: SymbolLine): CanonicalSymbol | undefined => {
  if (line.symbol === "" || !/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(line.symbol)) return undefined
  const venue = venueOf(line)
  const suffixed = splitSuffix(line.symbol)
  if (suffixed !== undefined && (venue === undefined || !venue.isUsListing)) {
    const mic = venue?.mic !== undefined && line.symbol.endsWith(suffixOf(venue.mic) ?? "\0") ? venue.mic : suffixed.mic
    return { symbol: line.symbol, ticker: suffixed.ticker, mic, isUsListing: false }
  }
  if (venue === undefined) return undefined
  const { isUsListing, mic } = venue
  const ticker = tickerAt(line.symbol, mic)
  return mic === undefined
    ? { symbol: ticker, ticker, isUsListing }
    : { symbol: canonical(ticker, mic), ticker, mic, isUsListing }
}

/** The symbol map's word: `VUSA.L`, or `VUSA` with `mic`. */
export const overriddenSymbol = (override: SymbolOverride): CanonicalSymbol => {
  const suffixed = splitSuffix(override.symbol)
  const mic = override.mic ?? suffixed?.mic
  const ticker = mic !== undefined && suffixed?.mic === mic ? suffixed.ticker : override.symbol
  return mic === undefined
    ? { symbol: ticker, ticker, isUsListing: true }
    : { symbol: canonical(ticker, mic), ticker, mic, isUsListing: isUsMic(mic) }
}

const venueOf = (line: SymbolLine): { readonly mic?: string; readonly isUsListing: boolean } | undefined => {
  const listing = told(line.listingExchange)
  if (listing !== undefined) {
    const mic = listingVenues.get(listing)
    return mic === undefined ? undefined : { mic, isUsListing: isUsMic(mic) }
  }
  const exchanges = (line.exchanges ?? []).map(told).filter((venue) => venue !== undefined)
  // Of several the table's order decides, primary markets first: the order of the fills must not.
  for (const [exchange, mic] of listingVenues) {
    if (executesForeignListings.has(exchange) || isUsMic(mic) || !exchanges.includes(exchange)) continue
    return { mic, isUsListing: false }
  }
  if (line.currency === "USD" && exchanges.some((exchange) => usExecutionVenues.has(exchange))) {
    return { isUsListing: true }
  }
  return exchanges.length === 0 && line.currency === "GBP" ? { mic: "XLON", isUsListing: false } : undefined
}

/** IBKR writes share classes with a blank (`BRK B`), Canadian units with a dot (`BPF.UN`), Hong Kong without zeros. */
const tickerAt = (symbol: string, mic: string | undefined): string => {
  const dashed = symbol.replaceAll(" ", "-")
  if (mic === undefined || isUsMic(mic)) return dashed
  if (mic === "XHKG") return /^\d+$/.test(dashed) ? dashed.padStart(4, "0") : dashed
  const bare = /^[A-Z0-9.-]*[A-Z0-9][a-z]$/.test(dashed) ? dashed.slice(0, -1) : dashed
  return bare.replace(/\.$/, "").replaceAll(".", "-")
}
