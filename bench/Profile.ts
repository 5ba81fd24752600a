import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { SourceMap } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Command, measure } from "./Measure.ts"
import { median } from "./Measurement.ts"

export interface CpuProfile {
  readonly nodes: ReadonlyArray<{
    readonly id: number
    readonly children?: ReadonlyArray<number>
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
      readonly columnNumber: number
    }
  }>
  readonly samples: ReadonlyArray<number>
  /** Microseconds. */
  readonly timeDeltas: ReadonlyArray<number>
}

/** Whose code a function is: ours, SQLite's, a package's, Node's, or what V8 does beside it. */
export type Owner = "own" | "sqlite" | "packages" | "node" | "collector" | "idle"

/** What SQLite does counts for the function that calls it, and these do nothing else that takes time. */
const callsSqlite = /src\/Sql\/NodeSqlite\.ts$/

export const ownerOf = (source: string | undefined, functionName: string, url: string): Owner => {
  if (functionName === "(idle)") return "idle"
  if (functionName === "(garbage collector)") return "collector"
  if (source === undefined) return url.startsWith("file:") ? "packages" : "node"
  if (callsSqlite.test(source)) return "sqlite"
  return source.includes("node_modules/") ? "packages" : "own"
}

/** Milliseconds by owner: the time in a function itself, not in what it calls. */
const timesOf = (profile: CpuProfile, program: string): Readonly<Record<Owner, number>> => {
  const sourceAt = sourcesOf(program)
  const owners = new Map(profile.nodes.map(({ callFrame, id }) => {
    const { columnNumber, functionName, lineNumber, url } = callFrame
    const source = url.startsWith("file:") && fileURLToPath(url) === program
      ? sourceAt(lineNumber, columnNumber)
      : undefined
    return [id, ownerOf(source, functionName, url)]
  }))
  const times: Record<Owner, number> = { own: 0, sqlite: 0, packages: 0, node: 0, collector: 0, idle: 0 }
  for (const [index, id] of profile.samples.entries()) {
    times[owners.get(id) ?? "node"] += (profile.timeDeltas[index] ?? 0) / 1000
  }
  return times
}

/** By its source map: the file that a line and column of the program, from 0, were made from. */
export const sourcesOf = (program: string) => {
  const map = new SourceMap(JSON.parse(readFileSync(`${program}.map`, "utf8")))
  return (line: number, column: number): string | undefined => {
    const entry = map.findEntry(line, column)
    return "originalSource" in entry && typeof entry.originalSource === "string" ? entry.originalSource : undefined
  }
}

/**
 * One run of a program under V8's profiler, which looks once a millisecond. Five times as often the looking itself took a
 * sixth of the processor's time.
 */
export const profileOf = async (
  program: string,
  command: (program: string, node: ReadonlyArray<string>) => Command | Promise<Command>
): Promise<CpuProfile> => {
  const directory = mkdtempSync(join(tmpdir(), "broker-sync-profile-"))
  try {
    const { code, stderr } = await measure(
      await command(program, ["--cpu-prof", `--cpu-prof-dir=${directory}`])
    )
    const [name] = readdirSync(directory)
    if (code !== 0 || name === undefined) throw new Error(`no profile, exit ${code}: ${stderr}`)
    return JSON.parse(readFileSync(join(directory, name), "utf8"))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/**
 * Medians over runs of their own, under V8's profiler, of a program with its source map beside it. They are slower than
 * the runs that are timed.
 */
export const ownTime = async (
  program: string,
  command: (program: string, node: ReadonlyArray<string>) => Command,
  runs: number
): Promise<Readonly<Record<`${Owner}Millis`, number>>> => {
  const all: Array<Readonly<Record<Owner, number>>> = []
  for (let run = 0; run < runs; run++) all.push(timesOf(await profileOf(program, command), program))
  const of = (owner: Owner) => Math.round(median(all.map((times) => times[owner])) * 10) / 10
  return {
    ownMillis: of("own"),
    sqliteMillis: of("sqlite"),
    packagesMillis: of("packages"),
    nodeMillis: of("node"),
    collectorMillis: of("collector"),
    idleMillis: of("idle")
  }
}
