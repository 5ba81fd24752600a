import { assert, describe, it } from "@effect/vitest"
import { startGateway } from "./gateway.ts"
import { failed, fixture, startWorld, succeeded } from "./support.ts"

const week = await fixture("week.xml")

describe("the health check", { timeout: 60_000, concurrent: true }, () => {
  it("is told when a run starts, and how it ended", async () => {
    await using checks = await startGateway()
    await using world = await startWorld({
      flex: { statement: week },
      env: { HEALTHCHECK_URL: `${checks.url}/ping/key-5f3a` }
    })
    const { runId } = succeeded(await world.night())
    assert.deepStrictEqual(checks.pushes.map(({ method, path }) => `${method} ${path}`), [
      "POST /ping/key-5f3a/start",
      "POST /ping/key-5f3a"
    ])
    assert.include(checks.pushes[1]?.body, "ibkr-uk: success")
    assert.include(checks.pushes[1]?.body, runId)
    succeeded(await world.night(["--dry-run"]))
    assert.strictEqual(checks.pushes.length, 2)
  })

  it("is told what went wrong and what to do, also where a setting is missing", async () => {
    await using checks = await startGateway()
    await using world = await startWorld({
      flex: { statement: week, script: { send: [1012] } },
      env: { HEALTHCHECK_URL: `${checks.url}/ping/key-5f3a` }
    })
    const { error } = failed(await world.night([], { tokenExpired: true }), 4, /code 1012/)
    failed(await world.night([], { env: { IBKR_FLEX_TOKEN: "" } }), 2, /IBKR_FLEX_TOKEN not provided/)
    failed(await world.night([], { env: { PUSHGATEWAY_URL: "ftp://x" } }), 2, /PUSHGATEWAY_URL/)
    assert.deepStrictEqual(checks.pushes.map(({ path }) => path.replace("/ping/key-5f3a", "")), [
      "/start",
      "/4",
      "/start",
      "/2",
      "/2"
    ])
    assert.include(checks.pushes[1]?.body, `what to do: ${error?.hint}`)
    assert.include(checks.pushes[3]?.body, "IBKR_FLEX_TOKEN not provided")
  })

  it("that cannot be reached fails no run, and its address is not logged", async () => {
    await using checks = await startGateway()
    checks.status = 500
    await using world = await startWorld({
      flex: { statement: week },
      env: { HEALTHCHECK_URL: `${checks.url}/ping/key-5f3a` }
    })
    const run = await world.night()
    succeeded(run)
    const said = run.log.filter(({ message }) => message.includes("HEALTHCHECK_URL"))
    assert.deepStrictEqual(said.map(({ level }) => level), ["warn", "warn"])
    assert.notInclude(run.stderr + run.stdout, "key-5f3a")
  })

  it("that is not set is said once", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const run = await world.night()
    assert.lengthOf(run.log.filter(({ message }) => message.includes("HEALTHCHECK_URL is not set")), 1)
  })
})
