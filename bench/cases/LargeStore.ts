import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Case } from "../Case.ts"
import { type Command, measure } from "../Measure.ts"
import { build } from "../Programs.ts"
import { rounds, type Subject } from "../Rounds.ts"
import { type StandIns, standIns, upstream } from "../StandIns.ts"
import { trackerIdOf } from "../StoredRow.ts"
import { firstNight, quiet, quietShape } from "./QuietNight.ts"

const records = 1_000_000
const ids = 10_000

/** An account of the family that shares the store. */
const another = { upstream: "U7654321", tracker: "another" }

const program = async (name: "fillStore" | "lookUp", args: ReadonlyArray<string>): Promise<Command> => ({
  command: [process.execPath, "--max-old-space-size=4096", await build(name), ...args]
})

const fill = async (world: StandIns, owner: { readonly upstream: string; readonly tracker: string }) => {
  const command = await program("fillStore", [world.dataDir, owner.upstream, owner.tracker, String(records)])
  const { code, stderr } = await measure(command)
  if (code !== 0) throw new Error(`the store was not filled: ${stderr}`)
}

/** A Wealthfolio that has all rows of the store, without keeping them. */
const hasStoredRows = ({ wealthfolio: { state } }: StandIns): void => {
  const activityOf = state.activityOf.bind(state)
  state.activityOf = (key) => activityOf(key) ?? trackerIdOf(key.slice(key.indexOf("/") + 1))
}

const lookUp = async (world: StandIns): Promise<Subject> => {
  const command = await program("lookUp", [world.dataDir, upstream, world.tracker, String(records), String(ids)])
  const printed = join(world.directory, "printed")
  return {
    id: "large-store/look-up",
    what: "10 000 ids looked up in 1 000 000 records",
    command: () => ({ ...command, stdout: printed }),
    facts: () => {
      const { found, milliseconds }: { readonly found: number; readonly milliseconds: number } = JSON.parse(
        readFileSync(printed, "utf8")
      )
      if (found !== ids) throw new Error(`${found} of ${ids} were found`)
      return { lookUpMillis: milliseconds, storeMB: Math.round(statSync(join(world.dataDir, "sync.db")).size / 1e6) }
    }
  }
}

/** The same night on three stores: one with its 200 rows alone, and with a million rows more, of its own or not. */
export const largeStore: Case = {
  id: "large-store",
  isLong: true,
  measure: async ({ log, runs }) => {
    await using small = await standIns(quietShape)
    await using others = await standIns(quietShape)
    await using own = await standIns(quietShape)
    for (const world of [small, others, own]) await firstNight(world)
    hasStoredRows(own)
    await fill(others, another)
    await fill(own, { upstream, tracker: own.tracker })
    return await rounds(runs, [
      await lookUp(own),
      quiet(small, "large-store/small", "a quiet night, store of 200 records"),
      quiet(others, "large-store/others", "the same, 1 000 000 more of another account"),
      quiet(own, "large-store/own", "the same, 1 000 000 more of this account")
    ], log)
  }
}
