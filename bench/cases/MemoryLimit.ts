import { spawnSync } from "node:child_process"
import type { Case } from "../Case.ts"
import { groupOf, inGroup, limitGroup } from "../ControlGroup.ts"
import { type Input, inputs, statementOf } from "../Inputs.ts"
import { rounds, type Subject } from "../Rounds.ts"
import { dryRun } from "./Read.ts"

/** What the pod has. */
const podMiB = 256
/** For V8's old generation. */
const heapMiB = 128

/** glibc reserves 64 MiB for each thread that allocates, unless it is told to keep one arena. */
const oneArena = { MALLOC_ARENA_MAX: "1" }

/** Address space that Node takes before it runs anything, in MiB; `undefined` where `/proc` does not say. */
const reservedMiB = (): number | undefined => {
  const print = `console.log(require("node:fs").readFileSync("/proc/self/status", "utf8"))`
  const { stdout } = spawnSync(process.execPath, ["--eval", print], {
    encoding: "utf8",
    env: { ...process.env, ...oneArena }
  })
  const kibibytes = /VmPeak:\s+(\d+) kB/.exec(stdout)?.[1]
  return kibibytes === undefined ? undefined : Math.ceil(Number(kibibytes) / 1024)
}

const under = (command: ReadonlyArray<string>, limit: string): ReadonlyArray<string> => [
  "sh",
  "-c",
  `${limit} && exec "$@"`,
  "sh",
  ...command
]

const limited = (id: string, what: string, command: ReadonlyArray<string>): Subject => ({
  id,
  what,
  cold: true,
  mayFail: true,
  command: () => ({ command, env: { LOG_LEVEL: "warn", ...oneArena } }),
  facts: (code) => ({ exitCode: code })
})

const ways = (input: Input): ReadonlyArray<Subject> => {
  const file = statementOf(input)
  const id = (way: string) => `memory-limit/${input.megabytes}/${way}`
  const plain = [process.execPath, ...dryRun(file)]
  const subjects = [
    limited(id("heap"), `--max-old-space-size=${heapMiB}`, [
      process.execPath,
      `--max-old-space-size=${heapMiB}`,
      ...dryRun(file)
    ])
  ]
  const reserved = reservedMiB()
  if (reserved !== undefined) {
    const kibibytes = (reserved + podMiB) * 1024
    subjects.push(limited(
      id("address-space"),
      `ulimit -v: ${podMiB} MiB over what an empty Node reserves`,
      under(plain, `ulimit -v ${kibibytes}`)
    ))
  }
  const group = groupOf(process.env)
  if (group !== undefined) {
    const label = `a control group of ${podMiB} MiB`
    subjects.push(limited(id("control-group"), label, under(plain, inGroup(group))))
  }
  return subjects
}

/** The largest statement within a pod's memory: what is told is whether the run came through, `exitCode` 0. */
export const memoryLimit: Case = {
  id: "memory-limit",
  measure: async ({ log, quick, runs }) => {
    using _ = limitGroup(process.env, podMiB)
    return await rounds(Math.min(runs, 3), ways(quick ? inputs[52] : inputs[520]), log)
  }
}
