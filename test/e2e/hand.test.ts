import { assert, describe, it } from "@effect/vitest"
import { booked, decide, deleteByHand, outcomes, state } from "./decisions/support.ts"
import { cancel, cash, dividend, position, statement, trade, transfer, vusa } from "./statement.ts"
import { failed, noDrift, skips, startWorld, statuses, succeeded, type World } from "./support.ts"

const deposit = cash("1", "Deposits & Withdrawals", "5000", "GBP", "2026-01-05")
const buy = trade("1", vusa, 10, "80", "2026-01-06")
const paid = dividend("4", vusa, "12.34", "GBP", "2026-01-07")
const week = statement({ trades: [buy], cash: [deposit, paid], positions: [position(vusa, 10)] })

const afterTheWeek = async (): Promise<World> => {
  const world = await startWorld({ flex: { statement: week } })
  succeeded(await world.night())
  return world
}

const rowOf = (world: World, id: string) =>
  world.activities.find(({ idempotencyKey }) => idempotencyKey === `U1234567/${id}`)

/** As its user does on the page: any update sets the mark. */
const edit = (world: World, id: string): void => {
  const row = rowOf(world, id)
  assert.isDefined(row)
  if (row !== undefined) Object.assign(row, { notes: "mine", isUserModified: true })
}

describe("the user's hand", { timeout: 90_000, concurrent: true }, () => {
  it("shares that came from another broker and were typed, at another price, are held and adopted, not doubled", async () => {
    await using world = await afterTheWeek()
    world.wealthfolio.addActivity({
      accountId: world.account.id,
      activityType: "TRANSFER_IN",
      activityDate: "2026-01-12",
      symbol: { id: world.assets[0]?.id },
      quantity: "50",
      unitPrice: "61.5",
      currency: "GBP"
    })
    await world.wealthfolio.recompute.settled()
    world.flex.setStatement(statement({
      from: "2026-01-12",
      to: "2026-01-13",
      positions: [position(vusa, 60)],
      more: { Transfers: [transfer("88", vusa, "50", "2026-01-13", { type: "ACATS", positionAmount: "4100" })] }
    }))
    const json = succeeded(await world.night())
    noDrift(json)
    assert.deepStrictEqual(skips(json), { "ibkr:transfer:88": "adopt-candidate" })
    assert.deepStrictEqual(outcomes(await decide(world, ["adopt", "ibkr:transfer:88"])), {
      "ibkr:transfer:88": "replaced"
    })
    const after = succeeded(await world.night())
    noDrift(after)
    assert.deepStrictEqual(statuses(after), { "ibkr:transfer:88": "already-synced" })
  })

  it.each<[string, "trade" | "dividend"]>([["a cancelled trade", "trade"], ["a reversed dividend", "dividend"]])(
    "%s that was edited is reported, not touched; once it is deleted by hand the correction is complete",
    async (_name, kind) => {
      await using world = await afterTheWeek()
      const id = kind === "trade" ? "ibkr:trade:1" : "ibkr:cash:4"
      const back = kind === "trade" ? "ibkr:trade-tx:41" : "ibkr:cash:5"
      edit(world, id)
      world.flex.setStatement(statement({
        from: "2026-01-12",
        to: "2026-01-12",
        trades: kind === "trade" ? [cancel("1", vusa, 10, "80", "2026-01-06", "2026-01-12")] : [],
        cash: kind === "trade"
          ? []
          : [dividend("5", vusa, "-12.34", "GBP", "2026-01-12", { settleDate: "2026-01-07" })],
        positions: [position(vusa, kind === "trade" ? 0 : 10)]
      }))
      for (let night = 0; night < 2; night++) {
        const json = succeeded(await world.night())
        const held = json.skipped.find(({ externalId }) => externalId === back)
        assert.isTrue(held?.held)
        assert.match(held?.detail ?? "", new RegExp(`not applied: ${id} was edited`))
        assert.strictEqual(rowOf(world, id)?.notes, "mine")
      }
      // Without any statement that has it: what is held is tried again in every run.
      world.flex.setStatement(
        statement({ from: "2026-01-13", to: "2026-01-13", positions: [position(vusa, kind === "trade" ? 0 : 10)] })
      )
      deleteByHand(world, id)
      succeeded(await world.night())
      assert.isUndefined(rowOf(world, id))
      assert.deepStrictEqual(world.store("SELECT external_id, state, reason FROM sync_record WHERE held = 1"), [])
      assert.deepStrictEqual(
        booked(world),
        kind === "trade"
          ? ["ibkr:cash:1", "ibkr:cash:4", "ibkr:trade:1:cancel-fee"]
          : ["ibkr:cash:1", "ibkr:trade:1"]
      )
    }
  )

  it("ignore keeps an edited row as it is, for good", async () => {
    await using world = await afterTheWeek()
    edit(world, "ibkr:cash:4")
    const reversal = dividend("5", vusa, "-12.34", "GBP", "2026-01-12", { settleDate: "2026-01-07" })
    world.flex.setStatement(statement({ to: "2026-01-12", cash: [paid, reversal], positions: [position(vusa, 10)] }))
    succeeded(await world.night())
    assert.deepStrictEqual(outcomes(await decide(world, ["ignore", "ibkr:cash:5"])), { "ibkr:cash:5": "ignored" })
    succeeded(await world.night())
    assert.strictEqual(rowOf(world, "ibkr:cash:4")?.notes, "mine")
    assert.strictEqual(world.rows("sync_record WHERE held = 1"), 0)
  })

  it("a rebooked trade takes the place of the old row under the same key; edited, it is reported", async () => {
    const rebooked = trade("1", vusa, 12, "79", "2026-01-06", {
      transactionID: "501",
      reportDate: "2026-01-12",
      ibCommission: "-0.5"
    })
    for (const edited of [false, true]) {
      await using world = await afterTheWeek()
      if (edited) edit(world, "ibkr:trade:1")
      const id = rowOf(world, "ibkr:trade:1")?.id
      world.flex.setStatement(statement({
        from: "2026-01-12",
        to: "2026-01-12",
        trades: [cancel("1", vusa, 10, "80", "2026-01-06", "2026-01-12"), rebooked],
        positions: [position(vusa, 12)]
      }))
      const json = succeeded(await world.night())
      const row = rowOf(world, "ibkr:trade:1")
      if (edited) {
        assert.strictEqual(row?.id, id)
        assert.strictEqual(skips(json)["ibkr:trade:1"], "superseded")
        assert.deepStrictEqual(state(world, "ibkr:trade:1"), { state: "synced", reason: null, held: 1 })
        continue
      }
      assert.strictEqual(statuses(json)["ibkr:trade:1"], "replaced")
      assert.notStrictEqual(row?.id, id)
      assert.deepStrictEqual([row?.quantity, row?.unitPrice, row?.fee].map(String), ["12", "79", "0.5"])
      // The commission of the first booking stays, as IBKR keeps it.
      assert.strictEqual(rowOf(world, "ibkr:trade:1:cancel-fee")?.amount?.toString(), "1")
      for (const { drift, symbol } of json.positions) assert.strictEqual(drift, "0", symbol)
      const again = succeeded(await world.night())
      assert.strictEqual(statuses(again)["ibkr:trade:1"], "already-synced")
      assert.strictEqual(world.activities.length, 4)
    }
  })

  it("an account re-created under another id gets what the archive has", async () => {
    await using world = await afterTheWeek()
    world.wealthfolio.state.dropAccount(world.account.id)
    assert.match(failed(await world.night(), 2, /has no account/).error?.message ?? "", /none yet|there are/)
    const again = world.wealthfolio.addAccount({ name: "Again" })
    world.flex.setStatement(statement({ from: "2026-01-12", to: "2026-01-12", positions: [position(vusa, 10)] }))
    noDrift(succeeded(await world.night([], { env: { IBKR_ACCOUNT_ID: again.id } })))
    assert.deepStrictEqual(booked(world), ["ibkr:cash:1", "ibkr:cash:4", "ibkr:trade:1"])
    assert.isTrue(world.activities.every(({ accountId }) => accountId === again.id))
  })

  it.each<[string, string]>([
    ["that has rows known there", week],
    [
      "that has only new rows",
      statement({ from: "2026-01-12", to: "2026-01-12", trades: [trade("9", vusa, 1, "80", "2026-01-12")] })
    ]
  ])(
    "another IBKR_ACCOUNT_ID while our rows live elsewhere, with a statement %s: exit 2 naming both",
    async (_, next) => {
      await using world = await afterTheWeek()
      const other = world.wealthfolio.addAccount({ name: "Other" })
      world.flex.setStatement(next)
      const sends = world.flex.count("send")
      const json = failed(
        await world.night([], { env: { IBKR_ACCOUNT_ID: other.id } }),
        2,
        new RegExp(`in the account Interactive Brokers \\(${world.account.id}\\) and not in Other \\(${other.id}\\)`)
      )
      assert.deepStrictEqual(json.activities, [])
      assert.strictEqual(world.activities.length, 3)
      assert.strictEqual(world.flex.count("send"), sends)
    }
  )
})
