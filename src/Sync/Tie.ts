import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import type { Activity, SkipReason } from "../Portfolio/Activity.ts"
import type { Instrument } from "../Portfolio/Instrument.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { type AssetMatch, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { witnessPrices } from "./Witness.ts"

/** Why a row cannot be booked now. */
export interface HoldReason {
  readonly reason: SkipReason
  readonly detail: string
}

/** Its own asset, else that of the line whose place it took. */
export const rememberedOf = (
  { key, otherConids = [] }: Instrument,
  remembered: ReadonlyMap<string, string>
): string | undefined => [key, ...otherConids].map((each) => remembered.get(each)).find((id) => id !== undefined)

/**
 * Ties the instruments of these rows to assets. Rows whose instrument cannot be tied are held (by content hash), and with
 * them every other row made from the same broker row: nothing is booked half.
 */
export const tieAssets = Effect.fn("Sync.tie")(
  function*(
    rows: ReadonlyArray<Activity>,
    report: Pick<BrokerReport, "instruments" | "positions" | "rates">,
    options: { readonly dryRun: boolean }
  ) {
    const store = yield* SyncRecordStore
    const repo = yield* WealthfolioRepo
    const wanted = new Set(rows.flatMap((activity) => activity.instrumentKey ?? []))
    const instruments = [...wanted].flatMap((key) => report.instruments.get(key) ?? [])
    const remembered = yield* store.instruments
    const matches = instruments.length === 0 ? new Map<string, AssetMatch>() : yield* repo.assets(
      instruments.map((instrument) => {
        const assetId = rememberedOf(instrument, remembered)
        return assetId === undefined ? { instrument } : { instrument, rememberedAssetId: assetId }
      }),
      { create: !options.dryRun }
    )
    const assetIds = new Map(
      [...matches].flatMap(([key, match]) => match._tag === "Matched" ? [[key, match.assetId] as const] : [])
    )
    // An asset that was not there has no quotes yet.
    const first = new Map(
      [...matches].flatMap(([key, match]) =>
        match._tag === "Matched" && match.isNew !== true && !remembered.has(key) ? [[key, match.assetId] as const] : []
      )
    )
    const witness = yield* witnessPrices(first, report)
    for (const key of witness.held.keys()) assetIds.delete(key)
    if (!options.dryRun) yield* store.saveInstruments(assetIds)
    const heldBack = new Map<string, HoldReason>()
    for (const { contentHash, instrumentKey } of rows) {
      if (instrumentKey === undefined) continue
      const match = matches.get(instrumentKey)
      const why = match?._tag === "Held" ? match : witness.held.get(instrumentKey)
      if (why !== undefined) heldBack.set(contentHash, why)
    }
    return { assetIds, heldBack, warnings: witness.warnings }
  }
)
