/** A disk that has no room: for the statement as it arrives, once it is to be kept, or for what was booked. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { failed, fixture, noDrift, startWorld, statuses, succeeded, type World } from "../support.ts"

const week = await fixture("week.xml")

const unshare = (script: string) => ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
const canMount = spawnSync("unshare", unshare("mount -t tmpfs none /mnt").slice(1)).status === 0
if (!canMount) console.log("skipped: a disk that fills up (no mount namespaces here)")

/** A section that nobody reads, with so many kilobytes that hardly shrink. */
const padded = (kilobytes: number): string => {
  const rows = Array.from({ length: kilobytes }, () => `<Padding text="${randomBytes(750).toString("base64")}" />`)
  return week.replace("<Trades>", () => `<Paddings>\n${rows.join("\n")}\n</Paddings>\n<Trades>`)
}

/** A disk of its own for one run, which ends with it; what is left on it is then in `after`. */
const smallDisk = async (world: World) => {
  const after = join(world.directory, "after")
  await mkdir(world.dataDir)
  await mkdir(after)
  const script = `mount -t tmpfs -o size=1700k none '${world.dataDir}' && "$@"; code=$?
    cp -a '${world.dataDir}/.' '${after}'; exit $code`
  return { after, through: unshare(script) }
}

describe("a disk that fills up", { timeout: 120_000, concurrent: true }, () => {
  it.skipIf(!canMount).each<[string, number, RegExp]>([
    [
      "while the statement arrives",
      3000,
      /cannot be spooled .*ENOSPC: no space left.* — free space .*BROKER_SYNC_DATA_DIR/
    ],
    ["while it is archived", 1000, /archived statement .*(ENOSPC|no space)/i]
  ])("%s: exit 10, nothing in Wealthfolio, and the next night has it all", async (_name, kilobytes, says) => {
    await using world = await startWorld({ flex: { statement: padded(kilobytes) } })
    const { after, through } = await smallDisk(world)
    const json = failed(await world.night([], { through }), 10, says)
    assert.strictEqual(world.writes, 0)
    assert.deepStrictEqual(world.activities, [])
    assert.deepStrictEqual(json.activities, [])

    const next = succeeded(await world.night([], { env: { BROKER_SYNC_DATA_DIR: after } }))
    noDrift(next)
    assert.strictEqual(next.counts.imported, 15)
    assert.strictEqual(world.activities.length, 15)
    assert.strictEqual(world.flex.count("send"), 1)
    const left = spawnSync("find", [after, "-name", "*.part", "-o", "-name", "broker-sync-spool-*"], {
      encoding: "utf8"
    })
    assert.strictEqual(left.stdout, "")
  })

  it.skipIf(!canMount).each<[string, string, number, string]>([
    ["before the rows are sent", "/assets", 0, "imported"],
    ["once the rows are written", "/activities/bulk", 15, "already-synced"]
  ])("%s (%s): exit 10, %i rows in Wealthfolio, and the next night finds each once", async (
    _name,
    end,
    written,
    status
  ) => {
    await using world = await startWorld({ flex: { statement: week } })
    const { after, through } = await smallDisk(world)
    let pid: number | undefined
    world.wealthfolio.onRequest = async (phase, { method, path }) => {
      if (phase !== "after" || method !== "POST" || !path.endsWith(end) || pid === undefined) return
      // The disk as the run sees it, filled to its last page.
      await writeFile(join(`/proc/${pid}/root`, world.dataDir, "filler"), Buffer.alloc(2_000_000)).catch(() => {})
    }
    const run = await world.night([], { through, onStart: (child) => void (pid = child.pid) })
    const json = failed(run, 10, /record store cannot be written: no space is left .* — Free space/)
    assert.strictEqual(json.error?.tag, "StoreError")
    assert.strictEqual(world.activities.length, written)
    // What is known to be in is said.
    assert.strictEqual(json.counts.imported, written)

    world.wealthfolio.onRequest = undefined
    await rm(join(after, "filler"))
    await world.wealthfolio.recompute.settled()
    const env = { BROKER_SYNC_DATA_DIR: after }
    const next = succeeded(await world.night([], { env }))
    assert.deepStrictEqual(new Set(Object.values(statuses(next))), new Set([status]))
    assert.strictEqual(world.activities.length, 15)
    assert.strictEqual(world.assets.length, 4)
    noDrift(succeeded(await world.night([], { env })))
    assert.strictEqual(world.activities.length, 15)
  })
})
