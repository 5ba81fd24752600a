import { exposition, type RunSummary } from "../../../src/Metrics.ts"

/** All series that Prometheus scrapes, `name{labels}` → value. */
export type Series = Map<string, number>

/** Something that changes them. `at` is in Unix seconds, as are values of metrics named `…time…`. */
export interface Event {
  readonly at: number
  readonly change: (series: Series) => void
}

export const set = (at: number, name: string, value: number | undefined): Event => ({
  at,
  change: (series) => {
    if (value === undefined) series.delete(name)
    else series.set(name, value)
  }
})

const group = (account: string) => `account="${account}",job="broker-sync-ibkr"`

/** What the Pushgateway shows of a group after the program's own push: PUT replaces the group, POST metric by metric. */
export const push = async (account: string, summary: RunSummary): Promise<Event> => {
  const text = await exposition(summary, "ibkr")
  const pushed = text.split("\n").flatMap((line) => {
    const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, labels: labels === undefined ? "" : `,${labels}`, value: Number(value) }]
  })
  const names = new Set(pushed.map(({ name }) => name))
  const replacesAll = summary.exitCode === 0 && summary.reconciliation !== undefined
  return {
    at: summary.finishedAt,
    change: (series) => {
      for (const key of series.keys()) {
        const [name = "", labels = ""] = key.split("{")
        if (labels.startsWith(group(account)) && (replacesAll || names.has(name))) series.delete(key)
      }
      for (const { labels, name, value } of pushed) series.set(`${name}{${group(account)}${labels}}`, value)
      series.set(`push_time_seconds{${group(account)}}`, summary.finishedAt)
      const failure = `push_failure_time_seconds{${group(account)}}`
      series.set(failure, series.get(failure) ?? 0)
    }
  }
}

/** A push that the Pushgateway answers with 400. */
export const refusedPush = (account: string, at: number): Event =>
  set(at, `push_failure_time_seconds{${group(account)}}`, at)
