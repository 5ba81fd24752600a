import { Effect } from "effect"
import { Broker, type BrokerReport } from "../Broker.ts"
import type { OpeningLine } from "../Portfolio/Opening.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { todayIn } from "../Today.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { type HandRows, nearAny } from "./HandRows.ts"
import { addRow, type RowSums } from "./HeldNow.ts"
import { isOpeningRow, isOurs, linesAfter, openingPrefix, readingBefore, saysOpening } from "./Opening.ts"

/** What a comparison looks at of the tracker's rows. */
export interface TrackerView {
  /** Rows of every status that can say why positions differ, oldest first: splits, opening rows, and what is not ours. */
  readonly telling: ReadonlyArray<TrackerRow>
  /** What the rows come to. */
  readonly sums: RowSums
  /** What the account held as its first statement began, where that is asked for and the broker tells it. */
  readonly opening?: { readonly day: PlainDate; readonly lines: ReadonlyArray<OpeningLine> }
}

/** All of it is read at once: a history of ten years has hundreds of pages, each of which takes a tenth of a second. */
export const trackerView = Effect.fn("Sync.trackerView")(function*(
  report: BrokerReport,
  { handRows, upstream, withOpening }: {
    readonly upstream: string
    readonly withOpening: boolean
    readonly handRows: HandRows
  }
) {
  const { provider } = yield* Broker
  const repo = yield* WealthfolioRepo
  const prefix = openingPrefix(provider, upstream)
  const first = withOpening ? yield* firstOf(report, handRows) : undefined
  const { timeZone } = yield* repo.account
  const today = yield* todayIn(timeZone)
  const before = first && readingBefore(first, { provider, upstream, today, withoutOpenings: false })
  const tells = (row: TrackerRow) => row.type === "SPLIT" || !isOurs(row, upstream) || isOpeningRow(row, prefix)
  const { opening, sums, telling } = yield* repo.fold(
    { mayBeRecent: true },
    () => ({ telling: new Array<TrackerRow>(), sums: new Map(), opening: before?.from() }),
    (sofar, row) => {
      addRow(sofar.sums, row, today)
      if (tells(row)) sofar.telling.push(row)
      if (sofar.opening !== undefined) before?.step(sofar.opening, row)
      return sofar
    }
  )
  const view: TrackerView = first === undefined || opening === undefined
    ? { sums, telling }
    : { sums, telling, opening: { day: first.opening.day, lines: yield* linesAfter(first, upstream, opening) } }
  return view
})

/** This one, unless one that began earlier is in the archive: then that says what the history begins with. */
const firstOf = Effect.fnUntraced(function*(report: BrokerReport, handRows: HandRows) {
  const store = yield* SyncRecordStore
  const from = report.statements.map(({ fromDate }) => fromDate).sort()[0]
  const isEarlier = (yield* store.statements).some(({ fromDate }) => from === undefined || fromDate < from)
  const first = isEarlier ? (yield* firstStatement(handRows)) ?? report : report
  return saysOpening(first) ? first : undefined
})

/** The statement that the history begins with, and of its activities those that something typed may stand for. */
export const firstStatement = Effect.fnUntraced(function*(handRows: HandRows, file?: string) {
  const broker = yield* Broker
  return yield* broker.firstStatement({ file, isKept: nearAny(yield* handRows.all) })
})
