import { assert, it } from "@effect/vitest"
import type { Baseline } from "./Baseline.ts"
import { planned, played } from "./Harness.ts"
import type { KillPoint } from "./KillPoint.ts"
import { diskPoints, type Kill, requestPoints } from "./Plan.ts"
import type { Scenario } from "./Scenario.ts"
import { corrections } from "./scenarios/Corrections.ts"
import { firstWeek } from "./scenarios/Week.ts"
import { killsOf, table } from "./Table.ts"

/** Where a kill can cost most: what is sent, fetched, logged in to, written to Wealthfolio, and moved on the disk. */
const decisive: Readonly<Record<string, RegExp>> = {
  week: /SendRequest|GetStatement|login|bulk/,
  corrections: /bulk/
}

/** A kill after one correction's bulk and one before the next leave the same behind. */
const isTold = (scenario: string, point: KillPoint) =>
  scenario === "week" || (point.kind === "request" && point.phase !== "before")

/** The short form of `npm run test:crash`, without what a seed decides. */
const shortForm = ({ name, nights }: Scenario, index: number, { disk, moments }: Baseline): ReadonlyArray<Kill> =>
  index < nights.length - 1 ? [] : [
    ...requestPoints({ moments: moments.filter(({ label }) => decisive[name]?.test(label) === true) })
      .filter((point) => isTold(name, point)),
    ...(name === "week" ? diskPoints({ disk }, /^rename/) : [])
  ].map((point) => [point])

it("a run that is killed leaves nothing twice, nothing out and nothing behind", { timeout: 900_000 }, async () => {
  const nights = await planned([firstWeek, corrections], shortForm, 3)
  for (const { baseline } of nights) assert.deepStrictEqual(baseline.violations, [])
  const results = await played(nights, 3)
  assert.deepStrictEqual(
    results.flatMap(({ name, violations }) => violations.map(({ detail, wrong }) => `${name}: ${wrong}: ${detail}`)),
    []
  )
  // Every one of them hit: a run that ends before it is killed proves nothing.
  assert.strictEqual(killsOf(results), results.length, table(results))
  assert.isAtLeast(results.length, 18)
})
