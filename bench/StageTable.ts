import { between } from "./Report.ts"
import { type Stage, stages } from "./Stages.ts"

export interface Profiled {
  readonly what: string
  /** Medians of runs under the profiler. */
  readonly millis: Readonly<Record<string, number>>
}

const meanings: Readonly<Record<Stage, string>> = {
  start: "Node starts, and the program is loaded",
  read: "bytes from the disk or IBKR, digest, archive",
  parse: "`Xml`: bytes to events",
  scan: "account guard, levels, what belongs together",
  spool: "rows to the temporary file, into parts, and back",
  decode: "texts to decimals, days, ids",
  map: "booking rules",
  dedup: "what is known, and what is remembered: the store",
  send: "Wealthfolio: assets, requests, comparison",
  report: "the JSON that is printed",
  runtime: "Effect's own loop",
  collector: "V8's garbage collector",
  idle: "waiting for disk and network"
}

export const stageTable = (all: ReadonlyArray<Profiled>): string =>
  [
    ["stage", "what it is", ...all.map(({ what }) => `${what}: ms`)],
    ["---", "---", ...all.map(() => "---")],
    ...stages.map((stage) => [stage, meanings[stage], ...all.map(({ millis }) => String(millis[stage] ?? 0))]),
    ["sum", "", ...all.map(({ millis }) => String(Object.values(millis).reduce((sum, each) => sum + each, 0)))]
  ].map((row) => `| ${row.join(" | ")} |`).join("\n")

/** The document with the table in its place. */
export const publishedStages = (document: string, all: ReadonlyArray<Profiled>): string =>
  between(document, "stages", stageTable(all))
