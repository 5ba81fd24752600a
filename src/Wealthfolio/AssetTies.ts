import { Effect } from "effect"
import type { Instrument } from "../Portfolio/Instrument.ts"
import type { AssetMatch } from "../WealthfolioRepo.ts"
import { type AssetDecision, isKnown, match } from "./Assets.ts"
import type { Asset, NewAsset } from "./Wire.ts"

/** What became of `POST /assets`. */
export type Created =
  | { readonly _tag: "Made"; readonly asset: Asset }
  /** Up to 3.1.0 an identity that exists is refused by a constraint; later it comes back as it is. */
  | { readonly _tag: "Exists" }
  | { readonly _tag: "Refused"; readonly message: string }

interface Wanted {
  readonly instrument: Instrument
  readonly rememberedAssetId?: string
}

const absent = "absent:"

/** Ties a batch of instruments: those with a memory or a conid to go by first, so that nobody else claims their asset. */
export const tie = Effect.fnUntraced(function*<E>(
  wanted: ReadonlyArray<Wanted>,
  options: { readonly create: boolean },
  load: Effect.Effect<ReadonlyArray<Asset>, E>,
  post: (asset: NewAsset) => Effect.Effect<Created, E>
) {
  let assets = [...yield* load]
  const claims = new Map<string, Instrument>()
  const ties = new Map<string, AssetMatch>()
  const add = (asset: Asset) => {
    if (!assets.some((each) => each.id === asset.id)) assets.push(asset)
  }

  const settle = Effect.fnUntraced(function*({ instrument, rememberedAssetId }: Wanted) {
    const decide = (): AssetDecision => match(assets, claims, instrument, rememberedAssetId)
    const decision = decide()
    if (decision._tag !== "Create") return decision
    if (!options.create) {
      add({ ...decision.asset, id: absent + instrument.key })
      return { _tag: "Absent" } as const
    }
    const created = yield* post(decision.asset)
    if (created._tag === "Made") add(created.asset)
    if (created._tag === "Exists") assets = [...yield* load]
    const again = decide()
    if (created._tag === "Made" && (again._tag === "Create" || again._tag === "Matched")) {
      return {
        _tag: "Matched",
        assetId: again._tag === "Matched" ? again.assetId : created.asset.id,
        isNew: true
      } as const
    }
    if (again._tag !== "Create") return again
    return {
      _tag: "Held",
      reason: "ambiguous-asset",
      detail: `Wealthfolio did not create the asset of ${instrument.symbol}: ${
        created._tag === "Refused" ? created.message : "its identity exists, but no asset has it"
      }`
    } as const
  })

  const known = new Set(wanted.filter((each) => isKnown(assets, each.instrument, each.rememberedAssetId)))
  for (const each of [...known, ...wanted]) {
    if (ties.has(each.instrument.key)) continue
    const tied = yield* settle(each)
    if (tied._tag !== "Matched") {
      ties.set(each.instrument.key, tied)
    } else if (tied.assetId.startsWith(absent)) {
      ties.set(each.instrument.key, { _tag: "Absent" })
    } else {
      claims.set(tied.assetId, each.instrument)
      ties.set(each.instrument.key, tied)
    }
  }
  return ties
})
