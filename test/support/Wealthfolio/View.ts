import * as Decimal from "../../../src/Portfolio/Decimal.ts"
import { costOf, exchange, quantityOf } from "./Holdings.ts"
import type { Asset, Position, Snapshot } from "./Model.ts"
import { Problem } from "./Model.ts"
import * as Numbers from "./Numbers.ts"
import { isExpired } from "./Options.ts"
import { hasTreeRules } from "./Prepare.ts"
import type { Store } from "./Store.ts"
import { dayIn, nowInstant, printInstant } from "./Time.ts"

type Holding = Record<string, unknown>

const unknownGains = {
  purchasePrice: null,
  unrealizedGain: null,
  unrealizedGainPct: null,
  realizedGain: null,
  realizedGainPct: null,
  totalGain: null,
  totalGainPct: null,
  dayChange: null,
  dayChangePct: null,
  prevCloseValue: null
}

const both = (local: Decimal.Decimal, rate: Decimal.Decimal) => ({
  local: Numbers.float(local),
  base: Numbers.float(Decimal.multiply(local, rate))
})

/** No rate counts as one: it never holds back a quantity. */
const toBase = (store: Store, currency: string): Decimal.Decimal =>
  exchange(store, currency, store.settings.baseCurrency) ?? Decimal.one

const today = (store: Store): string => dayIn(store.settings.timezone)(nowInstant(store.now()))

const security = (
  store: Store,
  accountId: string,
  position: Position,
  asset: Asset,
  lots: boolean
): Holding => {
  const { currency, minor } = Numbers.major(position.currency)
  const rate = toBase(store, currency)
  const quantity = quantityOf(position)
  const price = store.prices.get(asset.id)
  const value = price === undefined
    ? Decimal.zero
    : Decimal.multiply(Decimal.multiply(quantity, price), position.multiplier)
  const provider = (asset.providerConfig as { preferred_provider?: string } | null)?.preferred_provider ?? null
  return {
    id: `SEC-${accountId}-${asset.id}`,
    accountId,
    holdingType: "security",
    instrument: {
      id: asset.id,
      symbol: asset.displayCode ?? asset.instrumentSymbol ?? "",
      name: asset.name,
      currency,
      notes: asset.notes,
      pricingMode: asset.quoteMode,
      preferredProvider: provider,
      ...venue(store, asset.instrumentExchangeMic),
      classifications: null
    },
    assetKind: asset.kind,
    quantity: Numbers.float(quantity),
    openDate: printInstant(position.opened, "Z"),
    lots: lots ? printLots(accountId, position) : null,
    contractMultiplier: Numbers.float(position.multiplier),
    localCurrency: currency,
    baseCurrency: store.settings.baseCurrency,
    fxRate: Numbers.float(rate),
    marketValue: both(value, rate),
    costBasis: both(Numbers.fold(costOf(position), minor), rate),
    price: price === undefined ? null : Numbers.float(price),
    ...unknownGains,
    weight: 0,
    asOfDate: today(store),
    metadata: asset.metadata
  }
}

/** Only the main branch prints the MIC. */
const venue = (store: Store, exchangeMic: string | null): Holding => hasTreeRules(store) ? { exchangeMic } : {}

const printLots = (accountId: string, position: Position) =>
  position.lots.map((lot) => ({
    id: lot.id,
    positionId: `POS-${position.assetId}-${accountId}`,
    acquisitionDate: printInstant(lot.acquired, "Z"),
    quantity: Numbers.float(lot.quantity),
    costBasis: Numbers.float(lot.costBasis),
    acquisitionPrice: Numbers.float(lot.price),
    acquisitionFees: Numbers.float(lot.fees)
  }))

const cash = (store: Store, accountId: string, currency: string, balance: Decimal.Decimal): Holding => {
  const rate = toBase(store, currency)
  const none = { local: 0, base: 0 }
  return {
    id: `CASH-${accountId}-${currency}`,
    accountId,
    holdingType: "cash",
    instrument: {
      id: `cash:${currency}`,
      symbol: currency,
      name: `Cash (${currency})`,
      currency,
      notes: null,
      pricingMode: "MANUAL",
      preferredProvider: null,
      ...venue(store, null),
      classifications: null
    },
    assetKind: null,
    quantity: Numbers.float(balance),
    openDate: null,
    lots: null,
    contractMultiplier: 1,
    localCurrency: currency,
    baseCurrency: store.settings.baseCurrency,
    fxRate: Numbers.float(rate),
    marketValue: both(balance, rate),
    costBasis: both(balance, rate),
    price: 1,
    ...unknownGains,
    unrealizedGain: none,
    unrealizedGainPct: 0,
    realizedGain: none,
    realizedGainPct: 0,
    totalGain: none,
    totalGainPct: 0,
    dayChange: none,
    dayChangePct: 0,
    prevCloseValue: both(balance, rate),
    weight: 0,
    asOfDate: today(store),
    metadata: null
  }
}

const isHeld = (position: Position): boolean => !Decimal.isLessThan(Decimal.abs(quantityOf(position)), Decimal.epsilon)

const ofSnapshot = (store: Store, accountId: string, snapshot: Snapshot): ReadonlyArray<Holding> => [
  ...[...snapshot.positions.values()].filter(isHeld).flatMap((position) => {
    const asset = store.assets.get(position.assetId)
    if (asset === undefined || (hasTreeRules(store) && isExpired(asset, today(store)))) return []
    return [security(store, accountId, position, asset, false)]
  }),
  ...[...snapshot.cash]
    .filter(([, balance]) => !Decimal.isZero(balance))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, balance]) => cash(store, accountId, currency, balance))
]

/** GET /holdings: the last day computed; nothing computed, or no such account, is an empty list. */
export const holdings = (store: Store, accountId: string): ReadonlyArray<Holding> => {
  if (accountId === "TOTAL") return [...store.accounts.keys()].flatMap((id) => holdings(store, id))
  const last = store.snapshots.get(accountId)?.at(-1)
  return last === undefined ? [] : ofSnapshot(store, accountId, last)
}

/** GET /holdings/item: with lots; null where nothing is held. */
export const holding = (store: Store, accountId: string, assetId: string): Holding | null => {
  const position = store.snapshots.get(accountId)?.at(-1)?.positions.get(assetId)
  const asset = store.assets.get(assetId)
  if (position === undefined || asset === undefined || !isHeld(position)) return null
  return security(store, accountId, position, asset, true)
}

export const holdingsByAsset = (store: Store, assetId: string): ReadonlyArray<Holding> =>
  [...store.accounts.values()]
    .filter(({ isActive }) => isActive)
    .map(({ id }) => holding(store, id, assetId))
    .filter((each) => each !== null)

export const valuations = (store: Store, accountIds: ReadonlyArray<string>): ReadonlyArray<unknown> =>
  accountIds.flatMap((id) => {
    const account = store.accounts.get(id)
    const last = store.snapshots.get(id)?.at(-1)
    if (account === undefined || last === undefined) return []
    const total = Decimal.sum(
      [...last.cash].map(([currency, balance]) =>
        Decimal.multiply(balance, exchange(store, currency, account.currency) ?? Decimal.zero)
      )
    )
    return [{
      id: `${id}_${last.day}`,
      accountId: id,
      valuationDate: last.day,
      accountCurrency: account.currency,
      baseCurrency: store.settings.baseCurrency,
      fxRateToBase: Numbers.float(toBase(store, account.currency)),
      cashBalance: Numbers.float(total),
      investmentMarketValue: 0,
      totalValue: Numbers.float(total),
      costBasis: Numbers.float(Decimal.sum([...last.positions.values()].map(costOf))),
      netContribution: Numbers.float(last.netContribution),
      calculatedAt: printInstant(nowInstant(store.now()), "Z")
    }]
  })

export const snapshots = (store: Store, accountId: string, from: string | null, to: string | null) =>
  (store.snapshots.get(accountId) ?? [])
    .filter(({ day }) => (from === null || day >= from) && (to === null || day <= to))
    .map(({ day, positions, cash }) => ({
      id: `${accountId}_${day}`,
      snapshotDate: day,
      source: "CALCULATED",
      positionCount: positions.size,
      cashCurrencyCount: cash.size
    }))

/** GET /snapshots/holdings: that day's own snapshot or 500. */
export const snapshotHoldings = (store: Store, accountId: string, day: string): ReadonlyArray<Holding> => {
  const found = store.snapshots.get(accountId)?.find((each) => each.day === day)
  if (found === undefined) throw new Problem(`No snapshot found for date ${day}`, 500)
  return ofSnapshot(store, accountId, found)
}
