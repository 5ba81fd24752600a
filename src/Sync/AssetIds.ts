import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { WealthfolioRepo } from "../WealthfolioRepo.ts"
import { rememberedOf } from "./Tie.ts"

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
