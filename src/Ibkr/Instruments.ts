import type { Decimal } from "../Portfolio/Decimal.ts"
import { assetClass, sameClass } from "./Category.ts"
import type { CashTransaction, CorporateAction, SecurityInfo, Trade } from "./FlexReport.ts"
import { type Facts, type InstrumentMatch, listedSymbol, resolve, type SymbolMap } from "./InstrumentName.ts"
import { newestFirst } from "./RowAge.ts"
import { finalSymbol, namedSecurity } from "./SecurityNames.ts"
import { type CanonicalSymbol, canonicalSymbol } from "./Symbol.ts"

/** What a row tells about its security. */
type SecurityFields =
  & Pick<
    SecurityInfo,
    | "assetCategory"
    | "symbol"
    | "description"
    | "conid"
    | "isin"
    | "securityID"
    | "securityIDType"
    | "listingExchange"
    | "exchange"
  >
  & { readonly multiplier?: Decimal }

export interface InstrumentIndex {
  /** The instrument a row is about, by conid, else by symbol; `undefined` for a row that names none. */
  readonly keyOf: (row: SecurityFields, currency?: string) => string | undefined
  /** For a cash row without symbol: the instrument its description starts with, `SYMBOL(ISIN) …`. */
  readonly fromDescription: (description: string) => string | undefined
  readonly match: (key: string) => InstrumentMatch | undefined
  readonly categoryOf: (key: string) => string | undefined
  readonly symbolOf: (key: string) => string
  readonly securityOf: (key: string) => SecurityInfo | undefined
}

export type PlacedRow = SecurityFields & { readonly currency?: string }

export interface InstrumentRows {
  readonly trades: ReadonlyArray<Trade>
  readonly cash: ReadonlyArray<CashTransaction>
  readonly actions?: ReadonlyArray<CorporateAction>
  /** Other rows that tell in which currency their security trades; of several the last counts. */
  readonly positions: ReadonlyArray<PlacedRow>
  readonly securities: ReadonlyArray<SecurityInfo>
}

/**
 * One instrument per conid. In a query without conids a row takes that of SecuritiesInfo or OpenPositions by symbol, else
 * its symbol, venue and currency stand for one. The quote currency comes from trades, else the position, else the
 * security's own row; never from cash, as a dividend may be paid in another.
 */
export const instrumentIndex = (rows: InstrumentRows, symbolMap: SymbolMap): InstrumentIndex => {
  // Names and venues change: the newest word wins, whatever the order of the rows.
  const trades = rows.trades.toSorted((a, b) => newestFirst(a, b))
  const cash = rows.cash.toSorted((a, b) => newestFirst(a, b))
  const positions = rows.positions.toReversed()
  const securities = rows.securities.toReversed()

  const all = new Map<string, Facts>()
  const conids = conidsBySymbol(rows)
  const stated = statedByConid({ ...rows, trades })
  const inSeveralCurrencies = symbolsInSeveralCurrencies(rows)
  const bySymbol = new Map<string, Set<string>>()

  const factsOf = (key: string): Facts => {
    const known = all.get(key)
    if (known !== undefined) return known
    const created: Facts = { key, exchanges: new Set() }
    all.set(key, created)
    return created
  }

  const conidOf = (symbol: string, row: SecurityFields, currency: string | undefined): string | undefined => {
    const candidates = [...conids.get(symbol) ?? []].filter((conid) => {
      const facts = stated.get(conid)
      return sameClass(facts?.category, row.assetCategory) && sameOrUntold(facts?.currency, currency)
    })
    const inCurrency = candidates.filter((conid) => currency !== undefined && stated.get(conid)?.currency === currency)
    if (inCurrency.length === 1) return inCurrency[0]
    // Without currencies of its own one conid cannot stand for a symbol that trades in two.
    return candidates.length === 1 && (currency === undefined || !inSeveralCurrencies.has(symbol))
      ? candidates[0]
      : undefined
  }

  const keyOf = (row: SecurityFields, currency?: string): string | undefined => {
    if (row.conid !== undefined) return row.conid
    if (row.symbol === undefined) return undefined
    const conid = conidOf(row.symbol, row, currency)
    if (conid !== undefined) return conid
    if (currency !== undefined) return symbolKey(row, currency, bySymbol)
    const keys = [...bySymbol.get(row.symbol) ?? []].filter((key) =>
      sameClass(all.get(key)?.category, row.assetCategory)
    )
    return keys.length === 1 ? keys[0] : undefined
  }

  const learn = (row: SecurityFields, currency: string | undefined) => {
    const key = keyOf(row, currency)
    if (key === undefined) return
    const facts = factsOf(key)
    set(facts, "conid", row.conid)
    set(facts, "symbol", row.symbol)
    set(facts, "listingExchange", row.listingExchange)
    set(facts, "isin", row.isin ?? (row.securityIDType === "ISIN" ? row.securityID : undefined))
    set(facts, "category", row.assetCategory)
    if (row.multiplier !== undefined) facts.multiplier ??= row.multiplier
    if (row.exchange !== undefined) facts.exchanges.add(row.exchange)
    if (row.symbol !== undefined) bySymbol.set(row.symbol, (bySymbol.get(row.symbol) ?? new Set()).add(key))
    return facts
  }

  // A venue that is known names the line for fills of the same symbol and currency on venues that say nothing.
  const placed = (row: SecurityFields & { currency?: string }) =>
    row.currency !== undefined && row.symbol !== undefined && row.conid === undefined && !conids.has(row.symbol)
    && canonicalOf(row, row.currency) !== undefined
  for (const row of [...trades.filter(placed), ...positions.filter(placed)]) learn(row, row.currency)

  for (const row of securities) {
    const facts = learn(row, row.currency)
    if (facts === undefined) continue
    facts.security ??= row
    set(facts, "name", row.description)
  }
  for (const row of [...positions, ...trades]) {
    const facts = learn(row, row.currency)
    if (facts !== undefined) set(facts, "name", row.description)
  }
  for (const row of [...trades, ...positions, ...securities]) {
    const key = keyOf(row, row.currency)
    if (key !== undefined) set(factsOf(key), "currency", row.currency)
  }
  for (const row of cash) learn(row, undefined)
  // The last word: an action names a line as it is called while it goes over.
  const acting = new Set<string>()
  const actions = (rows.actions ?? []).toSorted((a, b) => newestFirst(a, b))
  for (const row of actions) {
    const facts = learn(row, row.currency)
    if (facts === undefined) continue
    acting.add(facts.key)
    set(facts, "name", nameIn(row))
    set(facts, "currency", row.currency)
  }

  const isUntold = ({ listingExchange = "VALUE" }: Facts) => listingExchange === "VALUE"

  /**
   * `GCM.OLD` is what was `GCM`. A line that an action brings or takes is often on no market: it has that of the one line
   * that is called so.
   */
  const settled = (facts: Facts): Facts => {
    const symbol = finalSymbol(facts.symbol ?? "")
    const own = symbol === facts.symbol ? facts : { ...facts, symbol }
    if (!acting.has(facts.key) || !isUntold(facts) || listedSymbol(own) !== undefined) return own
    const namesakes = [...all.values()].filter((other) =>
      finalSymbol(other.symbol ?? "") === symbol && sameOrUntold(other.currency, facts.currency)
      && sameClass(other.category, facts.category)
    )
    const markets = new Map(namesakes.flatMap((other) => {
      const listed = listedSymbol({ ...other, symbol })
      return listed === undefined ? [] : [[listed.symbol, other] as const]
    }))
    const [only, ...more] = markets.values()
    return only === undefined || more.length > 0 ? own : { ...own, exchanges: only.exchanges, ...market(only) }
  }

  const matches = new Map<string, InstrumentMatch>()
  const match = (key: string): InstrumentMatch | undefined => {
    const facts = all.get(key)
    if (facts === undefined || facts.symbol === undefined) return undefined
    const found = matches.get(key) ?? resolve(settled(facts), symbolMap, facts.symbol)
    matches.set(key, found)
    return found
  }

  const fromDescription = (description: string): string | undefined => {
    const named = namedSecurity.exec(description)
    if (named === null) return undefined
    const [, symbol = "", code = ""] = named
    const identity = /^\d+$/.test(code) ? "conid" : "isin"
    const byCode = [...all.values()].filter((facts) => facts[identity] === code)
    if (byCode.length === 1) return byCode[0]?.key
    const ofSymbol = [...all.values()].filter((facts) => facts.symbol === symbol && sameOrUntold(facts[identity], code))
    return ofSymbol.length === 1 ? ofSymbol[0]?.key : undefined
  }

  return {
    keyOf,
    fromDescription,
    match,
    categoryOf: (key) => all.get(key)?.category,
    securityOf: (key) => all.get(key)?.security,
    symbolOf: (key) => {
      const found = match(key)
      return found?._tag === "Known" ? found.instrument.symbol : all.get(key)?.symbol ?? key
    }
  }
}

const set = <K extends "conid" | "symbol" | "listingExchange" | "currency" | "isin" | "name" | "category">(
  facts: Facts,
  field: K,
  value: string | undefined
) => {
  if (value !== undefined) facts[field] ??= value
}

const conidsBySymbol = (rows: InstrumentRows): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>()
  for (const row of [...rows.securities, ...rows.positions, ...rows.trades]) {
    if (row.symbol === undefined || row.conid === undefined) continue
    found.set(row.symbol, (found.get(row.symbol) ?? new Set()).add(row.conid))
  }
  return found
}

const canonicalOf = (row: SecurityFields, currency: string): CanonicalSymbol | undefined =>
  canonicalSymbol({
    symbol: row.symbol ?? "",
    ...(row.listingExchange === undefined ? {} : { listingExchange: row.listingExchange }),
    exchanges: row.exchange === undefined ? [] : [row.exchange],
    currency
  })

const symbolKey = (row: SecurityFields, currency: string, bySymbol: ReadonlyMap<string, ReadonlySet<string>>) => {
  const end = isEquity(row.assetCategory) ? `/${currency}` : `/${currency}/${row.assetCategory}`
  const canonical = canonicalOf(row, currency)
  if (canonical !== undefined) return `${canonical.symbol}${end}`
  const sameLine = [...bySymbol.get(row.symbol ?? "") ?? []].filter((key) => key.endsWith(end))
  return sameLine.length === 1 && sameLine[0] !== undefined
    ? sameLine[0]
    : `${row.symbol}@${row.listingExchange ?? row.exchange ?? ""}${end}`
}

const isEquity = (category: string | undefined): boolean => category === undefined || assetClass(category) === "equity"

const sameOrUntold = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a === b

/** What rows that carry a conid say of it: currencies by rank, as symbols of two conids are told apart by them. */
const statedByConid = (rows: InstrumentRows) => {
  const stated = new Map<string, { currency?: string; category?: string }>()
  for (const row of [...rows.trades, ...rows.positions, ...rows.securities]) {
    if (row.conid === undefined) continue
    const facts = stated.get(row.conid) ?? {}
    if (row.currency !== undefined) facts.currency ??= row.currency
    if (row.assetCategory !== undefined) facts.category ??= row.assetCategory
    stated.set(row.conid, facts)
  }
  return stated
}

const symbolsInSeveralCurrencies = (rows: InstrumentRows): ReadonlySet<string> => {
  const currencies = new Map<string, string>()
  const several = new Set<string>()
  for (const { assetCategory, conid, currency, symbol } of [...rows.trades, ...rows.positions]) {
    if (conid !== undefined || symbol === undefined || currency === undefined || !isEquity(assetCategory)) continue
    if ((currencies.get(symbol) ?? currency) !== currency) several.add(symbol)
    currencies.set(symbol, currency)
  }
  return several
}

const market = ({ listingExchange }: Facts) => listingExchange === undefined ? {} : { listingExchange }

/** `… (GCM.OLD, GRAN COLOMBIA GOLD CORP, CA38501D2041)` */
const nameIn = ({ description = "" }: CorporateAction): string | undefined => {
  const text = description.trimEnd()
  const parts = text.endsWith(")") ? text.slice(text.lastIndexOf("(") + 1, -1).split(", ") : []
  return parts.length < 3 ? undefined : parts.slice(1, -1).join(", ")
}

/** @param printed the symbol as the broker prints it, by which the symbol map may name it, too */
