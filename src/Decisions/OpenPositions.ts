import { Effect } from "effect"
import { Broker } from "../Broker.ts"
import type { Activity } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { OpeningLine } from "../Portfolio/Opening.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { lacking, leaveBaselineDue, saveBaseline } from "../Sync/Baseline.ts"
import { caughtUp } from "../Sync/CaughtUp.ts"
import type { HandRows } from "../Sync/HandRows.ts"
import { openingOf, type OpeningReport, saysOpening } from "../Sync/Opening.ts"
import { prepare, type RunState } from "../Sync/Prepare.ts"
import { mayBeBehind } from "../Sync/Recalculation.ts"
import { firstStatement } from "../Sync/TrackerView.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { type BookedOpenings, bookedOpenings, takeOut } from "./BookedOpenings.ts"
import { book, type DecisionOptions } from "./Booking.ts"
import { isSameRow, openingId, openingRow } from "./OpeningRows.ts"
import { type RowOutcome, RowUndecidable } from "./RowOutcome.ts"

export interface OpenPositionsOptions extends DecisionOptions {
  /** A statement on disk; else the oldest that was received. */
  readonly file?: string
  /** Without it nothing is changed: only shown. */
  readonly confirmed: boolean
}

export interface OpenPositions {
  readonly rows: ReadonlyArray<RowOutcome>
  readonly notes: ReadonlyArray<string>
}

/**
 * What the account held before its first statement and the tracker did not, as rows dated on the statement's first day,
 * before all others. Opening rows of an earlier call that do not fit any more (older statements came in) give way to them;
 * what the user edited or deleted stays so.
 */
export const openPositions = Effect.fn("Decisions.openPositions")(function*(options: OpenPositionsOptions) {
  const { provider } = yield* Broker
  const state = yield* prepare({ ...options, dryRun: !options.confirmed })
  yield* caughtUp
  const report = yield* openingReport(state.handRows, options.file)
  const { day } = report.opening
  const booked = yield* bookedOpenings(options.upstream, provider)
  const lines = yield* openingOf(report, { ...options, provider, withoutOpenings: true })
  const { left, standing, wanted } = sorted(lines, booked, { provider, day })
  const obsolete = [...booked.own].filter(([id, { date }]) => !standing.has(id) && date >= day)
  const outcomes = options.confirmed
    ? [
      ...yield* takeOut(obsolete.map(([id]) => id), booked, options.upstream),
      ...yield* bookOpenings([...wanted.values()], report, options, state)
    ]
    : [
      ...obsolete.map(([externalId, row]): RowOutcome => ({
        externalId,
        outcome: "would be deleted",
        date: row.date,
        row
      })),
      ...yield* proposed([...wanted.values()], state)
    ]
  if (options.confirmed) {
    // Only what the tracker would not take is still to be done.
    const waiting = new Set(outcomes.flatMap(({ externalId, outcome }) => outcome === "held" ? [externalId] : []))
    yield* saveBaseline(lines.filter((line) => waiting.has(openingId(provider, line))))
  }
  const result: OpenPositions = {
    rows: [...outcomes, ...left],
    notes: [
      ...outcomes.length === 0 ? [`nothing to open as of ${day}`] : [`as of ${day}, before all other rows`],
      ...options.confirmed || outcomes.length === 0 ? [] : ["nothing was changed: --yes does it"]
    ]
  }
  return result
})

/** Takes all of them out again; the run that follows says what is lacking. */
export const undoOpenPositions = Effect.fn("Decisions.undoOpenPositions")(function*(
  options: Omit<OpenPositionsOptions, "confirmed">
) {
  const { provider } = yield* Broker
  const { handRows } = yield* prepare({ ...options, dryRun: false })
  const booked = yield* bookedOpenings(options.upstream, provider)
  const outcomes = yield* takeOut([...booked.own.keys()], booked, options.upstream)
  const report = outcomes.length === 0 ? undefined : yield* firstStatement(handRows, options.file)
  if (report !== undefined && saysOpening(report)) {
    // What was taken out is told in any case.
    yield* (yield* mayBeBehind)
      ? leaveBaselineDue
      : openingOf(report, { ...options, provider, withoutOpenings: true }).pipe(
        Effect.flatMap((lines) => saveBaseline(lacking(lines))),
        Effect.catchTag("HoldingsUnsettled", () => leaveBaselineDue)
      )
  }
  const edited = [...booked.edited].map(([externalId, row]): RowOutcome => ({
    externalId,
    outcome: "kept",
    detail: "edited in Wealthfolio",
    date: row.date,
    row
  }))
  const result: OpenPositions = {
    rows: [...outcomes, ...edited],
    notes: outcomes.length === 0 ? ["nothing to take back"] : []
  }
  return result
})

const openingReport = Effect.fnUntraced(function*(handRows: HandRows, file: string | undefined) {
  const report = yield* firstStatement(handRows, file)
  if (report === undefined) {
    return yield* new RowUndecidable({
      message: "no statement was received yet that says what the account holds",
      hint: "run broker-sync ibkr first, or name a downloaded statement with --file"
    })
  }
  if (!saysOpening(report)) {
    return yield* new RowUndecidable({
      message:
        "the statement does not say what the account held as it began: Trades or Open Positions are missing, a row "
        + "of them cannot be read, or it ends before IBKR_START_DATE",
      hint: "broker-sync ibkr --file PATH --dry-run shows what is wrong with it"
    })
  }
  return report
})

/** Each line that is not as it should be: to be booked, booked already, or left as it is. */
const sorted = (
  lines: ReadonlyArray<OpeningLine>,
  booked: BookedOpenings,
  of: { readonly provider: string; readonly day: PlainDate }
) => {
  const wanted = new Map<string, Activity>()
  const standing = new Set<string>()
  const left: Array<RowOutcome> = []
  for (const line of lines) {
    const externalId = openingId(of.provider, line)
    const leave = (why: string) =>
      void left.push({ externalId, outcome: "left", detail: `${line.symbol}: ${why}`, date: of.day })
    if (line.kind === "asset" && Decimals.isNegative(line.broker)) {
      leave(`short by ${Decimals.format(Decimals.abs(line.broker))}, whose opening trade no statement tells`)
    }
    if (Decimals.isZero(line.difference)) continue
    const row = openingRow(line, of)
    const own = booked.own.get(externalId)
    if ("left" in row) leave(row.left)
    else if (booked.edited.has(externalId)) leave("its opening row was edited in Wealthfolio, and stays as it is")
    else if (own !== undefined && own.date < of.day) leave(`it has an opening row of ${own.date}: --undo takes it out`)
    else if (own !== undefined && isSameRow(row, own)) standing.add(externalId)
    else wanted.set(externalId, row)
  }
  return { wanted, standing, left }
}

const proposed = Effect.fnUntraced(function*(rows: ReadonlyArray<Activity>, { presence: { removed } }: RunState) {
  const records = yield* (yield* SyncRecordStore).known(rows.map(({ externalId }) => externalId))
  return rows.map((row): RowOutcome => {
    const isOut = records.get(row.externalId)?.state === "removed" || removed.has(row.externalId)
    return { externalId: row.externalId, outcome: isOut ? "removed" : "would be booked", ...detailOf(row), row }
  })
})

/** By the steps of a nightly run; what the tracker would not take is not remembered: the next call asks again. */
const bookOpenings = Effect.fnUntraced(function*(
  rows: ReadonlyArray<Activity>,
  { instruments }: OpeningReport,
  options: DecisionOptions,
  state: RunState
) {
  if (rows.length === 0) return []
  const store = yield* SyncRecordStore
  const known = yield* store.known(rows.map(({ externalId }) => externalId))
  const fresh = new Set(rows.flatMap(({ externalId }) => known.has(externalId) ? [] : [externalId]))
  const outcomes = yield* book({ activities: rows, instruments, statementOf: new Map() }, {
    ...options,
    force: fresh
  }, state)
  yield* store.forget(
    outcomes.flatMap(({ externalId, outcome }) => outcome === "held" && fresh.has(externalId) ? [externalId] : [])
  )
  const notes = new Map(rows.map((row) => [row.externalId, detailOf(row)]))
  return outcomes.map((outcome) => ({ ...notes.get(outcome.externalId), ...outcome }))
})

const detailOf = ({ date, note }: Activity) => ({ date, ...(note === undefined ? {} : { detail: note }) })
