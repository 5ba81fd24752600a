import { cp, rm } from "node:fs/promises"
import { join } from "node:path"
import type { World } from "../e2e/support.ts"

const filled = <K, V>(map: Map<K, V>, entries: ReadonlyArray<readonly [K, V]>) => {
  map.clear()
  for (const [key, value] of entries) map.set(key, value)
}

/** Remembers the tracker's database and the data directory as they are; the answer brings them back, any number of times. */
export const snapshot = async (world: World): Promise<() => Promise<void>> => {
  const { recompute, state } = world.wealthfolio
  await recompute.settled()
  const { accounts, activities, assets } = structuredClone({
    accounts: [...state.accounts],
    activities: [...state.activities.values()],
    assets: [...state.assets]
  })
  // Replaced whole, never changed: no copy is needed.
  const snapshots = [...state.snapshots]
  const kept = join(world.directory, "kept")
  await cp(world.dataDir, kept, { recursive: true }).catch(() => undefined)
  return async () => {
    await recompute.settled()
    for (const id of state.activities.keys()) state.remove(id)
    for (const activity of structuredClone(activities)) state.put(activity)
    filled(state.accounts, structuredClone(accounts))
    filled(state.assets, structuredClone(assets))
    filled(state.snapshots, snapshots)
    world.wealthfolio.auth.reviveAll()
    world.wealthfolio.faults.clear()
    await rm(world.dataDir, { recursive: true, force: true })
    await cp(kept, world.dataDir, { recursive: true }).catch(() => undefined)
  }
}
