import { Effect, Schema } from "effect"
import { exitCodes, type Failure } from "../Failure.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { isPosted, moveCash, moveQuantity } from "../Portfolio/HeldAfter.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { settled } from "../Portfolio/Reconcile.ts"
import { todayIn } from "../Today.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { isOfExpired } from "./ExpiredOptions.ts"

/** The tracker's holdings are not those of its rows: nothing may be concluded from them. */
export class HoldingsUnsettled extends Schema.TaggedError<HoldingsUnsettled>()("HoldingsUnsettled", {})
  implements Failure
{
  override readonly message = "Wealthfolio may still be computing its holdings: they cannot be compared yet"
  readonly hint = "try again in a minute; if it stays so, Wealthfolio's own log says why"
  readonly exitCode = exitCodes.tracker
}

/**
 * What the tracker holds. While it computes anew it may show nothing at all, for a minute and more of a long history on a
 * slow machine, and for good where it cannot compute: that is a failure where its rows come to something that it shows.
 */
export const heldNow = Effect.gen(function*() {
  const holdings = yield* (yield* WealthfolioRepo).holdings
  if (holdings.length > 0 || comeToNothing(yield* rowsNow)) return holdings
  return yield* new HoldingsUnsettled()
}).pipe(Effect.withSpan("Sync.heldNow"))

/** By asset id and by currency. */
export type RowSums = Map<string, Decimals.Decimal>

/** One more of the tracker's rows, oldest first; what is of later days, or not shown any more, does not count. */
export const addRow = (sums: RowSums, row: TrackerRow, today: PlainDate): RowSums => {
  if (!isPosted(row) || row.date > today) return sums
  if (!isOfExpired(row, today)) moveQuantity(sums, row)
  moveCash(sums, row)
  return sums
}

/** Whether the tracker holds what these rows come to: then it has computed all of them. */
export const holdsRows = Effect.fn("Sync.holdsRows")(function*(sums: RowSums) {
  const left = new Map(sums)
  for (const each of yield* (yield* WealthfolioRepo).holdings) {
    const name = each._tag === "Cash" ? each.currency : each.assetId
    left.set(name, Decimals.subtract(left.get(name) ?? Decimals.zero, each.quantity))
  }
  return comeToNothing(left)
})

const comeToNothing = (sums: RowSums) => [...sums.values()].every((sum) => Decimals.isZero(settled(sum)))

const rowsNow = Effect.gen(function*() {
  const repo = yield* WealthfolioRepo
  const today = yield* todayIn((yield* repo.account).timeZone)
  return yield* repo.fold(
    { mayBeRecent: true },
    (): RowSums => new Map(),
    (sums, row) => addRow(sums, row, today)
  )
})

export const holdsItsRows = Effect.flatMap(rowsNow, holdsRows)
