import { type Daemon, eventually, startPrometheus, startPushgateway } from "./daemon.ts"

/** What an instant query has: series as `name{labels}` in the order of their labels' names. */
export type Samples = Readonly<Record<string, number>>

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly result: ReadonlyArray<
      { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }
    >
  }
}

export interface Monitoring extends AsyncDisposable {
  /** For PUSHGATEWAY_URL. */
  readonly url: string
  /** As Prometheus answers now. */
  readonly query: (expr: string) => Promise<Samples>
  /** All of an account in one scrape: the first that has its latest push. Without `account` and `job` in the names. */
  readonly scraped: (account: string) => Promise<Samples>
}

const nameOf = (metric: Readonly<Record<string, string>>, without: ReadonlyArray<string> = []): string => {
  const labels = Object.entries(metric).filter(([label]) => label !== "__name__" && !without.includes(label))
  const written = labels.sort(([a], [b]) => a < b ? -1 : 1).map(([label, value]) => `${label}="${value}"`)
  return (metric["__name__"] ?? "") + (written.length === 0 ? "" : `{${written.join(",")}}`)
}

const ask = async (prometheus: Daemon, expr: string) => {
  const response = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`)
  const answer = await response.json() as Answer
  if (answer.data === undefined) throw new Error(`${expr}: ${answer.error ?? answer.status}`)
  return answer.data.result
}

/** When that group was last pushed to, by the gateway itself. */
const pushedAt = async (gateway: Daemon, account: string): Promise<number> => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  const line = text.split("\n").find((line) =>
    line.startsWith("push_time_seconds{") && line.includes(`account="${account}"`)
  )
  if (line === undefined) throw new Error(`nothing was ever pushed for ${account}`)
  return Number(line.slice(line.lastIndexOf(" ")))
}

export const startMonitoring = async (): Promise<Monitoring> => {
  await using started = new AsyncDisposableStack()
  const gateway = started.use(await startPushgateway())
  const prometheus = started.use(await startPrometheus(gateway))
  const running = started.move()
  return {
    url: gateway.url,
    query: async (expr) =>
      Object.fromEntries((await ask(prometheus, expr)).map(({ metric, value }) => [nameOf(metric), Number(value[1])])),
    scraped: async (account) => {
      const pushed = await pushedAt(gateway, account)
      return eventually(`Prometheus has the push of ${account}`, async () => {
        // One query, so that all of it is of one scrape: what is not in it was not in the gateway either.
        const found = await ask(prometheus, `{job="broker-sync-ibkr",account="${account}"}`)
        const samples = Object.fromEntries(
          found.map(({ metric, value }) => [nameOf(metric, ["account", "job"]), Number(value[1])])
        )
        return samples["push_time_seconds"] === pushed ? samples : undefined
      })
    },
    [Symbol.asyncDispose]: () => running.disposeAsync()
  }
}
