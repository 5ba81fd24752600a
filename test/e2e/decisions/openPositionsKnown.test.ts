import { assert, describe, it } from "@effect/vitest"
import { startGateway } from "../gateway.ts"
import { noDrift, startWorld, succeeded, type World } from "../support.ts"
import { afterTheFirstNight, byHand, drifts, offers, pending, week } from "./firstNight.ts"
import { booked, decide, deleteByHand, outcomes } from "./support.ts"

describe("what Wealthfolio has of it already", { timeout: 90_000, concurrent: true }, () => {
  const typed = (world: World, quantity: string, day = "2025-12-01", activityType = "BUY") => {
    const known = world.assets.find(({ instrumentSymbol }) => instrumentSymbol === "VUSA")
    const asset = known ?? world.wealthfolio.addAsset({
      instrumentSymbol: "VUSA",
      instrumentExchangeMic: "XLON",
      quoteCcy: "GBP"
    })
    const row = { accountId: world.account.id, currency: "GBP", activityDate: `${day}T09:00:00Z` }
    return [
      { ...row, activityType, symbol: { id: asset.id }, quantity, unitPrice: "70" },
      // What the purchase cost, and what is left.
      { ...row, activityType: "DEPOSIT", amount: activityType === "BUY" ? String(Number(quantity) * 70 + 500) : "500" }
    ]
  }

  const start = async (rows: (world: World) => ReadonlyArray<Parameters<World["wealthfolio"]["addActivity"]>[0]>) => {
    const gateway = await startGateway()
    const world = await startWorld({ flex: { statement: week }, env: { PUSHGATEWAY_URL: gateway.url } })
    await byHand(world, rows(world))
    return { gateway, world }
  }

  it.each([["2025-12-01", "BUY"], ["2026-01-05", "TRANSFER_IN"]])(
    "all of it, typed as of %s (%s): nothing to open",
    async (day, type) => {
      const { gateway, world } = await start((world) => typed(world, "100", day, type))
      await using _ = world
      await using __ = gateway
      const json = succeeded(await world.night())
      noDrift(json)
      assert.deepStrictEqual(offers(json), [])
      assert.strictEqual(pending(gateway), 0)
      assert.deepStrictEqual((await decide(world, ["open-positions", "--yes"])).notes, [
        "nothing to open as of 2026-01-05"
      ])
    }
  )

  it("a part of it: the difference, also where what was there is less than what was sold", async () => {
    const { gateway, world } = await start((world) => typed(world, "4"))
    await using _ = world
    await using __ = gateway
    const json = succeeded(await world.night())
    // Of the 10 sold Wealthfolio had 4: the rest is not below zero.
    assert.deepStrictEqual(drifts(json), { "VUSA.L": "90", GBP: "0" })
    assert.strictEqual(pending(gateway), 1)
    const opened = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(opened.rows.map(({ externalId, quantity }) => [externalId, quantity]), [
      ["ibkr:open:51000001", "96"]
    ])
    noDrift(succeeded(await world.night()))
    assert.strictEqual(pending(gateway), 0)
  })

  it("typed after the first night: it counts line by line, and ends by itself", async () => {
    await using night = await afterTheFirstNight()
    const { gateway, world } = night
    const [shares, funds] = typed(world, "100", "2025-12-01", "TRANSFER_IN")
    await byHand(world, funds === undefined ? [] : [funds])
    assert.include(offers(succeeded(await world.night()))[0], "VUSA.L 100 (Wealthfolio 0). Three")
    assert.strictEqual(pending(gateway), 1)
    await byHand(world, shares === undefined ? [] : [shares])
    noDrift(succeeded(await world.night()))
    assert.strictEqual(pending(gateway), 0)
  })

  it("shares typed on a later day of the statement are not opened beside that, and opened ones give way to them", async () => {
    await using night = await afterTheFirstNight()
    const { world } = night
    const [shares] = typed(world, "100", "2026-01-06", "TRANSFER_IN")
    await byHand(world, shares === undefined ? [] : [shares])
    const json = succeeded(await world.night())
    assert.deepStrictEqual(drifts(json), { "VUSA.L": "0", GBP: "500" })
    assert.include(offers(json)[0], "did not: GBP 500 (Wealthfolio 0). Three")
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--yes"])), { "ibkr:open:GBP": "imported" })
    noDrift(succeeded(await world.night()))

    await using other = await afterTheFirstNight()
    await decide(other.world, ["open-positions", "--yes"])
    const [again] = typed(other.world, "100", "2026-01-06", "TRANSFER_IN")
    await byHand(other.world, again === undefined ? [] : [again])
    assert.deepStrictEqual(drifts(succeeded(await other.world.night())), { "VUSA.L": "-100", GBP: "0" })
    assert.deepStrictEqual(outcomes(await decide(other.world, ["open-positions", "--yes"])), {
      "ibkr:open:51000001": "deleted"
    })
    noDrift(succeeded(await other.world.night()))
  })

  it("too much of it: said, not booked", async () => {
    const { gateway, world } = await start((world) => typed(world, "120"))
    await using _ = world
    await using __ = gateway
    succeeded(await world.night())
    assert.strictEqual(pending(gateway), 1)
    const { notes, rows } = await decide(world, ["open-positions", "--yes"])
    assert.deepStrictEqual(rows.map(({ detail, outcome }) => [outcome, detail]), [
      ["left", "VUSA.L: the account had 100, Wealthfolio 120: what it has too much of is to be taken out by hand"]
    ])
    assert.deepStrictEqual(notes, ["nothing to open as of 2026-01-05", "1 left"])
    assert.deepStrictEqual(booked(world), ["by hand", "by hand", "ibkr:trade:1"])
  })

  it("an opening row deleted by hand stays out; an edited one stays as it is, and is not taken back", async () => {
    await using night = await afterTheFirstNight()
    const { world } = night
    await decide(world, ["open-positions", "--yes"])
    deleteByHand(world, "ibkr:open:GBP")
    const row = world.activities.find(({ idempotencyKey }) => idempotencyKey === "U1234567/ibkr:open:51000001")
    if (row !== undefined) Object.assign(row, { quantity: "50", isUserModified: true })
    world.wealthfolio.recompute.recalculate()
    await world.wealthfolio.recompute.settled()
    for (const args of [["open-positions"], ["open-positions", "--yes"]]) {
      assert.deepStrictEqual(outcomes(await decide(world, args)), {
        "ibkr:open:51000001": "left",
        "ibkr:open:GBP": "removed"
      })
    }
    assert.deepStrictEqual(outcomes(await decide(world, ["open-positions", "--undo"])), {
      "ibkr:open:51000001": "kept"
    })
    assert.deepStrictEqual(booked(world), ["ibkr:open:51000001", "ibkr:trade:1"])
    assert.deepStrictEqual(outcomes(await decide(world, ["restore", "ibkr:open:GBP"])), {
      "ibkr:open:GBP": "forgotten"
    })
    assert.strictEqual(outcomes(await decide(world, ["open-positions", "--yes"]))["ibkr:open:GBP"], "imported")
  })
})
