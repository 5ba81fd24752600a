import { assert, describe, it } from "@effect/vitest"
import { readFile } from "node:fs/promises"
import { dashboardJson } from "../../k8s/dashboard/dashboard.ts"
import { exitCodes } from "../../src/Failure.ts"
import { metricName, metrics, type MetricSuffix } from "../../src/MetricNames.ts"
import { evaluate, promtool } from "./DashboardPromtool.ts"

interface Property {
  readonly id: string
  readonly value: unknown
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: ReadonlyArray<
    {
      readonly refId: string
      readonly expr: string
      readonly legendFormat?: string
      readonly datasource: { uid: string }
    }
  >
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly mappings?: ReadonlyArray<unknown> }
    readonly overrides: ReadonlyArray<
      { readonly matcher: { readonly options: string }; readonly properties: ReadonlyArray<Property> }
    >
  }
  readonly transformations?: ReadonlyArray<
    { readonly id: string; readonly options: { readonly renameByName?: Readonly<Record<string, string>> } }
  >
}

interface DashboardJson {
  readonly uid: string
  readonly panels: ReadonlyArray<Panel>
  readonly templating: {
    readonly list: ReadonlyArray<{
      readonly name: string
      readonly type: string
      readonly query: string | { readonly query: string }
      readonly multi: boolean
      readonly includeAll: boolean
    }>
  }
}

const committed = await readFile(new URL("../../k8s/components/monitoring/dashboard.json", import.meta.url), "utf8")
const dashboard: DashboardJson = JSON.parse(committed)
const panels = dashboard.panels.filter(({ type }) => type !== "row")
const named = (title: string) => {
  const found = panels.find((panel) => panel.title === title)
  if (found === undefined) throw new Error(`no panel ${title}`)
  return found
}
/** As for all accounts. */
const asked = (expr: string) => expr.replaceAll("$account", ".+")
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => asked(expr)))

describe("the dashboard", () => {
  it("is committed as it is generated: else run node k8s/dashboard/write.ts", () => {
    assert.strictEqual(committed, dashboardJson())
  })

  it("knows every metric that is pushed, and no other", () => {
    const known = Object.keys(metrics).map((suffix) => metricName("ibkr", suffix as MetricSuffix))
    const shown = new Set(committed.match(/ibkr_\w+/g))
    assert.deepStrictEqual([...shown].filter((name) => !known.includes(name)), [])
    // Hours later than the day that it is about, which is shown.
    assert.deepStrictEqual(known.filter((name) => !shown.has(name)), ["ibkr_statement_generated_timestamp_seconds"])
  })

  it("has expressions that Prometheus accepts", async () => {
    const rules = expressions.map((expr, index) => ({ record: `dashboard:panel:${index}`, expr }))
    await promtool(["check", "rules"], { groups: [{ name: "dashboard", rules }] })
  })

  it("has one variable for the data source, one for the accounts, and every query uses both", () => {
    const [source, account, ...others] = dashboard.templating.list
    assert.deepStrictEqual([source?.type, source?.name, source?.query], ["datasource", "datasource", "prometheus"])
    assert.deepStrictEqual([account?.type, account?.name, account?.multi, account?.includeAll], [
      "query",
      "account",
      true,
      true
    ])
    assert.isEmpty(others)
    for (const { datasource, targets = [], title } of panels) {
      assert.isNotEmpty(targets, title)
      assert.strictEqual(datasource?.uid, "${datasource}", title)
      for (const { datasource, expr } of targets) {
        assert.strictEqual(datasource.uid, "${datasource}", title)
        const selectors = expr.match(/ibkr_\w+\{[^}]*\}|ibkr_\w+/g) ?? []
        for (const selector of selectors) assert.include(selector, "{account=~\"$account\"", title)
      }
    }
  })

  it("has legends of labels that there are", () => {
    const labels: ReadonlyArray<string> = ["account", ...Object.values(metrics).flatMap((metric) => metric.labels)]
    for (const [, label] of committed.matchAll(/\{\{(.*?)\}\}/g)) assert.include(labels, label)
  })

  it("leaves no panel over another, outside the grid, or without its words", () => {
    const taken = new Map<string, string>()
    for (const { gridPos: { h, w, x, y }, title } of dashboard.panels) {
      assert.isAtMost(x + w, 24, title)
      for (let row = y; row < y + h; row++) {
        for (let column = x; column < x + w; column++) {
          assert.isUndefined(taken.get(`${row}:${column}`), `${title} lies over another`)
          taken.set(`${row}:${column}`, title)
        }
      }
    }
    const height = Math.max(...dashboard.panels.map(({ gridPos: { h, y } }) => y + h))
    assert.strictEqual(taken.size, 24 * height, "the grid has holes")
    assert.strictEqual(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
    for (const { description = "", title } of panels) assert.isAbove(description.length, 20, title)
  })

  it("gives every value its unit", () => {
    for (const { fieldConfig, targets = [], title, transformations = [], type } of panels) {
      if (type !== "table") {
        assert.isString(fieldConfig?.defaults.unit, title)
        continue
      }
      const names = transformations.map(({ options }) => options.renameByName).find((renamed) => renamed !== undefined)
      for (const { refId } of targets) {
        const column = names?.[`Value #${refId}`]
        const own = fieldConfig?.overrides.find(({ matcher }) => matcher.options === column)
        assert.isDefined(own?.properties.find(({ id }) => id === "unit"), `${title}: ${column}`)
      }
    }
  })

  it("says what each exit code means", () => {
    const mappings = JSON.stringify(named("Outcome of the runs").fieldConfig?.defaults.mappings)
    for (const code of Object.values(exitCodes)) {
      assert.match(mappings, new RegExp(`"${code}":\\{.*?"text":"${code}: \\w`))
    }
  })
})

const minutes = (times: number, value: number | string) => value === "_" ? `_x${times}` : `${value}+0x${times - 1}`
const target = (title: string, refId = "A") => {
  const found = named(title).targets?.find((each) => each.refId === refId)
  if (found === undefined) throw new Error(`no query ${refId} in ${title}`)
  return asked(found.expr)
}
const instant = (series: Readonly<Record<string, number>>) =>
  Object.entries(series).map(([name, value]) => ({ series: name, values: minutes(60, value) }))

describe("what its queries say", () => {
  it("counts what a run imported once, on its own day, and not again after a failed night", async () => {
    const day = 24 * 60
    // 02:00 and 11:00 of the first day, nothing but a failure on the second, 02:00 of the third.
    const runs = { first: [120, 3], second: [660, 2], third: [2 * day + 120, 7] } as const
    const values = (of: (run: readonly [minute: number, imported: number]) => number) =>
      [
        minutes(121, "_"),
        minutes(540, of(runs.first)),
        minutes(2 * day + 121 - 661, of(runs.second)),
        minutes(day, of(runs.third))
      ].join(" ")
    const labels = "account=\"isa\",job=\"broker-sync-ibkr\""
    await evaluate(
      [
        { series: `ibkr_sync_last_success_timestamp_seconds{${labels}}`, values: values(([minute]) => minute * 60) },
        { series: `ibkr_sync_activities{${labels},outcome="imported"}`, values: values(([, imported]) => imported) },
        { series: `ibkr_sync_activities{${labels},outcome="already-synced"}`, values: values(() => 100) },
        { series: `ibkr_sync_skipped_rows{${labels},reason="unknown-venue"}`, values: values(() => 4) }
      ],
      [
        ...[[0, 5], [day, undefined], [2 * day, 7], [3 * day, undefined]].map(([at = 0, imported]) => ({
          expr: target("Imported per day"),
          at: `${at}m`,
          samples: imported === undefined ? {} : { "{account=\"isa\"}": imported }
        })),
        ...[[0, 4], [day, undefined], [2 * day, 4], [3 * day, undefined]].map(([at = 0, skipped]) => ({
          expr: target("Not booked per day, by reason"),
          at: `${at}m`,
          samples: skipped === undefined ? {} : { "{reason=\"unknown-venue\"}": skipped }
        }))
      ]
    )
  })

  it("shows drift with what explains it, and a count for each account", async () => {
    await evaluate(
      instant({
        "ibkr_sync_last_run_timestamp_seconds{account=\"isa\"}": 60,
        "ibkr_sync_last_run_timestamp_seconds{account=\"sipp\"}": 60,
        "ibkr_position_drift_shares{account=\"isa\",symbol=\"AAPL\"}": -1.5,
        "ibkr_position_drift_shares{account=\"isa\",symbol=\"BMW.DE\"}": 4,
        "ibkr_position_drift_shares{account=\"isa\",symbol=\"VUSA.L\"}": 0,
        "ibkr_position_drift_shares{account=\"sipp\",symbol=\"AAPL\"}": 0,
        "ibkr_position_drift_statements{account=\"isa\",symbol=\"AAPL\"}": 2,
        "ibkr_position_drift_statements{account=\"isa\",symbol=\"BMW.DE\"}": 3,
        "ibkr_position_drift_statements{account=\"isa\",symbol=\"VUSA.L\"}": 0,
        "ibkr_position_drift_explained{account=\"isa\",symbol=\"BMW.DE\",cause=\"row-held\"}": 1,
        "ibkr_position_drift_explained{account=\"isa\",symbol=\"BMW.DE\",cause=\"held-before\"}": 1,
        "ibkr_cash_drift{account=\"isa\",currency=\"GBP\"}": -0.5,
        "ibkr_cash_drift{account=\"isa\",currency=\"USD\"}": 0.01,
        "ibkr_flex_token_expires_timestamp_seconds{account=\"isa\"}": 86_400
      }),
      [
        {
          expr: target("Drift now"),
          samples: {
            "{account=\"isa\",symbol=\"AAPL\",cause=\"not explained\"}": -1.5,
            "{account=\"isa\",symbol=\"BMW.DE\",cause=\"row-held\"}": 4,
            "{account=\"isa\",symbol=\"BMW.DE\",cause=\"held-before\"}": 4
          }
        },
        {
          expr: target("Drift now", "B"),
          samples: {
            "{account=\"isa\",symbol=\"AAPL\",cause=\"not explained\"}": 2,
            "{account=\"isa\",symbol=\"BMW.DE\",cause=\"row-held\"}": 3,
            "{account=\"isa\",symbol=\"BMW.DE\",cause=\"held-before\"}": 3
          }
        },
        { expr: target("Drift by symbol"), samples: { "{account=\"isa\",symbol=\"AAPL\"}": -1.5 } },
        { expr: target("Drift by symbol", "B"), samples: { "{account=\"isa\",symbol=\"BMW.DE\"}": 4 } },
        { expr: target("Accounts", "E"), samples: { "{account=\"isa\"}": 1, "{account=\"sipp\"}": 0 } },
        { expr: target("Accounts", "F"), samples: { "{account=\"isa\"}": 1, "{account=\"sipp\"}": 0 } },
        { expr: target("Accounts", "G"), samples: { "{account=\"isa\"}": 1, "{account=\"sipp\"}": 0 } },
        { expr: target("Flex token ends in"), samples: { "{account=\"isa\"}": 86_400 - 10 * 60 } }
      ].map(({ expr, samples }) => ({ expr, at: "10m", samples }))
    )
  })
})
