import { assert, describe, it } from "@effect/vitest"
import type { SectionTally } from "../../src/Ibkr/FlexStatement.ts"
import { checkQuery, optionalSections } from "../../src/Ibkr/QueryCheck.ts"

const tally = (rows = 0, usable = rows, withoutId = 0, rollUps: ReadonlyArray<string> = []): SectionTally => ({
  rows,
  usable,
  withoutId,
  rollUps: new Set(rollUps)
})

const whole = {
  Trades: tally(2),
  CashTransactions: tally(3),
  CorporateActions: tally(1),
  OpenPositions: tally(1),
  CashReport: tally(2),
  SecuritiesInfo: tally(1)
}

const check = (sections: Readonly<Record<string, SectionTally>>) => checkQuery(new Map(Object.entries(sections)))

describe("checkQuery", () => {
  it("a whole query has no finding, neither on a quiet day", () => {
    assert.deepInclude(check(whole), { findings: [], costs: [] })
    const quiet = Object.fromEntries(Object.keys(whole).map((name) => [name, tally()]))
    assert.deepInclude(check(quiet), { findings: [], costs: [] })
  })

  it("each required section that is missing is told by the portal's name", () => {
    const { CashReport, SecuritiesInfo } = whole
    assert.deepStrictEqual(check({ CashReport, SecuritiesInfo }).findings, [
      "section Trades is missing",
      "section Cash Transactions is missing",
      "section Open Positions is missing"
    ])
  })

  it("a section that need not be there is worth a line where it has only roll-ups", () => {
    assert.deepInclude(check({ ...whole, StmtFunds: tally(3, 0, 0, ["BASECURRENCY"]) }), {
      findings: [],
      costs: ["section Statement of Funds has only roll-ups (BASECURRENCY), which are not booked: tick Currency"]
    })
    assert.deepStrictEqual(check({ ...whole, StmtFunds: tally(3, 1, 0, ["BASECURRENCY"]) }).costs, [])
  })

  it("only roll-ups: told with what was seen and what to tick", () => {
    assert.deepStrictEqual(
      check({
        ...whole,
        Trades: tally(4, 0, 0, ["ORDER", "SYMBOL_SUMMARY"]),
        CashTransactions: tally(1, 0, 0, ["SUMMARY"]),
        OpenPositions: tally(5, 0, 0, ["LOT"])
      }).findings,
      [
        "section Trades has only roll-ups (ORDER, SYMBOL_SUMMARY): tick Execution",
        "section Cash Transactions has only roll-ups (SUMMARY): tick Detail",
        "section Open Positions has only roll-ups (LOT): tick Summary"
      ]
    )
    assert.deepStrictEqual(check({ ...whole, Trades: tally(4, 1, 0, ["ORDER"]) }).findings, [])
  })

  it("no row with an id is a finding, one without is none; positions need no id", () => {
    assert.deepStrictEqual(check({ ...whole, Trades: tally(2, 2, 2), CashTransactions: tally(1, 1, 1) }).findings, [
      "no row of Trades has an id: tick Trade ID",
      "no row of Cash Transactions has an id: tick Transaction ID"
    ])
    assert.deepStrictEqual(check({ ...whole, Trades: tally(2, 2, 1), OpenPositions: tally(2, 2, 2) }).findings, [])
  })

  it("of corporate actions that nothing can be booked from the cost is told", () => {
    const costsWith = (actions: SectionTally) => check({ ...whole, CorporateActions: actions }).costs
    assert.deepStrictEqual(costsWith(tally(2, 0, 0, ["SUMMARY"])), [
      "section Corporate Actions has only roll-ups: tick Detail, or positions will differ"
    ])
    assert.deepStrictEqual(costsWith(tally(2, 2, 2)), [
      "no row of Corporate Actions has an id: tick Transaction ID, or positions will differ"
    ])
    assert.deepStrictEqual(costsWith(tally(3, 2, 1)), [])
  })

  const everything = {
    ...whole,
    Transfers: tally(),
    StmtFunds: tally(),
    SalesTaxes: tally(),
    TransactionTaxes: tally(),
    CFDCharges: tally(),
    DebitCardActivities: tally(),
    StockGrantActivities: tally(),
    PriorPeriodPositions: tally()
  }

  it("what every account needs is one line, with what each costs, and stops nothing", () => {
    const { CashReport: _, SalesTaxes: __, SecuritiesInfo: ___, ...rest } = everything
    assert.deepStrictEqual(check(rest), {
      findings: [],
      costs: [
        "the query has no Cash Report (cash is not compared), Financial Instrument Information (instruments known only "
        + "by symbol may stay unknown), Sales Taxes (tax on fees is not booked)"
      ]
    })
    assert.deepStrictEqual(check(everything), { findings: [], costs: [] })
  })

  it("what few accounts need is a remark", () => {
    const { SalesTaxes: _, ...rest } = everything
    assert.deepStrictEqual(check(rest), {
      findings: [],
      costs: [],
      remark: "the query has no Sales Taxes (tax on fees is not booked)"
    })
  })

  it("what earlier statements had is a warning", () => {
    const { SalesTaxes: _, Transfers: __, ...rest } = everything
    const sections = new Map(Object.entries(rest))
    assert.deepStrictEqual(checkQuery(sections, new Set(["SalesTaxes", "CashReport"])).costs, [
      "the query has no Transfers (shares moved in or out are not booked); "
      + "not in this statement, though earlier ones had it: Sales Taxes (tax on fees is not booked)"
    ])
    assert.deepStrictEqual(optionalSections(new Map([["Trades", tally()], ["StmtFunds", tally()]])), ["StmtFunds"])
  })
})
