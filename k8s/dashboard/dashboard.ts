import type { Builder } from "@grafana/grafana-foundation-sdk/cog"
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort
} from "@grafana/grafana-foundation-sdk/dashboard"
import { dataSource } from "./grafana.ts"
import * as graphs from "./graphs.ts"
import { queries } from "./queries.ts"
import { driftTable, overview } from "./tables.ts"

type Placeable = Builder<Panel> & {
  readonly id: (id: number) => unknown
  readonly height: (height: number) => unknown
  readonly span: (width: number) => unknown
}

/** Panels of one row have the same width. */
const sections: ReadonlyArray<{
  readonly title: string
  readonly rows: ReadonlyArray<{ readonly height: number; readonly panels: ReadonlyArray<Placeable> }>
}> = [
  { title: "At a glance", rows: [{ height: 8, panels: [overview()] }] },
  {
    title: "Freshness",
    rows: [{ height: 7, panels: [graphs.sinceSuccess(), graphs.sinceStatementDay(), graphs.sinceReconciled()] }]
  },
  {
    title: "Runs",
    rows: [
      { height: 7, panels: [graphs.outcomes()] },
      { height: 8, panels: [graphs.duration(), graphs.imports(), graphs.skips()] }
    ]
  },
  { title: "Positions", rows: [{ height: 9, panels: [driftTable(), graphs.driftOverTime()] }] },
  { title: "Cash", rows: [{ height: 9, panels: [graphs.cashDrift(), graphs.cashUnexplained()] }] },
  {
    title: "Coverage and token",
    rows: [{ height: 7, panels: [graphs.uncoveredDays(), graphs.baselinePending(), graphs.tokenLeft()] }]
  }
]

const gridWidth = 24

export const dashboard = (): Dashboard => {
  const builder = new DashboardBuilder("broker-sync: IBKR to Wealthfolio")
    .uid("broker-sync-ibkr")
    .description("Nightly runs of broker-sync, by account. Generated from k8s/dashboard; changes made here are lost.")
    .tags(["broker-sync", "ibkr"])
    .readonly()
    .timezone("browser")
    .time({ from: "now-30d", to: "now" })
    .refresh("5m")
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations([])
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .withVariable(
      new QueryVariableBuilder("account")
        .label("Account")
        .datasource(dataSource)
        .query({ query: queries.accounts, refId: "accounts" })
        .definition(queries.accounts)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue(".+")
        .current({ selected: true, text: ["All"], value: ["$__all"] })
    )
  let id = 0
  for (const { rows, title } of sections) {
    builder.withRow(new RowBuilder(title).id(++id))
    for (const { height, panels } of rows) {
      for (const panel of panels) {
        panel.id(++id)
        panel.height(height)
        panel.span(gridWidth / panels.length)
        builder.withPanel(panel)
      }
    }
  }
  return builder.build()
}

/** As it is committed. */
export const dashboardJson = (): string => `${JSON.stringify(dashboard(), null, 2)}\n`
