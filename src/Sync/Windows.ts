import { DateTime, Duration, Effect, Schema } from "effect"
import { Broker, type BrokerError, type ReceivedStatement, type StatementInfo } from "../Broker.ts"
import { exitCodes, type Failure } from "../Failure.ts"
import { covers, type DaySpan, holes, holeWindows, isCollapsed, union, windows } from "../Portfolio/Coverage.ts"
import { addDays, latest, type PlainDate } from "../Portfolio/PlainDate.ts"
import { waitingFor } from "../Progress.ts"
import { SyncRecordStore } from "../SyncRecordStore.ts"
import { today } from "../Today.ts"

/** The broker answered a window for other days. What came is imported; the rest is not there. */
export class WindowCollapsed extends Schema.TaggedError<WindowCollapsed>()("WindowCollapsed", {
  asked: Schema.String,
  returned: Schema.String
}) implements Failure {
  override get message() {
    return `the broker was asked for ${this.asked} and answered for ${this.returned}`
  }
  readonly hint =
    "what came is imported, the other days are not: ask for fewer days, or run the query in the portal with a custom "
    + "date range and import the download with --file"
  readonly exitCode = exitCodes.query
}

/** Imports one statement and says for which days it was. */
export type Handle<R> = (
  statement: ReceivedStatement
) => Effect.Effect<ReadonlyArray<StatementInfo>, Failure, R>

const shown = ({ from, to }: DaySpan) => `${from} to ${to}`

/** From the first to the last day of a statement's parts. */
export const spanOf = (statements: ReadonlyArray<StatementInfo>): DaySpan | undefined => {
  const from = statements.map(({ fromDate }) => fromDate).sort()[0]
  const to = statements.map(({ toDate }) => toDate).sort().at(-1)
  return from === undefined || to === undefined ? undefined : { from, to }
}

type Answer =
  | { readonly _tag: "Imported"; readonly returned: DaySpan | undefined }
  | { readonly _tag: "Unavailable"; readonly notServed: boolean; readonly failure: BrokerError }

const pullWindow = Effect.fn("Sync.pullWindow")(function*<R>(window: DaySpan, handle: Handle<R>, what: string) {
  const broker = yield* Broker
  if (broker.pullWindow === undefined) return yield* Effect.die("this source has no windows")
  const received = yield* broker.pullWindow(window).pipe(waitingFor(what))
  if ("_tag" in received) return { ...received, _tag: "Unavailable" } satisfies Answer
  const answer: Answer = { _tag: "Imported", returned: spanOf(yield* handle(received)) }
  return answer
})

/** Days with no statement three days later have none. */
const finalAfter = 3

const proveEmpty = Effect.fnUntraced(function*(window: DaySpan, notServed: boolean) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const day = yield* today
  if (notServed) {
    const oldest = broker.oldestDay?.(day)
    return yield* Effect.logWarning(
      `${shown(window)} is not served: the broker keeps statements from ${oldest ?? "a later day"} on`
    )
  }
  if (addDays(window.to, finalAfter) > day) {
    return yield* Effect.logWarning(`the broker has no statement for ${shown(window)} yet: these days stay uncovered`)
  }
  yield* store.saveCoverage(window, `none:${window.from}..${window.to}`)
  yield* Effect.logInfo(`the broker has no statement for ${shown(window)}: nothing happened in these days`)
})

export const rereadEvery = Duration.days(7)
/** Corrections and late rows come within this time (a month of withholding tax, late fees). */
const rereadDays = 30
export const rereadNote = "re-read"

/** The last 30 days, once a week, the first time a week after the store's first run; not where tonight's had them. */
const rereadWindow = Effect.fnUntraced(function*(toDate: PlainDate, tonight: ReadonlyArray<DaySpan>) {
  const store = yield* SyncRecordStore
  const now = yield* DateTime.now
  const last = (yield* store.note(rereadNote)) ?? (yield* store.runs)[0]?.startedAt
  if (last === undefined || Duration.isLessThan(DateTime.distance(DateTime.makeUnsafe(last), now), rereadEvery)) {
    return undefined
  }
  const window = { from: addDays(toDate, 1 - rereadDays), to: toDate }
  const had = union(tonight)
  if (!covers(had, window.from) || !covers(had, window.to)) return window
  yield* rereadDone
  return undefined
})

const rereadDone = Effect.gen(function*() {
  yield* (yield* SyncRecordStore).saveNote(rereadNote, DateTime.formatIso(yield* DateTime.now))
})

/** What the broker refuses now it may serve tomorrow; everything else ends the run. */
const isPassing = ({ exitCode }: Failure): boolean =>
  exitCode === exitCodes.credentials || exitCode === exitCodes.query || exitCode === exitCodes.brokerBusy
  || exitCode === exitCodes.lockout || exitCode === exitCodes.statementUnreadable

/**
 * After tonight's rows are in: holes of the ledger are asked for, and once a week the last 30 days. What cannot be had is
 * logged, and stays uncovered.
 */
export const fillHoles = Effect.fn("Sync.fillHoles")(function*<R>(
  tonight: ReadonlyArray<StatementInfo>,
  handle: Handle<R>
) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const span = spanOf(tonight)
  if (span === undefined || broker.pullWindow === undefined) return
  const had = tonight.map(({ fromDate, toDate }) => ({ from: fromDate, to: toDate }))
  const oldest = broker.oldestDay?.(yield* today)
  const missing = holeWindows(yield* store.coverage, span.to).filter(({ to }) => oldest === undefined || to >= oldest)
  for (const window of missing) {
    yield* Effect.logInfo(`days are missing: asking for ${shown(window)}`)
    const came = yield* pullAside(window, handle)
    if (came === undefined) return
    had.push(came)
  }
  const reread = yield* rereadWindow(span.to, had)
  if (reread === undefined) return
  yield* Effect.logInfo(`reading the last ${rereadDays} days again, as every week: ${shown(reread)}`)
  const came = yield* pullAside(reread, handle)
  if (came !== undefined && !isCollapsed(reread, came)) yield* rereadDone
})

/** Days before the first covered one are no hole. */
const leavesHoles = Effect.fnUntraced(function*(window: DaySpan) {
  const covered = yield* (yield* SyncRecordStore).coverage
  const [first] = union(covered)
  return first !== undefined && holes(covered, { from: latest(first.from, window.from), to: window.to }).length > 0
})

/**
 * The days that came. Tonight's statement came with this token: a window without one is empty. Nothing: the broker would
 * not serve now.
 */
const pullAside = Effect.fnUntraced(function*<R>(window: DaySpan, handle: Handle<R>) {
  return yield* pullWindow(window, handle, `waiting for ${shown(window)}`).pipe(
    Effect.flatMap(Effect.fnUntraced(function*(answer) {
      if (answer._tag === "Unavailable") return yield* Effect.as(proveEmpty(window, answer.notServed), window)
      const { returned = window } = answer
      if (isCollapsed(window, returned) || (yield* leavesHoles(window))) {
        yield* Effect.logWarning(
          `the broker was asked for ${shown(window)} and answered for ${shown(returned)}: the other days stay uncovered`
        )
      }
      return returned
    })),
    Effect.catchIf(
      isPassing,
      (error) => Effect.as(Effect.logWarning(`${shown(window)} could not be had: ${error.message}`), undefined)
    )
  )
})

/** A backfill: windows oldest first; one that was cut short goes on where it stopped. */
export const backfill = Effect.fn("Sync.backfill")(function*<R>(span: DaySpan, dryRun: boolean, handle: Handle<R>) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const earlier = yield* store.backfill
  const reached = earlier?.from === span.from && earlier.to === span.to ? earlier.reached : undefined
  const all = windows(span)
  const left = all.filter(({ to }) => reached === undefined || to > reached)
  if (reached !== undefined) yield* Effect.logInfo(`the backfill goes on after ${reached}`)
  const oldest = broker.oldestDay?.(yield* today)
  if (oldest !== undefined && span.from < oldest) {
    yield* Effect.logWarning(`the broker keeps statements from ${oldest} on: earlier days may not be served`)
  }
  const unavailable: Array<{ readonly window: DaySpan; readonly notServed: boolean; readonly failure: BrokerError }> =
    []
  for (const window of left) {
    const number = all.length - left.length + left.indexOf(window) + 1
    const answer = yield* pullWindow(window, handle, `${bar(number - 1, all.length)} ${shown(window)}`)
    yield* Effect.logInfo(`window ${number} of ${all.length}, ${shown(window)}: ${answer._tag.toLowerCase()}`)
    if (answer._tag === "Unavailable") unavailable.push({ window, ...answer })
    else if (answer.returned !== undefined && isCollapsed(window, answer.returned)) {
      return yield* new WindowCollapsed({ asked: shown(window), returned: shown(answer.returned) })
    }
    if (!dryRun) yield* store.saveBackfill({ ...span, reached: window.to })
  }
  const [last] = unavailable.slice(-1)
  // An expired token, too, has no statement: only one that was given something proves the rest to be empty.
  if (last !== undefined && unavailable.length === left.length) return yield* Effect.fail(last.failure)
  if (dryRun) return
  for (const { notServed, window } of unavailable) yield* proveEmpty(window, notServed)
  yield* store.saveBackfill(undefined)
})

const barWidth = 20

/** `[#####...............] 2 of 8` */
export const bar = (done: number, all: number): string => {
  const full = Math.floor((done / all) * barWidth)
  return `[${"#".repeat(full)}${".".repeat(barWidth - full)}] ${done + 1} of ${all}`
}
