/** One line per venue: MIC, short name, default quote currency, Yahoo suffix where it has one. */
const venues: ReadonlyArray<readonly [mic: string, name: string, currency: string, suffix?: string]> = [
  ["XNYS", "NYSE", "USD"],
  ["XNAS", "NASDAQ", "USD"],
  ["XASE", "NYSE American", "USD"],
  ["ARCX", "NYSE Arca", "USD"],
  ["BATS", "BATS", "USD"],
  ["OTCM", "OTC Markets", "USD"],
  ["XTSE", "TSX", "CAD", ".TO"],
  ["XTSX", "TSX-V", "CAD", ".V"],
  ["XLON", "LSE", "GBp", ".L"],
  ["XDUB", "Euronext Dublin", "EUR", ".IR"],
  ["XETR", "XETRA", "EUR", ".DE"],
  ["XFRA", "Frankfurt", "EUR", ".F"],
  ["XSTU", "Stuttgart", "EUR", ".SG"],
  ["XPAR", "Euronext Paris", "EUR", ".PA"],
  ["XAMS", "Euronext Amsterdam", "EUR", ".AS"],
  ["XBRU", "Euronext Brussels", "EUR", ".BR"],
  ["XLIS", "Euronext Lisbon", "EUR", ".LS"],
  ["XMIL", "Borsa Italiana", "EUR", ".MI"],
  ["XMAD", "BME", "EUR", ".MC"],
  ["XHEL", "Nasdaq Helsinki", "EUR", ".HE"],
  ["XWBO", "Vienna", "EUR", ".VI"],
  ["XSTO", "Nasdaq Stockholm", "SEK", ".ST"],
  ["XCSE", "Nasdaq Copenhagen", "DKK", ".CO"],
  ["XOSL", "Oslo Børs", "NOK", ".OL"],
  ["XSWX", "SIX", "CHF", ".SW"],
  ["XWAR", "WSE", "PLN", ".WA"],
  ["XHKG", "HKEX", "HKD", ".HK"],
  ["XTKS", "TSE", "JPY", ".T"],
  ["XKRX", "KRX", "KRW", ".KS"],
  ["XSES", "SGX", "SGD", ".SI"],
  ["XASX", "ASX", "AUD", ".AX"],
  ["XNZE", "NZX", "NZD", ".NZ"],
  ["BVMF", "B3", "BRL", ".SA"],
  ["XJSE", "JSE", "ZAR", ".JO"]
]

const bySuffix = new Map(venues.flatMap(([mic, , , suffix]) => (suffix === undefined ? [] : [[suffix, mic] as const])))
const byMic = new Map(venues.map((venue) => [venue[0], venue]))

export const exchanges = venues.map(([mic, name, currency]) => ({ mic, name, longName: name, currency }))

export const exchangeName = (mic: string | null): string | null => byMic.get(mic ?? "")?.[1] ?? null

export const venueCurrency = (mic: string | null): string | null => byMic.get(mic ?? "")?.[2] ?? null

/** `VOD.L` is `VOD` at XLON; a share class (`BRK.B`) is left alone. */
export const split = (symbol: string): readonly [symbol: string, mic: string | null] => {
  const point = symbol.lastIndexOf(".")
  if (point <= 0) return [symbol, null]
  const mic = bySuffix.get(symbol.slice(point).toUpperCase())
  return mic === undefined ? [symbol, null] : [symbol.slice(0, point), mic]
}

const cryptoQuotes = new Set(["USD", "CAD", "EUR", "GBP", "JPY", "CHF", "AUD", "BTC", "ETH", "USDT", "USDC"])
const coins = new Set(["BTC", "ETH", "XRP", "LTC", "BCH", "ADA", "DOT", "LINK", "XLM", "DOGE", "UNI", "SOL", "COMP"])
const contract = /^[A-Z]{1,6} *\d{6}[CP]\d{8}$/

const labels = new Map(
  Object.entries({
    EQUITY: ["EQUITY", "STOCK", "ETF", "MUTUALFUND", "MUTUAL_FUND", "INDEX", "FUTURE", "FUTURES"],
    CRYPTO: ["CRYPTO", "CRYPTOCURRENCY"],
    FX: ["FX", "FOREX", "CURRENCY"],
    METAL: ["METAL", "COMMODITY"],
    BOND: ["BOND", "FIXEDINCOME", "FIXED_INCOME", "DEBT", "MONEYMARKET"],
    OPTION: ["OPTION"]
  }).flatMap(([type, names]) => names.map((name) => [name, type] as const))
)

/** Instrument type of a row's symbol: what it says, else what it looks like. */
export const typeOf = (symbol: string, mic: string | null, label: string | null): string => {
  const said = labels.get((label ?? "").trim().toUpperCase())
  if (said !== undefined) return said
  const upper = symbol.toUpperCase()
  if (cryptoQuotes.has(upper.split("-").at(-1) ?? "") && upper.includes("-")) return "CRYPTO"
  if (contract.test(upper)) return "OPTION"
  return mic === null && coins.has(upper) ? "CRYPTO" : "EQUITY"
}

/** The identity that is unique: currency is part of it for CRYPTO and FX only. */
export const keyOf = (
  type: string | null,
  symbol: string | null,
  mic: string | null,
  currency: string
): string | null => {
  if (type === null || symbol === null || symbol === "") return null
  const name = `${type}:${symbol.toUpperCase()}`
  if (type === "CRYPTO" || type === "FX") return `${name}/${currency.toUpperCase()}`
  return mic === null || mic === "" ? name : `${name}@${mic.toUpperCase()}`
}

/** Refused outright: all dashes, or a `$` that is not a cash symbol. */
export const isGarbage = (symbol: string): boolean =>
  /^-+$/.test(symbol.trim()) || (symbol.trim().startsWith("$") && !/^\$CASH-[A-Z]{3}$/.test(symbol.trim()))
