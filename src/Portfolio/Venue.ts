/** Where a line is listed: ISO 10383 market identifiers (MIC) and the suffixes that people and quote sources write. */

const suffixes: Readonly<Record<string, string>> = {
  XTSE: ".TO",
  XTSX: ".V",
  XCNQ: ".CN",
  XNEO: ".NE",
  XMEX: ".MX",
  XLON: ".L",
  XLON_IL: ".IL",
  CXE: ".XC",
  DXE: ".XD",
  XAQE: ".AQ",
  XDUB: ".IR",
  XETR: ".DE",
  XFRA: ".F",
  XSTU: ".SG",
  XHAM: ".HM",
  XDUS: ".DU",
  XMUN: ".MU",
  XBER: ".BE",
  XHAN: ".HA",
  XPAR: ".PA",
  XAMS: ".AS",
  XBRU: ".BR",
  XLIS: ".LS",
  XMIL: ".MI",
  XMAD: ".MC",
  XATH: ".AT",
  XHEL: ".HE",
  XWBO: ".VI",
  XSTO: ".ST",
  XCSE: ".CO",
  XOSL: ".OL",
  XICE: ".IC",
  XSWX: ".SW",
  XWAR: ".WA",
  XPRA: ".PR",
  XBUD: ".BD",
  XBSE: ".RO",
  XIST: ".IS",
  XTAL: ".TL",
  XRIS: ".RG",
  XLIT: ".VS",
  XHKG: ".HK",
  XTKS: ".T",
  XSHG: ".SS",
  XSHE: ".SZ",
  XKRX: ".KS",
  XKOS: ".KQ",
  XSES: ".SI",
  XTAI: ".TW",
  XTAI_OTC: ".TWO",
  XBKK: ".BK",
  XIDX: ".JK",
  XKLS: ".KL",
  XBOM: ".BO",
  XNSE: ".NS",
  XASX: ".AX",
  XNZE: ".NZ",
  BVMF: ".SA",
  XBUE: ".BA",
  XSGO: ".SN",
  XTAE: ".TA",
  XSAU: ".SAU",
  DSMD: ".QA",
  XJSE: ".JO",
  XCAI: ".CA"
}

const mics: ReadonlyMap<string, string> = new Map(Object.entries(suffixes).map(([mic, suffix]) => [suffix, mic]))

/** Exchanges, their segments and the over-the-counter markets: one line of a US security may be filed under any. */
const usMics: ReadonlySet<string> = new Set([
  "XNYS",
  "XNAS",
  "XASE",
  "ARCX",
  "BATS",
  "OTCM",
  "XNGS",
  "XNMS",
  "XNCM",
  "IEXG",
  "XOTC",
  "OTCQ",
  "OTCB",
  "PINX",
  "PINL"
])

/** `.L` for `XLON`; the empty text for a US market; `undefined` for a market that is not in the table. */
export const suffixOf = (mic: string): string | undefined => isUsMic(mic) ? "" : suffixes[mic.toUpperCase()]

/** `XLON` for `.L`, in any case; `.AE` is two markets and therefore none. */
export const micOfSuffix = (suffix: string): string | undefined => mics.get(suffix.toUpperCase())

export const isUsMic = (mic: string): boolean => usMics.has(mic.toUpperCase())

/**
 * What people see: `VUSA.L`, `AAPL`. A ticker that already ends in the suffix of its market stays as it is, and London's
 * trailing dot (`BP.`) is not doubled. A market without a suffix is named (`ABC@XXXX`), as a bare ticker means US.
 */
export const canonical = (ticker: string, mic: string | undefined): string => {
  if (mic === undefined || isUsMic(mic)) return ticker
  const suffix = suffixOf(mic)
  if (suffix === undefined) return `${ticker}@${mic}`
  if (ticker.length > suffix.length && ticker.toUpperCase().endsWith(suffix)) return ticker
  return ticker.replace(/\.$/, "") + suffix
}

/** `VUSA.L` → `VUSA` and `XLON`; `undefined` for endings that are no known suffix (`BRK.B`, `AAPL`). */
export const splitSuffix = (symbol: string): { readonly ticker: string; readonly mic: string } | undefined => {
  const dot = symbol.lastIndexOf(".")
  if (dot <= 0) return undefined
  const mic = micOfSuffix(symbol.slice(dot))
  return mic === undefined ? undefined : { ticker: symbol.slice(0, dot), mic }
}
