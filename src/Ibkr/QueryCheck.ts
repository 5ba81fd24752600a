import type { SectionTally } from "./FlexStatement.ts"

/** What the query leaves out: `findings` make it unable to serve a nightly run, `costs` are worth a line. */
export interface QueryVerdict {
  readonly findings: ReadonlyArray<string>
  readonly costs: ReadonlyArray<string>
}

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
 * that cannot serve: it would import nothing, every night, without a word.
 */
export const checkQuery = (sections: ReadonlyMap<string, SectionTally>): QueryVerdict => {
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
  if (actions === undefined) {
    costs.push("no Corporate Actions section: after a split, a merger or a spin-off positions will differ")
  } else if (actions.rows > 0 && actions.usable === 0) {
    costs.push("section Corporate Actions has only roll-ups: tick Detail, or positions will differ")
  } else if (actions.usable > 0 && actions.withoutId === actions.usable) {
    costs.push("no row of Corporate Actions has an id: tick Transaction ID, or positions will differ")
  }
  if (!sections.has("CashReport")) costs.push("no Cash Report section: cash is not compared")
  if (!sections.has("SecuritiesInfo")) {
    costs.push("no Financial Instrument Information section: instruments known only by symbol may stay unknown")
  }
  for (const [section, [name, level]] of Object.entries(optionalLevels)) {
    const tally = sections.get(section)
    if (tally === undefined || tally.rows === 0 || tally.usable > 0) continue
    costs.push(
      `section ${name} has only roll-ups (${[...tally.rollUps].join(", ")}), which are not booked: tick ${level}`
    )
  }
  return { findings, costs }
}
