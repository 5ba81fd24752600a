import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { Instrument } from "../Portfolio/Instrument.ts"
import { judgePrice, type PriceVerdict } from "../Portfolio/PriceWitness.ts"
import { type TrackerQuote, WealthfolioRepo } from "../WealthfolioRepo.ts"
import type { HoldReason } from "./Tie.ts"

export interface Witnessed {
  /** By instrument key. */
  readonly held: ReadonlyMap<string, HoldReason>
  readonly warnings: ReadonlyArray<string>
}

/**
 * Before the first rows of an instrument go to an asset, its price at the broker is compared with the asset's quote of
 * that day, where there is one: a wrong line shows there first. A hundredfold is held back; another currency or listing
 * is a warning, as quote sources err.
 */
export const witnessPrices = Effect.fn("Sync.witness")(function*(
  ties: ReadonlyMap<string, string>,
  report: Pick<BrokerReport, "instruments" | "positions" | "rates">
) {
  const held = new Map<string, HoldReason>()
  const warnings: Array<string> = []
  const repo = yield* WealthfolioRepo
  const splitsOfAll = yield* Effect.cached(repo.rows({ mayBeRecent: true, keep: ({ type }) => type === "SPLIT" }))
  for (const { instrumentKey, price, symbol } of report.positions ?? []) {
    const assetId = ties.get(instrumentKey)
    const instrument = report.instruments.get(instrumentKey)
    if (assetId === undefined || price === undefined || instrument === undefined) continue
    const quote = yield* repo.quote(assetId, price.day)
    if (quote === undefined) continue
    const pair = {
      broker: price.amount,
      currency: price.currency,
      tracker: quote.close,
      trackerCurrency: quote.currency,
      rates: report.rates ?? new Map(),
      splits: []
    }
    const verdict = judgePrice(pair)
    if (verdict._tag === "Agrees") continue
    const splits = (yield* splitsOfAll).flatMap(({ amount, assetId: of }) =>
      of === assetId && amount !== undefined ? [amount] : []
    )
    if (judgePrice({ ...pair, splits })._tag === "Agrees") continue
    const what = `${symbol} was worth ${shown(price.amount, price.currency)} at the broker on ${price.day}, and ${
      shown(quote.close, quote.currency)
    } in Wealthfolio`
    if (verdict._tag === "Hundredfold") {
      held.set(instrumentKey, { reason: "currency-mismatch", detail: `${what}: ${pence}` })
    } else warnings.push(`${what}: ${meaning(verdict)}; the symbol map can name another: ${mapLine(instrument)}`)
  }
  const witnessed: Witnessed = { held, warnings }
  return witnessed
})

const pence = "one of them is in pence. Correct the currency of the asset in Wealthfolio (GBp is pence, GBP is pounds)"

const meaning = (verdict: PriceVerdict): string =>
  verdict._tag === "OtherCurrency"
    ? `that is the price in ${verdict.currency}, of the line in another currency`
    : "that looks like another listing"

const shown = (amount: TrackerQuote["close"], currency: string): string => `${Decimals.format(amount)} ${currency}`

const mapLine = ({ conid, currency, symbol }: Instrument): string =>
  `"${conid ?? symbol}": { "symbol": "${symbol}", "mic": "…"${
    currency === undefined ? "" : `, "currency": "${currency}"`
  } }`
