import type { SectionTally } from "./FlexStatement.ts"

/** What the query leaves out: `findings` make it unable to serve a nightly run, `costs` are worth a line. */
export interface QueryVerdict {
  readonly findings: ReadonlyArray<string>
  readonly costs: ReadonlyArray<string>
  /** What is left out and concerns few accounts: worth a line of the log. */
  readonly remark?: string
}

interface Cost {
  /** As the portal calls the section. */
  readonly name: string
  readonly cost: string
  /** Of others only accounts that have such rows are concerned: alone they are no reason for a word. */
  readonly everyAccount: boolean
}

/** What the absence of a section that a query need not have costs. */
const costOf: ReadonlyMap<string, Cost> = new Map([
  ["CashReport", { name: "Cash Report", cost: "cash is not compared", everyAccount: true }],
  ["CorporateActions", {
    name: "Corporate Actions",
    cost: "after a split, a merger or a spin-off positions will differ",
    everyAccount: true
  }],
  ["SecuritiesInfo", {
    name: "Financial Instrument Information",
    cost: "instruments known only by symbol may stay unknown",
    everyAccount: true
  }],
  ["Transfers", { name: "Transfers", cost: "shares moved in or out are not booked", everyAccount: false }],
  ["StmtFunds", {
    name: "Statement of Funds",
    cost:
      "cash of futures, CFDs and cash-settled options is not booked, commissions of conversions are told by sums alone",
    everyAccount: false
  }],
  ["SalesTaxes", { name: "Sales Taxes", cost: "tax on fees is not booked", everyAccount: false }],
  ["TransactionTaxes", {
    name: "Transaction Fees",
    cost: "taxes charged apart from trades are not booked",
    everyAccount: false
  }],
  ["CFDCharges", { name: "CFD Charges", cost: "they are not booked", everyAccount: false }],
  ["DebitCardActivities", { name: "Debit Card Activity", cost: "card payments are not booked", everyAccount: false }],
  ["StockGrantActivities", {
    name: "Stock Grant Activity",
    cost: "granted shares are not booked",
    everyAccount: false
  }],
  ["PriorPeriodPositions", {
    name: "Prior Period Positions",
    cost: "prices of opening rows are estimates",
    everyAccount: false
  }]
])

const required: Readonly<Record<string, string>> = {
  Trades: "Trades",
  CashTransactions: "Cash Transactions",
  OpenPositions: "Open Positions"
}

const levels: Readonly<Record<string, string>> = {
  Trades: "Execution",
  CashTransactions: "Detail",
  OpenPositions: "Summary"
}

/** Of sections that a query need not have: which level to tick. */
const optionalLevels: Readonly<Record<string, readonly [name: string, level: string]>> = {
  Transfers: ["Transfers", "Transfer"],
  TransactionTaxes: ["Transaction Fees", "Summary"],
  CFDCharges: ["CFD Charges", "Detail"],
  StmtFunds: ["Statement of Funds", "Currency"]
}

/**
 * An empty section is a quiet day; a missing one, one that has only roll-ups, or one whose rows carry no id is a query
 * that cannot serve: it would import nothing, every night, without a word. Sections that it need not have and has not are
 * one line, with what each costs.
 *
 * @param before optional sections of earlier statements
 */
export const checkQuery = (
  sections: ReadonlyMap<string, SectionTally>,
  before: ReadonlySet<string> = new Set()
): QueryVerdict => {
  const findings: Array<string> = []
  for (const [section, name] of Object.entries(required)) {
    const tally = sections.get(section)
    if (tally === undefined) findings.push(`section ${name} is missing`)
    else if (tally.rows > 0 && tally.usable === 0) {
      const seen = [...tally.rollUps].join(", ")
      findings.push(`section ${name} has only roll-ups (${seen}): tick ${levels[section]}`)
    } else if (section !== "OpenPositions" && tally.usable > 0 && tally.withoutId === tally.usable) {
      findings.push(`no row of ${name} has an id: tick ${section === "Trades" ? "Trade ID" : "Transaction ID"}`)
    }
  }
  const costs: Array<string> = []
  const actions = sections.get("CorporateActions")
  if (actions !== undefined && actions.rows > 0 && actions.usable === 0) {
    costs.push("section Corporate Actions has only roll-ups: tick Detail, or positions will differ")
  } else if (actions !== undefined && actions.usable > 0 && actions.withoutId === actions.usable) {
    costs.push("no row of Corporate Actions has an id: tick Transaction ID, or positions will differ")
  }
  for (const [section, [name, level]] of Object.entries(optionalLevels)) {
    const tally = sections.get(section)
    if (tally === undefined || tally.rows === 0 || tally.usable > 0) continue
    costs.push(
      `section ${name} has only roll-ups (${[...tally.rollUps].join(", ")}), which are not booked: tick ${level}`
    )
  }
  const missing = [...costOf.keys()].filter((section) => !sections.has(section))
  const [lost, never] = [true, false].map((had) => missing.filter((section) => before.has(section) === had))
  const line = [leftOut(never, "the query has no"), leftOut(lost, "not in this statement, though earlier ones had it:")]
    .filter((part) => part !== undefined).join("; ")
  const isWarning = (lost ?? []).length > 0 || missing.some((section) => costOf.get(section)?.everyAccount)
  if (isWarning) costs.push(line)
  return { findings, costs, ...(isWarning || line === "" ? {} : { remark: line }) }
}

const leftOut = (sections: ReadonlyArray<string> = [], what: string): string | undefined =>
  sections.length === 0 ? undefined : `${what} ${
    sections.flatMap((section) => {
      const { cost, name } = costOf.get(section) ?? {}
      return name === undefined ? [] : [`${name} (${cost})`]
    }).join(", ")
  }`

/** The sections of a statement that a query need not have: so much is remembered of it. */
export const optionalSections = (sections: ReadonlyMap<string, SectionTally>): ReadonlyArray<string> =>
  [...costOf.keys()].filter((section) => sections.has(section))
