import { readFileSync, writeFileSync } from "node:fs"
import { dryRun } from "./cases/Read.ts"
import { inputs, statementOf } from "./Inputs.ts"
import type { Command } from "./Measure.ts"
import { median } from "./Measurement.ts"
import { profileOf, sourcesOf } from "./Profile.ts"
import { build, needBundle } from "./Programs.ts"
import { stages, timesByStage } from "./Stages.ts"
import { type Profiled, publishedStages } from "./StageTable.ts"
import { type StandIns, standIns } from "./StandIns.ts"

/**
 * `npm run bench:stages`: where the time of a run goes, by V8's profiler, into `bench/stages.json` and
 * `docs/performance.md`. Apart from `npm run bench`: a run under the profiler is slower than one that is timed.
 */
const runs = 3

type CommandOf = (program: string, node: ReadonlyArray<string>) => Command | Promise<Command>

const profiled = async (what: string, command: CommandOf): Promise<Profiled> => {
  const program = await build("profiled")
  const sourceAt = sourcesOf(program)
  const all: Array<ReturnType<typeof timesByStage>> = []
  for (let run = 0; run < runs; run++) {
    all.push(timesByStage(await profileOf(program, command), program, sourceAt))
    console.error(`${what}: ${Math.round(stages.reduce((sum, stage) => sum + (all.at(-1)?.[stage] ?? 0), 0))} ms`)
  }
  return {
    what,
    millis: Object.fromEntries(stages.map((stage) => [stage, Math.round(median(all.map((times) => times[stage])))]))
  }
}

const keep: { world: StandIns | undefined } = { world: undefined }

const firstImport: CommandOf = async (program, node) => {
  await keep.world?.[Symbol.asyncDispose]()
  const world = keep.world = await standIns({ trades: 8_500, cash: 1_500 })
  return world.run(["--file", world.statement, "--format", "json"], { program, node })
}

needBundle()
try {
  const found = [
    await profiled("52 MB, dry run", (program, node) => {
      const [, ...args] = dryRun(statementOf(inputs[52]))
      return { command: [process.execPath, ...node, program, ...args], env: { LOG_LEVEL: "warn" } }
    }),
    await profiled("10 000 new activities", firstImport)
  ]
  writeFileSync(new URL("stages.json", import.meta.url), `${JSON.stringify(found, undefined, 2)}\n`)
  const document = new URL("../docs/performance.md", import.meta.url)
  writeFileSync(document, publishedStages(readFileSync(document, "utf8"), found))
} finally {
  await keep.world?.[Symbol.asyncDispose]()
}
