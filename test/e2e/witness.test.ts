import { assert, describe, it } from "@effect/vitest"
import { position, statement, trade, vusa } from "./statement.ts"
import { skips, startWorld, succeeded, type World } from "./support.ts"

const marked = { ...position(vusa, 10), markPrice: "89.9", reportDate: "2026-01-09" }
const week = statement({ trades: [trade("61", vusa, 10, "80", "2026-01-05")], positions: [marked] })

const withQuote = async (close: string, currency: string, day = "2026-01-09"): Promise<World> => {
  const world = await startWorld({ flex: { statement: week } })
  const asset = world.wealthfolio.addAsset({
    instrumentSymbol: "VUSA",
    instrumentExchangeMic: "XLON",
    quoteCcy: currency
  })
  world.wealthfolio.addQuote(asset.id, day, close, currency)
  return world
}

const quotesAsked = (world: World) =>
  world.wealthfolio.requests.filter(({ path }) => path.includes("/market-data/quotes/history")).length

describe("the price of a line before its first rows", { timeout: 60_000, concurrent: true }, () => {
  it.each<[string, string, string | undefined]>([
    ["8990", "GBp", undefined],
    ["90.2", "GBP", undefined],
    ["8990", "GBP", "2026-01-08"]
  ])("%s %s agrees, or is of another day: booked, and never asked for again", async (close, currency, day) => {
    await using world = await withQuote(close, currency, day)
    const json = succeeded(await world.night())
    assert.deepStrictEqual([json.counts.imported, json.warnings.filter((text) => text.includes("worth"))], [1, []])
    succeeded(await world.night())
    assert.strictEqual(quotesAsked(world), 1)
  })

  it("a hundredfold is held until the asset is corrected", async () => {
    await using world = await withQuote("8990", "GBP")
    const json = succeeded(await world.night())
    assert.deepStrictEqual(skips(json), { "ibkr:trade:61": "currency-mismatch" })
    assert.match(json.skipped[0]?.detail ?? "", /89\.9 GBP at the broker on 2026-01-09, and 8990 GBP .* pence/)
    assert.deepStrictEqual(world.activities, [])
    const [asset] = world.assets
    world.wealthfolio.state.quotes.set(asset?.id ?? "", [{ day: "2026-01-09", close: "8990", currency: "GBp" }])
    assert.strictEqual(succeeded(await world.night()).counts.imported, 1)
  })

  it("another listing is a warning with the line for the symbol map", async () => {
    await using world = await withQuote("31", "GBP")
    const json = succeeded(await world.night())
    assert.strictEqual(json.counts.imported, 1)
    const [warning = ""] = json.warnings.filter((text) => text.includes("worth"))
    assert.match(warning, /^VUSA\.L was worth 89\.9 GBP .* another listing.*"51000001": /)
  })

  it("a new asset has no quotes: they are not asked for", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    assert.strictEqual(succeeded(await world.night()).counts.imported, 1)
    assert.strictEqual(quotesAsked(world), 0)
  })
})
