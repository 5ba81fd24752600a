/**
 * A Wealthfolio that is not the one of last night: put back to what it was three days ago, with its assets; or its account
 * under another id, with its rows or without them.
 */
import { assert, describe, it } from "@effect/vitest"
import { booked, decide, outcomes } from "../decisions/support.ts"
import { aapl, cash, type Line, position, statement, trade, vusa } from "../statement.ts"
import { failed, noDrift, startWorld, succeeded, type World } from "../support.ts"

const rows: ReadonlyArray<readonly [day: string, line: Line]> = [
  ["2026-01-05", vusa],
  ["2026-01-06", vusa],
  ["2026-01-07", aapl],
  ["2026-01-08", aapl],
  ["2026-01-09", vusa],
  ["2026-01-12", aapl]
]
const idOf = (day: string) => `ibkr:trade:${day.replaceAll("-", "")}`

/** The one day, a share bought on it, and all that is held. */
const asOf = (tonight: string) => {
  const held = rows.filter(([day]) => day <= tonight)
  const shares = (line: Line) => held.filter(([, each]) => each === line).length
  return statement({
    from: tonight,
    to: tonight,
    trades: rows.filter(([day]) => day === tonight).map(([day, line]) =>
      trade(day.replaceAll("-", ""), line, 1, "80", day)
    ),
    cash: tonight === "2026-01-05" ? [cash("70", "Deposits", "9000", "GBP", "2026-01-05")] : [],
    positions: [vusa, aapl].filter((line) => shares(line) > 0).map((line) => position(line, shares(line)))
  })
}

const night = async (world: World, tonight: string) => {
  world.flex.setStatement(asOf(tonight))
  return world.night()
}

const nights = async (world: World, ...days: ReadonlyArray<string>) => {
  for (const day of days) noDrift(succeeded(await night(world, day)))
}

const upTo = (day: string) => ["ibkr:cash:70", ...rows.flatMap(([each]) => each <= day ? [idOf(each)] : [])]

/** What a backup has of the account: all of its rows, and every asset. */
const backup = ({ wealthfolio: { state } }: World) => {
  const activities = [...state.activities.values()].map((row) => ({ ...row }))
  const assets = [...state.assets].map(([id, asset]) => [id, { ...asset }] as const)
  return () => {
    for (const id of state.activities.keys()) state.remove(id)
    for (const row of activities) state.put(row)
    state.assets.clear()
    for (const [id, asset] of assets) state.assets.set(id, asset)
  }
}

const settled = async ({ wealthfolio }: World) => {
  wealthfolio.recompute.recalculate()
  await wealthfolio.recompute.settled()
}

describe("Wealthfolio", { timeout: 120_000, concurrent: true }, () => {
  it("put back to three days ago: exit 9, tonight's row is in, restore --missing books the lost ones", async () => {
    await using world = await startWorld()
    await nights(world, "2026-01-05", "2026-01-06")
    const restore = backup(world)
    await nights(world, "2026-01-07", "2026-01-08", "2026-01-09")
    restore()
    world.wealthfolio.auth.expireAll()
    await settled(world)
    assert.deepStrictEqual(booked(world), upTo("2026-01-06"))

    const json = failed(await night(world, "2026-01-12"), 9, /3 rows .* restored from a backup/)
    assert.strictEqual(json.counts.imported, 1)
    assert.deepStrictEqual(booked(world), [...upTo("2026-01-06"), idOf("2026-01-12")])
    assert.strictEqual(world.rows("sync_record WHERE reason = 'missing'"), 3)
    // Nobody has decided yet.
    failed(await world.night(), 9, /3 rows/)
    assert.deepStrictEqual(booked(world), [...upTo("2026-01-06"), idOf("2026-01-12")])

    const back = await decide(world, ["restore", "--missing"])
    assert.deepStrictEqual(outcomes(back), {
      [idOf("2026-01-07")]: "imported",
      [idOf("2026-01-08")]: "imported",
      [idOf("2026-01-09")]: "imported"
    })
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(booked(world), upTo("2026-01-12"))
    assert.strictEqual(world.assets.length, 2)
  })

  it("whose account has another id, with the rows in it: exit 2 until it is named, then none is there twice", async () => {
    await using world = await startWorld()
    await nights(world, "2026-01-05", "2026-01-06", "2026-01-07")
    const { state } = world.wealthfolio
    const moved = [...state.activities.values()].map((row) => ({ ...row }))
    state.dropAccount(world.account.id)
    const again = world.wealthfolio.addAccount()
    for (const row of moved) state.put({ ...row, accountId: again.id })
    await settled(world)

    const sends = world.flex.count("send")
    const { writes } = world
    const json = failed(await night(world, "2026-01-08"), 2, /has no account/)
    assert.include(json.error?.message ?? "", again.id)
    assert.strictEqual(world.flex.count("send"), sends)
    assert.strictEqual(world.writes, writes)

    const env = { IBKR_ACCOUNT_ID: again.id }
    const next = succeeded(await world.night([], { env }))
    assert.strictEqual(next.counts.imported, 1)
    noDrift(next)
    assert.deepStrictEqual(booked(world), upTo("2026-01-08"))
    world.flex.setStatement(asOf("2026-01-09"))
    noDrift(succeeded(await world.night([], { env })))
    assert.deepStrictEqual(booked(world), upTo("2026-01-09"))
    assert.isTrue(world.activities.every(({ accountId }) => accountId === again.id))
  })

  it("whose account was made anew, empty: exit 2 until it is named, then it gets all that was received", async () => {
    await using world = await startWorld()
    await nights(world, "2026-01-05", "2026-01-06", "2026-01-07")
    world.wealthfolio.state.dropAccount(world.account.id)
    const again = world.wealthfolio.addAccount({ name: "Again" })
    const sends = world.flex.count("send")
    failed(await night(world, "2026-01-08"), 2, /has no account/)
    assert.strictEqual(world.flex.count("send"), sends)
    assert.deepStrictEqual(world.activities, [])

    const env = { IBKR_ACCOUNT_ID: again.id }
    const next = succeeded(await world.night([], { env }))
    assert.strictEqual(next.counts.imported, 5)
    noDrift(next)
    assert.deepStrictEqual(booked(world), upTo("2026-01-08"))
    world.flex.setStatement(asOf("2026-01-09"))
    noDrift(succeeded(await world.night([], { env })))
    assert.deepStrictEqual(booked(world), upTo("2026-01-09"))
  })
})
