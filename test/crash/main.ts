import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { planned, type PlannedNight, played } from "./Harness.ts"
import { killsOf as planKills, seeded } from "./Plan.ts"
import { typedRowsGiveWay } from "./scenarios/ByHand.ts"
import { corrections } from "./scenarios/Corrections.ts"
import { missedNight } from "./scenarios/MissedNight.ts"
import { overlap } from "./scenarios/Overlap.ts"
import { sessions } from "./scenarios/Sessions.ts"
import { firstWeek } from "./scenarios/Week.ts"
import { killsOf, table } from "./Table.ts"

/**
 * `npm run test:crash`: the real bundle, killed wherever it touches the world outside, then run again until it succeeds.
 * Exits 1 when anything is wrong, and when fewer kills hit than it takes to say so. `--seed` brings random moments and
 * second kills back; `--only` goes through the nights whose name has this in it.
 */
const least = 300
/** Of a thousand rows that are all wrong. */
const shown = 40

const { values } = parseArgs({ options: { seed: { type: "string" }, only: { type: "string" } } })
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
const { only = "" } = values
const random = seeded(seed)
const atOnce = Math.min(4, availableParallelism() + 1)
const started = performance.now()
const seconds = () => `${Math.round((performance.now() - started) / 1000)} s`

console.log(`seed ${seed}; ${atOnce} worlds at once`)
const nights: ReadonlyArray<PlannedNight> = (await planned(
  [firstWeek, overlap, sessions, corrections, missedNight, typedRowsGiveWay],
  ({ nights }, index, baseline) => {
    const night = nights[index]
    return night === undefined ? [] : planKills(night, baseline, random)
  },
  atOnce
)).filter(({ name }) => name.includes(only))

const problems: Array<string> = []
for (const { baseline, kills, name } of nights) {
  console.log(`${name}: ${baseline.moments.length} boundaries, ${kills.length} cases`)
  for (const { detail, wrong } of baseline.violations) problems.push(`${name}, not killed: ${wrong}: ${detail}`)
}

const cases = nights.reduce((sum, { kills }) => sum + kills.length, 0)
let done = 0
const results = problems.length > 0 ? [] : await played(nights, atOnce, ({ name }, result) => {
  if (++done % 50 === 0) console.log(`${done} of ${cases} cases, ${seconds()}`)
  for (const { detail, wrong } of result.violations) {
    const problem = `${name}, killed at ${result.name}: ${wrong}: ${detail}`
    problems.push(problem)
    if (problems.length <= shown) console.log(problem)
  }
})

console.log(`\n${table(results)}\n`)
const repeated = results.filter(({ recovery }) => recovery > 1).length
const missed = results.filter(({ kills }) => kills.length === 0).length
console.log(`${repeated} needed more than one run to succeed again; ${missed} ended before their kill came`)
const kills = killsOf(results)
if (only === "" && kills < least) problems.push(`only ${kills} kills hit, not ${least}`)
for (const problem of problems.slice(0, shown)) console.error(problem)
console.log(`${kills} kills, ${problems.length} problems, ${seconds()}, seed ${seed}`)
process.exitCode = problems.length === 0 ? 0 : 1
