/** What the made-up account trades: lines of eleven exchanges in six currencies, some with names that need escaping. */
interface Listing {
  readonly exchange: string
  readonly currency: string
  readonly country: string
  readonly executionVenues: ReadonlyArray<string>
  readonly fxRateToBase: string
}

const listings: ReadonlyArray<Listing> = [
  { exchange: "LSE", currency: "GBP", country: "GB", executionVenues: ["LSE", "CHIXUK", "TRQXUK"], fxRateToBase: "1" },
  { exchange: "LSEETF", currency: "GBP", country: "IE", executionVenues: ["LSEETF", "CHIXUK"], fxRateToBase: "1" },
  { exchange: "NASDAQ", currency: "USD", country: "US", executionVenues: ["ISLAND", "DARK"], fxRateToBase: "0.78125" },
  { exchange: "NYSE", currency: "USD", country: "US", executionVenues: ["NYSE", "IBKRATS"], fxRateToBase: "0.78125" },
  { exchange: "ARCA", currency: "USD", country: "US", executionVenues: ["ARCA", "BYX"], fxRateToBase: "0.78125" },
  { exchange: "IBIS", currency: "EUR", country: "DE", executionVenues: ["IBIS", "GETTEX"], fxRateToBase: "0.84375" },
  { exchange: "SBF", currency: "EUR", country: "FR", executionVenues: ["SBF", "CHIXEN"], fxRateToBase: "0.84375" },
  { exchange: "AEB", currency: "EUR", country: "NL", executionVenues: ["AEB", "EUDARK"], fxRateToBase: "0.84375" },
  { exchange: "EBS", currency: "CHF", country: "CH", executionVenues: ["EBS"], fxRateToBase: "0.890625" },
  { exchange: "SEHK", currency: "HKD", country: "HK", executionVenues: ["SEHK"], fxRateToBase: "0.1" },
  { exchange: "TSE", currency: "CAD", country: "CA", executionVenues: ["TSE", "OMEGA"], fxRateToBase: "0.5625" }
]

export interface Line extends Listing {
  readonly symbol: string
  readonly name: string
  readonly conid: string
  readonly isin: string
  readonly subCategory: string
  /** Hundredths. */
  price: number
  held: number
}

const names = [
  "MARLOW & FINCH PLC",
  "BRIGHT < WATER HOLDINGS",
  "L'ATELIER DU NORD SA",
  "OAK \"PRIME\" SELECT TRUST",
  "HELVETIA > RHEIN AG",
  "STONE & SONS LTD",
  "CAFÉ ZÜRICH ÖKO AG",
  "GLOBAL EQUITY INDEX UCITS ETF USD (DIST)",
  "NORTHERN LIGHTS SHIPPING ASA",
  "GREAT EASTERN TEXTILES CO LTD"
]

export const makeLines = (count: number, between: (low: number, high: number) => number): ReadonlyArray<Line> =>
  Array.from({ length: count }, (_, index) => {
    const listing = listings[index % listings.length]
    const name = names[index % names.length]
    if (listing === undefined || name === undefined) throw new Error("no listing")
    const letters = `${letter(index / 17_576)}${letter(index / 676)}${letter(index / 26)}${letter(index)}`
    return {
      ...listing,
      symbol: listing.exchange === "SEHK" ? String(100 + index) : letters,
      name,
      conid: String(51_000_000 + index * 13),
      isin: `${listing.country}${String(7_000_000_000 + index * 37)}`,
      subCategory: listing.exchange === "LSEETF" || listing.exchange === "ARCA" ? "ETF" : "COMMON",
      price: between(500, 40_000),
      held: 0
    }
  })

const letter = (index: number) => String.fromCharCode(65 + Math.floor(index) % 26)

export const securityOf = (line: Line) => ({
  assetCategory: "STK",
  subCategory: line.subCategory,
  symbol: line.symbol,
  description: line.name,
  conid: line.conid,
  securityID: line.isin,
  securityIDType: "ISIN",
  cusip: "",
  isin: line.isin,
  figi: `BBG00${line.conid}`,
  listingExchange: line.exchange,
  underlyingConid: "",
  underlyingSymbol: line.symbol,
  underlyingSecurityID: "",
  underlyingListingExchange: "",
  issuer: "",
  issuerCountryCode: line.country,
  multiplier: "1",
  strike: "",
  putCall: "",
  principalAdjustFactor: ""
})

export const noSecurity = { assetCategory: "", subCategory: "", symbol: "", conid: "", isin: "", listingExchange: "" }
