import { assert } from "@effect/vitest"
import { type Gateway, startGateway } from "../gateway.ts"
import { balance, lot, position, statement, trade, vusa } from "../statement.ts"
import { type RunJson, startWorld, succeeded, type World, type WorldOptions } from "../support.ts"

/** 10 of 100 shares held before are sold, for 800 and a commission of 1; there was cash of 500. */
export const sold = {
  trades: [trade("1", vusa, -10, "80", "2026-01-06")],
  positions: [position(vusa, 90), lot(vusa, 60, "70", "2025-03-03"), lot(vusa, 30, "73", "2025-04-01")],
  balances: [balance("GBP", "500", "1299")]
}
export const week = statement(sold)
export const nextNight = (to: string) =>
  statement({ from: to, to, positions: [position(vusa, 90)], balances: [balance("GBP", "1299", "1299")] })

export const drifts = (json: RunJson) =>
  Object.fromEntries([
    ...json.positions.map(({ drift, symbol }) => [symbol, drift]),
    ...json.cash.map(({ currency, trackerDrift }) => [currency, trackerDrift])
  ])

export const offers = (json: RunJson) => json.warnings.filter((text) => text.includes("Three ways out"))

export const pending = (gateway: Gateway) => gateway.series().get("ibkr_baseline_pending")

export const afterTheFirstNight = async (
  options: WorldOptions = {}
): Promise<{ world: World; gateway: Gateway; first: RunJson } & AsyncDisposable> => {
  const gateway = await startGateway()
  const world = await startWorld({
    flex: { statement: week },
    ...options,
    env: { ...options.env, PUSHGATEWAY_URL: gateway.url }
  })
  const first = succeeded(await world.night())
  return {
    world,
    gateway,
    first,
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    }
  }
}

export const byHand = async (world: World, rows: ReadonlyArray<Parameters<World["wealthfolio"]["addActivity"]>[0]>) => {
  for (const row of rows) world.wealthfolio.addActivity(row)
  await world.wealthfolio.recompute.settled()
}

export const rowOf = (world: World, id: string) => {
  const row = world.activities.find(({ idempotencyKey }) => idempotencyKey === `U1234567/${id}`)
  assert.isDefined(row, id)
  return { ...row }
}

export const openings = { "ibkr:open:51000001": "imported", "ibkr:open:GBP": "imported" }
