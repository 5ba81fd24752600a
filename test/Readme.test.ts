import { assert, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import manifest from "../package.json" with { type: "json" }
import { exitCodes } from "../src/Failure.ts"
import { fieldsRead } from "../src/Ibkr/FlexReport.ts"
import { exposition } from "../src/Metrics.ts"
import { skipReasons } from "../src/Portfolio/Activity.ts"
import { driftCauses } from "../src/Portfolio/DriftCause.ts"
import { cashTypeRows, fullSummary, same, settingNames, tablesOf } from "./support/documents.ts"

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")

const table = tablesOf(readme)

const column = (heading: string, position = 0) => table(heading).map((row) => row[position] ?? "")

it("every setting, and none that there is not", () => {
  same(column("variable"), settingNames)
})

it("every exit code", () => {
  same(column("exit code"), Object.values(exitCodes).map(String))
})

it("every metric with its labels", async () => {
  const text = await exposition(fullSummary, "ibkr")
  const series = [...text.matchAll(/^(ibkr_\w+)(?:\{([^}]*)\})? /gm)].map(([, name = "", labels = ""]) =>
    `${name} ${[...labels.matchAll(/(\w+)="/g)].map(([, label]) => label).join(", ")}`
  )
  assert.isAbove(series.length, 10)
  same(table("metric").map(([name = "", labels = ""]) => `${name} ${labels}`), series)
})

it("every dependency with its version", () => {
  const real = (dependencies: Readonly<Record<string, string>>) =>
    Object.entries(dependencies).map(([name, version]) => `${name} ${version}`)
  const told = (heading: string) => table(heading).map(([name = "", version = ""]) => `${name} ${version}`)
  same(told("dependency"), real(manifest.dependencies))
  same(told("development dependency"), real(manifest.devDependencies))
  for (const row of [...table("dependency"), ...table("development dependency")]) assert.isNotEmpty(row[2])
})

it("every cash type, what it is booked as, and with which setting", () => {
  same(table("cash type").map(([type = "", activity = "", set = ""]) => `${type}: ${activity}, ${set}`), cashTypeRows)
})

it("every reason why a row is not booked", () => {
  same(column("reason"), skipReasons)
})

it("every cause of a drift", () => {
  same(column("cause"), driftCauses)
})

it("every field of the query that is read", () => {
  const sections: Readonly<Record<string, string>> = {
    Trades: "Trades",
    CashTransactions: "Cash Transactions",
    CorporateActions: "Corporate Actions",
    OpenPositions: "Open Positions",
    PositionLots: "Open Positions, lots",
    PriorPeriodPositions: "Prior Period Positions",
    SecuritiesInfo: "Financial Instrument Information",
    CashReport: "Cash Report",
    Transfers: "Transfers",
    StmtFunds: "Statement of Funds",
    SalesTaxes: "Sales Taxes",
    TransactionTaxes: "Transaction Fees",
    CFDCharges: "CFD Charges",
    DebitCardActivities: "Debit Card Activity",
    StockGrantActivities: "Stock Grant Activity"
  }
  const told = new Map(table("section").map(([name = "", , fields = ""]) => [name, fields.split(" ")]))
  for (const [section, fields] of Object.entries(fieldsRead)) same(told.get(sections[section] ?? "") ?? [], fields)
})

it("every command that it names is a script", () => {
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name)
  assert.isAbove(named.length, 5)
  for (const name of named) assert.property(manifest.scripts, name)
})

it("every file and folder that it names is there", () => {
  const named = [...readme.matchAll(/(?:`|^)((?:src|fixtures|bench|test)\/[\w./-]+)/gm)].map(([, path = ""]) => path)
  assert.isAbove(named.length, 8)
  for (const path of named.filter((name) => !/Name/.test(name))) {
    assert.isTrue(existsSync(new URL(`../${path}`, import.meta.url)), path)
  }
})
