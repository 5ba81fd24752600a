import { assert, it } from "@effect/vitest"
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { generateStatement } from "../bench/generate-statement.ts"
import { broker } from "./support/bundle.ts"

let directory = ""
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "broker-sync-memory-"))
})
afterAll(() => rm(directory, { recursive: true }))

/**
 * Loaded into the process measured: writes its peak as it exits. VmHWM, as `maxRSS` of Linux starts with what the parent
 * had in memory when it forked.
 */
const gauge = `
  import { existsSync, readFileSync, writeFileSync } from "node:fs"
  process.on("exit", () => {
    const kilobytes = existsSync("/proc/self/status")
      ? /VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]
      : process.resourceUsage().maxRSS
    writeFileSync(process.env.PEAK_FILE, String(kilobytes))
  })
`

it("the same seed gives the same statement", async () => {
  const path = (name: string) => join(directory, name)
  for (const out of ["a", "b"]) generateStatement({ trades: 200, cash: 60, seed: 7, out: path(out) })
  generateStatement({ trades: 200, cash: 60, seed: 8, out: path("c") })
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => readFile(path(name), "utf8")))
  assert.strictEqual(a, b)
  assert.notStrictEqual(a, c)
})

it("a statement of 52 MB is read within 160 MiB", { timeout: 120_000 }, async () => {
  const statement = join(directory, "statement.xml")
  const generated = generateStatement({ trades: 30_000, cash: 6_000, seed: 1, out: statement })
  assert.isAbove((await stat(statement)).size, 50_000_000)
  const [hook, peakFile] = [join(directory, "gauge.mjs"), join(directory, "peak")]
  await writeFile(hook, gauge)

  const run = await broker(["ibkr", "--file", statement, "--dry-run", "--format", "json"], {
    env: { NODE_OPTIONS: `--import=${pathToFileURL(hook).href}`, PEAK_FILE: peakFile, LOG_LEVEL: "warn" }
  })
  assert.strictEqual(run.stderr, "")
  assert.strictEqual(run.code, 0)
  const json = JSON.parse(run.stdout)
  assert.deepStrictEqual(json.counts, { imported: 0, planned: 36_000, alreadySynced: 0, skipped: 0, held: 0 })
  const ids = new Set(json.activities.map(({ externalId }: { readonly externalId: string }) => externalId))
  assert.strictEqual(ids.size, 36_000)
  assert.strictEqual(json.positions.length, generated.openPositions)
  assert.deepStrictEqual(
    json.cash.map(({ drift }: { readonly drift: string }) => drift),
    Array.from({ length: generated.currencies }, () => "0")
  )
  const peak = Number(await readFile(peakFile, "utf8")) / 1024
  assert.isAbove(peak, 30)
  assert.isBelow(peak, 160)
})
