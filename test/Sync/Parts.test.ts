import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { readdirSync } from "node:fs"
import { generateStatement } from "../../bench/generate-statement.ts"
import type { RunSummary } from "../../src/Metrics.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import type { TrackerSeed } from "../../src/Wealthfolio/InMemory.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { aapl, action, cash, position, statement, trade, vusa } from "../e2e/statement.ts"
import { countedFiles } from "../support/countedFiles.ts"
import { daysOf } from "../support/swappedCommissions.ts"
import { ibkrWorld } from "./ibkrWorld.ts"
import { assetOf, atNight, failure, type json, night } from "./world.ts"

/** A statement too large for memory, in the pipeline: everything behind and before its bytes a fixture. */

const trades = 600
const cashRows = 150

const large = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const out = `${directory}/statement.xml`
  generateStatement({ trades, cash: cashRows, seed: 5, out })
  return { directory, statement: yield* files.readFileString(out) }
})

type Json = ReturnType<typeof json>

/** Whatever the order of the rows. */
const sorted = ({ activities, positions, ...rest }: Json) => ({
  ...rest,
  activities: activities.map((row: unknown) => JSON.stringify(row)).sort(),
  positions: positions.map((row: unknown) => JSON.stringify(row)).sort()
})

describe("a statement in parts", () => {
  it.effect("is imported, reconciled and reported as one", () =>
    Effect.gen(function*() {
      yield* atNight
      const found = yield* Effect.forEach([undefined, 100], (rowsPerPart) =>
        Effect.gen(function*() {
          const from = yield* large
          const pushed: Array<RunSummary> = []
          const [first, again] = yield* Effect.forEach(["1", "2"], (runId) => night({ runId, scratch: from.directory }))
            .pipe(
              Effect.provide(ibkrWorld({ ...from, pushed, ...(rowsPerPart === undefined ? {} : { rowsPerPart }) }))
            )
          // Nothing is left beside the archive: what was too much for memory has no name on the disk.
          assert.deepStrictEqual(
            readdirSync(from.directory).filter((name) => name.startsWith("broker-sync-report")),
            []
          )
          return { first, again, pushed }
        }))
      const [whole, parts] = found
      if (whole === undefined || parts === undefined) return assert.fail("two runs")
      const rows = trades + cashRows
      assert.strictEqual(parts.first.counts.imported, rows)
      assert.strictEqual(parts.again.counts.alreadySynced, rows)
      assert.isTrue(parts.first.reconciled)
      assert.isAbove(parts.first.positions.length, 10)
      for (const { drift } of parts.first.positions) assert.strictEqual(drift, "0")
      assert.strictEqual(parts.first.cash.length, 6)
      for (const { drift } of parts.first.cash) assert.strictEqual(drift, "0")
      assert.deepStrictEqual(sorted(parts.first), sorted(whole.first))
      assert.deepStrictEqual(sorted(parts.again), sorted(whole.again))
      assert.deepStrictEqual(parts.pushed[0]?.activities, { imported: rows })
      assert.deepStrictEqual(parts.pushed[1]?.activities, { "already-synced": rows })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("a run that fails between parts says what is in, and the next one imports the rest", () =>
    Effect.gen(function*() {
      yield* atNight
      const from = yield* large
      let batches = 0
      const isDown = { now: true }
      const inner = yield* WealthfolioRepo
      const repo: Partial<WealthfolioRepo["Service"]> = {
        ...inner,
        importBatch: (rows) =>
          Effect.suspend(() => isDown.now && ++batches > 3 ? Effect.fail(failure(9)) : inner.importBatch(rows))
      }
      const [first, second] = yield* Effect.gen(function*() {
        const first = yield* night({ runId: "1" })
        isDown.now = false
        return [first, yield* night({ runId: "2" })] as const
      }).pipe(Effect.provide(ibkrWorld({ ...from, rowsPerPart: 100, repo })))
      assert.strictEqual(first.error.exitCode, 9)
      assert.isAbove(first.counts.imported, 150)
      assert.isBelow(first.counts.imported, 500)
      assert.strictEqual(second.outcome, "success")
      assert.strictEqual(second.counts.imported + second.counts.alreadySynced, trades + cashRows)
      assert.strictEqual(second.counts.alreadySynced, first.counts.imported)
      for (const { drift } of second.positions) assert.strictEqual(drift, "0")
      const ids = new Set(second.activities.map(({ externalId }: { readonly externalId: string }) => externalId))
      assert.strictEqual(ids.size, trades + cashRows)
    }).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, WealthfolioRepo.layerTest({})])))

  it.effect("Wealthfolio is waited for once, when all parts are written, and computes splits anew then", () =>
    Effect.gen(function*() {
      yield* atNight
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const split = action("91", "91", "FS", aapl, "30", "2026-01-07", "2026-01-08", {
        description: "AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)"
      })
      const day = {
        trades: [trade("61", aapl, 10, "200", "2026-01-06"), trade("62", vusa, 10, "80", "2026-01-06")],
        actions: [split],
        positions: [position(aapl, 40), position(vusa, 10)]
      }
      const asked: Array<string> = []
      const isInTime = { now: false }
      const inner = yield* WealthfolioRepo
      const repo: Partial<WealthfolioRepo["Service"]> = {
        ...inner,
        importBatch: (rows) => Effect.suspend(() => (asked.push("import"), inner.importBatch(rows))),
        recomputedAfter: (write) =>
          Effect.map(write, (result) => (asked.push("waited"), [result, isInTime.now] as const)),
        recalculate: Effect.sync(() => void asked.push("recalculate"))
      }
      yield* Effect.gen(function*() {
        const first = yield* night({ runId: "1" })
        assert.deepStrictEqual(asked, ["import", "import", "waited", "recalculate", "waited"])
        assert.strictEqual(first.counts.imported, 3)
        assert.isFalse(first.reconciled)
        assert.include(first.warnings.join(), "did not recompute its holdings in time")
        isInTime.now = true
        // Computing the split is still owed, and nothing else.
        const second = yield* night({ runId: "2" })
        assert.deepStrictEqual(asked.slice(5), ["waited", "recalculate", "waited"])
        assert.isTrue(second.reconciled)
        const third = yield* night({ runId: "3" })
        assert.deepStrictEqual(asked.slice(8), ["waited"])
        assert.isTrue(third.reconciled)
      }).pipe(Effect.provide(ibkrWorld({ directory, statement: statement(day), rowsPerPart: 1, repo })))
    }).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, WealthfolioRepo.layerTest({})])))

  it.effect("a disk without room for the report is told, and what is in is remembered", () =>
    Effect.gen(function*() {
      yield* atNight
      const from = yield* large
      const [first, second] = yield* Effect.gen(function*() {
        const first = yield* night({ runId: "1", scratch: `${from.directory}/nowhere` })
        return [first, yield* night({ runId: "2" })] as const
      }).pipe(Effect.provide(ibkrWorld({ ...from, rowsPerPart: 100 })))
      assert.deepInclude(first.error, { tag: "ReportNotWritten", exitCode: 10 })
      assert.isTrue(first.error.message.includes(`${from.directory}/nowhere`))
      assert.isAbove(first.counts.imported, 20)
      assert.strictEqual(second.counts.alreadySynced, first.counts.imported)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  /** What two nights say, of a statement as one and in parts; the tracker is as `seed` says. */
  const nights = Effect.fnUntraced(function*(statement: string | ReadonlyArray<string>, seed: TrackerSeed = {}) {
    yield* atNight
    return yield* Effect.forEach([undefined, 1], (rowsPerPart) =>
      Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        const files = yield* FileSystem.FileSystem
        const directory = yield* files.makeTempDirectoryScoped()
        const reads = new Map<string, number>()
        const two = yield* Effect.forEach(["1", "2"], (runId) => night({ runId, scratch: directory })).pipe(
          Effect.provide(
            ibkrWorld({ directory, statement, repo, ...(rowsPerPart === undefined ? {} : { rowsPerPart }) }).pipe(
              Layer.provideMerge(countedFiles(reads))
            )
          )
        )
        assert.strictEqual(reads.has("2-2"), rowsPerPart !== undefined)
        return two.map(sorted)
      }).pipe(Effect.provide(WealthfolioRepo.layerTest(seed), { local: true })))
  })

  const conversions = ["61", "62", "63"].map((id, index) => ({
    id,
    day: `2026-01-0${index + 6}`,
    isSwapped: index !== 1
  }))

  it.effect("corrects commissions of conversions once, by what all parts say", () =>
    Effect.gen(function*() {
      const [whole, parts] = yield* nights(statement(daysOf(conversions, "2026-01-05", "2026-01-09")))
      if (whole === undefined || parts === undefined) return assert.fail("two runs")
      assert.deepStrictEqual(parts, whole)
      const corrected = parts.map(({ activities }) =>
        activities.filter((row: string) => row.includes("fxcomm")).map((row: string) => JSON.parse(row).status)
      )
      assert.deepStrictEqual(corrected, [["imported", "imported"], ["already-synced", "already-synced"]])
      for (const { cash } of parts) for (const { drift } of cash) assert.strictEqual(drift, "0")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("says of which kind cash is that no row explains, from all of them", () =>
    Effect.gen(function*() {
      const day = daysOf(conversions, "2026-01-05", "2026-01-09")
      const [whole, parts] = yield* nights(statement({
        ...day,
        cash: [...day.cash ?? [], cash("79", "Mystery", "7", "CHF", "2026-01-07")]
      }))
      if (whole === undefined || parts === undefined) return assert.fail("two runs")
      assert.deepStrictEqual(parts, whole)
      const francs = parts[0]?.cash.find(({ currency }: { readonly currency: string }) => currency === "CHF")
      assert.notStrictEqual(francs?.drift, "0")
      assert.isAbove(francs?.bridge.steps.length, 1)
      assert.deepStrictEqual(francs?.bridge.unbooked.map(({ externalId }: { externalId: string }) => externalId), [
        "ibkr:cash:79"
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("what was held before is told by what was typed, also of one that came earlier", () =>
    Effect.gen(function*() {
      const typed = (id: string, type: string, day: string, quantity: string) => ({
        id,
        type,
        date: PlainDates.of(day),
        assetId: "asset-1",
        currency: "GBP",
        quantity: Decimals.of(quantity),
        unitPrice: Decimals.of("80")
      })
      const held = [position(vusa, 115), position(aapl, 10)]
      const first = statement({
        from: "2026-01-05",
        to: "2026-01-07",
        trades: [
          trade("61", vusa, 10, "80", "2026-01-05"),
          trade("62", vusa, 5, "80", "2026-01-06"),
          trade("63", aapl, 3, "200", "2026-01-06")
        ],
        positions: held
      })
      const second = statement({ from: "2026-01-08", to: "2026-01-09", positions: held })
      const [whole, parts] = yield* nights([first, second], {
        assets: [assetOf("VUSA")],
        // The second purchase, and the 100 shares that were there before, under a later day.
        activities: [typed("a", "BUY", "2026-01-06", "5"), typed("b", "TRANSFER_IN", "2026-01-07", "100")]
      })
      if (whole === undefined || parts === undefined) return assert.fail("two runs")
      assert.deepStrictEqual(parts, whole)
      for (const { positions, warnings } of parts) {
        assert.include(
          JSON.stringify(positions),
          `"symbol\\":\\"VUSA.L\\",\\"broker\\":\\"115\\",\\"wealthfolio\\":\\"115\\"`
        )
        const said = warnings.filter((text: string) => text.startsWith("before 2026-01-05"))
        assert.lengthOf(said, 1)
        assert.include(said[0], "did not: AAPL 7 (Wealthfolio 0). Three")
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("what was typed is read twice, however many parts, and each row gives way once", () =>
    Effect.gen(function*() {
      yield* atNight
      const currencies = ["GBP", "USD", "EUR", "CHF", "SEK"]
      const rows = currencies.map((currency, index) =>
        cash(String(71 + index), "Deposits", String(100 + index), currency, `2026-01-0${index + 5}`)
      )
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const inner = yield* WealthfolioRepo
      const read: Array<Parameters<typeof inner.rows>[0]> = []
      const repo = {
        ...inner,
        rows: (range: Parameters<typeof inner.rows>[0]) => {
          if (range.from !== undefined) read.push(range)
          return inner.rows(range)
        }
      }
      const from = { directory, statement: statement({ from: "2026-01-05", to: "2026-01-09", cash: rows }) }
      const { activities } = yield* night({ adopt: "adopt" }).pipe(
        Effect.provide(ibkrWorld({ ...from, rowsPerPart: 1, repo }))
      )
      const outcomes = activities.map(({ status }: { readonly status: string }) => status)
      assert.deepStrictEqual(outcomes, ["imported", "imported", "replaced", "imported", "replaced"])
      const there = yield* inner.rows({})
      assert.deepStrictEqual(there.map(({ currency, key, note }) => [currency, key, note]), [
        ["GBP", "U1234567/ibkr:cash:71", "TEXT"],
        ["USD", "U1234567/ibkr:cash:72", "TEXT"],
        ["EUR", "U1234567/ibkr:cash:73", "mine"],
        ["CHF", "U1234567/ibkr:cash:74", "TEXT"],
        ["SEK", "U1234567/ibkr:cash:75", "mine"]
      ])
      const days = read.map(({ from, to }) => `${from} ${to}`)
      // The two that were found are looked at anew.
      assert.deepStrictEqual(days.slice(0, 2), ["2026-01-03 2026-01-07", "2026-01-03 2026-01-11"])
      assert.lengthOf(days, 4)
    }).pipe(
      Effect.scoped,
      Effect.provide([
        NodeFileSystem.layer,
        WealthfolioRepo.layerTest({
          activities: [["EUR", 7, 102], ["SEK", 9, 104]].map(([currency, day, amount]) => ({
            id: `typed ${currency}`,
            type: "DEPOSIT",
            date: PlainDates.of(`2026-01-0${day}`),
            currency: String(currency),
            amount: Decimals.of(String(amount)),
            note: "mine"
          }))
        })
      ])
    ))
})
