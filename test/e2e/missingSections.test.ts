import { assert, describe, it } from "@effect/vitest"
import { position, statement, trade, vusa } from "./statement.ts"
import { startWorld, succeeded } from "./support.ts"

const days = ["05", "06", "07"].map((day) => ({ from: `2026-01-${day}`, to: `2026-01-${day}` }))
const night = (place: number, more: Readonly<Record<string, []>> = {}) =>
  statement({
    ...days[place],
    trades: place === 0 ? [trade("61", vusa, 10, "80", "2026-01-05")] : [],
    positions: [position(vusa, 10)],
    more
  })

describe("sections that the query need not have", { timeout: 60_000, concurrent: true }, () => {
  it("are one line of the log, and a warning once a statement lacks what an earlier one had", async () => {
    await using world = await startWorld({ flex: { statement: night(0, { Transfers: [], SalesTaxes: [] }) } })
    const first = await world.night()
    assert.deepStrictEqual(succeeded(first).warnings, [])
    const said = (run: typeof first) => run.log.filter(({ message }) => message.includes("Statement of Funds"))
    assert.deepStrictEqual(said(first).map(({ level }) => level), ["info"])
    assert.notInclude(said(first)[0]?.message, "Sales Taxes")

    world.flex.setStatement(night(1, { Transfers: [] }))
    const second = await world.night()
    const [warning = "", ...others] = succeeded(second).warnings
    assert.deepStrictEqual(others, [])
    assert.match(warning, /though earlier ones had it: Sales Taxes \(tax on fees is not booked\)$/)
    assert.deepStrictEqual(said(second).map(({ level }) => level), ["warn"])

    world.flex.setStatement(night(2, { Transfers: [], SalesTaxes: [] }))
    assert.deepStrictEqual(succeeded(await world.night()).warnings, [])
  })
})
