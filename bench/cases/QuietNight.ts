import type { Case } from "../Case.ts"
import { measure } from "../Measure.ts"
import { ownTime } from "../Profile.ts"
import { build } from "../Programs.ts"
import { rounds, type Subject } from "../Rounds.ts"
import { type StandIns, standIns } from "../StandIns.ts"

/** A profile has some 400 samples: one says little of a part that has a seventh of them. */
const profilesPerRun = 3

export const quietShape = { trades: 150, cash: 50 }

/** The first night, which imports all of it. */
export const firstNight = async (world: StandIns): Promise<void> => {
  const { code, stderr } = await measure(world.run([]))
  const booked = world.wealthfolio.state.activities.size
  if (code !== 0 || booked !== quietShape.trades + quietShape.cash) {
    throw new Error(`the first night ended with ${code} and ${booked} rows\n${stderr}`)
  }
}

/** A night in which the statement has nothing that is not known. */
export const quiet = (world: StandIns, id: string, what: string): Subject => {
  let before = 0
  let spawned = 0
  let first: number | undefined
  return {
    id,
    what,
    command: () => {
      before = world.requests
      first = undefined
      world.wealthfolio.onRequest = () => void (first ??= performance.now())
      spawned = performance.now()
      return world.run([])
    },
    facts: () => {
      const { size } = world.wealthfolio.state.activities
      if (size !== quietShape.trades + quietShape.cash) throw new Error(`${size} rows: it was not quiet`)
      if (first === undefined) throw new Error("nothing was asked of Wealthfolio")
      return { requests: world.requests - before, firstRequestMillis: Math.round(first - spawned) }
    }
  }
}

export const quietNight: Case = {
  id: "quiet-night",
  measure: async ({ log, runs }) => {
    await using world = await standIns(quietShape)
    await firstNight(world)
    const [night] = await rounds(runs, [
      quiet(world, "quiet-night", "a night with nothing new, 200 rows")
    ], log)
    if (night === undefined) throw new Error("no night")
    const program = await build("profiled")
    const own = await ownTime(program, (program, node) => world.run([], { program, node }), profilesPerRun * runs)
    return [{ ...night, facts: { ...night.facts, ...own } }]
  }
}
