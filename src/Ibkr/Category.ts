/** What an asset category of IBKR's is to a portfolio; what is none of these is not booked. */
export type AssetClass = "equity" | "option" | "bond" | "currency"

const classes: ReadonlyMap<string, AssetClass> = new Map([
  // IBKR files ETFs under STK; `ETF` itself is read for statements that say so.
  ["STK", "equity"],
  ["FUND", "equity"],
  ["ETF", "equity"],
  ["OPT", "option"],
  ["BOND", "bond"],
  ["BILL", "bond"],
  ["CASH", "currency"]
])

export const bookedCategories: ReadonlyArray<string> = [...classes.keys()]

export const assetClass = (category: string): AssetClass | undefined => classes.get(category)

/** Classes of which a portfolio holds units: a conversion has none. */
export const isSecurity = (category: string): boolean => {
  const found = assetClass(category)
  return found !== undefined && found !== "currency"
}

const marginSettled: ReadonlySet<string> = new Set(["FUT", "CFD", "FXCFD"])

/** Contracts that are no position of value: gains and losses go to cash day by day, or when they are closed. */
export const isMarginSettled = (category: string): boolean => marginSettled.has(category)

/** One line may be filed under several categories of a class: templates do not agree on what is a fund. */
export const sameClass = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a === b || (assetClass(a) !== undefined && assetClass(a) === assetClass(b))
