import { DateTime, Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import { type Activity, cashSign } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"
import { reconcileCash, reconcilePositions } from "../Portfolio/Reconcile.ts"
import type { ReportedPosition } from "../RunReport.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { expiredOptions } from "./ExpiredOptions.ts"
import { type DriftContext, explainPositions } from "./Explain.ts"
import { rememberedOf } from "./Tie.ts"

export interface Comparison {
  readonly reconciled: boolean
  readonly positions: ReadonlyArray<ReportedPosition>
  readonly cash: ReturnType<typeof reconcileCash>
}

/** The broker's side alone, for a run that could not or must not compare. */
export const brokerSide = (report: BrokerReport, activities: ReadonlyArray<Activity>): Comparison => ({
  reconciled: false,
  positions: (report.positions ?? []).map(({ quantity, symbol }) => ({ symbol, broker: quantity })),
  cash: reconcileCash({ balances: report.cash, moved: movedBy(activities) })
})

/** The assets of all instruments tied so far, and of these positions where the tracker has one. */
export const assetIdsOf = Effect.fnUntraced(function*(
  positions: ReadonlyArray<{ readonly instrumentKey: string }>,
  { instruments }: Pick<BrokerReport, "instruments">
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const assetIds = new Map(yield* store.instruments)
  const untied = positions.flatMap(({ instrumentKey }) => {
    const instrument = assetIds.has(instrumentKey) ? undefined : instruments.get(instrumentKey)
    if (instrument === undefined) return []
    const assetId = rememberedOf(instrument, assetIds)
    return [assetId === undefined ? { instrument } : { instrument, rememberedAssetId: assetId }]
  })
  if (untied.length > 0) {
    // A line that took the place of another has perhaps no row of its own: later statements no longer say what it is.
    const renamed = new Map<string, string>()
    for (const [key, match] of yield* repo.assets(untied, { create: false })) {
      if (match._tag !== "Matched") continue
      assetIds.set(key, match.assetId)
      if (instruments.get(key)?.otherConids !== undefined) renamed.set(key, match.assetId)
    }
    if (renamed.size > 0) yield* store.saveInstruments(renamed)
  }
  return assetIds
})

/** Both sides as of the statement's last day: what the tracker dates later is taken out first. */
export const compare = Effect.fn("Sync.compare")(function*(
  report: BrokerReport,
  activities: ReadonlyArray<Activity>,
  context: DriftContext
) {
  const { asOf } = context
  const repo = yield* WealthfolioRepo
  const positions = report.positions ?? []
  const assetIds = yield* assetIdsOf(positions, report)
  const holdings = yield* repo.holdings
  // What is planned for a day to come is not in the holdings yet.
  const { timeZone } = yield* repo.account
  const today = DateTime.formatIsoDate(DateTime.setZone(yield* DateTime.now, DateTime.zoneMakeNamedUnsafe(timeZone)))
  const later = (yield* repo.activitiesAfter(asOf)).filter(({ date }) => date <= today)
  const cash = new Map(
    holdings.flatMap((each) => each._tag === "Cash" ? [[each.currency, each.quantity] as const] : [])
  )
  const securities = holdings.flatMap((each) => each._tag === "Security" ? [each] : [])
  const compared = reconcilePositions({
    positions,
    assetIds,
    holdings: [...securities, ...yield* expiredOptions(report, assetIds, securities, today)],
    later
  })
  const explanations = yield* explainPositions(compared, context)
  const comparison: Comparison = {
    reconciled: true,
    positions: compared.map((position) => {
      const explanation = explanations.get(position.symbol)
      return explanation === undefined ? position : { ...position, explanation }
    }),
    cash: reconcileCash({ balances: report.cash, moved: movedBy(activities), tracker: cash, later })
  }
  return comparison
})

/** Signed cash per currency that these rows move. */
const movedBy = (activities: ReadonlyArray<Activity>): ReadonlyMap<string, Decimal> => {
  const moved = new Map<string, Decimal>()
  for (const { amount, currency, type } of activities) {
    const sign = cashSign(type)
    if (sign === 0) continue
    const signed = sign > 0 ? amount : Decimals.negate(amount)
    moved.set(currency, Decimals.add(moved.get(currency) ?? Decimals.zero, signed))
  }
  return moved
}
