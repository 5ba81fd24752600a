import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Case } from "../Case.ts"
import { rounds, type Subject } from "../Rounds.ts"
import { type StandIns, standIns } from "../StandIns.ts"

/** So many new activities, into a Wealthfolio and a store that have none. */
const importOf = (trades: number, cash: number, keep: { world: StandIns | undefined }): Subject => ({
  id: `first-import/${trades + cash}`,
  what: `${trades + cash} new activities from a file`,
  command: async () => {
    await keep.world?.[Symbol.asyncDispose]()
    const world = keep.world = await standIns({ trades, cash })
    return world.run(["--file", world.statement, "--format", "json"], { stdout: join(world.directory, "printed") })
  },
  facts: () => {
    const { world } = keep
    if (world === undefined) throw new Error("no run")
    const { counts }: { readonly counts: { readonly imported: number } } = JSON.parse(
      readFileSync(join(world.directory, "printed"), "utf8")
    )
    const { activities, assets } = world.wealthfolio.state
    if (activities.size !== trades + cash || counts.imported !== activities.size) {
      throw new Error(`${counts.imported} of ${trades + cash} rows were imported, ${activities.size} are there`)
    }
    // Pairs of currencies are made by Wealthfolio itself.
    const instruments = [...assets.values()].filter(({ kind }) => kind !== "FX").length
    return { requests: world.wealthfolio.requests.length, instruments }
  }
})

export const firstImport: Case = {
  id: "first-import",
  measure: async ({ log, quick, runs }) => {
    const keep: { world: StandIns | undefined } = { world: undefined }
    try {
      return await rounds(runs, [
        importOf(850, 150, keep),
        importOf(8_500, 1_500, keep),
        ...quick ? [] : [importOf(34_000, 6_000, keep)]
      ], log)
    } finally {
      await keep.world?.[Symbol.asyncDispose]()
    }
  }
}
