import { type Violation, violations } from "./Invariants.ts"
import type { Moment } from "./KillPoint.ts"
import { assetKeys } from "./Rows.ts"
import type { Scenario } from "./Scenario.ts"
import { stageBefore } from "./Stage.ts"

/** A night as it goes when nobody kills it: what there is to kill it at, and what it needs. */
export interface Baseline {
  readonly moments: ReadonlyArray<Moment>
  readonly disk: ReadonlyArray<string>
  readonly millis: number
  readonly runs: number
  readonly sends: number
  readonly logins: number
  readonly assets: ReadonlyArray<string>
  /** None, or the scenario does not say what it means. */
  readonly violations: ReadonlyArray<Violation>
}

export const mostRuns = 4

export const baselineOf = async (scenario: Scenario, index: number): Promise<Baseline> => {
  await using stage = await stageBefore(scenario, index)
  const { world } = stage
  const [sends, logins] = [world.flex.count("send"), world.wealthfolio.auth.logins]
  const first = await stage.play()
  let last = first
  let runs = 1
  for (; last.run.code !== 0 && runs < mostRuns; runs++) last = await stage.play()
  if (last.run.code !== 0) throw new Error(`${scenario.name}, ${stage.night.name}: never succeeds: ${last.run.stderr}`)
  const baseline = {
    moments: first.moments,
    millis: first.millis,
    runs,
    sends: world.flex.count("send") - sends,
    logins: world.wealthfolio.auth.logins - logins,
    assets: assetKeys(world)
  }
  const found = await violations(stage, baseline)
  await stage.reset()
  return { ...baseline, violations: found, disk: stage.night.kills?.disk === undefined ? [] : await stage.diskWrites() }
}
