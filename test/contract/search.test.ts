import { assert, describe, it } from "@effect/vitest"
import { type Json, row, ticker, trade, useTarget } from "./support.ts"

const used = useTarget()

interface Page {
  readonly data: ReadonlyArray<Json>
  readonly meta: { readonly totalRowCount: number }
}

const search = (fields: Json): Promise<Page> =>
  used.target.ok<Page>("POST", "/activities/search", { page: 0, pageSize: -1, ...fields })

const amounts = ({ data }: Page): ReadonlyArray<unknown> => data.map((each) => each["amount"])

/** Five deposits of 1 to 5, a day apart, the first on 5 January 2026. */
const fiveDays = async (): Promise<string> => {
  const account = await used.target.account()
  await used.target.import(
    [1, 2, 3, 4, 5].map((amount) =>
      row(account, { amount: String(amount), activityDate: `2026-01-0${4 + amount}T12:00:00Z` })
    )
  )
  return account
}

describe("POST /activities/search", () => {
  it("answers with everything of an account, newest first", async () => {
    const page = await search({ accountIdFilter: await fiveDays() })
    assert.deepStrictEqual(amounts(page), ["5", "4", "3", "2", "1"])
    assert.strictEqual(page.meta.totalRowCount, 5)
  })

  it("counts pages from 0 and keeps the count of all", async () => {
    const account = await fiveDays()
    const sort = { id: "date", desc: false }
    const pages = []
    for (const page of [0, 1, 2, 3]) pages.push(await search({ page, pageSize: 2, accountIdFilter: [account], sort }))
    assert.deepStrictEqual(pages.map(amounts), [["1", "2"], ["3", "4"], ["5"], []])
    assert.deepStrictEqual(pages.map(({ meta }) => meta.totalRowCount), [5, 5, 5, 5])
  })

  it("filters by day, both ends included", async () => {
    const account = await fiveDays()
    const page = await search({ accountIdFilter: account, dateFrom: "2026-01-06", dateTo: "2026-01-08" })
    assert.deepStrictEqual(amounts(page), ["4", "3", "2"])
  })

  it("filters by account: one, several, none that is there", async () => {
    const [one, two] = [await fiveDays(), await fiveDays()]
    assert.strictEqual((await search({ accountIdFilter: [one, two] })).meta.totalRowCount, 10)
    assert.strictEqual((await search({ accountIdFilter: "nope" })).meta.totalRowCount, 0)
  })

  it("prints key, source, notes as comment, and the asset's venue", async () => {
    const account = await used.target.account()
    const symbol = ticker()
    const { id } = await used.target.asset({ instrumentSymbol: symbol, name: "A fund" })
    const sent = trade(account, "BUY", id, { quantity: "3", unitPrice: "1.50", notes: "a note", sourceRecordId: "r" })
    const [created] = await used.target.import([sent])
    const [found] = (await search({ accountIdFilter: account })).data
    assert.isDefined(found)
    assert.deepInclude(found, {
      id: created?.["id"],
      accountId: account,
      assetId: id,
      activityType: "BUY",
      status: "POSTED",
      date: "2026-01-05T12:00:00+00:00",
      quantity: "3",
      unitPrice: "1.50",
      currency: "GBP",
      fee: null,
      comment: "a note",
      accountCurrency: "GBP",
      assetSymbol: symbol,
      assetName: "A fund",
      exchangeMic: "XLON",
      instrumentType: "EQUITY",
      sourceSystem: "CONTRACT",
      sourceRecordId: "r",
      idempotencyKey: sent["idempotencyKey"],
      isUserModified: false,
      metadata: null
    })
  })

  it("has an empty text for no asset", async () => {
    const [found] = (await search({ accountIdFilter: await fiveDays() })).data
    assert.isDefined(found)
    assert.deepInclude(found, { assetId: "", assetSymbol: "", exchangeMic: null })
  })

  it("makes up a missing amount from quantity and price", async () => {
    const account = await used.target.account()
    const { id } = await used.target.asset()
    const bare = { activityType: "TRANSFER_IN", symbol: { id }, quantity: "3", unitPrice: "1.50", amount: null }
    await used.target.import([row(account, bare)])
    const [found] = (await search({ accountIdFilter: account })).data
    assert.strictEqual(Number(found?.["amount"]), 4.5)
  })

  it("shows every status", async () => {
    const account = await used.target.account()
    const statuses = ["POSTED", "PENDING", "DRAFT", "VOID"]
    await used.target.import(statuses.map((status) => row(account, { status })))
    const found = (await search({ accountIdFilter: account })).data.map((each) => String(each["status"]))
    assert.sameMembers(found, statuses)
  })

  it("hides the rows of an archived account, whose keys stay known", async () => {
    const account = await used.target.account({ isArchived: true })
    const sent = row(account)
    await used.target.import([sent])
    assert.strictEqual((await search({ accountIdFilter: account })).meta.totalRowCount, 0)
    assert.property(await used.target.known([sent["idempotencyKey"]]), String(sent["idempotencyKey"]))
  })

  it("wants page and page size", async () => {
    assert.strictEqual((await used.target.call("POST", "/activities/search", {})).status, 422)
  })
})
