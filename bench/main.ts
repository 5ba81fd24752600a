import { readFileSync, writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { Case } from "./Case.ts"
import { coldStart } from "./cases/ColdStart.ts"
import { firstImport } from "./cases/FirstImport.ts"
import { largeStore } from "./cases/LargeStore.ts"
import { memoryLimit } from "./cases/MemoryLimit.ts"
import { quietNight } from "./cases/QuietNight.ts"
import { read } from "./cases/Read.ts"
import { machine } from "./Machine.ts"
import type { Measurement, Results } from "./Measurement.ts"
import { needBundle } from "./Programs.ts"
import { markdown, published, text } from "./Report.ts"
import { targetsOf, verdictOf } from "./Targets.ts"

/**
 * `npm run bench`: whole processes, measured by the operating system. A run of everything goes to `bench/results.json`
 * and into `docs/performance.md`. `IBFLEX` is a checkout of ibflex to compare with.
 */
const { values } = parseArgs({
  options: {
    /** Of each process, at least. */
    runs: { type: "string", default: "5" },
    /** Cases whose id begins with this; several times for several. */
    only: { type: "string", multiple: true },
    /** Without 520 MB and the store of a million records. */
    quick: { type: "boolean", default: false },
    /** Exit 1 where a target is not met. */
    check: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    /** Nothing is measured: prints what an earlier run wrote. */
    from: { type: "string" },
    /** Instead of `bench/results.json`, and also of some cases. */
    out: { type: "string" }
  }
})

const cases: ReadonlyArray<Case> = [...read, coldStart, quietNight, firstImport, largeStore, memoryLimit]

const isWanted = ({ id, isLong }: Case) =>
  (values.only ?? [""]).some((beginning) => `${id}/`.startsWith(beginning)) && !(values.quick && isLong === true)

const failed: Array<string> = []

const measureAll = async (): Promise<Results> => {
  needBundle()
  const { IBFLEX: ibflex } = process.env
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs takes a number from 1 on")
  const wanted = cases.filter(isWanted)
  if (wanted.length === 0) throw new Error(`there is ${cases.map(({ id }) => id).join(", ")}`)
  const started = await machine(ibflex)
  const measurements: Array<Measurement> = []
  for (const { id, measure } of wanted) {
    try {
      measurements.push(...await measure({ runs, quick: values.quick, ibflex, log: (line) => console.error(line) }))
    } catch (cause) {
      // The others are worth their half hour.
      console.error(`${id} failed:`, cause)
      failed.push(id)
    }
  }
  return { machine: started, measurements }
}

const at = (path: string) => new URL(path, import.meta.url)
const results: Results = values.from === undefined
  ? await measureAll()
  : JSON.parse(readFileSync(values.from, "utf8"))

console.log(values.markdown ? markdown(results) : text(results))
const json = () => `${JSON.stringify(results, undefined, 2)}\n`
if (values.out !== undefined) {
  writeFileSync(values.out, json())
} else if (values.from === undefined && values.only === undefined && !values.quick && failed.length === 0) {
  writeFileSync(at("results.json"), json())
  const document = at("../docs/performance.md")
  writeFileSync(document, published(readFileSync(document, "utf8"), results))
}
if (failed.length > 0) {
  console.error(`failed, and not in these figures: ${failed.join(", ")}`)
  process.exitCode = 1
}
if (values.check && targetsOf(results.measurements).some((target) => verdictOf(target) === "not met")) {
  process.exitCode = 1
}
