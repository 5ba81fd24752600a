import { assert, it } from "@effect/vitest"
import { startDaemon, startPrometheus, startPushgateway } from "./daemon.ts"

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const messageOf = async (promise: Promise<unknown>) => {
  try {
    await promise
    return undefined
  } catch (error) {
    return String(error)
  }
}

it("a program that is not installed fails the suite with what to install", async () => {
  const message = await messageOf(startDaemon({ binary: "prometheus-not-there", args: () => [] }))
  assert.strictEqual(
    message,
    "Error: prometheus-not-there is not on the PATH; on Debian: apt-get install prometheus-not-there"
  )
})

it("a program that will not start fails the suite with what it said", async () => {
  const message = await messageOf(startDaemon({ binary: "prometheus-pushgateway", args: () => ["--no-such-flag"] }))
  assert.match(message ?? "", /prometheus-pushgateway does not start:\n[^]*no-such-flag/)
})

it("what was started ends with its scope, also when a test fails", async () => {
  const pids: Array<number> = []
  const message = await messageOf((async () => {
    await using gateway = await startPushgateway()
    await using prometheus = await startPrometheus(gateway)
    pids.push(gateway.pid, prometheus.pid)
    assert.deepStrictEqual(pids.map(isRunning), [true, true])
    throw new Error("a test that fails")
  })())
  assert.strictEqual(message, "Error: a test that fails")
  assert.deepStrictEqual(pids.map(isRunning), [false, false])
})
