import { type Baseline, baselineOf } from "./Baseline.ts"
import { type CaseResult, playCase } from "./Case.ts"
import type { Kill } from "./Plan.ts"
import type { Scenario } from "./Scenario.ts"
import { stageBefore } from "./Stage.ts"

/** Runs these, so many at a time. */
const pool = async <A>(tasks: ReadonlyArray<() => Promise<A>>, atOnce: number): Promise<ReadonlyArray<A>> => {
  const results: Array<A> = []
  let next = 0
  const work = async () => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) results.push(await task())
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

export interface PlannedNight {
  readonly name: string
  readonly scenario: Scenario
  readonly index: number
  readonly baseline: Baseline
  readonly kills: ReadonlyArray<Kill>
}

/** Each night once without a kill, and what it is then to be put to. */
export const planned = async (
  scenarios: ReadonlyArray<Scenario>,
  plan: (scenario: Scenario, index: number, baseline: Baseline) => ReadonlyArray<Kill>,
  atOnce: number
): Promise<ReadonlyArray<PlannedNight>> => {
  const nights = scenarios.flatMap((scenario) =>
    scenario.nights.map(({ name }, index) => ({ name: `${scenario.name} / ${name}`, scenario, index }))
  )
  const baselines = new Map(
    await pool(
      nights.map(({ index, name, scenario }) => async () => [name, await baselineOf(scenario, index)] as const),
      atOnce
    )
  )
  // In the order of the scenarios, whichever was measured first: the seed gives each the same kills again.
  return nights.flatMap((night) => {
    const baseline = baselines.get(night.name)
    return baseline === undefined
      ? []
      : [{ ...night, baseline, kills: plan(night.scenario, night.index, baseline) }]
  })
}

/** What one world is used for, at most: the nights before are played once for all of them. */
const casesPerStage = 20

export const played = async (
  nights: ReadonlyArray<PlannedNight>,
  atOnce: number,
  onResult: (night: PlannedNight, result: CaseResult) => void = () => {}
): Promise<ReadonlyArray<CaseResult>> => {
  const cases = nights.reduce((sum, { kills }) => sum + kills.length, 0)
  const share = Math.min(casesPerStage, Math.ceil(cases / atOnce))
  const shares = nights.flatMap((night) =>
    Array.from(
      { length: Math.ceil(night.kills.length / share) },
      (_, index) => ({ night, kills: night.kills.slice(index * share, (index + 1) * share) })
    )
  )
  const results = await pool(
    shares.map(({ kills, night }) => async () => {
      await using stage = await stageBefore(night.scenario, night.index)
      const results: Array<CaseResult> = []
      for (const kill of kills) {
        const result = await playCase(stage, night.baseline, kill)
        results.push(result)
        onResult(night, result)
      }
      return results
    }),
    atOnce
  )
  return results.flat()
}
