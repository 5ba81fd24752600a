import { Effect } from "effect"
import { Broker, type BrokerReport } from "../Broker.ts"
import { isPosted } from "../Portfolio/HeldAfter.ts"
import type { Instrument } from "../Portfolio/Instrument.ts"
import { addDays, type PlainDate } from "../Portfolio/PlainDate.ts"
import type { TrackedRow, TrackedShorts } from "../Portfolio/ShortPositions.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { keyOf } from "./Records.ts"

/**
 * What the tracker has of the instruments that are short in a report: nothing where none is, or where it holds no short
 * positions. Bonds are not among them, nor is what several of the broker's instruments are tied to: none of these can be
 * short there.
 *
 * @param until the last day of the report
 */
export const trackedShorts = Effect.fn("Sync.trackedShorts")(function*(
  { shorts = new Map<string, Instrument>() }: Pick<BrokerReport, "shorts">,
  { until, upstream }: { readonly until: PlainDate | undefined; readonly upstream: string }
) {
  const repo = yield* WealthfolioRepo
  const candidates = [...shorts.values()].filter(({ kind }) => kind !== "BOND")
  if (candidates.length === 0 || until === undefined || !(yield* repo.holdsShorts)) return undefined
  const store = yield* SyncRecordStore
  const remembered = yield* store.instruments
  const ties = yield* repo.assets(
    candidates.map((instrument) => {
      const assetId = remembered.get(instrument.key)
      return { instrument, ...(assetId === undefined ? {} : { rememberedAssetId: assetId }) }
    }),
    { create: false }
  )
  const keys = Map.groupBy(
    new Map([
      ...remembered,
      ...[...ties].flatMap(([key, tie]) => tie._tag === "Matched" ? [[key, tie.assetId] as const] : [])
    ]),
    ([, assetId]) => assetId
  )
  // Days of margin for the tracker's time zone, and for rows that were adopted.
  const wanted = new Set([...ties.values()].flatMap((tie) => tie._tag === "Matched" ? [tie.assetId] : []))
  const { byAsset, ours } = yield* repo.fold(
    { to: addDays(until, 3) },
    () => ({ byAsset: new Map<string, Array<TrackedRow>>(), ours: new Map<string, TrackedRow>() }),
    (sofar, row) => {
      if (!isPosted(row)) return sofar
      const tracked = trackedRow(row, upstream)
      if (tracked.externalId !== undefined) sofar.ours.set(tracked.externalId, tracked)
      const { assetId = "" } = row
      if (!wanted.has(assetId)) return sofar
      const rows = sofar.byAsset.get(assetId)
      if (rows === undefined) sofar.byAsset.set(assetId, [tracked])
      else rows.push(tracked)
      return sofar
    }
  )
  const tracked: TrackedShorts = {
    isNewest: (yield* store.statements).every(({ toDate }) => toDate <= until),
    ours,
    rows: new Map(candidates.flatMap(({ key }): ReadonlyArray<readonly [string, ReadonlyArray<TrackedRow>]> => {
      const tie = ties.get(key)
      if (tie?._tag === "Absent") return [[key, []]]
      if (tie?._tag !== "Matched" || (keys.get(tie.assetId)?.length ?? 0) > 1) return []
      return [[key, byAsset.get(tie.assetId) ?? []]]
    }))
  }
  return tracked
})

/** All of ours are kept: no more of each than is looked at. */
const trackedRow = ({ amount, date, key = "", quantity, subtype, type }: TrackerRow, upstream: string): TrackedRow => {
  const prefix = keyOf("", upstream)
  return {
    date,
    type,
    ...(key.startsWith(prefix) ? { externalId: key.slice(prefix.length) } : {}),
    ...(subtype === undefined ? {} : { subtype }),
    ...(quantity === undefined ? {} : { quantity }),
    ...(amount === undefined ? {} : { amount })
  }
}

/** All that was ever received, its short positions as the tracker has them. */
export const archiveReport = Effect.fnUntraced(function*(
  { since, upstream }: { readonly since?: PlainDate; readonly upstream: string }
) {
  const broker = yield* Broker
  const archive = yield* broker.archive({ since })
  const tracked = yield* trackedShorts(archive, { until: archive.until, upstream })
  return tracked === undefined ? archive : yield* broker.archive({ since, tracked })
})
