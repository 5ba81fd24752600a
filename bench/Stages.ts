import { fileURLToPath } from "node:url"
import type { CpuProfile } from "./Profile.ts"

/** What a run does, in the order in which it does it. */
export const stages = [
  "start",
  "read",
  "parse",
  "scan",
  "spool",
  "decode",
  "map",
  "dedup",
  "send",
  "report",
  "runtime",
  "collector",
  "idle"
] as const

export type Stage = (typeof stages)[number]

/** The first that fits; a source of none takes the stage of what called it. */
const sources: ReadonlyArray<readonly [RegExp, Stage]> = [
  [/effect\/.*encoding\/Xml/, "parse"],
  [/platform-node.*\/Node(FileSystem|Stream|Sink)/, "read"],
  [/src\/Ibkr\/(FlexXml|FlexStatement|RowGroups|QueryCheck)\./, "scan"],
  [/src\/Ibkr\/Spool/, "spool"],
  [/src\/Ibkr\/(DecodedRows|MovingRow|Charge|Flex(Field|Row|Report|Charges|Funds|Transfers))\./, "decode"],
  [/src\/(StatementArchive|Ibkr\/(StatementReader|FlexClient|FlexBody|FlexHttp))\./, "read"],
  [/src\/Ibkr\//, "map"],
  [/src\/(Wealthfolio|NodeHttp|Sync\/(Write|Import|Tie|Compare))/, "send"],
  [/src\/(Sql\/|SyncRecordStore|Sync\/)/, "dedup"],
  [/src\/(RunReport|RunTable|WrittenActivities|TextTable|Cli\/Ending)\./, "report"]
]

/** What nobody called but a fiber is Effect at work. */
const fibers = /node_modules\/effect\/dist\/(internal\/effect|Scheduler|Fiber)\./

export const stageOf = (source: string): Stage | undefined => sources.find(([pattern]) => pattern.test(source))?.[1]

/**
 * Milliseconds by stage: a function that has none counts for the nearest of its callers that has one.
 *
 * @param sourceAt the file that a line and column of the program, from 0, were made from
 */
export const timesByStage = (
  profile: CpuProfile,
  program: string,
  sourceAt: (line: number, column: number) => string | undefined
): Readonly<Record<Stage, number>> => {
  const parents = new Map(
    profile.nodes.flatMap(({ children = [], id }) => children.map((child) => [child, id] as const))
  )
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const known = new Map<number, Stage>()
  const stageAt = (id: number): Stage => {
    const found = known.get(id) ?? ofNode(id)
    known.set(id, found)
    return found
  }
  const ofNode = (id: number): Stage => {
    const node = nodes.get(id)
    if (node === undefined) return "start"
    const { columnNumber, functionName, lineNumber, url } = node.callFrame
    if (functionName === "(garbage collector)") return "collector"
    if (functionName === "(idle)") return "idle"
    const source = url.startsWith("file:") && fileURLToPath(url) === program
      ? sourceAt(lineNumber, columnNumber)
      : undefined
    const own = source === undefined ? undefined : stageOf(source)
    if (own !== undefined) return own
    const parent = parents.get(id)
    const above = parent === undefined ? "start" : stageAt(parent)
    return above === "start" && source !== undefined && fibers.test(source) ? "runtime" : above
  }
  const times = Object.fromEntries(stages.map((stage) => [stage, 0]))
  for (const [index, id] of profile.samples.entries()) {
    const stage = stageAt(id)
    times[stage] = (times[stage] ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return times as Record<Stage, number>
}
