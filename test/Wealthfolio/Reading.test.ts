import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as Decimal from "../../src/Portfolio/Decimal.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { accountId, failure, json, newActivity, scripted } from "./scripted.ts"

describe("assets", () => {
  const instrument = {
    key: "265598",
    symbol: "AAPL",
    ticker: "AAPL",
    mic: "XNAS",
    isUsListing: true,
    currency: "USD",
    conid: "265598",
    isin: "US0378331005"
  }
  const there = {
    id: "a",
    instrumentType: "EQUITY",
    instrumentSymbol: "AAPL",
    instrumentExchangeMic: "XNAS",
    quoteCcy: "USD"
  }
  const tied = (create: boolean) =>
    WealthfolioRepo.use((repo) => repo.assets([{ instrument, rememberedAssetId: "gone" }], { create })).pipe(
      Effect.map((ties) => ties.get("265598"))
    )

  it.effect("reads once, creates with conid and ISIN, and only when asked to", () => {
    const { layer, sent } = scripted(({ line }) => {
      if (line === "GET /assets") return json([])
      return line === "POST /assets" ? json({ ...there, id: "new" }) : undefined
    })
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* tied(false), { _tag: "Absent" })
      assert.strictEqual(sent("POST /assets").length, 0)
      assert.deepStrictEqual(yield* tied(true), { _tag: "Matched", assetId: "new", isNew: true })
      assert.deepInclude(sent("POST /assets")[0]?.body, {
        instrumentSymbol: "AAPL",
        quoteCcy: "USD",
        metadata: { ibkr: { conid: "265598" }, isin: "US0378331005" }
      })
      assert.strictEqual(sent("GET /assets").length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("an identity that came into being meanwhile is read again (3.1.0); another refusal holds the line", () => {
    const refusing = (message: string) =>
      scripted(({ line }, nth) => {
        if (line === "GET /assets") return json(nth === 1 ? [] : [there])
        return line === "POST /assets" ? failure(400, message) : undefined
      }).layer
    return Effect.gen(function*() {
      const unique = refusing("Database operation failed: UNIQUE constraint failed: assets.instrument_key")
      assert.deepStrictEqual(yield* tied(true).pipe(Effect.provide(unique)), { _tag: "Matched", assetId: "a" })
      const held = yield* tied(true).pipe(Effect.provide(refusing("Quote currency is unknown")))
      assert.isTrue(held?._tag === "Held" && held.detail.includes("Quote currency is unknown"))
    })
  })
})

describe("reading back", () => {
  const assetRow = (id: string, instrumentSymbol: string, instrumentExchangeMic: string | null) => ({
    id,
    instrumentSymbol,
    instrumentExchangeMic
  })

  it.effect("holdings join by asset id, with or without exchangeMic; floats become the shortest decimal", () => {
    const security = (id: string, symbol: string, quantity: number, more = {}) => ({
      holdingType: "security",
      instrument: { id, symbol, currency: "GBP", ...more },
      quantity
    })
    const { layer } = scripted(({ line }) => {
      if (line === "GET /assets") return json([assetRow("a", "VUSA", "XLON"), assetRow("b", "AAPL", "XNAS")])
      if (line !== "GET /holdings") return undefined
      return json([
        security("a", "VUSA", 0.1 + 0.2),
        security("b", "AAPL", 1e-7, { exchangeMic: "XNAS" }),
        security("gone", "SAP", 3, { exchangeMic: "XETR" }),
        { holdingType: "alternativeAsset", quantity: 1 },
        { holdingType: "cash", instrument: { id: "cash:USD", symbol: "USD", currency: "USD" }, quantity: -695.5 }
      ])
    })
    return Effect.gen(function*() {
      const holdings = yield* WealthfolioRepo.use((repo) => repo.holdings)
      assert.deepStrictEqual(
        holdings.map((
          each
        ) => [each._tag === "Cash" ? each.currency : `${each.assetId} ${each.symbol}`, Decimal.format(each.quantity)]),
        [["a VUSA.L", "0.30000000000000004"], ["b AAPL", "0.0000001"], ["gone SAP.DE", "3"], ["USD", "-695.5"]]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("activities after a day: by the tracker's own day, posted, oldest first", () => {
    const row = (id: string, date: string, more = {}) => ({
      id,
      assetId: "",
      activityType: "DEPOSIT",
      status: "POSTED",
      date,
      currency: "GBP",
      amount: "1.50",
      fee: null,
      ...more
    })
    const data = [
      row("late", "2026-01-05T10:00:00+00:00", { assetId: "a", fee: "0.10", subtype: "REFUND" }),
      row("draft", "2026-01-04T10:00:00+00:00", { status: "DRAFT" }),
      row("local-day-before", "2026-01-03T04:59:00+00:00"),
      row("local-day-after", "2026-01-03T05:00:00+00:00")
    ]
    const { layer, sent } = scripted(({ body, line }) => {
      if (line === "GET /settings") return json({ timezone: "America/New_York" })
      if (line !== "POST /activities/search") return undefined
      const { page, pageSize } = body as { readonly page: number; readonly pageSize: number }
      // A host that caps pages at two rows.
      const at = pageSize === -1 ? 0 : page * 2
      return json({ data: data.slice(at, at + 2), meta: { totalRowCount: data.length } })
    })
    return Effect.gen(function*() {
      const activities = yield* WealthfolioRepo.use((repo) => repo.activitiesAfter(PlainDate.of("2026-01-02")))
      assert.deepStrictEqual(activities.map(({ date, id }) => [id, date]), [["local-day-after", "2026-01-03"], [
        "late",
        "2026-01-05"
      ]])
      const last = activities[1]
      assert.strictEqual(Decimal.format(last?.amount ?? Decimal.zero), "1.5")
      assert.strictEqual(Decimal.format(last?.fee ?? Decimal.zero), "0.1")
      assert.deepInclude(last, { assetId: "a", subtype: "REFUND" })
      assert.isUndefined(activities[0]?.assetId)
      assert.deepInclude(sent("POST /activities/search")[0]?.body, {
        accountIdFilter: accountId,
        dateFrom: "2026-01-02"
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("a bad decimal is an error that names no value", () => {
    const { layer } = scripted(({ line }) =>
      line === "GET /holdings" ? json([{ holdingType: "cash", quantity: "12,3x" }]) : undefined
    )
    return Effect.gen(function*() {
      const error = yield* Effect.flip(WealthfolioRepo.use((repo) => repo.holdings))
      assert.strictEqual(error._tag, "WealthfolioReplyError")
      assert.include(error.message, "quantity")
      assert.notInclude(error.message, "12,3x")
    }).pipe(Effect.provide(layer))
  })
})

describe("fixtures", () => {
  it.effect("the tracker in memory keeps keys single and reckons what it holds", () =>
    Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      const instrument = {
        key: "1",
        symbol: "VUSA.L",
        ticker: "VUSA",
        mic: "XLON",
        isUsListing: false,
        currency: "GBP"
      }
      const tied = (yield* repo.assets([{ instrument }], { create: true })).get("1")
      if (tied?._tag !== "Matched") return assert.fail("not tied")
      const batch = [
        newActivity(1, { amount: Decimal.of("1000") }),
        newActivity(2, {
          type: "BUY",
          time: "13:00:00",
          quantity: Decimal.of("10"),
          unitPrice: Decimal.of("89.87"),
          fee: Decimal.of("1"),
          amount: Decimal.of("899.7")
        }, tied.assetId),
        newActivity(3, {
          type: "SELL",
          time: "14:00:00",
          quantity: Decimal.of("4"),
          unitPrice: Decimal.of("90"),
          fee: Decimal.of("1"),
          amount: Decimal.of("359")
        }, tied.assetId),
        newActivity(4, { type: "TAX", date: PlainDate.of("2026-01-03"), amount: Decimal.of("2") })
      ]
      const first = yield* repo.importBatch(batch)
      const second = yield* repo.importBatch(batch)
      assert.strictEqual(first.imported.size, 4)
      assert.deepStrictEqual(second.alreadyThere, first.imported)
      assert.strictEqual((yield* repo.existing(batch.map(({ key }) => key))).size, 4)
      const holdings = yield* repo.holdings
      assert.deepStrictEqual(
        holdings.map((each) => [each._tag === "Cash" ? each.currency : each.symbol, Decimal.format(each.quantity)]),
        [["VUSA.L", "6"], ["GBP", "457.3"]]
      )
      assert.deepStrictEqual((yield* repo.activitiesAfter(PlainDate.of("2026-01-02"))).map(({ type }) => type), ["TAX"])
    }).pipe(Effect.provide(WealthfolioRepo.layerTest())))

  it.effect("offline has an empty account, and dies when anything would be written", () =>
    Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      assert.strictEqual((yield* repo.account).timeZone, "UTC")
      assert.strictEqual((yield* repo.existing(["k"])).size, 0)
      const exit = yield* Effect.exit(repo.importBatch([newActivity(1)]))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }).pipe(Effect.provide(WealthfolioRepo.layerOffline)))
})
