import type { Measurement } from "./Measurement.ts"

/** What a release has to keep to, as ratios of one run where they can be: every number of the kind stands here. */
export interface Target {
  readonly what: string
  readonly unit: "×" | "s" | "ms" | "MiB" | "bytes" | "requests" | "exit code"
  readonly bound: "at most" | "at least" | "exactly"
  readonly limit: number
  /** `undefined` where the run did not measure it. */
  readonly value: number | undefined
}

export type Verdict = "met" | "not met" | "not measured"

const isKept = {
  "at most": (value: number, limit: number) => value <= limit,
  "at least": (value: number, limit: number) => value >= limit,
  "exactly": (value: number, limit: number) => value === limit
}

export const verdictOf = ({ bound, limit, value }: Target): Verdict =>
  value === undefined ? "not measured" : isKept[bound](value, limit) ? "met" : "not met"

type Figure = "seconds" | "cpuSeconds" | "peakMiB"

/** Rows of one bulk request. */
const bulk = 500

/** What a request to a stand-in is allowed for, beside those of the rows. */
const requestsBeside = 10

export const targetsOf = (measurements: ReadonlyArray<Measurement>): ReadonlyArray<Target> => {
  const find = (id: string) => measurements.find((measurement) => measurement.id === id)
  const figure = (id: string, name: Figure) => find(id)?.[name]
  const fact = (id: string, name: string) => find(id)?.facts[name]
  const quotient = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : a / b
  const ratio = (over: string, under: string, name: Figure = "seconds") =>
    quotient(figure(over, name), figure(under, name))
  const atMost = (what: string, unit: Target["unit"], limit: number, value: number | undefined): Target => ({
    what,
    unit,
    bound: "at most",
    limit,
    value
  })
  const [activities, many] = [10_000, 40_000]
  const imported = `first-import/${activities}`
  const requests = fact(imported, "requests")
  const instruments = fact(imported, "instruments") ?? 0
  return [
    {
      what: "52 MB: times faster than ibflex's parse alone",
      unit: "×",
      bound: "at least",
      limit: 6,
      value: ratio("read/52/ibflex", "read/52/broker-sync")
    },
    atMost("52 MB: time over the bare event stream", "×", 1.6, ratio("read/52/broker-sync", "read/52/floor")),
    atMost("52 MB: peak memory", "MiB", 160, figure("read/52/broker-sync", "peakMiB")),
    atMost(
      "520 MB: peak memory over that at 52 MB",
      "×",
      1.15,
      ratio("read/520/broker-sync", "read/520/broker-sync-52", "peakMiB")
    ),
    atMost("520 MB: time over that at 52 MB", "×", 10.5, ratio("read/520/broker-sync", "read/520/broker-sync-52")),
    atMost(
      "--version: time over python3's import of ibflex",
      "×",
      0.35,
      ratio("cold-start/broker-sync", "cold-start/ibflex")
    ),
    atMost("--version: peak memory", "MiB", 70, figure("cold-start/broker-sync", "peakMiB")),
    atMost("the bundle", "bytes", 600_000, fact("cold-start/broker-sync", "bundleBytes")),
    atMost("quiet night: time", "s", 0.6, figure("quiet-night", "seconds")),
    atMost("quiet night: peak memory", "MiB", 110, figure("quiet-night", "peakMiB")),
    atMost("quiet night: of it in our own code", "ms", 50, fact("quiet-night", "ownMillis")),
    atMost(
      `${activities} activities: requests, ${instruments} instruments new`,
      "requests",
      2 * Math.ceil(activities / bulk) + requestsBeside + instruments,
      requests
    ),
    atMost(`${activities} activities: CPU`, "s", 3, figure(imported, "cpuSeconds")),
    atMost(
      `${activities} activities: peak memory over that of 1000`,
      "×",
      1.15,
      ratio(imported, "first-import/1000", "peakMiB")
    ),
    atMost(
      `${many} activities: peak memory over that of ${activities}`,
      "×",
      1.15,
      ratio(`first-import/${many}`, imported, "peakMiB")
    ),
    atMost(
      `${many} activities: CPU over that of ${activities}`,
      "×",
      4.2,
      ratio(`first-import/${many}`, imported, "cpuSeconds")
    ),
    atMost("1 000 000 records: 10 000 ids looked up", "ms", 150, fact("large-store/look-up", "lookUpMillis")),
    atMost(
      "1 000 000 records of another account: quiet night over that of a small store",
      "×",
      1.1,
      ratio("large-store/others", "large-store/small")
    ),
    atMost(
      "1 000 000 records of this account: time to the first request over that with a small store",
      "×",
      1.1,
      quotient(fact("large-store/own", "firstRequestMillis"), fact("large-store/small", "firstRequestMillis"))
    ),
    atMost(
      "1 000 000 records of this account: quiet night over that of a small store",
      "×",
      1.1,
      ratio("large-store/own", "large-store/small")
    ),
    { ...within, what: "520 MB with a heap limit of 128 MiB", value: fact("memory-limit/520/heap", "exitCode") },
    { ...within, what: "520 MB under a hard limit of 256 MiB", value: hardLimit(find) }
  ]
}

const within = { unit: "exit code", bound: "exactly", limit: 0 } as const

/** That of a control group where there was one: it is what a pod has. */
const hardLimit = (find: (id: string) => Measurement | undefined): number | undefined =>
  (find("memory-limit/520/control-group") ?? find("memory-limit/520/address-space"))?.facts["exitCode"]
