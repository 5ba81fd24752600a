import { Effect, Schema } from "effect"
import { exitCodes, type Failure } from "../Failure.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { isPosted, moveCash, moveQuantity } from "../Portfolio/HeldAfter.ts"
import { settled } from "../Portfolio/Reconcile.ts"
import { todayIn } from "../Today.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
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
  if (holdings.length > 0 || (yield* rowsNow).every(isNothing)) return holdings
  return yield* new HoldingsUnsettled()
}).pipe(Effect.withSpan("Sync.heldNow"))

/** Whether the tracker holds what its rows of up to today come to: then it has computed all of them. */
export const holdsItsRows = Effect.gen(function*() {
  const left = new Map(yield* rowsNow)
  for (const each of yield* (yield* WealthfolioRepo).holdings) {
    const name = each._tag === "Cash" ? each.currency : each.assetId
    left.set(name, Decimals.subtract(left.get(name) ?? Decimals.zero, each.quantity))
  }
  return [...left].every(isNothing)
}).pipe(Effect.withSpan("Sync.holdsItsRows"))

const isNothing = ([, sum]: readonly [string, Decimals.Decimal]) => Decimals.isZero(settled(sum))

/** By asset id and by currency, without what the tracker does not show any more. */
const rowsNow = Effect.gen(function*() {
  const repo = yield* WealthfolioRepo
  const today = yield* todayIn((yield* repo.account).timeZone)
  const sums = yield* repo.fold({ mayBeRecent: true }, () => new Map<string, Decimals.Decimal>(), (sums, row) => {
    if (isPosted(row) && row.date <= today) {
      if (!isOfExpired(row, today)) moveQuantity(sums, row)
      moveCash(sums, row)
    }
    return sums
  })
  return [...sums]
})
