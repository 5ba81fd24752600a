/**
 * A store that is damaged, or has the rest of another one beside it. Never a silent new start: it is exit 10, and nobody
 * is asked anything. Once it is put aside, the next run rebuilds it, and no row is there twice.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { failed, fixture, noDrift, startWorld, statuses, succeeded, type World } from "../support.ts"

const week = await fixture("week.xml")

const afterTheWeek = async (): Promise<World> => {
  const world = await startWorld({ flex: { statement: week } })
  noDrift(succeeded(await world.night()))
  return world
}

const pathOf = (world: World) => join(world.dataDir, "sync.db")

const filesIn = (world: World) => readdirSync(world.dataDir, { recursive: true, encoding: "utf8" }).sort()

const asked = (world: World) => [world.flex.requests.length, world.wealthfolio.requests.length]

/** All rows are known, each is there once, and both sides agree; the night after has nothing to write. */
const heals = async (world: World) => {
  const json = succeeded(await world.night())
  assert.deepStrictEqual(json.counts, { imported: 0, planned: 0, alreadySynced: 15, skipped: 0, held: 0 })
  noDrift(json)
  const { writes } = world
  noDrift(succeeded(await world.night()))
  assert.strictEqual(world.writes, writes)
  assert.strictEqual(world.activities.length, 15)
  assert.strictEqual(world.assets.length, 4)
  assert.strictEqual(world.rows("sync_record WHERE state = 'synced' AND tracker_id IS NOT NULL"), 15)
}

const pageSize = 4096

const zeroed = (path: string, page: number) => {
  const bytes = readFileSync(path)
  bytes.fill(0, page * pageSize, (page + 1) * pageSize)
  writeFileSync(path, bytes)
}

const pagesOf = (path: string) => readFileSync(path).length / pageSize

const damages: ReadonlyArray<readonly [name: string, damage: (path: string) => void]> = [
  ["cut to half", (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2))],
  ["cut within a page", (path) => truncateSync(path, readFileSync(path).length - 100)],
  ["zeros in its first page", (path) => zeroed(path, 0)],
  ["zeros in its middle page", (path) => zeroed(path, Math.floor(pagesOf(path) / 2))],
  ["zeros in its last page", (path) => zeroed(path, pagesOf(path) - 1)],
  ["a text file in its place", (path) => writeFileSync(path, "the store is kept elsewhere\n")],
  ["zero bytes", (path) => writeFileSync(path, "")],
  ["zeros all over", (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length))],
  ["another program's database", (path) => {
    rmSync(path)
    const db = new DatabaseSync(path)
    db.exec("CREATE TABLE bookmarks (url TEXT)")
    db.close()
  }]
]

describe("a damaged store", { timeout: 120_000, concurrent: true }, () => {
  it.each(damages)("%s: exit 10, all is left as it is, and without it the next run knows each row", async (
    _name,
    damage
  ) => {
    await using world = await afterTheWeek()
    const path = pathOf(world)
    damage(path)
    const bytes = readFileSync(path)
    const files = filesIn(world)
    const before = asked(world)
    for (let night = 0; night < 2; night++) {
      const json = failed(await world.night(), 10, /the record store .*sync\.db cannot be read: .+/)
      assert.include(json.error?.message ?? "", path)
      assert.match(json.error?.hint ?? "", /Put a backup in its place, or move it away/)
      assert.strictEqual(json.error?.tag, "StoreError")
    }
    assert.isTrue(bytes.equals(readFileSync(path)))
    assert.deepStrictEqual(filesIn(world), files)
    assert.deepStrictEqual(asked(world), before)

    renameSync(path, `${path}.damaged`)
    await heals(world)
  })

  it("a directory in its place: exit 10", async () => {
    await using world = await afterTheWeek()
    const path = pathOf(world)
    const aside = `${path}.aside`
    renameSync(path, aside)
    renameSync(join(world.dataDir, "statements"), path)
    const before = asked(world)
    assert.include(failed(await world.night(), 10, /record store/).error?.message ?? "", path)
    assert.deepStrictEqual(asked(world), before)
    renameSync(path, join(world.dataDir, "statements"))
    renameSync(aside, path)
    await heals(world)
  })
})

describe("beside the store", { timeout: 120_000, concurrent: true }, () => {
  it.each(["-wal", "-journal", "-shm"])("a %s of no meaning changes nothing", async (ending) => {
    await using world = await afterTheWeek()
    writeFileSync(`${pathOf(world)}${ending}`, "no write-ahead log, no journal, but something".repeat(200))
    await heals(world)
  })

  it("the journal of a store that is gone does not get into the new one", async () => {
    await using world = await afterTheWeek()
    const path = pathOf(world)
    // Dies in the middle of a transaction that no longer fits the cache: its journal is one to be rolled back.
    const script = `
      const { DatabaseSync } = require("node:sqlite")
      const db = new DatabaseSync(${JSON.stringify(path)})
      db.exec("PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE sync_record SET detail = hex(randomblob(2000))")
      process.kill(process.pid, "SIGKILL")
    `
    await once(spawn(process.execPath, ["-e", script]), "close")
    assert.include(filesIn(world), "sync.db-journal")
    renameSync(path, `${path}.damaged`)
    await heals(world)
    assert.deepStrictEqual(
      new Set(Object.values(statuses(succeeded(await world.night())))),
      new Set(["already-synced"])
    )
  })
})
