import { assert, describe, it } from "@effect/vitest"
import { type Json, row, ticker, trade, useTarget } from "./support.ts"

const used = useTarget()

const at = (time: string): Json => ({ activityDate: `2026-01-05T${time}Z` })

/** A field of an object in the one holding of a type. */
const inside = (all: ReadonlyArray<Json>, type: string, object: string, field: string): unknown => {
  const found = all.find((each) => each["holdingType"] === type)?.[object]
  assert.isObject(found)
  return (found as Json)[field]
}

/** An account with one asset, and rows on it. */
const start = async (fields: Json = {}): Promise<readonly [account: string, assetId: string]> => [
  await used.target.account(),
  String((await used.target.asset(fields))["id"])
]

describe("holdings", () => {
  it("are empty for an account without rows and for no account", async () => {
    assert.deepStrictEqual((await used.target.holdings(await used.target.account())).all, [])
    assert.deepStrictEqual((await used.target.holdings("nope")).all, [])
  })

  it("are shares by asset id and cash by currency, as JSON numbers", async () => {
    const [account, asset] = await start()
    await used.target.import([
      row(account, { amount: "5000" }),
      trade(account, "BUY", asset, { quantity: "10.5", unitPrice: "89.87", fee: "1", activityDate: "2026-01-06" })
    ])
    const { all } = await used.target.eventually(account, {
      shares: { [asset]: 10.5 },
      cash: { GBP: 4055.365 }
    })
    const security = all.find((each) => each["holdingType"] === "security")
    assert.isDefined(security)
    assert.strictEqual(security["id"], `SEC-${account}-${asset}`)
    assert.strictEqual((security["instrument"] as Json)["currency"], "GBP")
    assert.closeTo((security["costBasis"] as Json)["local"] as number, 944.635, 1e-8)
    const cash = all.find((each) => each["holdingType"] === "cash")
    assert.deepInclude(cash, { id: `CASH-${account}-GBP`, localCurrency: "GBP" })
    assert.strictEqual(inside(all, "cash", "instrument", "symbol"), "GBP")
  })

  it("carry the asset's symbol, name and metadata, and its MIC where they have one", async () => {
    const symbol = ticker()
    const metadata = { ibkr: { conid: "133025" }, isin: "IE00B3XXRP09" }
    const [account, asset] = await start({ instrumentSymbol: symbol, name: "An ETF", metadata })
    await used.target.import([trade(account, "BUY", asset, { quantity: "1", unitPrice: "1" })])
    const { all } = await used.target.eventually(account, { shares: { [asset]: 1 }, cash: { GBP: -1 } })
    const security = all.find((each) => each["holdingType"] === "security")
    const instrument = security?.["instrument"] as Json
    assert.deepInclude(instrument, { id: asset, symbol, name: "An ETF" })
    assert.include(["XLON", undefined], instrument["exchangeMic"] as string | undefined)
    assert.deepStrictEqual(security?.["metadata"], metadata)
  })

  it("leave out what was sold to the last share", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "BUY", asset, { quantity: "2", unitPrice: "3", ...at("10:00:00") }),
      trade(account, "BUY", asset, { quantity: "1", unitPrice: "4", ...at("11:00:00") }),
      trade(account, "SELL", asset, { quantity: "3", unitPrice: "5", fee: "0.5", ...at("12:00:00") })
    ])
    await used.target.eventually(account, { cash: { GBP: 4.5 } })
  })

  it("take the oldest lots first", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "BUY", asset, { quantity: "2", unitPrice: "3", ...at("10:00:00") }),
      trade(account, "BUY", asset, { quantity: "2", unitPrice: "10", ...at("11:00:00") }),
      trade(account, "SELL", asset, { quantity: "3", unitPrice: "5", ...at("12:00:00") })
    ])
    const { all } = await used.target.eventually(account, { shares: { [asset]: 1 }, cash: { GBP: -11 } })
    assert.closeTo(inside(all, "security", "costBasis", "local") as number, 10, 1e-8)
  })

  it("never go short: selling more than there is books the cash and leaves nothing", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "BUY", asset, { quantity: "2", unitPrice: "3", ...at("10:00:00") }),
      trade(account, "SELL", asset, { quantity: "5", unitPrice: "3", ...at("11:00:00") })
    ])
    await used.target.eventually(account, { cash: { GBP: 9 } })
  })

  it("go by the timestamp, to the millisecond, not by the order sent", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "SELL", asset, { quantity: "5", unitPrice: "3", ...at("10:00:00.002") }),
      trade(account, "BUY", asset, { quantity: "8", unitPrice: "3", ...at("10:00:00.001") })
    ])
    await used.target.eventually(account, { shares: { [asset]: 3 }, cash: { GBP: -9 } })
  })

  it("lose a sale that comes before its purchase: the cash is booked, the shares stay", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "SELL", asset, { quantity: "5", unitPrice: "3", ...at("10:00:00.001") }),
      trade(account, "BUY", asset, { quantity: "8", unitPrice: "3", ...at("10:00:00.002") })
    ])
    await used.target.eventually(account, { shares: { [asset]: 8 }, cash: { GBP: -9 } })
  })

  it("are two for one symbol with and without a MIC", async () => {
    const account = await used.target.account()
    const symbol = ticker()
    const common = { instrumentSymbol: symbol, quoteCcy: "USD" }
    const listed = String((await used.target.asset({ ...common, instrumentExchangeMic: "XNAS" }))["id"])
    const bare = String((await used.target.asset({ ...common, instrumentExchangeMic: null }))["id"])
    const bought = { quantity: "1", unitPrice: "1", currency: "USD" }
    await used.target.import([trade(account, "BUY", listed, bought), trade(account, "BUY", bare, bought)])
    await used.target.eventually(account, { shares: { [listed]: 1, [bare]: 1 }, cash: { USD: -2 } })
  })

  it("count rows that are POSTED and no others", async () => {
    const account = await used.target.account()
    await used.target.import(["POSTED", "PENDING", "DRAFT", "VOID"].map((status) => row(account, { status })))
    await used.target.eventually(account, { cash: { GBP: 1 } })
  })

  it("leave out days that are still to come", async () => {
    const account = await used.target.account()
    await used.target.import([row(account), row(account, { activityDate: "2100-01-01T12:00:00Z" })])
    await used.target.eventually(account, { cash: { GBP: 1 } })
  })

  it("are none for an account in HOLDINGS mode or archived", async () => {
    const open = await used.target.account()
    const closed = [
      await used.target.account({ trackingMode: "HOLDINGS" }),
      await used.target.account({ isArchived: true })
    ]
    for (const account of closed) await used.target.import([row(account)])
    await used.target.import([row(open)])
    await used.target.eventually(open, { cash: { GBP: 1 } })
    for (const account of closed) assert.deepStrictEqual((await used.target.holdings(account)).all, [])
  })
})

describe("cash", () => {
  const moves: ReadonlyArray<readonly [type: string, fields: Json, gbp: number]> = [
    ["DEPOSIT", { amount: "100" }, 100],
    ["WITHDRAWAL", { amount: "100" }, -100],
    ["INTEREST", { amount: "100" }, 100],
    ["CREDIT", { amount: "100", subtype: "REFUND" }, 100],
    ["FEE", { amount: "100" }, -100],
    ["TAX", { amount: "100" }, -100],
    ["TRANSFER_IN", { amount: "100" }, 100],
    ["TRANSFER_OUT", { amount: "100" }, -100]
  ]
  it.each(moves)("moves with %s", async (activityType, fields, gbp) => {
    const account = await used.target.account()
    await used.target.import([row(account, { activityType, ...fields })])
    await used.target.eventually(account, { cash: { GBP: gbp } })
  })

  it("moves with a dividend and its tax on the asset, which leave the shares alone", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "BUY", asset, { quantity: "1", unitPrice: "1", ...at("10:00:00") }),
      row(account, { activityType: "DIVIDEND", symbol: { id: asset }, amount: "20", ...at("11:00:00") }),
      row(account, { activityType: "TAX", symbol: { id: asset }, amount: "3", ...at("11:00:00") })
    ])
    await used.target.eventually(account, { shares: { [asset]: 1 }, cash: { GBP: 16 } })
  })

  it("is kept per currency, and may be negative", async () => {
    const account = await used.target.account()
    await used.target.import([
      row(account, { activityType: "TRANSFER_OUT", amount: "500", sourceGroupId: "fx" }),
      row(account, { activityType: "TRANSFER_IN", amount: "650", currency: "USD", sourceGroupId: "fx" })
    ])
    await used.target.eventually(account, { cash: { GBP: -500, USD: 650 } })
  })

  it("of a dividend in another currency than its asset's is in the dividend's", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "BUY", asset, { quantity: "1", unitPrice: "1", ...at("10:00:00") }),
      row(account, { activityType: "DIVIDEND", symbol: { id: asset }, amount: "20", currency: "USD" })
    ])
    await used.target.eventually(account, { shares: { [asset]: 1 }, cash: { GBP: -1, USD: 20 } })
    const found = await used.target.ok("GET", `/assets/profile?assetId=${asset}`)
    assert.strictEqual(found["quoteCcy"], "GBP")
  })

  it("of a trade is in the trade's currency, and in the account's when the row has a rate", async () => {
    const account = await used.target.account()
    const plain = String((await used.target.asset({ quoteCcy: "USD" }))["id"])
    const rated = String((await used.target.asset({ quoteCcy: "USD" }))["id"])
    const bought = { quantity: "1", unitPrice: "10", currency: "USD" }
    await used.target.import([
      trade(account, "BUY", plain, bought),
      trade(account, "BUY", rated, { ...bought, fxRate: "0.5" })
    ])
    await used.target.eventually(account, { shares: { [plain]: 1, [rated]: 1 }, cash: { USD: -10, GBP: -5 } })
  })

  it("and shares are in pounds for rows in pence", async () => {
    const [account, asset] = await start({ quoteCcy: "GBp" })
    await used.target.import([
      trade(account, "BUY", asset, { quantity: "1000", unitPrice: "55", fee: "100", currency: "GBp" }),
      trade(account, "BUY", asset, { quantity: "10", unitPrice: "0.5", currency: "GBP" })
    ])
    const { all } = await used.target.eventually(account, { shares: { [asset]: 1010 }, cash: { GBP: -556 } })
    const security = all.find((each) => each["holdingType"] === "security")
    assert.strictEqual(security?.["localCurrency"], "GBP")
    assert.closeTo(inside(all, "security", "costBasis", "local") as number, 556, 1e-8)
  })
})

describe("a currency without a rate", () => {
  // XTS and XXX are codes of no money: no server can have a rate between them.
  it("loses a purchase altogether, shares and cash, though it answers 200", async () => {
    const [account, asset] = await start({ quoteCcy: "XTS" })
    await used.target.import([
      row(account),
      trade(account, "BUY", asset, { quantity: "2", unitPrice: "3", currency: "XXX" })
    ])
    await used.target.eventually(account, { cash: { GBP: 1 } })
  })

  it("is what an asset gets that was first seen in a dividend", async () => {
    const account = await used.target.account()
    const symbol = { symbol: ticker(), exchangeMic: "XAMS", quoteMode: "MANUAL" }
    await used.target.import([
      row(account, { activityType: "DIVIDEND", symbol: { ...symbol, quoteCcy: "XTS" }, currency: "XTS", amount: "5" })
    ])
    const [bought] = await used.target.import([
      row(account, {
        activityType: "BUY",
        symbol: { ...symbol, quoteCcy: "XXX" },
        currency: "XXX",
        quantity: "2",
        unitPrice: "3",
        amount: "6"
      }),
      row(account)
    ])
    const asset = await used.target.ok("GET", `/assets/profile?assetId=${String(bought?.["assetId"])}`)
    assert.strictEqual(asset["quoteCcy"], "XTS")
    await used.target.eventually(account, { cash: { XTS: 5, GBP: 1 } })
  })
})

describe("transfers of shares and splits", () => {
  it("move shares and no cash but the fee", async () => {
    const [account, asset] = await start()
    const moved = { symbol: { id: asset }, amount: null }
    await used.target.import([
      row(account, { activityType: "TRANSFER_IN", quantity: "5", unitPrice: "2", ...moved, ...at("10:00:00") }),
      row(account, {
        activityType: "TRANSFER_OUT",
        quantity: "2",
        unitPrice: "2",
        fee: "1",
        ...moved,
        ...at("11:00:00")
      })
    ])
    await used.target.eventually(account, { shares: { [asset]: 3 }, cash: { GBP: -1 } })
  })

  it("multiply what was held before by the amount", async () => {
    const [account, asset] = await start()
    await used.target.import([
      trade(account, "BUY", asset, { quantity: "5", unitPrice: "4" }),
      row(account, { activityType: "SPLIT", symbol: { id: asset }, amount: "2", activityDate: "2026-01-07T12:00:00Z" }),
      trade(account, "BUY", asset, { quantity: "1", unitPrice: "2", activityDate: "2026-01-08T12:00:00Z" })
    ])
    await used.target.eventually(account, { shares: { [asset]: 11 }, cash: { GBP: -22 } })
  })
})

describe("options", () => {
  const option = (metadata: unknown) => ({
    instrumentType: "OPTION",
    instrumentSymbol: ticker(),
    instrumentExchangeMic: null,
    metadata
  })

  it("count a hundred shares, or what their metadata says when it is whole", async () => {
    const account = await used.target.account()
    const whole = { underlyingAssetId: "X", expiration: "2099-01-15", right: "CALL", strike: 5, multiplier: 10 }
    const assets = []
    for (const metadata of [null, { option: { multiplier: 10 } }, { option: whole }]) {
      assets.push(String((await used.target.asset(option(metadata)))["id"]))
    }
    const values = [200, 200, 20]
    await used.target.import(
      assets.map((id, index) =>
        trade(account, "BUY", id, { quantity: "1", unitPrice: "2", amount: String(values[index]) })
      )
    )
    const shares = Object.fromEntries(assets.map((id) => [id, 1]))
    await used.target.eventually(account, { shares, cash: { GBP: -420 } })
  })
})

describe("holdings of one asset", () => {
  it("have their lots, and are null for what is not held", async () => {
    const [account, asset] = await start()
    const bought = trade(account, "BUY", asset, { quantity: "2", unitPrice: "3", fee: "1" })
    const [created] = await used.target.import([bought])
    await used.target.eventually(account, { shares: { [asset]: 2 }, cash: { GBP: -7 } })
    const item = await used.target.ok("GET", `/holdings/item?accountId=${account}&assetId=${asset}`)
    const [lot] = item["lots"] as ReadonlyArray<Json>
    assert.isDefined(lot)
    assert.deepInclude(lot, { id: created?.["id"], quantity: 2, costBasis: 7, acquisitionPrice: 3 })
    const all = await used.target.ok<ReadonlyArray<Json>>("GET", `/holdings/by-asset?assetId=${asset}`)
    assert.deepStrictEqual(all.map((each) => each["accountId"]), [account])
    assert.isNull(await used.target.ok("GET", `/holdings/item?accountId=${account}&assetId=nope`))
  })
})
