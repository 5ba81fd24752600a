import { assert } from "@effect/vitest"
import { cashTypes } from "../../src/Ibkr/Activities/CashTypes.ts"
import {
  commonSettings,
  flexSettings,
  guardSettings,
  loggingSettings,
  optionalGuardSettings,
  trackerSettings
} from "../../src/IbkrSettings.ts"
import type { RunSummary } from "../../src/Metrics.ts"
import type { Setting } from "../../src/Settings.ts"

type Group = Readonly<Record<string, Setting<unknown>>>

/** Every setting there is. */
export const settingNames: ReadonlySet<string> = new Set(
  [commonSettings, flexSettings, guardSettings, loggingSettings, optionalGuardSettings, trackerSettings].flatMap(
    (group: Group) => Object.values(group).map(({ name }) => name)
  )
)

/** The cells of the tables of a Markdown text, by the first heading of each, without their backticks. */
export const tablesOf = (text: string) => (heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = text.split("\n").map((line) => line.trim())
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`))
  assert.isAtLeast(start, 0, `a table that starts with ${heading}`)
  const rows = lines.slice(start + 2)
  const end = rows.findIndex((line) => !line.startsWith("|"))
  return rows.slice(0, end).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")))
}

/** As forges make them of the headings. */
export const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#{1,4} (.+)$/gm)].map(([, title = ""]) =>
      title.toLowerCase().replaceAll(/[^\w\s-]/g, "").trim().replaceAll(/\s/g, "-")
    )
  )

/** The same, in whatever order. */
export const same = (told: ReadonlyArray<string>, real: Iterable<string>): void =>
  assert.deepStrictEqual([...told].sort(), [...real].sort())

/** Rows of the table of cash types, as they must be. */
export const cashTypeRows: ReadonlyArray<string> = Object.entries(cashTypes.extended).map(([type, activity]) =>
  `${type}: ${activity}, ${type in cashTypes.runbook ? "runbook" : "extended"}`
)

/** Of a run that has every metric there is. */
export const fullSummary: RunSummary = {
  exitCode: 0,
  finishedAt: 1,
  durationSeconds: 1,
  activities: { imported: 1 },
  skipped: { refused: 1 },
  statement: { toDate: 1, generatedAt: 1 },
  reconciliation: {
    positions: [{ symbol: "A", drift: "1", statements: 1, causes: ["short"] }],
    cash: [{ currency: "GBP", drift: "1", trackerDrift: "1" }]
  },
  uncoveredDays: 1,
  baselinePending: 1,
  tokenExpires: 1
}
