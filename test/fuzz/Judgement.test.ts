import { assert, describe, it } from "@effect/vitest"
import type { BrokerReport } from "../../src/Broker.ts"
import { exitCodes, type Failure } from "../../src/Failure.ts"
import { StatementMalformed } from "../../src/Ibkr/StatementError.ts"
import type { Activity } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"
import { accountingProblems, cashProblems } from "./Accounting.ts"
import type { Mutant } from "./Mutant.ts"
import { refusalProblems } from "./Refusal.ts"
import { reportProblems } from "./ReportProperties.ts"
import { rowsOf } from "./Rows.ts"

/** What the fuzz run would not see is not so: each judgement is shown something wrong once. */

const mutant: Mutant = { number: 0, origin: "", mutations: [], bytes: new Uint8Array(), options: { account: null } }

const source = {
  section: "Trades",
  fields: {
    assetCategory: "STK",
    symbol: "VUSA",
    conid: "1",
    currency: "GBP",
    tradeID: "1",
    tradeDate: "2026-01-05",
    quantity: "2",
    tradePrice: "3"
  }
}
const rows = rowsOf([source])
const none = rowsOf([])
const [hash = ""] = rows.trades.keys()

const activity: Activity = {
  externalId: "ibkr:trade:1",
  type: "BUY",
  date: PlainDates.of("2026-01-05"),
  millisecond: 0,
  instrumentKey: "1",
  currency: "GBP",
  quantity: Decimals.of("2"),
  unitPrice: Decimals.of("3"),
  amount: Decimals.of("6"),
  contentHash: hash,
  section: "Trades"
}

const report = (...activities: ReadonlyArray<Activity>): BrokerReport => ({
  statements: [],
  activities,
  skipped: [],
  instruments: new Map([["1", { key: "1", symbol: "VUSA.L", ticker: "VUSA", mic: "XLON", isUsListing: false }]]),
  cash: [],
  carriedOver: new Set(),
  warnings: [],
  complete: true
})

describe("judgement", () => {
  it("of what is right there is nothing to say", () => {
    const right = report(activity)
    assert.deepStrictEqual(reportProblems(right), [])
    assert.deepStrictEqual(accountingProblems(rows, none, right), [])
    assert.deepStrictEqual(cashProblems(rows, right), [])
    assert.deepStrictEqual(refusalProblems(new StatementMalformed({ found: "truncated" }), mutant), [])
  })

  it.each<readonly [string, ReadonlyArray<Activity>]>([
    ["one id twice", [activity, activity]],
    ["a negative amount", [{ ...activity, amount: Decimals.of("-6") }]],
    ["no day", [{ ...activity, date: "2026-02-31" as PlainDates.PlainDate }]],
    ["no time", [{ ...activity, time: "24:00:00" }]],
    ["no currency", [{ ...activity, currency: "gbp" }]],
    ["no quantity", [{ ...activity, quantity: Decimals.zero }]],
    ["a millisecond too many", [{ ...activity, millisecond: 1_000 }]]
  ])("%s is seen", (_, activities) => {
    assert.lengthOf(reportProblems(report(...activities)), 1)
  })

  it("a row held without its source, a long warning and an instrument that is not told are seen", () => {
    const held = { section: "Trades", reason: "unknown-venue", detail: "x", held: true, contentHash: "x" } as const
    assert.lengthOf(reportProblems({ ...report(), skipped: [held] }), 2)
    assert.lengthOf(reportProblems({ ...report(), warnings: ["two\nlines"] }), 1)
    assert.lengthOf(reportProblems({ ...report(activity), instruments: new Map() }), 1)
  })

  it("a row that vanishes, is there twice, waits no more, or moves other cash is seen", () => {
    assert.lengthOf(accountingProblems(rows, none, report()), 1)
    assert.lengthOf(accountingProblems(rows, none, report(activity, { ...activity, externalId: "ibkr:trade:2" })), 1)
    assert.lengthOf(accountingProblems(none, rows, report()), 1)
    const broken = rowsOf([{ ...source, fields: { ...source.fields, quantity: "two" } }])
    assert.lengthOf(accountingProblems(broken, none, report()), 1)
    assert.lengthOf(cashProblems(rows, report({ ...activity, amount: Decimals.of("6.01") })), 1)
    assert.lengthOf(cashProblems(rows, report({ ...activity, type: "SELL" })), 1)
  })

  it.each<readonly [string, Partial<Failure>]>([
    ["an unknown tag", { _tag: "TypeError" }],
    ["a guard not asked for", { _tag: "IBKRAccountMismatch" }],
    ["a spool that did not fail", { _tag: "SpoolError" }],
    ["no message", { message: " " }],
    ["no hint", { hint: "" }],
    ["the exit code of a defect", { exitCode: exitCodes.defect }],
    ["a long message", { message: "x".repeat(301) }],
    ["two lines", { message: "two\nlines" }]
  ])("a failure with %s is seen", (_, wrong) => {
    const failure: Failure = {
      _tag: "StatementMalformed",
      message: "it cannot be read",
      hint: "do something",
      exitCode: exitCodes.statementUnreadable,
      ...wrong
    }
    assert.lengthOf(refusalProblems(failure, mutant), 1)
  })
})
