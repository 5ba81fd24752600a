import { Effect, type FileSystem } from "effect"
import type { BrokerError, MappingContext, StatementPart } from "../Broker.ts"
import type { SourceRow } from "../Portfolio/Activity.ts"
import { addSums, type CommissionSums } from "./CommissionSums.ts"
import { DecodedRows } from "./DecodedRows.ts"
import type { ScannedStatement } from "./FlexStatement.ts"
import { spooled } from "./Spool.ts"
import { divideSpool } from "./SpoolParts.ts"
import { type MissingMoves, missingMoves, partReport, type ReportOptions, statementSources } from "./StatementReport.ts"

/**
 * A statement in parts of `most` rows, each with the kept rows that bear on its own; `undefined` where it is one. The
 * first has what makes positions of any other doubtful: the parts are to be mapped in their order.
 */
export const statementParts = Effect.fnUntraced(function*(
  scanned: ScannedStatement,
  kept: ReadonlyArray<SourceRow>,
  options: {
    readonly most: number
    readonly report: (context: MappingContext) => ReportOptions
  }
): Effect.fn.Return<ReadonlyArray<StatementPart> | undefined, BrokerError, FileSystem.FileSystem> {
  const parts = scanned.groups.parts(options.most, kept)
  if (parts === undefined) return undefined
  const services = yield* Effect.context<FileSystem.FileSystem>()
  const paths = yield* divideSpool(scanned.spool, parts)
  let missing: MissingMoves = { trades: false, others: false }
  let isSearched = false

  const sums = new Map<number, ReadonlyArray<CommissionSums>>()

  return paths.map((spool, index): StatementPart => {
    const isLast = index === paths.length - 1
    const kept = parts.keptIn(index)
    const map = (context: MappingContext) =>
      partReport(scanned, spool, context.rows, options.report(context), {
        missing,
        isFirst: index === 0,
        ...(scanned.groups.hasConversions ? { sums: { before: isLast ? sumsOfAll(sums) : [], isLast } } : {})
      })
    const report = Effect.fnUntraced(function*(context: MappingContext) {
      const mapped = yield* map(context)
      // By themselves, and with no row of an earlier statement that they correct.
      const isAlone = context.booked.size === 0 && context.rows.length === kept.length
      if (isAlone && !isLast && mapped.sums !== undefined) sums.set(index, mapped.sums)
      if (mapped.isAllDoubtful) missing = { ...missing, trades: true }
      if (!mapped.isDoubtAsked || isSearched) return mapped.report
      // It is asked of few statements: they alone are looked through.
      missing = yield* missingIn(paths, scanned, missing)
      isSearched = true
      return (yield* map(context)).report
    })
    return {
      kept,
      report: (context) => Effect.provideContext(report(context), services),
      sources: (hashes) => Effect.provideContext(statementSources({ ...scanned, spool }, hashes), services)
    }
  })
})

const sumsOfAll = (sums: ReadonlyMap<number, ReadonlyArray<CommissionSums>>): ReadonlyArray<CommissionSums> =>
  [...sums.values()].reduce<ReadonlyArray<CommissionSums>>(
    (before, now) => before.length === 0 ? now : addSums(before, now),
    []
  )

/** Whether rows that move positions may be missing in any part. */
const missingIn = Effect.fnUntraced(function*(
  paths: ReadonlyArray<string>,
  scanned: ScannedStatement,
  known: MissingMoves
) {
  let missing = known
  for (const path of paths) {
    const decoded = new DecodedRows()
    yield* spooled(path, (row) => decoded.add(row))
    missing = missingMoves(scanned, decoded, missing)
  }
  return missing
})
