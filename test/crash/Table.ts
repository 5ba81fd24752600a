import type { CaseResult } from "./Case.ts"
import { wrongs } from "./Invariants.ts"
import { kinds } from "./KillPoint.ts"

const columns = ["killed at", "cases", "kills", "runs", ...wrongs.slice(0, -1), "other"] as const

const row = (name: string, cells: ReadonlyArray<number>) => [name, ...cells.map(String)]

/** What came of it all, by where the runs were killed. */
export const table = (results: ReadonlyArray<CaseResult>): string => {
  const cells = (some: ReadonlyArray<CaseResult>, kills: number) => [
    some.length,
    kills,
    some.reduce((sum, { runs }) => sum + runs, 0),
    ...wrongs.map((wrong) =>
      some.reduce((sum, { violations }) => sum + violations.filter((each) => each.wrong === wrong).length, 0)
    )
  ]
  const lines = kinds.map((kind) =>
    row(kind, cells(results.filter((each) => each.kind === kind), killsAt(results, kind)))
  )
  const all = [[...columns], ...lines, row("all", cells(results, killsOf(results)))]
  const widths = columns.map((_, index) => Math.max(...all.map((line) => line[index]?.length ?? 0)))
  return all.map((line) =>
    line.map((cell, index) => index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)).join("  ")
  ).join("\n")
}

const killsAt = (results: ReadonlyArray<CaseResult>, kind: CaseResult["kind"]): number =>
  results.reduce((sum, { kills }) => sum + kills.filter((each) => each === kind).length, 0)

/** Kills that really hit. */
export const killsOf = (results: ReadonlyArray<CaseResult>): number =>
  results.reduce((sum, { kills }) => sum + kills.length, 0)
