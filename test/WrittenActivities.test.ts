import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, readdirSync, rmdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { emptyReport, type ReportedActivity, runJson, type RunReport } from "../src/RunReport.ts"
import { runTable } from "../src/RunTable.ts"
import { WrittenActivities } from "../src/WrittenActivities.ts"
import { buy } from "./Sync/world.ts"

const rows = (from: number, to: number, status: ReportedActivity["status"] = "imported") =>
  Array.from({ length: to - from }, (_, index): ReportedActivity => ({
    activity: { ...buy(String(from + index), "AAA"), note: "Zürich & “Söhne”, ".repeat(3) },
    status,
    symbol: "AAA.L"
  }))

const report = (fields: Partial<RunReport>): RunReport => ({
  ...emptyReport({ runId: "1", provider: "ibkr", account: "ibkr-uk", dryRun: false }),
  ...fields
})

describe("activities on disk", () => {
  it("stand in the report as they would have, in no file that has a name", () => {
    const directory = mkdtempSync(join(tmpdir(), "broker-sync-written-"))
    const written = new WrittenActivities(directory)
    assert.deepStrictEqual(readdirSync(directory), [])
    rmdirSync(directory)
    for (const part of [rows(0, 700), rows(700, 701, "already-synced"), [], rows(701, 900)]) written.add(part)
    const all = [...rows(0, 700), ...rows(700, 701, "already-synced"), ...rows(701, 900)]
    for (const last of [[], rows(900, 903)]) {
      const [apart, whole] = [report({ activities: last, written }), report({ activities: [...all, ...last] })]
      assert.strictEqual([...runJson(apart)].join(""), [...runJson(whole)].join(""))
      assert.deepStrictEqual([...runTable(apart, "as of today")], [...runTable(whole, "as of today")])
    }
  })

  it("are known by their ids, also those that came after somebody asked", () => {
    const written = new WrittenActivities()
    written.add(rows(0, 3))
    assert.isTrue(written.has("ibkr:trade:2"))
    assert.isFalse(written.has("ibkr:trade:3"))
    written.add(rows(3, 4))
    assert.isTrue(written.has("ibkr:trade:3"))
    assert.isFalse(written.has("ibkr:trade:4"))
  })
})
