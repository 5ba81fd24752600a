import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, FileSystem, Result, Stream } from "effect"
import { readFileSync } from "node:fs"
import type { BrokerReport } from "../../src/Broker.ts"
import type { Failure } from "../../src/Failure.ts"
import { type ScannedStatement, scanStatement } from "../../src/Ibkr/FlexStatement.ts"
import { rowsOfSpool, type SpooledRow, spoolText } from "../../src/Ibkr/Spool.ts"
import { statementReport, statementSources } from "../../src/Ibkr/StatementReport.ts"
import type { SourceRow } from "../../src/Portfolio/Activity.ts"
import { read, reportOptions, shownActivity, shownSkip } from "../support/fixture.ts"
import { mapInParts, toldBeside, untimed } from "../support/inParts.ts"
import { accountingProblems, cashProblems, spoolProblems } from "./Accounting.ts"
import type { Corpus } from "./Corpus.ts"
import { memoryFiles } from "./MemoryFiles.ts"
import { type Mutant, mutantOf, piecesOf } from "./Mutant.ts"
import { type Random, randomOf } from "./Random.ts"
import { refusalName, refusalProblems } from "./Refusal.ts"
import { reportProblems } from "./ReportProperties.ts"
import { rowsOf } from "./Rows.ts"

/** What became of one input; no problems: it was read, or refused as it should be. */
export interface Judgement {
  /** Absent when it was read. */
  readonly refused?: string
  readonly problems: ReadonlyArray<string>
  readonly rows: number
  readonly report?: BrokerReport
}

/** Reads and judges the inputs of one seed. */
export const judgeOf = (corpus: Corpus, seed: number) => {
  const files = memoryFiles()
  const quietText = readFileSync(new URL("../../fixtures/quiet-day.xml", import.meta.url), "utf8")

  const scan = (bytes: Uint8Array, account: Mutant["options"]["account"], random: Random, spool: string) =>
    scanStatement(Stream.rechunk(Stream.fromIterable(piecesOf(bytes, random)), 1), {
      spool,
      ...(typeof account === "string" ? { account } : {})
    })

  const map = (
    scanned: ScannedStatement,
    mutant: Mutant,
    held: ReadonlyArray<SourceRow>,
    booked: ReadonlyArray<string> = []
  ) => statementReport(scanned, held, reportOptions({ ...mutant.options, booked }))

  /** The rows that an earlier input of this seed would leave to the next night. */
  const heldOf = Effect.fnUntraced(function*(number: number) {
    const earlier = mutantOf(corpus, seed, number)
    const read = yield* Effect.result(Effect.gen(function*() {
      const scanned = yield* scan(earlier.bytes, null, randomOf(seed, -1 - number), "earlier")
      return yield* map(scanned, earlier, [])
    }))
    return Result.isSuccess(read) ? sourcesOf(read.success) : []
  })

  const judge = Effect.fnUntraced(function*(mutant: Mutant) {
    // Of its own, so that what is checked does not change what is fed.
    const random = randomOf(seed ^ 0x5eed, mutant.number)
    files.reset()
    const held = mutant.heldFrom === undefined ? [] : yield* heldOf(mutant.heldFrom)
    files.reset(mutant.fault)
    const scan1 = yield* Effect.result(scan(mutant.bytes, mutant.options.account, random, "spool"))
    if (mutant.fault === undefined && random.chance(0.35)) {
      const scan2 = yield* Effect.result(scan(mutant.bytes, mutant.options.account, random, "again"))
      const problems = sameScan(scan1, scan2, files.text)
      if (problems.length > 0) return { problems, rows: 0 } satisfies Judgement
    }
    if (Result.isFailure(scan1)) return refused(scan1.failure, mutant)
    const scanned = scan1.success
    const mapped = yield* Effect.result(map(scanned, mutant, held))
    if (Result.isFailure(mapped)) return refused(mapped.failure, mutant)
    const report = mapped.success
    const spooled = rowsOfSpool(files.text("spool"))
    const rows = rowsOf(spooled)
    const problems = [
      ...workProblems(mutant, files.text("spool"), spooled),
      ...reportProblems(report),
      ...spoolProblems(scanned, spooled),
      ...accountingProblems(rows, rowsOf(held), report)
    ]
    const isPlainRead = held.length === 0 && mutant.options.startDate === undefined
    if (isPlainRead) problems.push(...cashProblems(rows, report))
    if (random.chance(0.35) && !rows.hasTwins) {
      problems.push(...yield* shuffledProblems(mutant, scanned, held, report, random))
    }
    if (random.chance(0.35)) problems.push(...yield* partProblems(mutant, scanned, held, report))
    if (random.chance(0.2)) {
      const ids = report.activities.map(({ externalId }) => externalId).filter(() => random.chance(0.5))
      problems.push(
        ...reportProblems(yield* map(scanned, mutant, held, ids)).map((problem) => `partly booked: ${problem}`)
      )
    }
    problems.push(...yield* nextNightProblems(mutant, scanned, report, random))
    if (random.chance(0.01)) problems.push(...yield* onDiskProblems(mutant, held, report))
    return { problems, rows: spooled.length, report } satisfies Judgement
  })

  /** The same rows in another order make the same report. */
  const shuffledProblems = Effect.fnUntraced(function*(
    mutant: Mutant,
    scanned: ScannedStatement,
    held: ReadonlyArray<SourceRow>,
    report: BrokerReport,
    random: Random
  ) {
    files.write("shuffled", shuffledSpool(files.text("spool"), random))
    const shuffled = yield* map({ ...scanned, spool: "shuffled" }, mutant, held)
    return differences(shown(report), shown(shuffled)).map((problem) => `rows in another order: ${problem}`)
  })

  /** Mapped part by part, as small as they can be, rows become what they become together. */
  const partProblems = Effect.fnUntraced(function*(
    mutant: Mutant,
    scanned: ScannedStatement,
    held: ReadonlyArray<SourceRow>,
    report: BrokerReport
  ) {
    const apart = yield* mapInParts(scanned, held, reportOptions(mutant.options), 1)
    if (apart === undefined) return []
    return [
      ...differences(shown(untimed(report)), shown(untimed(apart.report))),
      ...differences(toldBeside(report), toldBeside(apart.report))
    ].map((problem) => `in ${apart.sizes.length} parts: ${problem}`)
  })

  /** A real file system makes no difference. */
  const onDiskProblems = Effect.fnUntraced(function*(
    mutant: Mutant,
    held: ReadonlyArray<SourceRow>,
    report: BrokerReport
  ) {
    const onDisk = yield* Effect.result(
      Effect.scoped(read(mutant.bytes, { ...mutant.options, held })).pipe(Effect.provide(NodeFileSystem.layer))
    )
    if (Result.isFailure(onDisk)) return [`on disk: ${onDisk.failure.message}`]
    return differences(shown(report), shown(onDisk.success.report)).map((problem) => `on disk: ${problem}`)
  })

  /** What is held can be read without its statement, and what is booked can be held. */
  const nextNightProblems = Effect.fnUntraced(function*(
    mutant: Mutant,
    scanned: ScannedStatement,
    report: BrokerReport,
    random: Random
  ) {
    const problems: Array<string> = []
    const held = sourcesOf(report)
    const quiet = new TextEncoder().encode(quietText)
    if (held.length > 0) {
      const next = yield* map(yield* scan(quiet, null, random, "quiet"), mutant, held)
      const expected = report.skipped.flatMap((row) => row.held ? [row.externalId] : []).sort()
      const found = [...next.activities, ...next.skipped].map(({ externalId }) => externalId).sort()
      problems.push(...reportProblems(next).map((problem) => `held: ${problem}`))
      for (const id of expected) {
        if (!found.includes(id)) problems.push(`held: ${id} is gone in the next night`)
      }
    }
    if (random.chance(0.1)) {
      const own = report.activities.filter(({ externalId }) => !report.carriedOver.has(externalId))
      const sources = yield* statementSources(scanned, new Set(own.map(({ contentHash }) => contentHash)))
      for (const { contentHash, externalId } of own) {
        if (!sources.has(contentHash)) problems.push(`${externalId} has no source to be held by`)
      }
      const next = yield* map(yield* scan(quiet, null, random, "quiet"), mutant, [...sources.values()])
      problems.push(...reportProblems(next).map((problem) => `held after all: ${problem}`))
    }
    return problems
  })

  return {
    mutant: (number: number) => mutantOf(corpus, seed, number),
    judge: (mutant: Mutant) => Effect.provideService(judge(mutant), FileSystem.FileSystem, files.fileSystem)
  }
}

const refused = (error: Failure, mutant: Mutant): Judgement => ({
  refused: refusalName(error),
  problems: refusalProblems(error, mutant),
  rows: 0
})

const sourcesOf = (report: BrokerReport): ReadonlyArray<SourceRow> =>
  report.skipped.flatMap(({ held, source }) => held && source !== undefined ? [source] : [])

const sameScan = <E extends Failure>(
  a: Result.Result<ScannedStatement, E>,
  b: Result.Result<ScannedStatement, E>,
  text: (path: string) => string
): ReadonlyArray<string> => {
  const tell = (result: Result.Result<ScannedStatement, E>) => {
    if (Result.isFailure(result)) return `${refusalName(result.failure)}: ${result.failure.message}`
    const { sections, spool, ...rest } = result.success
    const tallies = [...sections].map(([name, tally]) => [name, { ...tally, rollUps: [...tally.rollUps] }])
    return JSON.stringify({ rest, tallies, rows: text(spool) })
  }
  const [one, other] = [tell(a), tell(b)]
  if (isCutAndBroken(a) && isCutAndBroken(b)) return []
  return one === other ? [] : [`in other pieces: ${one.slice(0, 300)} / ${other.slice(0, 300)}`]
}

/** A last tag that is broken and cut short is the one or the other, as the pieces fall: a tag is looked at once it is whole. */
const isCutAndBroken = (result: Result.Result<ScannedStatement, Failure>): boolean =>
  Result.isFailure(result) &&
  ["StatementMalformed truncated", "StatementMalformed malformed"].includes(refusalName(result.failure))

/** What is kept of an input is bounded by its size. */
const workProblems = (mutant: Mutant, spool: string, rows: ReadonlyArray<SpooledRow>): ReadonlyArray<string> =>
  spool.length > 2 * mutant.bytes.length + 64 * rows.length || rows.length > mutant.bytes.length / 8
    ? [`${mutant.bytes.length} bytes became ${rows.length} rows in ${spool.length}`]
    : []

/**
 * Rows of one section of one statement change places among themselves. Not so positions and securities, of which the last
 * word about an instrument counts, nor the lines of the Cash Report, of which the first opens and the last closes.
 */
const isShuffled = /^(?:Trades|CashTransactions|Transfers|StockGrantActivities|\w+Taxes|CFDCharges|Debit\w+|StmtFunds)$/

const shuffledSpool = (spool: string, random: Random): string => {
  const rows = rowsOfSpool(spool)
  const groupOf = (row: SpooledRow) => `${row.statement} ${row.section}`
  const groups = new Map(
    [...Map.groupBy(rows, groupOf)].map(([name, group]) =>
      [name, isShuffled.test(group[0]?.section ?? "") ? random.shuffled(group) : group.toReversed()] as const
    )
  )
  return rows.map((row) => spoolText(groups.get(groupOf(row))?.pop() ?? row)).join("")
}

const shown = (report: BrokerReport): ReadonlyArray<string> =>
  [
    ...report.activities.map((activity) =>
      JSON.stringify({ ...shownActivity(activity, report), hash: activity.contentHash })
    ),
    // Rows are numbered in the order of the file.
    ...report.skipped.map((row) =>
      JSON.stringify({ ...shownSkip(row), detail: row.detail.replace(/^row \d+/, "row"), hash: row.contentHash })
    )
  ].sort()

const differences = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [inA, inB] = [new Set(a), new Set(b)]
  const only = [
    ...a.filter((each) => !inB.has(each)).map((each) => `- ${each}`),
    ...b.filter((each) => !inA.has(each)).map((each) => `+ ${each}`)
  ]
  return only.length > 0
    ? [only.map((each) => each.slice(0, 500)).slice(0, 6).join("\n    ")]
    : a.length === b.length
    ? []
    : [`${a.length} lines, ${b.length} lines`]
}
