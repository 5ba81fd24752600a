import { assert, describe, it } from "@effect/vitest"
import { deleteByHand } from "./decisions/support.ts"
import { aapl, cash, position, ptt, statement, trade, vusa } from "./statement.ts"
import { fixture, type RunJson, startWorld, succeeded } from "./support.ts"

/** `VUSA.L -3 explained: row-by-hand -3 …`: what the run says of each position that differs. */
const told = ({ positions }: RunJson) =>
  positions.flatMap(({ causes = [], drift, explained, symbol }) =>
    drift === "0" || drift === undefined
      ? []
      : [`${symbol} ${drift} ${explained ? "explained" : "not explained"}: ${
        causes.map(({ cause, quantity, rows }) => [cause, quantity, ...rows].join(" ")).join(", ")
      }`]
  )

const deposit = cash("70", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05")

describe("a position that differs says why", { timeout: 60_000, concurrent: true }, () => {
  it("held rows of an unknown venue, a short, and what is held from before", async () => {
    await using world = await startWorld({
      flex: {
        statement: statement({
          trades: [
            trade("61", ptt, 100, "33.5", "2026-01-05"),
            trade("62", aapl, -2, "200", "2026-01-05", { openCloseIndicator: "O" })
          ],
          cash: [deposit],
          positions: [position(ptt, 100), { ...position(aapl, -2), positionValue: "-400.5" }, position(vusa, 7)],
          securities: [ptt, aapl, vusa]
        })
      }
    })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(told(json), [
      "AAPL -2 explained: short -2",
      "PTT 100 explained: unmapped-symbol 100 ibkr:trade:61",
      "VUSA.L 7 explained: held-before 7"
    ])
    assert.include(json.positions.find(({ symbol }) => symbol === "PTT")?.causes?.[0]?.remedy, "symbol map")
    const table = (await world.run(["ibkr", "--format", "table"])).stdout
    assert.include(table, "AAPL: explained\n  -2 short → none needed")
    assert.include(table, "(worth -400.5 USD); ")
    assert.include(table, "VUSA.L: explained\n  7 held-before → broker-sync ibkr open-positions")
    assert.include(table, "  100 unmapped-symbol (ibkr:trade:61) → PTT on SET")
  })

  it("rows deleted or ignored, nights later, and rows typed by hand", async () => {
    const nights = [trade("61", vusa, 10, "80", "2026-01-05"), trade("62", vusa, 5, "81", "2026-01-06")]
    const quiet = statement({ from: "2026-01-12", to: "2026-01-12", positions: [position(vusa, 15)] })
    await using world = await startWorld({
      flex: { statement: statement({ trades: nights, cash: [deposit], positions: [position(vusa, 15)] }) }
    })
    succeeded(await world.night())
    deleteByHand(world, "ibkr:trade:62")
    world.flex.setStatement(quiet)
    const asset = world.assets.find(({ instrumentSymbol }) => instrumentSymbol === "VUSA")
    world.wealthfolio.addActivity({
      accountId: world.account.id,
      activityType: "BUY",
      activityDate: "2026-01-05",
      currency: "GBP",
      symbol: { id: asset?.id },
      quantity: "3",
      unitPrice: "80"
    })
    const last = succeeded(await world.night())
    assert.deepStrictEqual(told(last), [
      "VUSA.L 2 explained: row-removed 5 ibkr:trade:62, row-by-hand -3 2026-01-05 BUY 3"
    ])
    const [mended] = last.positions.flatMap(({ causes = [] }) => causes)
    assert.strictEqual(mended?.remedy, "broker-sync ibkr restore ibkr:trade:62")
  })

  it("a corporate action that cannot be decided", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("ticker-change.xml") } })
    succeeded(await world.night())
    await world.run(["ibkr", "open-positions", "--yes", "--format", "json"])
    assert.deepStrictEqual(told(succeeded(await world.night())), [
      "LONE -3 explained: row-not-booked -3 ibkr:corp:90000000135"
    ])
  })
})
