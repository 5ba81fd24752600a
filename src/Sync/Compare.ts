import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"
import { reconcileCash, reconcilePositions } from "../Portfolio/Reconcile.ts"
import type { ReportedPosition } from "../RunReport.ts"
import { todayIn } from "../Today.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { assetIdsOf } from "./AssetIds.ts"
import { expiredOptions } from "./ExpiredOptions.ts"
import { type DriftContext, explainPositions } from "./Explain.ts"
import { heldNow } from "./HeldNow.ts"

export interface Comparison {
  readonly reconciled: boolean
  readonly positions: ReadonlyArray<ReportedPosition>
  readonly cash: ReturnType<typeof reconcileCash>
}

/** The broker's side alone, for a run that could not or must not compare. */
export const brokerSide = (report: BrokerReport, moved: ReadonlyMap<string, Decimal>): Comparison => ({
  reconciled: false,
  positions: (report.positions ?? []).map(({ quantity, symbol }) => ({ symbol, broker: quantity })),
  cash: reconcileCash({ balances: report.cash, moved })
})

/**
 * Both sides as of the statement's last day: what the tracker dates later is taken out first.
 *
 * @param moved signed cash by currency that the booked rows move
 */
export const compare = Effect.fn("Sync.compare")(function*<E, R>(
  report: BrokerReport,
  moved: ReadonlyMap<string, Decimal>,
  context: DriftContext<E, R>
) {
  const { asOf } = context
  const repo = yield* WealthfolioRepo
  const positions = report.positions ?? []
  const assetIds = yield* assetIdsOf(positions, report)
  const holdings = yield* heldNow
  // What is planned for a day to come is not in the holdings yet.
  const { timeZone } = yield* repo.account
  const today = yield* todayIn(timeZone)
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
    cash: reconcileCash({ balances: report.cash, moved, tracker: cash, later })
  }
  return comparison
})
