import { assert, describe, it } from "@effect/vitest"
import { cash, position, statement, trade, vusa } from "./statement.ts"
import { failed, fixture, nothingWritten, skips, startWorld, succeeded } from "./support.ts"

const week = await fixture("week.xml")

describe("the account guard", { timeout: 60_000, concurrent: true }, () => {
  const ours = { trades: [trade("61", vusa, 10, "80", "2026-01-05")], positions: [position(vusa, 10)] }
  const foreign = { ...ours, account: "U7654321" }

  it.each<[string, string]>([
    ["the only statement", statement(foreign)],
    ["the second of two statements", statement(ours, foreign)],
    ["the first of two statements", statement(foreign, ours)],
    ["one row", statement({ trades: [trade("61", vusa, 10, "80", "2026-01-05", { accountId: "U7654321" })] })],
    [
      "the Account Information",
      statement(ours).replace("Information accountId=\"U1234567\"", "Information accountId=\"U7654321\"")
    ]
  ])("%s about another account is exit 3, from the web and from a file; nothing is written", async (_name, xml) => {
    await using world = await startWorld({ flex: { statement: xml } })
    const says = /account U7654321, not U1234567/
    assert.strictEqual(failed(await world.night(), 3, says).error?.tag, "IBKRAccountMismatch")
    await nothingWritten(world)
    failed(await world.night(["--file", "-"], { stdin: xml }), 3, says)
    failed(await world.night(["--dry-run"]), 3, says)
    await nothingWritten(world)
    assert.strictEqual(world.rows("run WHERE exit_code = 3 AND outcome = 'failure'"), 2)
    // The reference is used up: the next run asks anew.
    world.flex.setStatement(week)
    assert.strictEqual(succeeded(await world.night()).counts.imported, 15)
  })

  it("counts the CFD segment as the account's own", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("cfd-segment.xml") } })
    succeeded(await world.night())
  })
})

describe("a query that cannot serve", { timeout: 60_000, concurrent: true }, () => {
  const withoutPositions = statement({
    trades: [trade("61", vusa, 10, "80", "2026-01-05")],
    cash: [cash("71", "Deposits", "1000", "GBP", "2026-01-05")],
    positions: null
  })

  it("without Open Positions is exit 5 from the web, is kept as evidence, and imports nothing", async () => {
    await using world = await startWorld({ flex: { statement: withoutPositions } })
    const json = failed(await world.night(), 5, /section Open Positions is missing/)
    assert.strictEqual(json.error?.tag, "FlexSectionsMissing")
    await nothingWritten(world, 1)

    // The query is mended: what was useless does not come back.
    world.flex.setStatement(week)
    const next = succeeded(await world.night())
    assert.strictEqual(next.counts.imported, 15)
    assert.strictEqual(world.activities.length, 15)
    assert.deepStrictEqual(skips(next), {})
    assert.lengthOf(await world.archived(), 2)
  })

  it("without Open Positions is a warning with --file and in a dry run; the days are not proven", async () => {
    await using world = await startWorld({ flex: { statement: withoutPositions } })
    const says = (texts: ReadonlyArray<string>) =>
      texts.some((text) => text.includes("section Open Positions is missing"))
    const planned = succeeded(await world.night(["--dry-run"]))
    assert.isTrue(says(planned.warnings))
    assert.strictEqual(planned.counts.planned, 2)
    await nothingWritten(world)
    const run = await world.night(["--file", "-"], { stdin: withoutPositions })
    const json = succeeded(run)
    assert.strictEqual(json.counts.imported, 2)
    assert.isTrue(says(json.warnings))
    assert.isTrue(says(run.log.filter(({ level }) => level === "warn").map(({ message }) => message)))
    assert.isFalse(json.reconciled)
    assert.deepStrictEqual(json.positions, [])
    assert.strictEqual(world.rows("coverage"), 0)
  })

  it.each<[string, RegExp]>([
    ["no-sections.xml", /Trades.*Cash Transactions.*Open Positions/],
    ["summary-only.xml", /roll-ups/],
    ["no-ids.xml", /has an id/]
  ])("%s is exit 5 from the web, and imports nothing", async (name, says) => {
    await using world = await startWorld({ flex: { statement: await fixture(name) } })
    failed(await world.night(), 5, says)
    await nothingWritten(world, 1)
    succeeded(await world.night(["--file", "-"], { stdin: await fixture(name) }))
    assert.lengthOf(await world.archived(), 1)
  })

  it("with slash dates is exit 5 wherever it comes from: nobody can tell April from January", async () => {
    const slashed = await fixture("dates-slash.xml")
    await using world = await startWorld({ flex: { statement: slashed } })
    const says = /slashes.*Date Format/
    failed(await world.night(), 5, says)
    failed(await world.night(["--dry-run"]), 5, says)
    failed(await world.night(["--file", "-"], { stdin: slashed }), 5, says)
    await nothingWritten(world)
  })

  it("a row that cannot be read is named and skipped; the others are in", async () => {
    const bad = trade("62", vusa, 5, "abc", "2026-01-06")
    await using world = await startWorld({
      flex: {
        statement: statement({
          trades: [trade("61", vusa, 10, "80", "2026-01-05"), bad],
          positions: [position(vusa, 15)]
        })
      }
    })
    const json = succeeded(await world.night())
    assert.strictEqual(json.counts.imported, 1)
    assert.strictEqual(json.skipped[0]?.reason, "unreadable")
    assert.match(json.skipped[0]?.detail ?? "", /tradePrice.*abc/)
    assert.deepStrictEqual(json.positions, [{
      explained: false,
      causes: [],
      symbol: "VUSA.L",
      broker: "15",
      wealthfolio: "10",
      drift: "5"
    }])
  })
})
