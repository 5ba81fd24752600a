import type { RunJson } from "../e2e/support.ts"
import { type Baseline, mostRuns } from "./Baseline.ts"
import { halfWay, type Violation, violations } from "./Invariants.ts"
import { type KillPoint, type Kind, kindOf, nameOf } from "./KillPoint.ts"
import type { Kill } from "./Plan.ts"
import { watchPolling } from "./Polling.ts"
import { isOurs, printed } from "./Rows.ts"
import type { Stage } from "./Stage.ts"

export interface CaseResult {
  readonly name: string
  /** Of its first kill. */
  readonly kind: Kind
  /** Kills that really hit. */
  readonly kills: ReadonlyArray<Kind>
  /** Every run of it, the last one that must find nothing to do included. */
  readonly runs: number
  /** Runs it took to succeed after the last kill. */
  readonly recovery: number
  readonly violations: ReadonlyArray<Violation>
}

/** Goes through the night once, killed as planned, then lets it succeed and looks at what is there. */
export const playCase = async (stage: Stage, baseline: Baseline, kill: Kill): Promise<CaseResult> => {
  const names: Array<string> = []
  const kills: Array<Kind> = []
  const found: Array<Violation> = []
  const count = { runs: 0, recovery: 0 }
  try {
    await play(stage, baseline, kill, { names, kills, found, count })
  } catch (cause) {
    // A secret that leaked, a store that cannot be opened: what went wrong is the case's, not the harness's.
    found.push({ wrong: "run", detail: cause instanceof Error ? cause.message : String(cause) })
  }
  return { name: names.join(", then "), kind: kindOf(kill[0]), kills, ...count, violations: found }
}

interface Notes {
  readonly names: Array<string>
  readonly kills: Array<Kind>
  readonly found: Array<Violation>
  readonly count: { runs: number; recovery: number }
}

const play = async (stage: Stage, baseline: Baseline, kill: Kill, { count, found, kills, names }: Notes) => {
  await stage.reset()
  const { world } = stage
  const { auth, faults } = world.wealthfolio
  const before = { sends: world.flex.count("send"), logins: auth.logins }
  const polling = watchPolling(stage)
  const run = async (point?: KillPoint) => {
    const played = await stage.play(point)
    count.runs++
    found.push(...polling(played), ...halfWay(stage))
    return played
  }

  let lostLogins = 0
  let lostSends = 0
  for (const [index, point] of kill.entries()) {
    if (point === undefined) continue
    const { at, isKilled } = await run(point)
    names.push(`${nameOf(point)}${at === undefined ? "" : ` (${at.label})`}`)
    if (!isKilled) continue
    kills.push(index === 0 ? kindOf(point) : "the run after it")
    // A login whose cookie could not be kept, or may not have been.
    if (point.kind !== "request" || at?.label === "POST /auth/login") lostLogins++
    if (point.kind !== "request" || at?.label === "SendRequest") lostSends++
  }

  let last = await run()
  for (count.recovery = 1; last.run.code !== 0 && count.recovery < mostRuns; count.recovery++) last = await run()
  if (last.run.code !== 0) {
    const detail = `${count.recovery} runs, and still exit ${last.run.code}: ${last.run.stderr.slice(-500)}`
    found.push({ wrong: "run", detail })
    return
  }
  found.push(...await violations(stage, baseline))
  // Of a reference that was remembered none is sent again. Each run may send for tonight; what it sends beside that
  // comes again only when its answer was lost.
  const sends = world.flex.count("send") - before.sends
  const mostSends = baseline.sends + count.runs - baseline.runs + (baseline.sends > 1 ? lostSends : 0)
  if (sends > mostSends) found.push({ wrong: "requests", detail: `${sends} SendRequests, not ${mostSends}` })
  const logins = auth.logins - before.logins
  const mostLogins = baseline.logins + lostLogins
  if (logins > mostLogins) found.push({ wrong: "session", detail: `${logins} logins, not ${mostLogins}` })
  faults.clear()
  count.runs++
  found.push(...await again(stage))
}

/** One run more: there is nothing left to do, and the tracker agrees with the broker. */
const again = async (stage: Stage): Promise<ReadonlyArray<Violation>> => {
  const { night, world } = stage
  await world.wealthfolio.recompute.settled()
  const rows = () => world.activities.filter(isOurs).map((row) => `${row.id} ${printed(world, row)}`).join("\n")
  const [rowsBefore, writes, logins] = [rows(), world.writes, world.wealthfolio.auth.logins]
  const { run } = await stage.play()
  const { json } = run
  if (run.code !== 0 || json === undefined) {
    return [{ wrong: "run", detail: `the next run: exit ${run.code}: ${run.stderr.slice(-500)}` }]
  }
  const found: Array<Violation> = []
  if (json.counts.imported > 0 || world.writes > writes || rows() !== rowsBefore) {
    found.push({ wrong: "duplicate", detail: `the next run imported ${json.counts.imported} rows` })
  }
  if (world.wealthfolio.auth.logins > logins) found.push({ wrong: "session", detail: "the next run logged in" })
  for (const detail of drifts(json, night.drift ?? {})) found.push({ wrong: "money", detail })
  return found
}

const drifts = (json: RunJson, expected: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  json.reconciled
    ? json.positions.flatMap(({ drift, symbol }) =>
      drift === (expected[symbol ?? ""] ?? "0") ? [] : [`drift of ${symbol}: ${drift}`]
    )
    : ["the next run does not compare positions"]
