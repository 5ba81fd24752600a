import { assert, it } from "@effect/vitest"
import * as Decimals from "../src/Portfolio/Decimal.ts"
import * as PlainDates from "../src/Portfolio/PlainDate.ts"
import { counts, emptyReport, type ReportedActivity, runJson, type RunReport } from "../src/RunReport.ts"

const of = Decimals.of

const buy: ReportedActivity = {
  activity: {
    externalId: "ibkr:trade:6000000001",
    type: "BUY",
    date: PlainDates.of("2026-01-02"),
    time: "09:31:04",
    millisecond: 3,
    instrumentKey: "133025",
    currency: "GBP",
    quantity: of("10.00"),
    unitPrice: of("89.870"),
    amount: of("899.70"),
    fee: of("1.00"),
    contentHash: "a1",
    section: "Trades"
  },
  status: "imported",
  symbol: "VUSA.L",
  isin: "IE00B3XXRP09",
  conid: "133025"
}

const refund: ReportedActivity = {
  activity: {
    externalId: "ibkr:cash:7000000002",
    type: "CREDIT",
    subtype: "REFUND",
    date: PlainDates.of("2026-01-02"),
    millisecond: 0,
    currency: "USD",
    amount: of("0.000000000000000001"),
    note: "US TAX \"REFUND\"\n",
    contentHash: "a2",
    section: "CashTransactions"
  },
  status: "already-synced"
}

const report: RunReport = {
  ...emptyReport({ runId: "01JXAAAAAAAAAAAAAAAAAAAAAA", provider: "ibkr", account: "ibkr-uk", dryRun: false }),
  statements: [{
    accountId: "U1234567",
    fromDate: PlainDates.of("2026-01-02"),
    toDate: PlainDates.of("2026-01-02"),
    whenGenerated: "2026-01-03T02:35:01"
  }],
  activities: [buy, refund],
  skipped: [{
    section: "CashTransactions",
    externalId: "ibkr:cash:7000000001",
    reason: "unknown-type",
    detail: "Price Adjustments",
    held: false,
    contentHash: "b1"
  }, {
    section: "Trades",
    reason: "no-id",
    detail: "10 VUSA at 89.87 GBP",
    held: true,
    source: { section: "Trades", fields: { accountId: "U1234567" } }
  }],
  reconciled: true,
  asOf: "2026-01-02",
  positions: [
    { symbol: "VUSA.L", broker: of("10.0"), tracker: of("10"), drift: Decimals.zero },
    { symbol: "AAPL", broker: of("100000000000000000000"), tracker: of("1e20"), drift: of("-0.00001") }
  ],
  cash: [{
    currency: "GBP",
    broker: of("1234.560"),
    booked: of("1234.56"),
    drift: of("0.00"),
    tracker: of("1234.5"),
    trackerDrift: of("0.060")
  }],
  warnings: ["no Cash Report section: cash is not compared"]
}

const text = (run: RunReport) => [...runJson(run)].join("")

it("a run as JSON: every field, decimals plain, what does not apply absent", () => {
  assert.deepStrictEqual(JSON.parse(text(report)), {
    runId: "01JXAAAAAAAAAAAAAAAAAAAAAA",
    provider: "ibkr",
    account: "ibkr-uk",
    dryRun: false,
    outcome: "success",
    statements: [{
      accountId: "U1234567",
      fromDate: "2026-01-02",
      toDate: "2026-01-02",
      whenGenerated: "2026-01-03T02:35:01"
    }],
    counts: { imported: 1, planned: 0, alreadySynced: 1, skipped: 2, held: 1 },
    activities: [{
      externalId: "ibkr:trade:6000000001",
      type: "BUY",
      date: "2026-01-02",
      time: "09:31:04",
      symbol: "VUSA.L",
      isin: "IE00B3XXRP09",
      conid: "133025",
      currency: "GBP",
      quantity: "10",
      unitPrice: "89.87",
      amount: "899.7",
      fee: "1",
      status: "imported"
    }, {
      externalId: "ibkr:cash:7000000002",
      type: "CREDIT",
      subtype: "REFUND",
      date: "2026-01-02",
      currency: "USD",
      amount: "0.000000000000000001",
      note: "US TAX \"REFUND\"\n",
      status: "already-synced"
    }],
    skipped: [
      {
        section: "CashTransactions",
        externalId: "ibkr:cash:7000000001",
        reason: "unknown-type",
        detail: "Price Adjustments",
        held: false
      },
      { section: "Trades", reason: "no-id", detail: "10 VUSA at 89.87 GBP", held: true }
    ],
    reconciled: true,
    asOf: "2026-01-02",
    positions: [
      { symbol: "VUSA.L", broker: "10", wealthfolio: "10", drift: "0" },
      { symbol: "AAPL", broker: "100000000000000000000", wealthfolio: "100000000000000000000", drift: "-0.00001" }
    ],
    cash: [{
      currency: "GBP",
      broker: "1234.56",
      booked: "1234.56",
      drift: "0",
      wealthfolio: "1234.5",
      trackerDrift: "0.06"
    }],
    warnings: ["no Cash Report section: cash is not compared"]
  })
})

it("the fields stand in the public order, one row a line", () => {
  assert.deepStrictEqual(Object.keys(JSON.parse(text(report))), [
    "runId",
    "provider",
    "account",
    "dryRun",
    "outcome",
    "statements",
    "counts",
    "activities",
    "skipped",
    "reconciled",
    "asOf",
    "positions",
    "cash",
    "warnings"
  ])
  assert.include(text(report), "\n    {\"externalId\":\"ibkr:trade:6000000001\",\"type\":\"BUY\"")
  assert.isTrue(text(report).endsWith("\n}\n"))
})

it("a failed run is the same object with its error", () => {
  const error = { tag: "FlexTokenExpired", message: "expired", hint: "make a new token", exitCode: 4 }
  const json = JSON.parse(text({ ...report, error }))
  assert.strictEqual(json.outcome, "failure")
  assert.deepStrictEqual(json.error, error)
  assert.strictEqual(json.counts.imported, 1)
})

it.each([0, 1, 499, 500, 501, 1001])("%i rows are valid JSON, and all of them are there", (rows) => {
  const activities = Array.from({ length: rows }, (_, index) => ({
    ...buy,
    activity: { ...buy.activity, externalId: `ibkr:trade:${index}` }
  }))
  const json = JSON.parse(text({ ...report, activities, skipped: [] }))
  assert.deepStrictEqual(
    json.activities.map(({ externalId }: { readonly externalId: string }) => externalId),
    activities.map(({ activity }) => activity.externalId)
  )
  assert.strictEqual(json.counts.imported, rows)
})

it("a run that knows nothing yet is valid JSON without asOf", () => {
  const json = JSON.parse(text(emptyReport({ runId: "1", provider: "ibkr", account: "ibkr-uk", dryRun: true })))
  assert.notProperty(json, "asOf")
  assert.deepStrictEqual([json.activities, json.skipped, json.positions, json.cash, json.warnings], [
    [],
    [],
    [],
    [],
    []
  ])
})

it("counts by status, held ones among the skipped", () => {
  const planned: ReportedActivity = { ...buy, status: "planned" }
  assert.deepStrictEqual(counts({ ...report, activities: [planned, planned, refund] }), {
    imported: 0,
    planned: 2,
    alreadySynced: 1,
    skipped: 2,
    held: 1
  })
})
