import { Effect } from "effect"
import { cashSign } from "../Portfolio/Activity.ts"
import * as Decimal from "../Portfolio/Decimal.ts"
import { canonical } from "../Portfolio/Venue.ts"
import type {
  BatchOutcome,
  Holding,
  NewActivity,
  TrackerAccount,
  TrackerActivity,
  WealthfolioRepo
} from "../WealthfolioRepo.ts"
import { tie } from "./AssetTies.ts"
import type { Asset } from "./Wire.ts"

/** What the tracker has before the run. */
export interface TrackerSeed {
  readonly account?: TrackerAccount
  readonly assets?: ReadonlyArray<Asset>
  /** Written by hand or by an earlier run; then with its key. */
  readonly activities?: ReadonlyArray<TrackerActivity & { readonly key?: string }>
  /** The message with which a row is refused; nothing for the others. */
  readonly refuses?: (row: NewActivity) => string | undefined
  /** `false`: holdings are not recomputed in time. */
  readonly recomputes?: boolean
}

interface Stored extends TrackerActivity {
  readonly key?: string
  /** Orders rows of one day. */
  readonly time: string
}

/** Keeps what Wealthfolio's interface promises, without its clock: ids are counted, holdings are always up to date. */
export const make = (seed: TrackerSeed): WealthfolioRepo["Service"] => {
  const account = seed.account ?? { id: "account-1", name: "Interactive Brokers", currency: "GBP", timeZone: "UTC" }
  const assets: Array<Asset> = [...seed.assets ?? []]
  const stored: Array<Stored> = (seed.activities ?? []).map((activity) => ({ ...activity, time: "00:00:00.000" }))
  let created = 0

  const ids = new Map(stored.flatMap((row) => row.key === undefined ? [] : [[row.key, row.id] as const]))
  const inOrder = () => stored.toSorted((a, b) => compare(a.date + a.time, b.date + b.time))

  return {
    account: Effect.succeed(account),
    existing: (keys) =>
      Effect.sync(() =>
        new Map(keys.flatMap((key) => {
          const id = ids.get(key)
          return id === undefined ? [] : [[key, id] as const]
        }))
      ),
    assets: (instruments, options) =>
      tie(instruments, options, Effect.sync(() => assets), (asset) =>
        Effect.sync(() => {
          const made = { ...asset, id: `asset-${assets.length + 1}` }
          assets.push(made)
          return { _tag: "Made", asset: made } as const
        })),
    importBatch: (rows) =>
      Effect.sync((): BatchOutcome => {
        const outcome = {
          imported: new Map<string, string>(),
          alreadyThere: new Map<string, string>(),
          refused: new Map<string, string>()
        }
        for (const row of rows) {
          const id = ids.get(row.key)
          const message = seed.refuses?.(row)
          if (id !== undefined) outcome.alreadyThere.set(row.activity.externalId, id)
          else if (message !== undefined) outcome.refused.set(row.activity.externalId, message)
          else {
            const stores = store(row, `activity-${++created}`)
            stored.push(stores)
            ids.set(row.key, stores.id)
            outcome.imported.set(row.activity.externalId, stores.id)
          }
        }
        return outcome
      }),
    recomputedAfter: (write) => Effect.map(write, (result) => [result, seed.recomputes ?? true] as const),
    holdings: Effect.sync(() => holdingsOf(inOrder(), assets)),
    activitiesAfter: (day) =>
      Effect.sync(() =>
        inOrder().filter((row) => row.date > day).map(({ key: _key, time: _time, ...activity }) => activity)
      )
  }
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

const store = ({ activity, assetId, key }: NewActivity, id: string): Stored => ({
  id,
  key,
  type: activity.type,
  ...(activity.subtype === undefined ? {} : { subtype: activity.subtype }),
  date: activity.date,
  time: `${activity.time ?? "12:00:00"}.${String(activity.millisecond).padStart(3, "0")}`,
  ...(assetId === undefined ? {} : { assetId }),
  currency: activity.currency,
  ...(activity.quantity === undefined ? {} : { quantity: activity.quantity }),
  ...(activity.unitPrice === undefined ? {} : { unitPrice: activity.unitPrice }),
  amount: activity.amount,
  ...(activity.fee === undefined ? {} : { fee: activity.fee })
})

/** As Wealthfolio 3.2.1 reckons: a trade's cash is quantity × price and fee, other rows move their amount, no shorts. */
const holdingsOf = (rows: ReadonlyArray<Stored>, assets: ReadonlyArray<Asset>): ReadonlyArray<Holding> => {
  const quantities = new Map<string, Decimal.Decimal>()
  const cash = new Map<string, Decimal.Decimal>()
  for (const row of rows) {
    const { assetId } = row
    const quantity = row.quantity ?? Decimal.zero
    const isAdded = row.type === "BUY" || row.type === "TRANSFER_IN"
    const inKind = assetId !== undefined && row.type.startsWith("TRANSFER_")
    if (assetId !== undefined) {
      const held = quantities.get(assetId) ?? Decimal.zero
      if (isAdded) quantities.set(assetId, Decimal.add(held, quantity))
      else if (row.type === "SELL" || row.type === "TRANSFER_OUT") {
        const left = Decimal.subtract(held, quantity)
        quantities.set(assetId, Decimal.isNegative(left) ? Decimal.zero : left)
      } else if (row.type === "SPLIT") quantities.set(assetId, Decimal.multiply(held, row.amount ?? Decimal.one))
    }
    if (!inKind) cash.set(row.currency, Decimal.add(cash.get(row.currency) ?? Decimal.zero, cashOf(row, quantity)))
  }
  const byId = new Map(assets.map((asset) => [asset.id, asset]))
  const securities = [...quantities].map(([assetId, quantity]): Holding => {
    const asset = byId.get(assetId)
    const symbol = canonical(asset?.instrumentSymbol ?? assetId, asset?.instrumentExchangeMic ?? undefined)
    return { _tag: "Security", assetId, symbol, quantity }
  })
  const balances = [...cash].map(([currency, quantity]): Holding => ({ _tag: "Cash", currency, quantity }))
  return [...securities, ...balances].filter((holding) => !Decimal.isZero(holding.quantity))
}

const cashOf = (row: Stored, quantity: Decimal.Decimal): Decimal.Decimal => {
  const fee = row.fee ?? Decimal.zero
  const gross = Decimal.multiply(quantity, row.unitPrice ?? Decimal.zero)
  if (row.type === "BUY") return Decimal.negate(Decimal.add(gross, fee))
  if (row.type === "SELL") return Decimal.subtract(gross, fee)
  const amount = row.amount ?? Decimal.zero
  const sign = isActivityType(row.type) ? cashSign(row.type) : 0
  return sign === 0 ? Decimal.zero : sign < 0 ? Decimal.negate(amount) : amount
}

const isActivityType = (type: string): type is Parameters<typeof cashSign>[0] =>
  /^(BUY|SELL|DIVIDEND|INTEREST|DEPOSIT|WITHDRAWAL|FEE|TAX|CREDIT|TRANSFER_IN|TRANSFER_OUT|SPLIT)$/.test(type)
