import { assert, describe, it } from "@effect/vitest"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { generateStatement } from "../../bench/generate-statement.ts"
import { type Run, startWorld, succeeded, type World } from "./support.ts"

/** Loaded into the run: counts what it asks of SQLite, whatever statement of the program does. */
const counter = `
  import { writeFileSync } from "node:fs"
  import { StatementSync } from "node:sqlite"
  const counted = { statements: 0, commits: 0, rows: 0 }
  const { all } = StatementSync.prototype
  StatementSync.prototype.all = function(...parameters) {
    const rows = all.apply(this, parameters)
    counted.statements++
    counted.rows += rows.length
    if (this.sourceSQL === "COMMIT") counted.commits++
    return rows
  }
  process.on("exit", () => writeFileSync(process.env.COUNTS_FILE, JSON.stringify(counted)))
`

interface Counts {
  /** SQL statements, the beginnings and ends of transactions among them. */
  readonly statements: number
  readonly commits: number
  /** Rows that SQLite returned. */
  readonly rows: number
  /** To Wealthfolio. */
  readonly requests: number
}

const counting = async (
  world: World,
  run: (env: Readonly<Record<string, string>>) => Promise<Run>
): Promise<readonly [Run, Counts]> => {
  const [hook, file] = [join(world.directory, "counter.mjs"), join(world.directory, "counts.json")]
  await writeFile(hook, counter)
  const before = world.wealthfolio.requests.length
  const finished = await run({ NODE_OPTIONS: `--import=${pathToFileURL(hook).href}`, COUNTS_FILE: file })
  const read: Omit<Counts, "requests"> = JSON.parse(await readFile(file, "utf8"))
  return [finished, { ...read, requests: world.wealthfolio.requests.length - before }]
}

const currencies = ["USD", "EUR", "CHF", "CAD", "HKD"]

const withStatement = (world: World, shape: { readonly trades: number; readonly cash: number }) => {
  for (const currency of currencies) world.wealthfolio.addRate(currency, "GBP", "0.8")
  const out = join(world.directory, "statement.xml")
  generateStatement({ ...shape, seed: 1, out })
  return out
}

/** What a run does does not depend on the machine; how long it takes does, and is not looked at. */
describe("what a run costs", { timeout: 120_000 }, () => {
  it("a night with nothing new asks little, however many rows the statement has", async () => {
    const nights: Array<Counts> = []
    for (const cash of [40, 1840]) {
      await using world = await startWorld()
      world.flex.setStatement(withStatement(world, { trades: 160, cash }))
      succeeded(await world.night())
      const [run, counts] = await counting(world, (env) => world.night([], { env }))
      const { alreadySynced, imported } = succeeded(run).counts
      assert.deepStrictEqual({ alreadySynced, imported }, { alreadySynced: 160 + cash, imported: 0 })
      // Each record is read when the run begins, by its id, and twice by its subject: to be mapped, and to be judged.
      assert.isAtMost(counts.rows, 4 * alreadySynced + 100)
      nights.push(counts)
    }
    const [small, large] = nights
    assert.isAtMost(small?.statements ?? Infinity, 55)
    assert.isAtMost(small?.commits ?? Infinity, 1)
    assert.isAtMost(small?.requests ?? Infinity, 10)
    assert.strictEqual(large?.statements, small?.statements)
    assert.strictEqual(large?.requests, small?.requests)
  })

  it("10 000 new rows go in by batches of 500", async () => {
    await using world = await startWorld()
    const path = withStatement(world, { trades: 8000, cash: 2000 })
    const [run, counts] = await counting(world, (env) => world.night(["--file", path], { env }))
    assert.strictEqual(succeeded(run).counts.imported, 10_000)
    const batches = 10_000 / 500
    const bulks = world.wealthfolio.requests.filter(({ path }) => path.endsWith("/activities/bulk"))
    assert.lengthOf(bulks, batches)
    const newInstruments = world.assets.length
    assert.isAtMost(counts.requests, 2 * batches + 10 + newInstruments)
    // `pending` before and `synced` after each batch: a transaction each, of five inserts.
    assert.isAtMost(counts.statements, 14 * batches + 100)
    assert.isAtMost(counts.commits, 2 * batches + 5)
    assert.isAtMost(counts.rows, 10_000)

    const [again, known] = await counting(world, (env) => world.night(["--file", path], { env }))
    assert.strictEqual(succeeded(again).counts.alreadySynced, 10_000)
    assert.isAtMost(known.requests, 20)
    assert.isAtMost(known.statements, 60)
    assert.isAtMost(known.rows, 50_100)
  })
})
