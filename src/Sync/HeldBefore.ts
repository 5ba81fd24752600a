import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import { isPosted, moveQuantity } from "../Portfolio/HeldAfter.ts"
import { addDays } from "../Portfolio/PlainDate.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"

/**
 * What the tracker held as a statement began that does not say what the account holds, by instrument. Of what it did not
 * hold nothing is said: it may never have been told.
 */
export const heldBefore = Effect.fn("Sync.heldBefore")(function*(report: BrokerReport) {
  const from = report.statements.map(({ fromDate }) => fromDate).sort()[0]
  const instruments = yield* (yield* SyncRecordStore).instruments
  if (from === undefined || instruments.size === 0) return new Map<string, Decimals.Decimal>()
  const repo = yield* WealthfolioRepo
  const quantities = yield* repo.fold(
    { to: addDays(from, -1) },
    () => new Map<string, Decimals.Decimal>(),
    (held, row) => {
      if (isPosted(row)) moveQuantity(held, row)
      return held
    }
  )
  return new Map([...instruments].flatMap(([key, assetId]) => {
    const quantity = quantities.get(assetId)
    return quantity === undefined || Decimals.isZero(quantity) ? [] : [[key, quantity] as const]
  }))
})
