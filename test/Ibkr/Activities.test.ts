import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { type Bookings, bookings } from "../../src/Ibkr/Activities.ts"
import { cashDigest } from "../../src/Ibkr/Activities/Cash.ts"
import { isCancel, tradeDigest } from "../../src/Ibkr/Activities/TradeRows.ts"
import { decodeCashTransaction, decodeTrade, type Trade } from "../../src/Ibkr/FlexReport.ts"
import { type Activity, cashSign, type SkippedRow } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import { cashRows, integer, oneOf, type Row, shuffled, trades } from "../support/arbitrary.ts"
import { type FixtureOptions, reportOptions, shownActivity, shownSkip, standsForItsRow } from "../support/fixture.ts"

interface Rows {
  readonly trades: ReadonlyArray<Row>
  readonly cash: ReadonlyArray<Row>
}

const decoded = (rows: Rows) => ({
  trades: rows.trades.map((row) => Result.getOrThrow(decodeTrade(row))),
  cash: rows.cash.map((row) => Result.getOrThrow(decodeCashTransaction(row))),
  securities: [],
  positions: []
})

const book = (rows: Rows, options: FixtureOptions = {}): Bookings => bookings(decoded(rows), reportOptions(options))

/** By currency, zeros left out. */
const totals = (moves: ReadonlyArray<readonly [currency: string, amount: Decimal]>): Record<string, string> => {
  const sums = new Map<string, Decimal>()
  for (const [currency, amount] of moves) sums.set(currency, Decimals.add(sums.get(currency) ?? Decimals.zero, amount))
  return Object.fromEntries(
    [...sums].filter(([, sum]) => !Decimals.isZero(sum)).map(([currency, sum]) => [currency, Decimals.format(sum)])
  )
}

const cashOf = (activity: Activity): readonly [string, Decimal] => [
  activity.currency,
  cashSign(activity.type) > 0 ? activity.amount : Decimals.negate(activity.amount)
]

const proceeds = (trade: Trade): Decimal =>
  trade.proceeds ?? Decimals.negate(Decimals.multiply(trade.quantity, trade.tradePrice))

const cashOfTrade = (trade: Trade): ReadonlyArray<readonly [string, Decimal]> => [
  [trade.currency, proceeds(trade)],
  [trade.currency, trade.taxes ?? Decimals.zero],
  [trade.ibCommissionCurrency ?? trade.currency, trade.ibCommission ?? Decimals.zero]
]

const isMain = (activity: Activity) => activity.type === "BUY" || activity.type === "SELL"

const distinct = <A>(rows: ReadonlyArray<A>, digest: (row: A) => string): ReadonlyArray<A> => [
  ...new Map(rows.map((row) => [digest(row), row])).values()
]

const input = { trades, cash: cashRows, seed: integer(1, 1_000_000) }

const many = { arbitrary: { runs: 300 } }

describe("Activities", () => {
  it.effect.prop(
    "cash keeps its sign: activities move what the booked rows say, to the last digit",
    input,
    (rows) =>
      Effect.sync(() => {
        const { activities, skipped } = book(rows)
        // A cancelled pair leaves its commission, a short its costs; every other skipped row moves nothing.
        const isMoved = ({ detail, reason }: SkippedRow) =>
          reason === "short" || (reason === "cancelled" && !detail.startsWith("rebooked"))
        const unmoved = new Set(skipped.filter((row) => !isMoved(row)).map((row) => row.contentHash))
        const { cash, trades } = decoded(rows)
        const moved = [
          ...distinct(trades, tradeDigest).filter((row) => !unmoved.has(tradeDigest(row))).flatMap(cashOfTrade),
          ...distinct(cash, cashDigest).filter((row) => !unmoved.has(cashDigest(row))).map((row) =>
            [row.currency, row.amount] as const
          )
        ]
        assert.deepStrictEqual(totals(activities.map(cashOf)), totals(moved))
      }),
    many
  )

  it.effect.prop("every row is booked or skipped, once", input, (rows) =>
    Effect.sync(() => {
      const { activities, skipped } = book(rows)
      const { cash, trades } = decoded(rows)
      for (
        const [digests, isOwn] of [
          [trades.map(tradeDigest), (a: Activity) => a.section === "Trades" && standsForItsRow(a)],
          [cash.map(cashDigest), (a: Activity) => a.section === "CashTransactions"]
        ] as const
      ) {
        for (const digest of new Set(digests)) {
          const places = activities.filter((activity) => isOwn(activity) && activity.contentHash === digest).length
            + skipped.filter((row) => row.contentHash === digest).length
          assert.strictEqual(places, 1)
        }
      }
    }), many)

  it.effect.prop(
    "ids are unique, and nothing depends on the order or the repetition of rows",
    input,
    ({ seed, ...rows }) =>
      Effect.sync(() => {
        const first = book(rows)
        const again = book({ trades: shuffled(rows.trades, seed), cash: shuffled(rows.cash, seed + 1) })
        const ids = first.activities.map(({ externalId }) => externalId)
        assert.strictEqual(new Set(ids).size, ids.length)
        const show = ({ activities, instruments, skipped }: Bookings) => ({
          activities: activities.map((activity) => shownActivity(activity, { instruments })),
          hashes: activities.map(({ contentHash }) => contentHash),
          skipped: skipped.map((row) =>
            JSON.stringify({ ...shownSkip(row), detail: row.detail, hash: row.contentHash })
          ).sort()
        })
        assert.deepStrictEqual(show(again), show(first))
      }),
    many
  )

  it.effect.prop(
    "quantity and price make the broker's cash to 1e-8, and amount is that cash with the fee",
    input,
    (rows) =>
      Effect.sync(() => {
        const byHash = new Map(decoded(rows).trades.map((trade) => [tradeDigest(trade), trade]))
        for (const activity of book(rows).activities.filter(isMain)) {
          const { amount, fee = Decimals.zero, quantity = Decimals.zero, type, unitPrice = Decimals.zero } = activity
          const gross = Decimals.abs(proceeds(byHash.get(activity.contentHash)!))
          const off = Decimals.abs(Decimals.subtract(Decimals.multiply(quantity, unitPrice), gross))
          assert.isTrue(Decimals.isLessThan(off, Decimals.epsilon))
          assert.isTrue(
            Decimals.equals(amount, type === "BUY" ? Decimals.add(gross, fee) : Decimals.subtract(gross, fee))
          )
          for (const absolute of [amount, fee, quantity, unitPrice]) assert.isFalse(Decimals.isNegative(absolute))
        }
      }),
    many
  )

  it.effect.prop(
    "within a second the milliseconds rise, and what opens stands before what closes",
    input,
    (rows) =>
      Effect.sync(() => {
        const indicator = new Map(
          decoded(rows).trades.filter((trade) => !isCancel(trade)).map((
            trade
          ) => [tradeDigest(trade), trade.openCloseIndicator])
        )
        const takesBack = new Set(decoded(rows).trades.filter(isCancel).map(tradeDigest))
        const opens = (activity: Activity) => {
          const told = indicator.get(activity.contentHash)
          return told === "O" || (told === undefined && activity.type === "BUY")
        }
        const { activities } = book(rows)
        activities.forEach((activity, index) => {
          const before = activities[index - 1]
          const at = (a: Activity) => `${a.date} ${a.time ?? "12:00:00"}`
          // What closes or takes back comes late in its second, as what it undoes may come with another statement.
          if (takesBack.has(activity.contentHash)) assert.isAtLeast(activity.millisecond, isMain(activity) ? 900 : 0)
          else if (isMain(activity) && opens(activity)) assert.isBelow(activity.millisecond, 500)
          else if (isMain(activity)) assert.isAtLeast(activity.millisecond, 500)
          if (before === undefined || at(before) !== at(activity)) {
            return assert.include([0, 500, 900], activity.millisecond)
          }
          assert.isAbove(activity.millisecond, before.millisecond)
          if (takesBack.has(activity.contentHash)) return
          if (isMain(activity) && isMain(before)) assert.isFalse(opens(activity) && !opens(before))
        })
        const days = activities.map((activity) => `${activity.date} ${activity.time ?? "12:00:00"}`)
        assert.deepStrictEqual(days, days.toSorted())
      }),
    many
  )

  it.effect.prop("with every id in the tracker already, nothing is taken out in pairs that the tracker has", {
    ...input,
    pick: oneOf([2, 3])
  }, ({ pick, ...rows }) =>
    Effect.sync(() => {
      const all = book(rows)
      const paired = all.skipped.flatMap(({ externalId, reason }) =>
        reason === "reversed" && externalId !== undefined ? [externalId] : []
      )
      const booked = paired.filter((_, index) => index % pick === 0)
      const { activities, skipped } = book(rows, { booked })
      for (const id of booked) {
        assert.isFalse(skipped.some((row) => row.externalId === id && row.reason === "reversed"))
        assert.isTrue(activities.some((row) => row.externalId === id) || skipped.some((row) => row.externalId === id))
      }
    }))

  it("a thousand rows of one second keep to a second", () => {
    const row = (id: number): Row => ({
      accountId: "U1234567",
      currency: "GBP",
      assetCategory: "STK",
      symbol: "VUSA",
      conid: "61",
      listingExchange: "LSE",
      tradeID: String(id),
      tradeDate: "2026-01-05",
      tradeTime: "10:00:00",
      quantity: "1",
      tradePrice: "2",
      ibCommission: "0"
    })
    const { activities } = book({ trades: Array.from({ length: 1_100 }, (_, index) => row(index + 1)), cash: [] })
    assert.strictEqual(activities.length, 1_100)
    assert.isTrue(activities.every(({ millisecond }) => millisecond >= 0 && millisecond <= 999))
  })
})
