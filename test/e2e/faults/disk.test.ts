/** A disk that has room for the store, and not for the statement: as it arrives, or once it is to be kept. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { failed, fixture, noDrift, startWorld, succeeded } from "../support.ts"

const week = await fixture("week.xml")

const unshare = (script: string) => ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]
const canMount = spawnSync("unshare", unshare("mount -t tmpfs none /mnt").slice(1)).status === 0
if (!canMount) console.log("skipped: a disk that fills up (no mount namespaces here)")

/** A section that nobody reads, with so many kilobytes that hardly shrink. */
const padded = (kilobytes: number): string => {
  const rows = Array.from({ length: kilobytes }, () => `<Padding text="${randomBytes(750).toString("base64")}" />`)
  return week.replace("<Trades>", () => `<Paddings>\n${rows.join("\n")}\n</Paddings>\n<Trades>`)
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
    const after = join(world.directory, "after")
    await mkdir(world.dataDir)
    await mkdir(after)
    const script = `mount -t tmpfs -o size=1700k none '${world.dataDir}' && "$@"; code=$?
      cp -a '${world.dataDir}/.' '${after}'; exit $code`
    const json = failed(await world.night([], { through: unshare(script) }), 10, says)
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
})
