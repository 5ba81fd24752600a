import { assert, describe, it } from "@effect/vitest"
import { bookSections } from "./sections.ts"

const grant = {
  currency: "USD",
  assetCategory: "STK",
  symbol: "KO",
  conid: "5",
  listingExchange: "NYSE",
  awardDate: "2025-01-12",
  vestingDate: "2026-01-12",
  reportDate: "2025-01-12",
  quantity: "5",
  price: "60"
}
const id = "ibkr:grant:5:2025-01-12:2026-01-12:5"

const book = (rows: ReadonlyArray<Readonly<Record<string, string>>>, until?: string) =>
  bookSections({ StockGrantActivities: rows }, until === undefined ? {} : { until })

describe("stock grants", () => {
  it("come in on the day they vest, and wait until the statement has reached it", () => {
    assert.deepStrictEqual(book([grant], "2026-01-12").booked, [`${id} TRANSFER_IN 5 KO at 60 on 2026-01-12`])
    assert.deepStrictEqual(book([grant]).booked, [`${id} TRANSFER_IN 5 KO at 60 on 2026-01-12`])
    const early = book([grant], "2026-01-11")
    assert.deepStrictEqual(early.left, [`${id} unvested`])
    assert.deepStrictEqual(early.skipped.map(({ held, source }) => [held, source?.fields["vestingDate"]]), [
      [true, "2026-01-12"]
    ])
    assert.deepStrictEqual(early.details, ["vests on 2026-01-12: grant of 5 KO"])
  })

  it("are an asset from outside, not a sale's cash", () => {
    const [activity] = book([grant]).activities
    assert.deepStrictEqual([activity?.isExternal, activity?.time], [true, "00:00:00"])
  })

  it("printed at award and at vesting are one: the newer counts", () => {
    const vested = { ...grant, reportDate: "2026-01-12", price: "70" }
    for (const rows of [[grant, vested], [vested, grant]]) {
      assert.deepStrictEqual(book(rows).booked, [`${id} TRANSFER_IN 5 KO at 70 on 2026-01-12`])
      assert.deepStrictEqual(book(rows).left, [])
    }
  })

  it("without a vesting day, an award day or shares are told", () => {
    assert.deepStrictEqual(book([{ ...grant, vestingDate: "" }]).left, ["ibkr:grant:5:2025-01-12::5 unreadable"])
    assert.deepStrictEqual(book([{ ...grant, awardDate: "" }]).left, ["- no-id"])
    assert.deepStrictEqual(book([{ ...grant, quantity: "-5" }]).left, [`${id.slice(0, -1)}-5 unknown-type`])
    assert.deepStrictEqual(book([{ ...grant, listingExchange: "SET" }]).left, [`${id} unknown-venue`])
  })
})
