import { Effect } from "effect"
import { Broker, type BrokerReport } from "../Broker.ts"
import { type PositionMove, positionMove, type SkippedRow, type SkipReason } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import {
  type DriftCause,
  type DriftEvidence,
  type DriftExplanation,
  explainDrift,
  splitEvidence
} from "../Portfolio/DriftCause.ts"
import { isPosted } from "../Portfolio/HeldAfter.ts"
import type { Position } from "../Portfolio/Instrument.ts"
import type { OpeningLine } from "../Portfolio/Opening.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import type { PositionDrift } from "../Portfolio/Reconcile.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import type { TrackerRow } from "../WealthfolioRepo.ts"
import { lacking } from "./Baseline.ts"
import { isOpeningRow, isOurs, openingPrefix } from "./Opening.ts"
import type { TrackerView } from "./TrackerView.ts"

/** What bears on why positions differ. */
export interface DriftContext<E = never, R = never> {
  readonly upstream: string
  readonly view: Effect.Effect<TrackerView, E, R>
  readonly asOf: PlainDate
  /** Of this statement, and all that is held. */
  readonly skipped: ReadonlyArray<SkippedRow>
  readonly report: BrokerReport
}

const unmapped: ReadonlySet<SkipReason> = new Set<SkipReason>([
  "unknown-venue",
  "unknown-instrument",
  "unknown-currency",
  "ambiguous-asset",
  "currency-mismatch"
])

/** They move nothing, or what they move is moved by another row. */
const moot: ReadonlySet<SkipReason> = new Set<SkipReason>([
  "superseded",
  "reversed",
  "cancelled",
  "short",
  "no-effect",
  "unreadable"
])

/** Why each position differs, by symbol, with the rows that say so and what mends it. */
export const explainPositions = Effect.fn("Sync.explain")(function*<E, R>(
  positions: ReadonlyArray<PositionDrift>,
  context: DriftContext<E, R>
) {
  const drifting = positions.filter(({ drift }) => !Decimals.isZero(drift))
  if (drifting.length === 0) return new Map<string, DriftExplanation>()
  const byInstrument = Map.groupBy(
    [...ofSkipped(context.skipped), ...yield* ofRemoved(context)],
    ({ instrumentKey }) => instrumentKey
  )
  const view = yield* context.view
  const opening = Map.groupBy(
    lacking(view.opening?.lines ?? []).filter(({ kind }) => kind === "asset"),
    ({ name }) => name
  )
  const byAsset = Map.groupBy(
    view.telling.filter((row) => isPosted(row) && row.date <= context.asOf),
    ({ assetId }) => assetId
  )
  const prefix = openingPrefix((yield* Broker).provider, context.upstream)
  const from = (yield* (yield* SyncRecordStore).statements).map(({ fromDate }) => fromDate).sort()[0]
  return new Map(drifting.map((position) => {
    const there = byAsset.get(position.assetId) ?? []
    const evidence: ReadonlyArray<DriftEvidence> = [
      ...ofShort(position, context.report.positions ?? []),
      ...position.instrumentKeys.flatMap((key) => byInstrument.get(key) ?? []),
      ...[...position.instrumentKeys, position.assetId ?? ""].flatMap((key) => opening.get(key) ?? []).map(ofOpening),
      ...there.flatMap((row) => ofOvertaken(row, prefix, from)),
      ...there.flatMap((row) => ofHand(row, context.upstream)),
      ...splitEvidence(
        position,
        there.flatMap(({ amount, id, type }) => type === "SPLIT" && amount !== undefined ? [{ id, ratio: amount }] : [])
      )
    ]
    return [position.symbol, explainDrift(position.drift, evidence)] as const
  }))
})

type RowEvidence = DriftEvidence & { readonly instrumentKey: string }

const ofRow = (cause: DriftCause, id: string, move: PositionMove, remedy: string): RowEvidence => ({
  cause,
  quantity: move.quantity,
  rows: [id],
  remedy,
  instrumentKey: move.instrumentKey
})

const ofSkipped = (skipped: ReadonlyArray<SkippedRow>): ReadonlyArray<RowEvidence> =>
  skipped.flatMap(({ detail, externalId, position, reason, section }) => {
    if (position === undefined || moot.has(reason) || reason === "ignored") return []
    const id = externalId ?? section
    if (unmapped.has(reason)) return [ofRow("unmapped-symbol", id, position, detail)]
    if (reason === "before-start-date") {
      return [
        ofRow("before-start-date", id, position, "an earlier IBKR_START_DATE, or broker-sync ibkr open-positions")
      ]
    }
    if (reason === "missing") return [ofRow("row-held", id, position, `broker-sync ibkr restore ${id}`)]
    return [
      ofRow(reason === "refused" || reason === "adopt-candidate" ? "row-held" : "row-not-booked", id, position, detail)
    ]
  })

/** Rows that the user deleted or ignored, from whatever statement they came. */
const ofRemoved = Effect.fnUntraced(function*({ skipped }: Pick<DriftContext, "skipped">) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const records = [
    ...yield* store.inState("removed"),
    ...yield* store.inState("skipped", "ignored")
  ]
  if (records.length === 0) return []
  const causes = new Map(
    records.map(({ externalId, state }) => [externalId, state === "removed" ? "row-removed" : "row-ignored"] as const)
  )
  const sources = yield* broker.recall(
    records.flatMap(({ contentHash, statementId }) => statementId === undefined ? [] : [{ contentHash, statementId }])
  )
  const report = yield* broker.map([
    ...sources.values(),
    ...records.flatMap(({ source }) => source ?? [])
  ])
  const known = new Set(skipped.filter(({ reason }) => reason !== "ignored").map(({ externalId }) => externalId))
  return report.activities.flatMap((activity) => {
    const cause = causes.get(activity.externalId)
    const move = positionMove(activity)
    return cause === undefined || move === undefined || known.has(activity.externalId)
      ? []
      : [ofRow(cause, activity.externalId, move, `broker-sync ibkr restore ${activity.externalId}`)]
  })
})

const ofShort = (
  { broker, instrumentKeys }: PositionDrift,
  positions: ReadonlyArray<Position>
): ReadonlyArray<DriftEvidence> => {
  if (!Decimals.isNegative(broker)) return []
  const worth = positions.flatMap(({ instrumentKey, value }) =>
    value === undefined || !instrumentKeys.includes(instrumentKey)
      ? []
      : [` (worth ${Decimals.format(value.amount)} ${value.currency})`]
  )
  return [{
    cause: "short",
    quantity: broker,
    rows: [],
    remedy:
      `none needed: of this one its cash alone is booked${worth.join("")}; Wealthfolio holds short positions from `
      + "3.6 on, and of these what was opened since"
  }]
}

const ofOpening = ({ difference }: OpeningLine): DriftEvidence => ({
  cause: "held-before",
  quantity: difference,
  rows: [],
  remedy: "broker-sync ibkr open-positions shows the opening row for it, and books it with --yes"
})

/** What an opening row stands for is booked again by the rows of a statement from before it. */
const ofOvertaken = (
  row: TrackerRow,
  prefix: string,
  from: PlainDate | undefined
): ReadonlyArray<DriftEvidence> =>
  row.quantity === undefined || from === undefined || from >= row.date || !isOpeningRow(row, prefix) ? [] : [{
    cause: "held-before",
    quantity: Decimals.negate(row.quantity),
    rows: [`${row.date} ${row.type} ${Decimals.format(row.quantity)}`],
    remedy:
      "an older statement came in: broker-sync ibkr open-positions shows what the opening row should be, and moves "
      + "it with --yes"
  }]

/** A row that is not ours moves what the broker knows nothing of. */
const ofHand = (row: TrackerRow, upstream: string): ReadonlyArray<DriftEvidence> => {
  if (isOurs(row, upstream) || row.quantity === undefined) return []
  const isIn = row.type === "BUY" || row.type === "TRANSFER_IN"
  if (!isIn && row.type !== "SELL" && row.type !== "TRANSFER_OUT") return []
  return [{
    cause: "row-by-hand",
    quantity: isIn ? Decimals.negate(row.quantity) : row.quantity,
    rows: [`${row.date} ${row.type} ${Decimals.format(row.quantity)}`],
    remedy: "in Wealthfolio: delete or correct this row"
  }]
}
