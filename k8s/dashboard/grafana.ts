import { type DataSourceRef, GraphThresholdsStyleMode } from "@grafana/grafana-foundation-sdk/common"
import { type Threshold, ThresholdsConfigBuilder, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard"
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from "@grafana/grafana-foundation-sdk/prometheus"

export const hour = 3600
export const day = 24 * hour

/** Whichever Prometheus is chosen at the top of the dashboard. */
export const dataSource: DataSourceRef = { type: "prometheus", uid: "${datasource}" }

const query = (refId: string, expr: string) =>
  new DataqueryBuilder().refId(refId).expr(expr).datasource(dataSource).editorMode(QueryEditorMode.Code)

export const lines = (refId: string, expr: string, legend: string) => query(refId, expr).range().legendFormat(legend)

export const now = (refId: string, expr: string, legend: string) => query(refId, expr).instant().legendFormat(legend)

export const instantTable = (refId: string, expr: string) => query(refId, expr).instant().format(PromQueryFormat.Table)

/** From this value on it is this colour. */
export type Step = readonly [from: number, color: string]

/** Below the first of them it is `base`. */
export const steps = (above: ReadonlyArray<Step>, base = "green") => {
  const all: Array<Threshold> = [{ value: null, color: base }, ...above.map(([value, color]) => ({ value, color }))]
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all)
}

/** When an alert of the same name fires, or is about to. */
export const stale = {
  success: [[26 * hour, "yellow"], [36 * hour, "red"]],
  statementDay: [[5 * day, "yellow"], [7 * day, "red"]],
  reconciled: [[48 * hour, "yellow"], [72 * hour, "red"]],
  token: [[1 * day, "red"], [7 * day, "orange"], [30 * day, "green"]]
} as const satisfies Readonly<Record<string, ReadonlyArray<Step>>>

export const thresholdLines = GraphThresholdsStyleMode.DashedAndArea
