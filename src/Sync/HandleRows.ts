import { Effect, Ref } from "effect"
import { ageOfData } from "../AgeOfData.ts"
import { lastDayOf, type ReceivedStatement, type StatementPart } from "../Broker.ts"
import { collectIfGrown, garbageOfAStep } from "../Heap.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import type { RunReport } from "../RunReport.ts"
import type { SyncOptions } from "../Sync.ts"
import { brokerSide } from "./Compare.ts"
import { type Handled, handled } from "./Handled.ts"
import { importReport } from "./Import.ts"
import { mapStatement } from "./MapStatement.ts"
import { mergedSkips, mergedWarnings, merging } from "./Merged.ts"
import type { RunState } from "./Prepare.ts"

/** What rows of a statement are handled with. */
export interface HandleContext {
  readonly statement: ReceivedStatement
  readonly earlier: RunReport
  readonly options: SyncOptions
  readonly ledger: Ref.Ref<RunReport>
  readonly state: RunState
}

/** Rows of one statement that are mapped together, from the broker to the tracker. */
export const handleRows = Effect.fnUntraced(function*(
  part: StatementPart,
  before: Handled | undefined,
  { earlier, ledger, options, state, statement }: HandleContext
) {
  const sofar = yield* Ref.get(ledger)
  const { cash, hashes, own, recalled, report } = yield* mapStatement(part, options)
  const asOf = lastDayOf(report.statements)
  if (before === undefined) {
    yield* sayWhatTheDataIs(asOf)
    for (const warning of report.warnings) if (!earlier.warnings.includes(warning)) yield* Effect.logWarning(warning)
  }
  const positions = [...before?.report.positions ?? [], ...report.positions ?? []]
  yield* Ref.update(ledger, (now): RunReport => ({
    ...now,
    ...brokerSide({ ...report, positions }, new Map()),
    statements: [...earlier.statements, ...report.statements],
    skipped: mergedSkips(sofar.skipped, report.skipped),
    warnings: mergedWarnings(sofar.warnings, report.warnings),
    ...(asOf === undefined ? {} : { asOf })
  }))
  const noted = merging(sofar, earlier)
  // What the rows were read from is not needed any more.
  collectIfGrown(garbageOfAStep)
  const result = yield* importReport(
    {
      sources: part.sources,
      statementOf: (hash) => options.dryRun || !hashes.has(hash) ? undefined : statement.id,
      recalled
    },
    report,
    {
      ...options,
      ...state.presence,
      handRows: state.handRows,
      rebuiltUntil: state.rebuiltUntil,
      force: new Set(),
      adoptIds: new Set(),
      note: (rows) => Ref.update(ledger, (now) => ({ ...now, activities: noted(now, rows) })),
      recomputed: state.recomputed,
      isPart: part !== statement
    }
  )
  state.recomputed = result.recomputed
  for (const warning of result.warnings) yield* Effect.logWarning(warning)
  yield* logSkipped(result.skipped)
  yield* Ref.update(ledger, (now): RunReport => ({
    ...now,
    activities: merging(sofar, earlier)(sofar, result.activities),
    skipped: mergedSkips(sofar.skipped, result.skipped),
    warnings: mergedWarnings(now.warnings, result.warnings)
  }))
  const { activities: { length: booked }, skipped } = result
  return handled({ report, cash, skipped, booked }, own)
})

const logSkipped = Effect.fnUntraced(function*(skipped: RunReport["skipped"]) {
  for (const { detail, externalId, reason, section } of skipped) {
    const log = reason === "unsupported-asset-category" || reason === "before-start-date"
      ? Effect.logInfo
      : Effect.logWarning
    yield* log(`skipped ${externalId ?? `a row of ${section}`}: ${reason}: ${detail}`)
  }
})

const sayWhatTheDataIs = Effect.fnUntraced(function*(asOf: PlainDate | undefined) {
  if (asOf !== undefined) yield* Effect.logInfo(yield* ageOfData(asOf))
})
