import { Cause, DateTime, Effect, Exit, Ref } from "effect"
import { Broker, lastDayOf, type ReceivedStatement } from "./Broker.ts"
import { type ExitCode, exitCodes, type Failure } from "./Failure.ts"
import { HealthCheck } from "./HealthCheck.ts"
import { collectIfGrown, garbageOfAStep } from "./Heap.ts"
import { Metrics } from "./Metrics.ts"
import type { DaySpan } from "./Portfolio/Coverage.ts"
import * as Decimals from "./Portfolio/Decimal.ts"
import * as PlainDates from "./Portfolio/PlainDate.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"
import { waitingFor } from "./Progress.ts"
import { counts, emptyReport, type RunReport } from "./RunReport.ts"
import { agrees, judgeBaseline, overtakenOpenings } from "./Sync/Baseline.ts"
import { bridges, cashToExplain, sayUnexplained } from "./Sync/Bridges.ts"
import { onceCaughtUp } from "./Sync/CaughtUp.ts"
import { brokerSide, compare } from "./Sync/Compare.ts"
import { DriftFound, RowsRefused, TrackerRestored } from "./Sync/Failures.ts"
import { handleParts } from "./Sync/HandleParts.ts"
import { handleRows } from "./Sync/HandleRows.ts"
import { holdsRows } from "./Sync/HeldNow.ts"
import type { AdoptMode } from "./Sync/ImportOptions.ts"
import { keptRows } from "./Sync/MapStatement.ts"
import { mergedWarnings } from "./Sync/Merged.ts"
import { prepare, type RunState } from "./Sync/Prepare.ts"
import { some } from "./Sync/Presence.ts"
import { mayBeBehind } from "./Sync/Recalculation.ts"
import { summaryOf } from "./Sync/Summary.ts"
import { trackerView } from "./Sync/TrackerView.ts"
import { backfill, fillHoles } from "./Sync/Windows.ts"
import { writeActivities } from "./Sync/WriteActivities.ts"
import { SyncRecordStore } from "./SyncRecordStore.ts"
import { today } from "./Today.ts"
import { WealthfolioRepo } from "./WealthfolioRepo.ts"

export interface SyncOptions {
  readonly runId: string
  /** The label in metrics, logs and JSON. */
  readonly account: string
  /** The broker's account number; first part of every idempotency key. */
  readonly upstream: string
  /** Everything up to the import; nothing is written, compared or pushed. */
  readonly dryRun: boolean
  readonly failOnDrift: boolean
  readonly adopt: AdoptMode
  /** These days instead of tonight's statement. */
  readonly backfill?: DaySpan
  readonly tokenExpires?: PlainDate
  /** A directory for what takes too much memory; the system's temporary one by default. */
  readonly scratch?: string
}

const interrupted: Failure = {
  _tag: "Interrupted",
  message: "interrupted",
  hint: "the next run goes on where this one stopped",
  exitCode: exitCodes.interrupted
}

const driftTolerance = Decimals.of("0.01")

/**
 * The run: what earlier runs left, then tonight's statement; each is mapped, what is known dropped, the rest imported and
 * remembered; then both sides are compared. Never fails: what went wrong is in the report, and so is all that went well.
 */
export const sync = Effect.fn("Sync.run")(function*(options: SyncOptions) {
  const store = yield* SyncRecordStore
  const metrics = yield* Metrics
  const healthCheck = yield* HealthCheck
  const { provider } = yield* Broker
  const startedAt = yield* DateTime.now
  const { account, dryRun, runId } = options
  const ledger = yield* Ref.make(emptyReport({ runId, provider, account, dryRun }))
  const begin = options.dryRun
    ? Effect.void
    : store.beginRun({ runId: options.runId, startedAt: DateTime.formatIso(startedAt), dryRun: false })

  const finish = Effect.fnUntraced(function*(exit: Exit.Exit<void, Failure>) {
    const report: RunReport = yield* Ref.updateAndGet(ledger, (report) => withOutcome(report, exit))
    const finishedAt = yield* DateTime.now
    if (!options.dryRun) {
      const { alreadySynced, held, imported, skipped } = counts(report)
      yield* store.endRun(options.runId, {
        finishedAt: DateTime.formatIso(finishedAt),
        outcome: report.error === undefined ? "success" : "failure",
        exitCode: report.error?.exitCode ?? exitCodes.success,
        imported,
        alreadySynced,
        skipped,
        held
      }).pipe(Effect.catch((error) => Effect.logWarning(error.message)))
      const summary = yield* summaryOf(report, { startedAt, finishedAt, tokenExpires: options.tokenExpires })
      yield* metrics.push(summary)
      yield* healthCheck.ended(report, summary)
    }
    return report
  })

  return yield* begin.pipe(
    Effect.andThen(steps(options, ledger)),
    Effect.tapCause((cause) => Cause.hasDies(cause) ? Effect.logError("defect", cause) : Effect.void),
    Effect.exit,
    Effect.flatMap((exit) =>
      Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause) ? Effect.failCause(exit.cause) : finish(exit)
    ),
    Effect.onInterrupt(() =>
      Effect.logError(`${interrupted.message} — ${interrupted.hint}`).pipe(
        Effect.annotateLogs({ error: interrupted._tag, exitCode: interrupted.exitCode }),
        Effect.andThen(finish(Exit.fail(interrupted)))
      )
    )
  )
})

const steps = Effect.fnUntraced(function*(options: SyncOptions, ledger: Ref.Ref<RunReport>) {
  const broker = yield* Broker
  yield* sayWhenTheTokenEnds(options.tokenExpires)
  const state = yield* prepare(options).pipe(
    Effect.catchIf(
      ({ exitCode }) => exitCode === exitCodes.tracker && !options.dryRun && options.backfill === undefined,
      (error) => Effect.andThen(keepTonight, Effect.fail(error))
    )
  )
  let missing: Failure | undefined
  if (!options.dryRun) {
    for (const statement of yield* broker.backlog) {
      yield* Effect.logInfo(`importing a statement received earlier (${statement.id.slice(0, 12)})`)
      yield* handle(statement, options, ledger, state).pipe(Effect.catchIf(isArchiveError, (error) => {
        missing = error
        return Effect.logWarning(error.message)
      }))
    }
  }
  const handleNext = (statement: ReceivedStatement) => handle(statement, options, ledger, state)
  if (options.backfill !== undefined) yield* backfill(options.backfill, options.dryRun, handleNext)
  else {
    const received = yield* broker.pull.pipe(waitingFor("waiting for the broker's statement"))
    const tonight = yield* handleNext(received)
    if (!options.dryRun && !state.rebuilt) yield* fillHoles(tonight, handleNext)
  }
  // Tonight's rows are in; what an earlier night received and is gone must not pass for a success.
  if (missing !== undefined) return yield* Effect.fail(missing)
  return yield* judge(options, yield* Ref.get(ledger), state)
})

/** The tracker is down: tonight's statement may not be had again tomorrow. It is archived, and the next run imports it. */
const keepTonight = Effect.gen(function*() {
  const broker = yield* Broker
  yield* broker.pull.pipe(
    waitingFor("waiting for the broker's statement"),
    Effect.andThen(Effect.logInfo("the statement is kept: the next run imports it")),
    Effect.catch(({ message }) => Effect.logWarning(`the statement could not be kept: ${message}`))
  )
})

const isArchiveError = (error: Failure): boolean => error._tag === "ArchiveError"

/** One statement, from its bytes to the comparison. */
const handle = Effect.fnUntraced(function*(
  statement: ReceivedStatement,
  options: SyncOptions,
  ledger: Ref.Ref<RunReport>,
  state: RunState
) {
  const store = yield* SyncRecordStore
  const earlier = yield* Ref.get(ledger)
  const account = yield* (yield* WealthfolioRepo).account
  const before = options.dryRun ? undefined : yield* store.latestToDate
  const context = { statement, earlier, options, ledger, state }
  const parts = yield* statement.parts?.(keptRows(yield* store.held)) ?? Effect.void
  const whole = parts === undefined ? undefined : yield* handleParts(parts, context)
  const rows = whole ?? (yield* handleRows(statement, undefined, context))
  if ((yield* Ref.get(ledger)).activities.length > mostInMemory) yield* writeActivities(ledger, options.scratch)
  const { report, skipped } = rows
  // Nor what they were sent with, as the tracker's rows come.
  collectIfGrown(garbageOfAStep)
  const asOf = lastDayOf(report.statements)
  if (!options.dryRun) yield* statement.settled
  yield* Effect.logInfo(
    `${account.name}: ${rows.booked} rows of the statement ${options.dryRun ? "would be" : "are"} booked`
  )

  const side = brokerSide(report, rows.moved)
  const bridged = bridges({ ...rows, cash: yield* cashToExplain(parts ?? [statement], rows, side) })
  const isLatest = asOf !== undefined && (before === undefined || asOf >= before)
  const unmet = reasonNotCompared(options, report.positions !== undefined, isLatest, state.recomputed)
  if (unmet !== undefined) yield* Effect.logWarning(unmet)
  yield* Ref.update(ledger, (sofar): RunReport => ({
    ...sofar,
    ...(isLatest || earlier.asOf === undefined ? bridged(side) : comparisonOf(earlier)),
    warnings: mergedWarnings(sofar.warnings, unmet === undefined ? [] : [unmet])
  }))
  if (!options.dryRun && unmet === undefined && asOf !== undefined) {
    const { upstream } = options
    const look = Effect.gen(function*() {
      const view = yield* Effect.cached(
        trackerView(report, { upstream, handRows: state.handRows, withOpening: state.baselineOpen })
      )
      const comparison = bridged(yield* compare(report, rows.moved, { upstream, asOf, skipped, report, view }))
      return { comparison, view }
    })
    const said = yield* Effect.gen(function*() {
      const { comparison, view } = yield* onceCaughtUp(look, {
        agrees: (seen) => agrees(seen.comparison),
        hasWritten: state.recomputed !== undefined,
        holds: ({ view }) => Effect.flatMap(view, ({ sums }) => holdsRows(sums))
      })
      const lacks = state.baselineOpen ? yield* judgeBaseline(comparison, view) : undefined
      const overtaken = yield* overtakenOpenings(comparison, view, options)
      yield* Ref.update(ledger, (sofar): RunReport => ({ ...sofar, ...comparison }))
      return [lacks, overtaken].filter((text) => text !== undefined)
    }).pipe(Effect.catchTag(
      "HoldingsUnsettled",
      () => Effect.map(mayBeBehind, (isBehind) => [isBehind ? notInTime : noHoldings])
    ))
    for (const text of said) if (!earlier.warnings.includes(text)) yield* Effect.logWarning(text)
    yield* Ref.update(ledger, (sofar): RunReport => ({ ...sofar, warnings: mergedWarnings(sofar.warnings, said) }))
  }
  if (isLatest) yield* sayUnexplained((yield* Ref.get(ledger)).cash)
  return report.statements
})

/** What an earlier statement of this run, a later one by its days, was found to be. */
const comparisonOf = ({ asOf, cash, positions, reconciled }: RunReport) => ({
  cash,
  positions,
  reconciled,
  ...(asOf === undefined ? {} : { asOf })
})

const reasonNotCompared = (options: SyncOptions, positions: boolean, latest: boolean, recomputed = true) => {
  if (options.dryRun) return undefined
  if (!positions) return "positions are not compared: the statement does not say what the account holds"
  if (!latest) return "positions are not compared: a later statement is known"
  if (!recomputed) return notInTime
  return undefined
}

const notInTime = "positions are not compared: Wealthfolio did not recompute its holdings in time"

const noHoldings =
  "positions are not compared: Wealthfolio shows no holdings, although its rows come to some; its own log says why"

/** Of what is reported: more than a large account has in a year. */
const mostInMemory = 10_000

/** IBKR tells nobody when a token ends: the operator does, and is reminded. */
const sayWhenTheTokenEnds = Effect.fnUntraced(function*(expires: PlainDate | undefined) {
  if (expires === undefined) return
  const days = PlainDates.toEpochDay(expires) - PlainDates.toEpochDay(yield* today)
  if (days < 0) yield* Effect.logWarning(`by IBKR_FLEX_TOKEN_EXPIRES the Flex token ended on ${expires}`)
  else yield* (days <= 30 ? Effect.logWarning : Effect.logInfo)(`the Flex token ends on ${expires}, in ${days} days`)
})

/** What makes a run that went through fail all the same. */
const judge = Effect.fnUntraced(
  function*(options: SyncOptions, report: RunReport, { presence: { missing } }: RunState) {
    if (missing.size > 0) return yield* new TrackerRestored({ rows: missing.size, some: some(missing) })
    const refused = report.skipped.filter((row) => row.reason === "refused")
    const [first] = refused
    if (first !== undefined) {
      return yield* new RowsRefused({ rows: refused.length, first: `${first.externalId}: ${first.detail}` })
    }
    if (!options.failOnDrift || !report.reconciled) return
    const drifted = report.positions.filter(({ drift }) =>
      drift !== undefined && Decimals.isLessThan(driftTolerance, Decimals.abs(drift))
    )
    if (drifted.length > 0) return yield* new DriftFound({ symbols: drifted.map(({ symbol }) => symbol) })
  }
)

const withOutcome = (report: RunReport, exit: Exit.Exit<void, Failure>): RunReport =>
  Exit.isSuccess(exit) ? report : { ...report, error: reportedError(exit.cause) }

/** A typed failure as it is; anything else is a defect in this program. */
export const reportedError = (cause: Cause.Cause<Failure>) => {
  const failure = cause.reasons.find(Cause.isFailReason)?.error
  const exitCode: ExitCode = failure?.exitCode ?? exitCodes.defect
  return {
    tag: failure?._tag ?? "Defect",
    message: failure?.message ?? "a defect in broker-sync; the log has the details",
    hint: failure?.hint ?? "please report it with the log of this run (secrets are not in it)",
    exitCode
  }
}
