import { join } from "node:path"
import { at } from "./calendar.ts"
import type { Event, Series } from "./pushgateway.ts"
import { prometheusRules, type Rules, tool, withFolder, writeJson } from "./tools.ts"

/** Events from one day up to another, for Debian's promtool to run the rules over. */
export interface Story {
  readonly from: string
  readonly until: string
  readonly events: ReadonlyArray<Event>
  readonly rules?: Rules
}

const step = 900

const isTime = (name: string) => /time/.test(name)

/** In promtool's clock, which begins at 0: times are moved, and stay what they are to each other. */
const inputSeries = ({ events, from, until }: Story) => {
  const start = at(from)
  const ordered = events.toSorted((a, b) => a.at - b.at)
  const columns = new Map<string, Array<number | undefined>>()
  const now: Series = new Map()
  let next = 0
  for (let index = 0; start + index * step <= at(until); index += 1) {
    for (; (ordered[next]?.at ?? Infinity) <= start + index * step; next += 1) ordered[next]?.change(now)
    for (const [name, value] of now) {
      const column = columns.get(name) ?? []
      columns.set(name, column)
      column[index] = isTime(name.replace(/\{.*/, "")) && value !== 0 ? value - start : value
    }
  }
  return [...columns].map(([series, column]) => ({ series, values: runLengths(Array.from(column)) }))
}

/** `_x12 stale 3+0x5`: Prometheus marks a series as gone with the first scrape that lacks it. */
const runLengths = (column: ReadonlyArray<number | undefined>): string => {
  const runs: Array<{ readonly value: number | undefined; length: number }> = []
  for (const value of column) {
    const last = runs.at(-1)
    if (last !== undefined && last.value === value) last.length += 1
    else runs.push({ value, length: 1 })
  }
  const texts = runs.map(({ length, value }, index) => {
    if (value !== undefined) return length === 1 ? `${value}` : `${value}+0x${length - 1}`
    if (index === 0) return `_x${length}`
    return length === 1 ? "stale" : `stale _x${length - 1}`
  })
  return `${texts.join(" ")} stale`
}

interface Expectation {
  /** Of UTC, as `2027-03-18T02:00`. */
  readonly when: string
  readonly query: string
  /** Labels → value. */
  readonly gives: Readonly<Record<string, number>>
}

const minutes = (story: Story, time: string) => `${Math.round((at(time) - at(story.from)) / 60)}m`

const run = (story: Story, test: object) =>
  withFolder((folder) => {
    writeJson(join(folder, "rules.yaml"), story.rules ?? prometheusRules())
    return tool("promtool", [
      "test",
      "rules",
      writeJson(join(folder, "test.yaml"), {
        rule_files: ["rules.yaml"],
        evaluation_interval: `${step}s`,
        tests: [{ interval: `${step}s`, input_series: inputSeries(story), ...test }]
      })
    ])
  })

const expectQueries = (story: Story, expected: ReadonlyArray<Expectation>) => {
  const { ok, output } = run(story, {
    promql_expr_test: expected.map(({ gives, query, when }) => ({
      expr: query,
      eval_time: minutes(story, when),
      exp_samples: Object.entries(gives).map(([labels, value]) => ({ labels, value }))
    }))
  })
  if (!ok) throw new Error(output)
}

/** No alert fires at any time. */
export const staysSilent = (story: Story): void => fires(story, [])

/** These alerts fire at some time, and no others. */
export const fires = (story: Story, alerts: ReadonlyArray<string>): void =>
  expectQueries(story, [{
    when: story.until,
    query: `group by (alertname) (count_over_time(ALERTS{alertstate="firing"}[${minutes(story, story.until)}]))`,
    gives: Object.fromEntries(alerts.map((alert) => [`{alertname="${alert}"}`, 1]))
  }])

/** By time, all that fires then: `IBKRSyncStale warning`, or with more labels as `by` names them (`-`: has none). */
export const timeline = (
  story: Story,
  firing: Readonly<Record<string, ReadonlyArray<string>>>,
  by: ReadonlyArray<string> = []
): void =>
  expectQueries(
    story,
    Object.entries(firing).map(([when, alerts]) => ({
      when,
      query: `group by (${["alertname", "severity", ...by].join(", ")}) (ALERTS{alertstate="firing"})`,
      gives: Object.fromEntries(alerts.map((alert) => {
        const [name, severity, ...rest] = alert.split(" ")
        const labels = rest.map((value, index) => value === "-" ? "" : `, ${by[index]}="${value}"`).join("")
        return [`{alertname="${name}", severity="${severity}"${labels}}`, 1]
      }))
    }))
  )

/** What promtool prints of the alerts of this name that fire then, with labels and annotations filled in. */
export const shown = (story: Story, alert: string, when: string): string =>
  run(story, { alert_rule_test: [{ eval_time: minutes(story, when), alertname: alert, exp_alerts: [] }] }).output
