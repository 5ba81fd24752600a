import type { RunSummary } from "../../../src/Metrics.ts"
import { at, inLondon, newestStatement, plusDays } from "./calendar.ts"
import { type Event, push, set } from "./pushgateway.ts"

/** What is not said is as in a good night: exit code 0 after four minutes, all compared, nothing differs. */
export interface Night {
  /** No Job is made. */
  readonly none?: boolean
  readonly exitCode?: number
  /** Killed before it could push anything: out of memory. */
  readonly killed?: boolean
  readonly minutes?: number
  /** The Job's second try, a quarter of an hour later, ends like the first. */
  readonly triedAgain?: boolean
  readonly reconciled?: boolean
  readonly toDate?: string
  readonly positions?: NonNullable<RunSummary["reconciliation"]>["positions"]
  readonly cash?: NonNullable<RunSummary["reconciliation"]>["cash"]
  readonly skipped?: Readonly<Record<string, number>>
  readonly uncoveredDays?: number
  readonly baselinePending?: number
  readonly tokenExpires?: string
}

export interface Schedule {
  readonly account?: string
  readonly cronJob?: string
  /** In London. */
  readonly clock?: string
}

const settledPositions = [{ symbol: "VUSA.L", drift: "0", statements: 0 }, {
  symbol: "AAPL",
  drift: "0",
  statements: 0
}]
const settledCash = [{ currency: "GBP", drift: "0", trackerDrift: "0" }]

const summaryOf = (day: string, night: Night, startedAt: number): RunSummary => {
  const { exitCode = 0, minutes = 4 } = night
  // Exit codes 9 and 11 come after the rows: the statement and what became of it are known.
  const knows = exitCode === 0 || exitCode === 9 || exitCode === 11
  return {
    exitCode,
    finishedAt: startedAt + minutes * 60,
    durationSeconds: minutes * 60,
    ...(knows
      ? {
        activities: { imported: 2 },
        skipped: night.skipped ?? {},
        statement: { toDate: at(night.toDate ?? newestStatement(day)) }
      }
      : {}),
    ...(knows && (night.reconciled ?? exitCode !== 9)
      ? { reconciliation: { positions: night.positions ?? settledPositions, cash: night.cash ?? settledCash } }
      : {}),
    uncoveredDays: night.uncoveredDays ?? 0,
    baselinePending: night.baselinePending ?? 0,
    ...(night.tokenExpires === undefined ? {} : { tokenExpires: at(night.tokenExpires) })
  }
}

/** What kube-state-metrics shows of one Job, until it is deleted ten days later. */
const job = (cronJob: string, startedAt: number, failedAt: number | undefined): ReadonlyArray<Event> => {
  // The controller names it by the minute it was due.
  const labels = `job_name="${cronJob}-${Math.floor(startedAt / 60)}",namespace="broker-sync"`
  const start = `kube_job_status_start_time{${labels}}`
  const owner = `kube_job_owner{${labels},owner_is_controller="true",owner_kind="CronJob",owner_name="${cronJob}"}`
  const failed = `kube_job_failed{${labels},condition="true"}`
  const end = startedAt + 10 * 86_400
  return [
    set(startedAt, start, startedAt),
    set(startedAt, owner, 1),
    ...(failedAt === undefined ? [] : [set(failedAt, failed, 1), set(end, failed, undefined)]),
    set(end, start, undefined),
    set(end, owner, undefined)
  ]
}

const oneNight = async (day: string, night: Night, schedule: Schedule): Promise<ReadonlyArray<Event>> => {
  if (night.none === true) return []
  const { account = "ibkr-uk", clock, cronJob = "broker-sync-ibkr" } = schedule
  const startedAt = inLondon(day, clock)
  const tries = night.triedAgain === true ? [startedAt, startedAt + 900] : [startedAt]
  const summaries = tries.map((start) => summaryOf(day, night, start))
  const last = summaries.at(-1)
  const failed = night.killed === true || (last !== undefined && last.exitCode !== 0)
  return [
    ...job(cronJob, startedAt, failed ? last?.finishedAt : undefined),
    ...(night.killed === true ? [] : await Promise.all(summaries.map((summary) => push(account, summary))))
  ]
}

/** A CronJob's nights from this one on; `tell` says what is not as usual, by night (0 is the first). */
export const nights = async (
  first: string,
  count: number,
  tell: (index: number, day: string) => Night = () => ({}),
  schedule: Schedule = {}
): Promise<ReadonlyArray<Event>> => {
  const days = Array.from({ length: count }, (_, index) => plusDays(first, index))
  const { cronJob = "broker-sync-ibkr" } = schedule
  return [
    set(at(first), `kube_cronjob_info{cronjob="${cronJob}",namespace="broker-sync"}`, 1),
    set(at(first), `kube_cronjob_spec_suspend{cronjob="${cronJob}",namespace="broker-sync"}`, 0),
    ...(await Promise.all(days.map((day, index) => oneNight(day, tell(index, day), schedule)))).flat()
  ]
}
