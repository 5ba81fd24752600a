import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { startGateway } from "./gateway.ts"
import { failed, fixture, noDrift, type Run, signal, startWorld, succeeded, type World } from "./support.ts"

const week = await fixture("week.xml")

/** A PID namespace of its own, as a container has one: the run is process 1 in it. It ends with its `unshare`. */
const alone = ["unshare", "--pid", "--fork", "--kill-child"]
/** The same with a first process that is not the run, which dies because the namespace does. */
const underInit = [...alone, "sh", "-c", `"$@"; exit $?`, "sh"]

const printPid = ["sh", "-c", "echo $$"]
const canUnshare = spawnSync("unshare", [...alone.slice(1), ...printPid], { encoding: "utf8" }).stdout?.trim() === "1"
if (!canUnshare) console.log("skipped: runs in PID namespaces of their own (unshare does not allow it here)")

const places: ReadonlyArray<readonly [name: string, through: ReadonlyArray<string>]> = [
  ["processes", []],
  ["PID namespaces, each run process 1", alone],
  ["PID namespaces, each run under a first process", underInit]
]

/** A world whose first statement is not answered until `release`: the run that asks for it holds the lock meanwhile. */
const heldWorld = async (gateway: string) => {
  const asked = signal()
  const release = signal()
  const world = await startWorld({
    flex: {
      statement: week,
      onRequest: async (phase, { number }) => {
        if (phase !== "get" || number > 1) return
        asked.resolve()
        await release.promise
      }
    },
    env: { PUSHGATEWAY_URL: gateway }
  })
  return { world, asked: asked.promise, release: release.resolve }
}

const requests = (world: World) => [world.flex.requests.length, world.wealthfolio.requests.length]

const lockedOut = (run: Run) => {
  const json = failed(run, 10, /another run for account U1234567 is in progress/)
  assert.strictEqual(json.error?.tag, "StoreError")
  assert.deepStrictEqual(json.activities, [])
}

describe("one run at a time", { timeout: 60_000, concurrent: true }, () => {
  it.for(places)(
    "%s: a second run leaves with exit 10, sends nothing and pushes nothing",
    async ([, through], { skip }) => {
      skip(through.length > 0 && !canUnshare)
      await using gateway = await startGateway()
      const { asked, release, world: held } = await heldWorld(gateway.url)
      await using world = held
      const first = world.night([], { through })
      await asked
      const before = requests(world)
      lockedOut(await world.night([], { through }))
      lockedOut(await world.night(["--file", "-"], { through, stdin: week }))
      lockedOut(await world.night(["--dry-run"], { through }))
      assert.deepStrictEqual(requests(world), before)
      assert.deepStrictEqual(gateway.pushes, [])
      release()
      noDrift(succeeded(await first))
      assert.strictEqual(gateway.pushes.length, 1)
      assert.strictEqual(world.activities.length, 15)
      assert.strictEqual(world.flex.count("send"), 1)
    }
  )

  it.for(places)("%s: the lock of a killed run is taken over by the very next one", async ([, through], { skip }) => {
    skip(through.length > 0 && !canUnshare)
    await using gateway = await startGateway()
    const { asked, world: held } = await heldWorld(gateway.url)
    await using world = held
    const killed = await world.night([], {
      through,
      onStart: (child) => void asked.then(() => child.kill("SIGKILL"))
    })
    assert.strictEqual(killed.code, 137)
    const next = succeeded(await world.night([], { through }))
    assert.strictEqual(next.counts.imported, 15)
    noDrift(next)
    assert.strictEqual(world.flex.count("send"), 1)
    assert.strictEqual(world.activities.length, 15)
    succeeded(await world.night())
  })
})
