import { Result, Schema } from "effect"
import { cashSign } from "../Portfolio/Activity.ts"
import * as Decimal from "../Portfolio/Decimal.ts"
import { heldAfter } from "../Portfolio/HeldAfter.ts"
import { canonical } from "../Portfolio/Venue.ts"
import type { Holding, TrackerActivity } from "../WealthfolioRepo.ts"
import type { Asset } from "./Wire.ts"

/**
 * As Wealthfolio 3.2.1 reckons: a trade's cash is quantity × price and fee, other rows move their amount, no shorts but
 * those that a row opens by its subtype, as from 3.6 on.
 */
export const holdingsOf = (
  rows: ReadonlyArray<TrackerActivity>,
  assets: ReadonlyArray<Asset>
): ReadonlyArray<Holding> => {
  const quantities = new Map<string, Decimal.Decimal>()
  const cash = new Map<string, Decimal.Decimal>()
  const byId = new Map(assets.map((asset) => [asset.id, asset]))
  for (const row of rows) {
    const { assetId } = row
    const quantity = row.quantity ?? Decimal.zero
    const inKind = assetId !== undefined && row.type.startsWith("TRANSFER_")
    if (assetId !== undefined) {
      const held = quantities.get(assetId) ?? Decimal.zero
      quantities.set(assetId, heldAfter(held, row))
    }
    if (!inKind) {
      cash.set(
        row.currency,
        Decimal.add(
          cash.get(row.currency) ?? Decimal.zero,
          cashOf(row, quantity, multiplierOf(byId.get(assetId ?? "")))
        )
      )
    }
  }
  const securities = [...quantities].map(([assetId, quantity]): Holding => {
    const asset = byId.get(assetId)
    const symbol = canonical(asset?.instrumentSymbol ?? assetId, asset?.instrumentExchangeMic ?? undefined)
    return { _tag: "Security", assetId, symbol, quantity }
  })
  const balances = [...cash].map(([currency, quantity]): Holding => ({ _tag: "Cash", currency, quantity }))
  return [...securities, ...balances].filter((holding) => !Decimal.isZero(holding.quantity))
}

const cashOf = (
  row: TrackerActivity,
  quantity: Decimal.Decimal,
  multiplier: Decimal.Decimal
): Decimal.Decimal => {
  const fee = row.fee ?? Decimal.zero
  const gross = Decimal.multiply(Decimal.multiply(quantity, row.unitPrice ?? Decimal.zero), multiplier)
  if (row.type === "BUY") return Decimal.negate(Decimal.add(gross, fee))
  if (row.type === "SELL") return Decimal.subtract(gross, fee)
  const amount = row.amount ?? Decimal.zero
  const sign = isActivityType(row.type) ? cashSign(row.type) : 0
  return sign === 0 ? Decimal.zero : sign < 0 ? Decimal.negate(amount) : amount
}

const hundred = Decimal.of("100")

/** By its metadata, as we write it; a contract that says nothing is on a hundred units. */
const multiplierOf = (asset: Asset | undefined): Decimal.Decimal => {
  if (asset?.instrumentType !== "OPTION") return Decimal.one
  const told = Schema.decodeUnknownResult(Contract)(asset.metadata)
  return Result.isSuccess(told) ? Decimal.parse(told.success.option.multiplier) ?? hundred : hundred
}

const Contract = Schema.Struct({ option: Schema.Struct({ multiplier: Schema.String }) })

const isActivityType = (type: string): type is Parameters<typeof cashSign>[0] =>
  /^(BUY|SELL|DIVIDEND|INTEREST|DEPOSIT|WITHDRAWAL|FEE|TAX|CREDIT|TRANSFER_IN|TRANSFER_OUT|SPLIT)$/.test(type)
