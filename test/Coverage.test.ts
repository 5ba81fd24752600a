import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import { readFileSync } from "node:fs"
import { cashTypes } from "../src/Ibkr/Activities/CashTypes.ts"
import { bookedCategories } from "../src/Ibkr/Category.ts"
import { sections } from "../src/Ibkr/FlexReport.ts"
import { decodeMoving, digestOf } from "../src/Ibkr/MovingRow.ts"
import { spooled } from "../src/Ibkr/Spool.ts"
import { fixture, type FixtureOptions, read } from "./support/fixture.ts"

/** `docs/coverage.md`, kept true. */
const table = readFileSync(new URL("../docs/coverage.md", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| Activity"))
  .map((line) => line.slice(2, -2).split(" | "))

const quoted = (cell: string): ReadonlyArray<string> => [...cell.matchAll(/`([^`]*)`/g)].map(([, text = ""]) => text)

interface Line {
  readonly section: string
  readonly conditions: ReadonlyArray<string>
  readonly becomes: ReadonlyArray<string>
  readonly fixture: string
}

const lines: ReadonlyArray<Line> = table.map(([, section = "", row = "", becomes = "", name = ""]) => ({
  section,
  conditions: quoted(row),
  becomes: quoted(becomes),
  fixture: quoted(name)[0] ?? ""
}))

const meets = (fields: Readonly<Record<string, string>>, condition: string): boolean => {
  const [, name = "", operator = "", value = ""] = /^(\w+)([=<>])(.*)$/s.exec(condition) ?? []
  const found = fields[name] ?? ""
  if (operator === "=") return found === value
  const [figure, limit] = [Number(found || "NaN"), Number(value)]
  return operator === "<" ? figure < limit : figure > limit
}

const optionsOf = (name: string): FixtureOptions =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.expected.json`, import.meta.url), "utf8")).options ?? {}

/** What the rows of a fixture that meet the conditions become, row for row. */
const outcomes = Effect.fnUntraced(function*(line: Line) {
  const { report, scanned } = yield* read(yield* fixture(`${line.fixture}.xml`), optionsOf(line.fixture))
  const found: Array<ReadonlySet<string>> = []
  yield* spooled(scanned.spool, ({ fields, section }) => {
    if (section !== line.section || !line.conditions.every((condition) => meets(fields, condition))) return
    const moving = decodeMoving(section, fields)
    if (moving === undefined || Result.isFailure(moving)) return
    const hash = digestOf(moving.success)
    found.push(
      new Set([
        ...report.activities.flatMap(({ contentHash, type }) => contentHash === hash ? [type] : []),
        ...report.skipped.flatMap(({ contentHash, reason }) => contentHash === hash ? [`skipped: ${reason}`] : [])
      ])
    )
  })
  return found
})

layer(NodeFileSystem.layer)("docs/coverage.md", (it) => {
  it.effect.each(lines)("$section $conditions becomes $becomes in $fixture", (line) =>
    Effect.gen(function*() {
      const rows = yield* Effect.scoped(outcomes(line))
      assert.isAbove(rows.length, 0, "no row of the fixture is so")
      assert.isAbove(line.becomes.length, 0)
      const isSo = rows.some((row) => line.becomes.every((each) => row.has(each)))
      assert.isTrue(isSo, rows.map((row) => [...row].join(" + ")).join("; "))
    }))
})

describe("docs/coverage.md", () => {
  it("names every section whose rows are booked", () => {
    const moving = Object.keys(sections).filter((section) =>
      decodeMoving(section, { assetCategory: "FUT" }) !== undefined
    )
    assert.deepStrictEqual([...new Set(lines.map(({ section }) => section))].sort(), moving.toSorted())
  })

  it("names every cash type, paid in and paid out", () => {
    for (const type of Object.keys(cashTypes.extended)) {
      for (const sign of ["amount>0", "amount<0"]) {
        const isThere = lines.some(({ conditions }) => conditions.includes(`type=${type}`) && conditions.includes(sign))
        assert.isTrue(isThere, `${type} ${sign}`)
      }
    }
  })

  it("names every asset category that is booked", () => {
    const named = lines.flatMap(({ conditions }) =>
      conditions.flatMap((condition) => condition.startsWith("assetCategory=") ? [condition.slice(14)] : [])
    )
    assert.deepStrictEqual(bookedCategories.filter((category) => !named.includes(category)), [])
  })
})
