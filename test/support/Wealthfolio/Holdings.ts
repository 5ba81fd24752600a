import * as Decimal from "../../../src/Portfolio/Decimal.ts"
import type { Activity, Lot, Position, Snapshot } from "./Model.ts"
import * as Numbers from "./Numbers.ts"
import { multiplierOf } from "./Options.ts"
import { holdsShorts } from "./Prepare.ts"
import { parseMetadata } from "./Rows.ts"
import type { Store } from "./Store.ts"

/** Thrown where the server logs a warning and leaves the row out altogether. */
class Dropped extends Error {}

/** A posted row, in numbers; composite subtypes are taken apart. */
interface Step {
  readonly row: Activity
  readonly type: string
  readonly assetId: string
  readonly quantity: Decimal.Decimal
  readonly price: Decimal.Decimal
  readonly amount: Decimal.Decimal
  readonly fee: Decimal.Decimal
}

interface State {
  readonly positions: Map<string, Position>
  readonly cash: Map<string, Decimal.Decimal>
  netContribution: Decimal.Decimal
}

type Split = readonly [day: string, ratio: Decimal.Decimal]

/**
 * The days of one account from `since` on (all of them when there is no `since`), each day that has rows a snapshot.
 * Starts from the last snapshot before; so a split that comes in late does not reach what that one holds.
 */
export const calculate = (
  store: Store,
  accountId: string,
  dayOf: (instant: bigint) => string,
  today: string,
  since: string | undefined
): ReadonlyArray<Snapshot> => {
  const steps = [...store.activities.values()]
    .filter((row) => row.accountId === accountId && row.status === "POSTED")
    .sort((a, b) => (a.instant < b.instant ? -1 : a.instant > b.instant ? 1 : 0))
    .flatMap(takeApart)
  const splits = splitsOf(steps, dayOf, today)
  const before = since === undefined ? [] : (store.snapshots.get(accountId) ?? []).filter(({ day }) => day < since)
  const last = before.at(-1)
  const state: State = {
    positions: new Map(last?.positions),
    cash: new Map(last?.cash),
    netContribution: last?.netContribution ?? Decimal.zero
  }
  const days = Map.groupBy(steps, ({ row }) => dayOf(row.instant))
  const snapshots = [...before]
  for (const [day, rows] of [...days].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (day > today || (since !== undefined && day < since)) continue
    for (const step of rows) apply(store, state, rescale(step, day, splits.get(step.assetId) ?? []))
    snapshots.push({
      day,
      positions: new Map(state.positions),
      cash: new Map(state.cash),
      netContribution: state.netContribution
    })
  }
  return snapshots
}

const takeApart = (row: Activity): ReadonlyArray<Step> => {
  const step: Step = {
    row,
    type: row.activityType,
    assetId: row.assetId ?? "",
    quantity: Numbers.stored(row.quantity),
    price: Numbers.stored(row.unitPrice),
    amount: Numbers.stored(row.amount),
    fee: Numbers.stored(row.fee)
  }
  const income: Step = row.amount === null ? { ...step, amount: Decimal.multiply(step.quantity, step.price) } : step
  const kind = `${row.activityType}/${row.subtype ?? ""}`
  if (kind === "DIVIDEND/DRIP") return [income, { ...step, type: "BUY", fee: Decimal.zero }]
  if (kind === "INTEREST/STAKING_REWARD") return [step, { ...step, type: "BUY", fee: Decimal.zero }]
  if (kind !== "DIVIDEND/DIVIDEND_IN_KIND") return [step]
  const received = (parseMetadata(row.metadata) as { received_asset_id?: string } | null)?.received_asset_id
  return [step, { ...step, type: "TRANSFER_IN", assetId: received ?? step.assetId, fee: Decimal.zero }]
}

const splitsOf = (
  steps: ReadonlyArray<Step>,
  dayOf: (instant: bigint) => string,
  today: string
): ReadonlyMap<string, ReadonlyArray<Split>> => {
  const found = new Map<string, Map<string, Decimal.Decimal>>()
  for (const { type, assetId, amount, row } of steps) {
    const day = dayOf(row.instant)
    if (type !== "SPLIT" || assetId === "" || !Decimal.isPositive(amount) || day > today) continue
    const ratios = found.get(assetId) ?? new Map<string, Decimal.Decimal>()
    if (!ratios.has(day)) ratios.set(day, amount)
    found.set(assetId, ratios)
  }
  return new Map([...found].map(([assetId, ratios]) => [assetId, [...ratios]]))
}

/** Later splits are applied to the earlier rows, at eight decimals. */
const rescale = (step: Step, day: string, splits: ReadonlyArray<Split>): Step => {
  if (step.type === "SPLIT") return step
  const factor = splits.reduce(
    (product, [on, ratio]) => (on > day ? Decimal.multiply(product, ratio) : product),
    Decimal.one
  )
  if (Decimal.equals(factor, Decimal.one)) return step
  const price = Decimal.isZero(step.price) ? step.price : Numbers.round(Decimal.divide(step.price, factor), 8)
  return { ...step, quantity: Numbers.round(Decimal.multiply(step.quantity, factor), 8), price }
}

const apply = (store: Store, state: State, step: Step): void => {
  try {
    book(store, state, step)
  } catch (cause) {
    if (!(cause instanceof Dropped)) throw cause
  }
}

const book = (store: Store, state: State, step: Step): void => {
  const { row, type, assetId, amount, fee } = step
  const { currency } = row
  const final = store.version === "NEWER"
  const move = (value: Decimal.Decimal, code = currency): void => {
    state.cash.set(code, Decimal.add(state.cash.get(code) ?? Decimal.zero, value))
  }
  const contribute = (value: Decimal.Decimal): void => {
    state.netContribution = Decimal.add(state.netContribution, value)
  }
  const net = final ? amount : Decimal.subtract(amount, fee)
  const gross = final ? amount : Decimal.add(amount, fee)
  switch (type) {
    case "BUY":
    case "SELL": {
      const value = Decimal.multiply(
        Decimal.multiply(step.quantity, step.price),
        multiplierOf(store.assets.get(assetId))
      )
      const bought = final ? amount : Decimal.add(value, fee)
      const sold = final ? amount : Decimal.subtract(value, fee)
      const { position, share } = type === "BUY" ? buy(store, state, step) : sell(store, state, step)
      const account = accountCurrency(store, row.accountId)
      const rate = row.fxRate === null ? Decimal.zero : (Numbers.read(row.fxRate) ?? Decimal.zero)
      const cash = Decimal.multiply(type === "BUY" ? Decimal.negate(bought) : sold, share)
      if (currency !== account && !Decimal.isZero(rate)) move(Decimal.multiply(cash, rate), account)
      else move(cash)
      position()
      return
    }
    case "DIVIDEND":
    case "INTEREST":
    case "CREDIT":
      move(net)
      if (type === "CREDIT" && row.subtype === "BONUS") contribute(amount)
      return
    case "DEPOSIT":
      move(net)
      contribute(amount)
      return
    case "WITHDRAWAL":
      move(Decimal.negate(gross))
      contribute(Decimal.negate(amount))
      return
    case "FEE":
    case "TAX":
      move(Decimal.negate(Decimal.isZero(fee) || (final && Decimal.isPositive(amount)) ? amount : fee))
      return
    case "TRANSFER_IN":
      if (assetId === "") {
        move(net)
        contribute(amount)
        return
      }
      addLot(store, state, step)
      move(Decimal.negate(fee))
      return
    case "TRANSFER_OUT":
      if (assetId === "") {
        move(Decimal.negate(gross))
        contribute(Decimal.negate(amount))
        return
      }
      move(Decimal.negate(fee))
      reduce(state, assetId, step.quantity)
      return
    case "ADJUSTMENT":
      if (row.subtype === "OPTION_EXPIRY") reduce(state, assetId, step.quantity)
      return
    default:
  }
}

/** What a trade does to the position, once its cash is booked; and of how much of it the cash is. */
interface Traded {
  readonly position: () => void
  readonly share: Decimal.Decimal
}

const unchanged = () => undefined

/** From 3.6 on a purchase covers what is short: of shares only where it says so, and then nothing else. */
const buy = (store: Store, state: State, step: Step): Traded => {
  const { assetId, quantity, row } = step
  const short = Decimal.negate(Numbers.min(heldOf(state, assetId), Decimal.zero))
  const covers = row.subtype === "POSITION_CLOSE"
  const rule = shortRule(store, assetId)
  if (rule === "explicit" && covers !== Decimal.isPositive(short)) throw new Dropped()
  const covered = rule === "none" ? Decimal.zero : Numbers.min(quantity, short)
  if (Decimal.isPositive(covered)) reduce(state, assetId, covered, -1)
  const rest = Decimal.subtract(quantity, covered)
  if (rule !== "none" && covers) {
    return { position: unchanged, share: rule === "explicit" ? Decimal.divide(covered, quantity) : Decimal.one }
  }
  if (Decimal.isPositive(rest) || Decimal.isZero(covered)) addLot(store, state, { ...step, quantity: rest })
  return { position: unchanged, share: Decimal.one }
}

/** From 3.6 on a sale beyond what is held opens a short position: of shares only where it says so, and none is held. */
const sell = (store: Store, state: State, step: Step): Traded => {
  const { assetId, quantity, row } = step
  const opens = row.subtype === "POSITION_OPEN"
  const rule = shortRule(store, assetId)
  const held = heldOf(state, assetId)
  if (rule === "explicit" && opens && Decimal.isPositive(held)) throw new Dropped()
  if (rule === "explicit" && !opens && Decimal.isNegative(held)) throw new Dropped()
  return {
    share: Decimal.one,
    position: () => {
      const long = Decimal.isPositive(held) ? Numbers.min(held, quantity) : Decimal.zero
      const isShortable = rule === "option" || (rule === "explicit" && opens)
      reduce(state, assetId, isShortable ? long : quantity)
      const rest = Decimal.subtract(quantity, long)
      if (isShortable && row.subtype !== "POSITION_CLOSE" && Decimal.isPositive(rest)) {
        addLot(store, state, { ...step, quantity: Decimal.negate(rest) })
      }
    }
  }
}

const shortRule = (store: Store, assetId: string): "none" | "option" | "explicit" => {
  const type = holdsShorts(store) ? store.assets.get(assetId)?.instrumentType : undefined
  return type === "OPTION" ? "option" : type === "EQUITY" ? "explicit" : "none"
}

const heldOf = (state: State, assetId: string): Decimal.Decimal => {
  const position = state.positions.get(assetId)
  return position === undefined ? Decimal.zero : quantityOf(position)
}

const accountCurrency = (store: Store, accountId: string): string => {
  const currency = store.accounts.get(accountId)?.currency ?? ""
  return currency === "" ? store.settings.baseCurrency : currency
}

const addLot = (store: Store, state: State, step: Step): void => {
  const { row, assetId, quantity } = step
  if (assetId === "") throw new Dropped()
  const asset = store.assets.get(assetId)
  const multiplier = multiplierOf(asset)
  const currency = asset?.quoteCcy ?? row.currency
  // The position is made before its lot, and stays even when the lot has no rate.
  const position = state.positions.get(assetId) ?? { assetId, currency, opened: row.instant, multiplier, lots: [] }
  state.positions.set(assetId, position)
  const rate = rateInto(store, row, position.currency)
  const price = Decimal.multiply(Decimal.multiply(step.price, multiplier), rate)
  const fees = Decimal.multiply(step.fee, rate)
  const lot: Lot = {
    id: row.id,
    acquired: row.instant,
    quantity,
    costBasis: Decimal.add(Decimal.multiply(quantity, price), fees),
    price,
    fees
  }
  const lots = [...position.lots, lot].sort((a, b) => (a.acquired < b.acquired ? -1 : a.acquired > b.acquired ? 1 : 0))
  const opened = position.lots.length === 0 ? row.instant : (lots[0]?.acquired ?? row.instant)
  state.positions.set(assetId, { ...position, opened, lots })
}

/** A rate for a lot whose row is in another currency than its asset: none means that the row is left out. */
const rateInto = (store: Store, row: Activity, positionCurrency: string): Decimal.Decimal => {
  if (row.currency === positionCurrency || positionCurrency === "") return Decimal.one
  const account = accountCurrency(store, row.accountId)
  const own = row.fxRate === null ? undefined : Numbers.read(row.fxRate)
  if (own !== undefined && !Decimal.isZero(own) && (positionCurrency === account || row.currency === account)) {
    return own
  }
  const rate = exchange(store, row.currency, positionCurrency)
  if (rate === undefined) throw new Dropped()
  return rate
}

const hundred = Decimal.of("100")

/** Pence and pounds convert without a rate; other pairs need one that was set. */
export const exchange = (store: Store, from: string, to: string): Decimal.Decimal | undefined => {
  const [source, target] = [Numbers.major(from), Numbers.major(to)]
  const known = source.currency === target.currency
    ? Decimal.one
    : (store.rates.get(`${source.currency}/${target.currency}`) ??
      inverse(store.rates.get(`${target.currency}/${source.currency}`)))
  if (known === undefined) return undefined
  const down = source.minor ? Decimal.divide(known, hundred) : known
  return target.minor ? Decimal.multiply(down, hundred) : down
}

const inverse = (rate: Decimal.Decimal | undefined): Decimal.Decimal | undefined =>
  rate === undefined ? undefined : Decimal.divide(Decimal.one, rate)

/** First in, first out, and never across zero: lots of the other side stay. */
const reduce = (state: State, assetId: string, quantity: Decimal.Decimal, side: 1 | -1 = 1): void => {
  const position = state.positions.get(assetId)
  if (position === undefined) return
  let left = quantity
  const lots = position.lots.flatMap((lot): ReadonlyArray<Lot> => {
    if (!Decimal.isPositive(left) || Decimal.isNegative(lot.quantity) !== (side < 0)) return [lot]
    const taken = Numbers.min(Decimal.abs(lot.quantity), left)
    left = Decimal.subtract(left, taken)
    const remaining = Decimal.subtract(lot.quantity, side < 0 ? Decimal.negate(taken) : taken)
    if (Decimal.isLessThan(Decimal.abs(remaining), Decimal.epsilon)) return []
    const share = (value: Decimal.Decimal) => Decimal.divide(Decimal.multiply(value, remaining), lot.quantity)
    return [{ ...lot, quantity: remaining, costBasis: share(lot.costBasis), fees: share(lot.fees) }]
  })
  state.positions.set(assetId, { ...position, lots })
}

export const quantityOf = (position: Position): Decimal.Decimal =>
  Decimal.sum(position.lots.map(({ quantity }) => quantity))

export const costOf = (position: Position): Decimal.Decimal =>
  Decimal.sum(position.lots.map(({ costBasis }) => costBasis))
