import { TableSortByFieldStateBuilder } from "@grafana/grafana-foundation-sdk/common"
import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard"
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table"
import { LocaleFormat, NoUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units"
import { exitCodeMappings } from "./exitCodes.ts"
import { dataSource, instantTable, stale, type Step, steps } from "./grafana.ts"
import { notExplained, queries } from "./queries.ts"

interface Column {
  readonly name: string
  readonly expr: string
  readonly properties: ReadonlyArray<DynamicConfigValue>
}

const coloured: DynamicConfigValue = { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } }

const limits = (above: ReadonlyArray<Step>, base?: string): ReadonlyArray<DynamicConfigValue> => [
  { id: "thresholds", value: steps(above, base).build() },
  coloured
]

const duration = (above: ReadonlyArray<Step>, base?: string): ReadonlyArray<DynamicConfigValue> => [
  { id: "unit", value: Seconds },
  { id: "decimals", value: 1 },
  ...limits(above, base)
]

const count = (color: string): ReadonlyArray<DynamicConfigValue> => [
  { id: "unit", value: Short },
  ...limits([[1, color]])
]

const titled = (label: string) => label.charAt(0).toUpperCase() + label.slice(1)

/** One line for each combination of labels; a column for each label, then one for each query. */
const table = (labels: ReadonlyArray<string>, columns: ReadonlyArray<Column>) => {
  const fields = columns.map((column, index) => {
    const refId = String.fromCharCode("A".charCodeAt(0) + index)
    return { ...column, refId, field: `Value #${refId}` }
  })
  const order = [...labels, ...fields.map(({ field }) => field)]
  const panel = new PanelBuilder()
    .datasource(dataSource)
    .targets(fields.map(({ expr, refId }) => instantTable(refId, expr)))
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(order.map((name, index) => [name, index])),
        renameByName: Object.fromEntries([
          ...labels.map((label) => [label, titled(label)]),
          ...fields.map(({ field, name }) => [field, name])
        ])
      }
    })
  for (const { name, properties } of fields) panel.overrideByName(name, [...properties])
  return panel
}

export const overview = () =>
  table(["account"], [
    {
      name: "Last run",
      expr: queries.exitCode,
      properties: [{ id: "unit", value: NoUnit }, { id: "mappings", value: exitCodeMappings }, coloured]
    },
    { name: "Since success", expr: queries.sinceSuccess, properties: duration(stale.success) },
    { name: "Since data's last day", expr: queries.sinceStatementDay, properties: duration(stale.statementDay) },
    { name: "Since reconciled", expr: queries.sinceReconciled, properties: duration(stale.reconciled) },
    { name: "Drift not explained", expr: queries.driftingUnexplained, properties: count("red") },
    { name: "Drift explained", expr: queries.driftingExplained, properties: count("yellow") },
    { name: "Currencies that differ", expr: queries.cashDrifting, properties: count("yellow") },
    { name: "Uncovered days", expr: queries.uncoveredDays, properties: count("yellow") },
    { name: "Baseline pending", expr: queries.baselinePending, properties: count("blue") },
    { name: "Token ends in", expr: queries.tokenLeft, properties: duration(stale.token, "dark-red") }
  ])
    .title("Accounts")
    .description(
      "One line per account. Empty: the run never told. An account that never ran has no line. Drift and currencies count " +
        "what differs by more than 0.01."
    )
    .sortBy([new TableSortByFieldStateBuilder().displayName(titled("account")).desc(false)])
    .noValue("–")

export const driftTable = () =>
  table(["account", "symbol", "cause"], [
    {
      name: "Broker minus Wealthfolio",
      expr: queries.driftBySymbol,
      properties: [{ id: "unit", value: LocaleFormat }]
    },
    { name: "Statements in a row", expr: queries.statementsBySymbol, properties: [{ id: "unit", value: Short }] }
  ])
    .title("Drift now")
    .description(
      "Shares that differ as of the last comparison, with a line for each cause that makes up the whole of it. " +
        "`broker-sync ibkr --format table` shows rows and remedy."
    )
    .overrideByName(titled("cause"), [{
      id: "mappings",
      value: [{ type: "value", options: { [notExplained]: { color: "red", index: 0, text: notExplained } } }]
    }, ...limits([], "yellow")])
    .noValue("No drift")
