import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { chmod, copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { startGateway } from "./gateway.ts"
import { failed, fixture, noDrift, nothingWritten, signal, startWorld, succeeded, type World } from "./support.ts"

const week = await fixture("week.xml")

const unasked = (world: World) => {
  assert.strictEqual(world.flex.requests.length, 0)
  assert.strictEqual(world.wealthfolio.requests.length, 0)
}

const unshare = (mount: string) => ["--mount", "--propagation", "private", "sh", "-c", `${mount} && exec "$@"`, "sh"]

const canMount = spawnSync("unshare", [...unshare("mount -t tmpfs none /mnt"), "true"]).status === 0
if (!canMount) console.log("skipped: a read-only data directory (no mount namespaces here)")

/** A run that sees a mount of its own, which ends with it. */
const mountedNight = (world: World, mount: string) => world.night([], { through: ["unshare", ...unshare(mount)] })

describe("the data directory", { timeout: 60_000, concurrent: true }, () => {
  it.skipIf(!canMount).each<[string, (path: string) => string]>([
    ["read-only, empty", (path) => `mount -t tmpfs -o ro none '${path}'`],
    [
      "read-only, with a store on it",
      (path) => `mount --bind '${path}' '${path}' && mount -o remount,ro,bind '${path}'`
    ],
    ["full", (path) => `mount -t tmpfs -o size=16k none '${path}'`]
  ])("%s: exit 10 before anything is sent, and the next run, which may write, goes on", async (name, mount) => {
    await using world = await startWorld({ flex: { statement: week } })
    await mkdir(world.dataDir)
    if (name.includes("store")) succeeded(await world.night())
    const before = [world.flex.requests.length, world.wealthfolio.requests.length]
    const json = failed(await mountedNight(world, mount(world.dataDir)), 10, /record store cannot be written/)
    assert.strictEqual(json.error?.tag, "StoreError")
    assert.deepStrictEqual([world.flex.requests.length, world.wealthfolio.requests.length], before)

    const imported = world.activities.length === 0 ? 15 : 0
    const next = succeeded(await world.night())
    assert.strictEqual(next.counts.imported, imported)
    noDrift(next)
    assert.strictEqual(world.activities.length, 15)
  })

  it("a file in its place, an empty store, another database: exit 10 before anything is sent", async () => {
    await using world = await startWorld()
    const path = join(world.directory, "file")
    await writeFile(path, "")
    failed(await world.night([], { env: { BROKER_SYNC_DATA_DIR: path } }), 10, /./)

    await mkdir(world.dataDir)
    await writeFile(join(world.dataDir, "sync.db"), "")
    failed(await world.night(), 10, /sync\.db/)
    await writeFile(join(world.dataDir, "sync.db"), "no database at all, but long enough to look like one".repeat(20))
    failed(await world.night(), 10, /sync\.db/)
    unasked(world)
    await rm(join(world.dataDir, "sync.db"))
    world.flex.setStatement(week)
    assert.strictEqual(succeeded(await world.night()).counts.imported, 15)
  })

  it("a store of a newer release: exit 10, naming the copy from before, which goes on once it is put back", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    succeeded(await world.night())
    const copy = join(world.dataDir, "sync.db.before-7")
    await copyFile(join(world.dataDir, "sync.db"), copy)
    const db = new DatabaseSync(join(world.dataDir, "sync.db"))
    db.exec("INSERT INTO schema_migration (migration_id, name) VALUES (7, 'from_the_future')")
    db.close()
    const before = [world.flex.requests.length, world.wealthfolio.requests.length]
    const json = failed(await world.night(), 10, /newer release/)
    assert.include(json.error?.hint ?? "", copy)
    assert.deepStrictEqual([world.flex.requests.length, world.wealthfolio.requests.length], before)

    await rename(copy, join(world.dataDir, "sync.db"))
    const next = succeeded(await world.night())
    assert.strictEqual(next.counts.alreadySynced, 15)
    noDrift(next)
    assert.strictEqual(world.activities.length, 15)
  })

  it("is made private, and so is every file in it", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    succeeded(await world.night())
    const modes = spawnSync("find", [world.dataDir, "-perm", "/077"], { encoding: "utf8" })
    assert.strictEqual(modes.stdout, "")
    await chmod(world.dataDir, 0o700)
  })
})

describe("two runs at once", { timeout: 60_000, concurrent: true }, () => {
  it("the second is exit 10 at once, sends nothing and pushes nothing; the first goes on", async () => {
    await using gateway = await startGateway()
    const asked = signal()
    const release = signal()
    await using world = await startWorld({
      flex: {
        statement: week,
        onRequest: async (phase) => {
          if (phase !== "get") return
          asked.resolve()
          await release.promise
        }
      },
      env: { PUSHGATEWAY_URL: gateway.url }
    })
    const first = world.night()
    await asked.promise
    const requests = world.flex.requests.length
    const second = await world.night()
    const json = failed(second, 10, /another run for account U1234567 is in progress/)
    assert.strictEqual(json.error?.tag, "StoreError")
    failed(await world.night(["--file", "-"], { stdin: week }), 10, /another run/)
    assert.strictEqual(world.flex.requests.length, requests)
    assert.deepStrictEqual(gateway.pushes, [])
    release.resolve()
    const done = succeeded(await first)
    noDrift(done)
    assert.strictEqual(gateway.pushes.length, 1)
    assert.strictEqual(world.activities.length, 15)
  })
})

describe("a run that is stopped", { timeout: 60_000, concurrent: true }, () => {
  it.each<["SIGTERM" | "SIGINT" | "SIGKILL", number]>([["SIGTERM", 130], ["SIGINT", 130], ["SIGKILL", 137]])(
    "%s while it waits for the statement is exit %i; the next run polls the same reference",
    async (name, code) => {
      const waiting = signal()
      await using world = await startWorld({
        flex: {
          statement: week,
          script: { get: [{ kind: "code", code: 1019, times: Infinity }] },
          onRequest: (phase, { number }) => {
            if (phase === "get" && number === 2) waiting.resolve()
          }
        }
      })
      const run = await world.night([], {
        onStart: (child) => void waiting.promise.then(() => child.kill(name))
      })
      assert.strictEqual(run.code, code, run.stderr)
      await nothingWritten(world)
      if (name !== "SIGKILL") {
        const errors = run.log.filter(({ level }) => level === "error")
        assert.deepStrictEqual(errors.map(({ exitCode, message }) => [exitCode, message]), [
          [130, "interrupted — the next run goes on where this one stopped"]
        ])
        assert.strictEqual(world.rows("run WHERE exit_code = 130 AND outcome = 'failure'"), 1)
      }
      world.flex.plan("get")
      const next = succeeded(await world.night())
      assert.strictEqual(next.counts.imported, 15)
      noDrift(next)
      assert.strictEqual(world.flex.count("send"), 1)
      assert.strictEqual(new Set(world.flex.requests.slice(1).map(({ query }) => query["q"])).size, 1)
    }
  )

  it("SIGKILL before SendRequest was answered: a new run may send", async () => {
    const asked = signal()
    await using world = await startWorld({
      flex: {
        statement: week,
        script: { send: [{ kind: "hang" }] },
        onRequest: () => asked.resolve()
      }
    })
    const run = await world.night([], { onStart: (child) => void asked.promise.then(() => child.kill("SIGKILL")) })
    assert.strictEqual(run.code, 137)
    assert.strictEqual(succeeded(await world.night()).counts.imported, 15)
    assert.strictEqual(world.flex.count("send"), 2)
  })

  it("SIGTERM while a batch is on its way: what was written is known to the next run", async () => {
    const sent = signal()
    await using world = await startWorld({ flex: { statement: week } })
    world.wealthfolio.onRequest = (phase, { path }) => {
      if (phase !== "after" || !path.endsWith("/activities/bulk")) return undefined
      sent.resolve()
      return new Promise(() => undefined)
    }
    const run = await world.night([], { onStart: (child) => void sent.promise.then(() => child.kill("SIGTERM")) })
    assert.strictEqual(run.code, 130)
    world.wealthfolio.onRequest = undefined
    await world.wealthfolio.recompute.settled()
    const next = succeeded(await world.night())
    assert.strictEqual(next.counts.imported + next.counts.alreadySynced, 15)
    assert.strictEqual(world.activities.length, 15)
  })
})
