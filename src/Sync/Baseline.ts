import { Effect } from "effect"
import { Broker } from "../Broker.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { OpeningLine } from "../Portfolio/Opening.ts"
import { type BaselineLine, SyncRecordStore } from "../SyncRecordStore.ts"
import { today } from "../Today.ts"
import type { Comparison } from "./Compare.ts"
import { isOpeningRow, openingPrefix, saysOpening } from "./Opening.ts"
import type { TrackerView } from "./TrackerView.ts"

/** Note: a first run was begun, and what the tracker held before it is still to be looked at. */
const baselineNote = "baseline"

/** The next run that compares is to look at it. */
export const leaveBaselineDue = SyncRecordStore.use((store) => store.saveNote(baselineNote, "due"))

/** Whether there is something to look at once this run has compared. A first run says so for the next, should it end early. */
export const isBaselineOpen = Effect.fn("Sync.isBaselineOpen")(function*(
  run: { readonly dryRun: boolean; readonly isFirst: boolean }
) {
  const store = yield* SyncRecordStore
  if (run.dryRun) return false
  if (run.isFirst) yield* leaveBaselineDue
  return run.isFirst || (yield* store.note(baselineNote)) === "due" || (yield* store.baseline).length > 0
})

/** From here on this is what the tracker lacks of the days before the first statement. */
export const saveBaseline = Effect.fnUntraced(function*(lines: ReadonlyArray<OpeningLine>) {
  const store = yield* SyncRecordStore
  // Night after night it is the same: a write is waited for until it is on the disk.
  if (!isSame(yield* store.baseline, lines)) yield* store.saveBaseline(lines)
  yield* store.saveNote(baselineNote, "judged")
})

const isSame = (before: ReadonlyArray<BaselineLine>, now: ReadonlyArray<BaselineLine>): boolean => {
  const [there, wanted] = [new Set(before.map(textOf)), new Set(now.map(textOf))]
  return there.size === wanted.size && there.isSubsetOf(wanted)
}

const textOf = ({ kind, name, symbol }: BaselineLine): string => JSON.stringify([kind, name, symbol])

export const lacking = (lines: ReadonlyArray<OpeningLine>): ReadonlyArray<OpeningLine> =>
  lines.filter(({ difference }) => !Decimals.isZero(difference))

/**
 * Whether the tracker held, as the first statement began, what the account did. What it lacks is remembered until it is
 * there, or nothing differs any more. Returns the one message that says what can be done, if anything is to be done.
 */
export const judgeBaseline = Effect.fn("Sync.judgeBaseline")(function*<E, R>(
  comparison: Comparison,
  view: Effect.Effect<TrackerView, E, R>
) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const isDue = (yield* store.note(baselineNote)) === "due"
  if (!isDue && agrees(comparison)) {
    yield* saveBaseline([])
    return undefined
  }
  const { opening } = yield* view
  if (opening === undefined) return undefined
  const lines = lacking(opening.lines)
  yield* saveBaseline(lines)
  if (lines.length === 0) return undefined
  const oldest = broker.oldestDay?.(yield* today)
  return `before ${opening.day} the account held what Wealthfolio did not: ${shown(lines)}. Three ways out: `
    + `broker-sync ibkr --from ${oldest ?? "YYYY-MM-DD"} reads the history${
      oldest === undefined ? "" : `, from the oldest day that is served`
    }; broker-sync ibkr open-positions shows opening rows for it, and books them with --yes; `
    + "or enter the time before in Wealthfolio yourself and set IBKR_START_DATE to the first day that is to be imported"
})

/**
 * Opening rows of ours that a statement from before them has overtaken: what they stand for is booked again by its own
 * rows, until they are moved. Only looked for where something differs.
 */
export const overtakenOpenings = Effect.fn("Sync.overtakenOpenings")(function*<E, R>(
  comparison: Comparison,
  view: Effect.Effect<TrackerView, E, R>,
  options: { readonly upstream: string }
) {
  if (agrees(comparison)) return undefined
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const prefix = openingPrefix(broker.provider, options.upstream)
  const from = (yield* store.statements).map(({ fromDate }) => fromDate).sort()[0]
  const days = (yield* view).telling.flatMap((row) =>
    isOpeningRow(row, prefix) && from !== undefined && from < row.date ? [row.date] : []
  ).sort()
  const [day] = days
  if (day === undefined) return undefined
  const first = yield* broker.firstStatement({ isKept: () => false })
  if (first === undefined || !saysOpening(first) || first.opening.day >= day) return undefined
  return `${days.length} opening rows are dated ${day}, and statements from ${first.opening.day} on came in since: what was `
    + "bought or paid in between may be there twice; broker-sync ibkr open-positions shows what they should be, and moves "
    + "them with --yes"
})

/** Whether nothing differs in what both sides say. */
export const agrees = ({ cash, positions }: Comparison): boolean =>
  [...positions.map(({ drift }) => drift), ...cash.map(({ trackerDrift }) => trackerDrift)].every((drift) =>
    drift === undefined || Decimals.isZero(drift)
  )

const most = 5

/** `VUSA.L 100 (Wealthfolio 0), GBP 12.5 (Wealthfolio 0) and 3 more` */
const shown = (lines: ReadonlyArray<OpeningLine>): string => {
  const named = lines.slice(0, most).map(({ broker, symbol, tracker }) =>
    `${symbol} ${Decimals.format(broker)} (Wealthfolio ${Decimals.format(tracker)})`
  ).join(", ")
  return lines.length > most ? `${named} and ${lines.length - most} more` : named
}
