import { assert, it } from "@effect/vitest"
import * as Decimals from "../src/Portfolio/Decimal.ts"
import * as PlainDates from "../src/Portfolio/PlainDate.ts"
import { emptyReport, type ReportedActivity, type RunReport } from "../src/RunReport.ts"
import { runTable } from "../src/RunTable.ts"

const of = Decimals.of

const buy = (id: string, quantity: string, status: ReportedActivity["status"] = "imported"): ReportedActivity => ({
  activity: {
    externalId: `ibkr:trade:${id}`,
    type: "BUY",
    date: PlainDates.of("2026-01-02"),
    millisecond: 0,
    currency: "GBP",
    quantity: of(quantity),
    unitPrice: of("89.87"),
    amount: of("899.7"),
    fee: of("1"),
    contentHash: id,
    section: "Trades"
  },
  status,
  symbol: "VUSA.L"
})

const nothing = emptyReport({ runId: "01JX", provider: "ibkr", account: "ibkr-uk", dryRun: false })

const report: RunReport = {
  ...nothing,
  activities: [buy("1", "10"), buy("2", "1234.5"), buy("3", "7", "already-synced")],
  skipped: [
    { section: "CashTransactions", externalId: "ibkr:cash:9", reason: "unknown-type", detail: "Bill Pay", held: false },
    { section: "Trades", reason: "unknown-venue", detail: "ABCD on XYZ", held: true }
  ],
  reconciled: true,
  positions: [{ symbol: "VUSA.L", broker: of("1251.5"), tracker: of("1250"), drift: of("1.5") }],
  cash: [{
    currency: "GBP",
    broker: of("100.5"),
    booked: of("100.5"),
    drift: of("0"),
    tracker: of("100"),
    trackerDrift: of("0.5")
  }],
  warnings: ["something to know"]
}

const text = (run: RunReport, age?: string) => [...runTable(run, age)].join("")

it("a run as a person reads it", () => {
  assert.strictEqual(
    text(report, "as of 2026-01-02 (1 business days old)"),
    `as of 2026-01-02 (1 business days old)
imported 2, already synced 1, skipped 2 (1 held, tried again)
note: something to know

date        type  symbol  quantity  price  amount  fee       id
2026-01-02  BUY   VUSA.L        10  89.87   899.7    1  GBP  ibkr:trade:1
2026-01-02  BUY   VUSA.L    1234.5  89.87   899.7    1  GBP  ibkr:trade:2

skipped               id           why
unknown-type          ibkr:cash:9  Bill Pay
unknown-venue (held)  Trades       ABCD on XYZ

position  broker  wealthfolio  drift
VUSA.L    1251.5         1250    1.5

cash  broker  booked  unexplained  wealthfolio  drift
GBP    100.5   100.5            0          100    0.5
`
  )
})

it("a dry run says what it would do, with the broker's side alone", () => {
  assert.strictEqual(
    text({
      ...nothing,
      dryRun: true,
      activities: [buy("1", "10", "planned")],
      positions: [{ symbol: "VUSA.L", broker: of("10") }]
    }),
    `no statement was read
would import 1, already synced 0, skipped 0

date        type  symbol  quantity  price  amount  fee       id
2026-01-02  BUY   VUSA.L        10  89.87   899.7    1  GBP  ibkr:trade:1

position  broker  wealthfolio  drift
VUSA.L        10
`
  )
})

it("a failure ends with what to do", () => {
  const error = { tag: "FlexTokenExpired", message: "the token has expired", hint: "make a new one", exitCode: 4 }
  assert.isTrue(
    text({ ...report, error }, "as of 2026-01-02").endsWith(
      "\nfailed (exit 4): the token has expired\n  → make a new one\n"
    )
  )
})

it("long lists are cut, and say by how much", () => {
  const lines = text({ ...nothing, activities: Array.from({ length: 45 }, (_, index) => buy(String(index), "1")) })
    .split("\n")
  assert.strictEqual(lines.filter((line) => line.includes("ibkr:trade:")).length, 40)
  assert.include(lines, "… and 5 more (--format json shows all)")
  assert.notInclude(text({ ...nothing, activities: Array.from({ length: 40 }, () => buy("1", "1")) }), "more (")
})

it("what a broker writes cannot steer the terminal", () => {
  const shown = text({
    ...report,
    skipped: [{
      section: "Trades",
      reason: "unreadable",
      detail: "\u001b[2J\u001b]0;title\u0007 row 1\r\n\u009b31m",
      held: false
    }],
    warnings: ["\u001b[31mred\nimported 999"],
    error: { tag: "X", message: "\u001b[2Jbad", hint: "\u0007look", exitCode: 9 }
  }, "as of 2026-01-02")
  // oxlint-disable-next-line no-control-regex
  assert.notMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  assert.notMatch(shown, /^imported 999/m)
})
