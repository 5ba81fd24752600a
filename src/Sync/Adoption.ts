import { Effect } from "effect"
import type { BrokerReport } from "../Broker.ts"
import type { Activity } from "../Portfolio/Activity.ts"
import { adoptions } from "../Portfolio/Adopt.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { TrackerRow } from "../WealthfolioRepo.ts"
import type { ImportOptions } from "./ImportOptions.ts"
import type { HoldReason } from "./Tie.ts"

export interface Adoptions {
  /** Rows typed by hand, and ours that take their place. */
  readonly made: ReadonlyArray<{ readonly hand: TrackerRow; readonly rows: ReadonlyArray<Activity> }>
  /** By external id: left for the user to decide. */
  readonly candidates: ReadonlyMap<string, HoldReason>
}

const none: Adoptions = { made: [], candidates: new Map() }

/** Which of these rows the user has typed already. A commission beside its trade goes where the trade goes. */
export const findAdoptions = Effect.fn("Sync.findAdoptions")(function*(
  ready: ReadonlyArray<Activity>,
  assetIds: ReadonlyMap<string, string>,
  options: ImportOptions,
  statements: BrokerReport["statements"]
) {
  const rows = ready.filter(({ externalId }) => !options.force.has(externalId))
  if (rows.length === 0 || (options.adopt === "import" && options.adoptIds.size === 0)) return none
  const days = rows.map(({ date }) => date)
  const tied = rows.map((activity) => {
    const assetId = activity.instrumentKey === undefined ? undefined : assetIds.get(activity.instrumentKey)
    return assetId === undefined ? { activity } : { activity, assetId }
  })
  const known = yield* options.handRows.known(days, statements)
  if (known.length === 0 || adoptions(tied, known).length === 0) return none
  // The row that goes is one that is there now, as it is now.
  const hand = yield* options.handRows.anew(days)
  const byHand = new Map(hand.map((row) => [row.id, row]))
  const found = adoptions(tied, hand)
  const claimed = new Set(found.flatMap(({ externalIds }) => externalIds))
  const made: Array<Adoptions["made"][number]> = []
  const candidates = new Map<string, HoldReason>()
  for (const { externalIds, handId } of found) {
    const hand = byHand.get(handId)
    if (hand === undefined) continue
    const ids = new Set(externalIds)
    const hashes = new Set(rows.flatMap(({ contentHash, externalId }) => ids.has(externalId) ? [contentHash] : []))
    const concerned = rows.filter(({ contentHash, externalId }) =>
      ids.has(externalId) || (hashes.has(contentHash) && !claimed.has(externalId))
    )
    if (options.adopt === "adopt" || externalIds.some((id) => options.adoptIds.has(id))) {
      made.push({ hand, rows: concerned })
    } else if (options.adopt === "report") {
      const detail = describe(hand, externalIds)
      for (const { externalId } of concerned) candidates.set(externalId, { reason: "adopt-candidate", detail })
    }
  }
  const result: Adoptions = { made, candidates }
  return result
})

const describe = (hand: TrackerRow, externalIds: ReadonlyArray<string>): string => {
  const figures = [hand.quantity, hand.symbol, hand.unitPrice === undefined ? undefined : "at", hand.unitPrice]
    .flatMap((part) => part === undefined ? [] : [typeof part === "string" ? part : Decimals.format(part)])
  const amount = hand.unitPrice === undefined && hand.amount !== undefined ? [Decimals.format(hand.amount)] : []
  const [first = ""] = externalIds
  return `already in Wealthfolio by hand: ${[hand.date, hand.type, ...figures, ...amount, hand.currency].join(" ")}`
    + `${externalIds.length > 1 ? ` for these ${externalIds.length} fills together` : ""}; `
    + `broker-sync ibkr adopt ${first} puts the broker's row in its place, ignore ${first} keeps it as it is`
}
