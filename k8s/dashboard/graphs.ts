import { PanelBuilder as BarGauge } from "@grafana/grafana-foundation-sdk/bargauge"
import {
  BarGaugeDisplayMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder
} from "@grafana/grafana-foundation-sdk/common"
import { FieldColorBuilder, FieldColorModeId } from "@grafana/grafana-foundation-sdk/dashboard"
import { PanelBuilder as StateTimeline } from "@grafana/grafana-foundation-sdk/statetimeline"
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries"
import { LocaleFormat, NoUnit, Seconds, Short } from "@grafana/grafana-foundation-sdk/units"
import { exitCodeMappings } from "./exitCodes.ts"
import { dataSource, lines, now, stale, type Step, steps, thresholdLines } from "./grafana.ts"
import { queries } from "./queries.ts"

const byAccount = "{{account}}"

const legend = () =>
  new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true)

/** With the latest value of each series. */
const legendTable = () =>
  new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.Table).placement(LegendPlacement.Right).showLegend(true)
    .calcs(["lastNotNull"])

const graph = () =>
  new TimeSeries()
    .datasource(dataSource)
    .legend(legend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))

/** What a push says stands until the next one. */
const standing = () => graph().lineInterpolation(LineInterpolation.StepAfter).lineWidth(2)

const age = (expr: string, limits: ReadonlyArray<Step>) =>
  graph()
    .unit(Seconds)
    .min(0)
    .thresholds(steps(limits, "transparent"))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(thresholdLines))
    .withTarget(lines("A", expr, byAccount))

const bars = (expr: string, by: string) =>
  graph()
    .unit(Short)
    .decimals(0)
    .min(0)
    .drawStyle(GraphDrawStyle.Bars)
    .fillOpacity(80)
    .lineWidth(0)
    .stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
    .interval("1d")
    .withTarget(lines("A", expr, by))

export const sinceSuccess = () =>
  age(queries.sinceSuccess, stale.success)
    .title("Since the last success")
    .description("Rises to a day every night and falls back to 0. Red from 36 hours on.")

export const sinceStatementDay = () =>
  age(queries.sinceStatementDay, stale.statementDay)
    .title("Since the last day of the data")
    .description(
      "From 00:00 UTC of the last day that a statement covered. Two days are usual, four after a weekend. Red from 7 days on."
    )

export const sinceReconciled = () =>
  age(queries.sinceReconciled, stale.reconciled)
    .title("Since positions were compared")
    .description(
      "Runs can succeed and not compare: Wealthfolio was still computing, or the data was old. Red from 72 hours on."
    )

export const outcomes = () =>
  new StateTimeline()
    .title("Outcome of the runs")
    .description("Exit code of the last run. Orange is tried again by itself, red waits for a human.")
    .datasource(dataSource)
    .unit(NoUnit)
    .mappings(exitCodeMappings)
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(80)
    .lineWidth(0)
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.Hidden).showLegend(false))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single))
    .withTarget(lines("A", queries.exitCode, byAccount))

export const duration = () =>
  standing()
    .title("Duration of the last run")
    .description("Most of it is waiting, for IBKR's statement and for Wealthfolio's holdings.")
    .unit(Seconds)
    .min(0)
    .withTarget(lines("A", queries.duration, byAccount))

export const imports = () =>
  bars(queries.importsOfDay, byAccount)
    .title("Imported per day")
    .description("Activities imported by the successful runs of each day.")

export const skips = () =>
  bars(queries.skipsOfDay, "{{reason}}")
    .title("Not booked per day, by reason")
    .description(
      "Rows that the successful runs of each day met and did not book. A row counts every night for as long as the " +
        "statement has it, or it waits."
    )

export const driftOverTime = () =>
  standing()
    .title("Drift by symbol")
    .description("Shares at the broker minus shares in Wealthfolio, where they differ. Dashed: all of it is explained.")
    .unit(LocaleFormat)
    .axisCenteredZero(true)
    .withTarget(lines("A", queries.driftUnexplained, "{{account}} {{symbol}}"))
    .withTarget(lines("B", queries.driftExplained, "{{account}} {{symbol}}, explained"))
    .overrideByQuery("B", [{ id: "custom.lineStyle", value: { fill: "dash", dash: [8, 8] } }])
    .noValue("No drift")

const money = (expr: string) =>
  standing()
    .unit(LocaleFormat)
    .decimals(2)
    .axisCenteredZero(true)
    .legend(legendTable())
    .withTarget(lines("A", expr, "{{account}} {{currency}}"))

export const cashDrift = () =>
  money(queries.cashDrift)
    .title("Cash: broker minus Wealthfolio")
    .description(
      "In each currency, not converted. What was there before the first statement shows here until it is opened."
    )

export const cashUnexplained = () =>
  money(queries.cashUnexplained)
    .title("Cash that the rows do not explain")
    .description("Closing cash of the statement minus its opening cash and all that its booked rows move.")

export const uncoveredDays = () =>
  standing()
    .title("Uncovered days")
    .description(
      "Mondays to Fridays that no statement proves, or whose rows still wait. They are asked for again every night."
    )
    .unit(Short)
    .decimals(0)
    .min(0)
    .withTarget(lines("A", queries.uncoveredDays, byAccount))

export const baselinePending = () =>
  standing()
    .title("Baseline pending")
    .description("Instruments and currencies that Wealthfolio lacks from before the first statement: `open-positions`.")
    .unit(Short)
    .decimals(0)
    .min(0)
    .withTarget(lines("A", queries.baselinePending, byAccount))

export const tokenLeft = () =>
  new BarGauge()
    .title("Flex token ends in")
    .description("From IBKR_FLEX_TOKEN_EXPIRES. Orange below 30 days, red below 7.")
    .datasource(dataSource)
    .unit(Seconds)
    .decimals(1)
    .min(0)
    .max(365 * 86_400)
    .thresholds(steps(stale.token, "dark-red"))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .noValue("No date is set")
    .withTarget(now("A", queries.tokenLeft, byAccount))
