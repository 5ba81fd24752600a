/**
 * Every code of IBKR on both requests, and answers that are none. Nothing of them reaches Wealthfolio, the exit code is
 * the public one, IBKR is left alone for as long as it asks, and the night after the pause is well.
 */
import { assert, describe, it } from "@effect/vitest"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { type FlexPhase, type FlexStep, flexTexts } from "../../support/FlexServer.ts"
import { shortened } from "../clock.ts"
import { failed, fixture, noDrift, nothingWritten, startWorld, succeeded, type World } from "../support.ts"

const week = await fixture("week.xml")

/** The public table; what it does not name is told apart by the step. */
const exitCodes: Readonly<Record<number, number>> = {
  ...Object.fromEntries([1003, 1011, 1012, 1013, 1015].map((code) => [code, 4])),
  ...Object.fromEntries([1010, 1014, 1016, 1020, 1023].map((code) => [code, 5])),
  ...Object.fromEntries([1001, 1004, 1005, 1006, 1007, 1008, 1009, 1017, 1018, 1019, 1021].map((code) => [code, 6])),
  1025: 7
}

/** Throttled polls are more than a minute apart. */
const throttlePause = shortened(65_000)

const hour = 60
const pauses = new Map([1001, 1004, 1005, 1006, 1007, 1008, 1009, 1018].map((code) => [code, hour] as const))

interface Case {
  readonly code: number
  readonly phase: FlexPhase
  readonly exit: number
  /** Minutes in which nothing is sent. */
  readonly pause: number | undefined
  /** Requests of both nights: one where the second polls the reference of the first. */
  readonly sends: number
}

/** The statement may still come: the reference is kept. */
const notReady = [1001, 1004, 1005, 1006, 1007, 1008, 1009, 1018, 1019, 1021]

const codes = Object.keys(flexTexts).map(Number)
const cases: ReadonlyArray<Case> = (["send", "get"] as const).flatMap((phase) =>
  codes.map((code) => ({
    phase,
    code,
    exit: exitCodes[code] ?? -1,
    pause: code === 1025 ? 24 * hour : phase === "send" ? pauses.get(code) : undefined,
    sends: phase === "get" && notReady.includes(code) ? 1 : 2
  }))
)

const blockedUntil = (world: World): ReadonlyArray<string> =>
  world.store<{ readonly until: string }>(
    "SELECT not_before AS until FROM flex_request WHERE state = 'refused' AND not_before IS NOT NULL"
  ).map(({ until }) => until)

const minutesUntil = (instant: string) => (Date.parse(instant) - Date.now()) / 60_000

/** The clock of the store, not the run's, is moved. */
const passPause = (world: World) => {
  const db = new DatabaseSync(join(world.dataDir, "sync.db"))
  db.exec("UPDATE flex_request SET not_before = '2026-01-01T00:00:00.000Z' WHERE not_before IS NOT NULL")
  db.close()
}

const heals = async (world: World) => {
  world.flex.plan("send")
  world.flex.plan("get")
  const json = succeeded(await world.night([], { env: { IBKR_FLEX_TIMEOUT: undefined } }))
  noDrift(json)
  assert.strictEqual(json.counts.imported, 15)
  assert.strictEqual(world.activities.length, 15)
}

describe("every code", { timeout: 120_000, concurrent: true }, () => {
  it("is in the table", () => {
    assert.deepStrictEqual(codes.filter((code) => exitCodes[code] === undefined), [])
  })

  it.each(cases)(
    "$code on $phase: exit $exit, and a pause of $pause minutes",
    async ({ code, exit, pause, phase, sends }) => {
      const step: FlexStep = { kind: "code", code, times: Infinity }
      await using world = await startWorld({
        flex: { statement: week, script: { [phase]: [step] } },
        env: { IBKR_FLEX_TIMEOUT: "1 second", ...throttlePause }
      })
      const run = await world.night([], { tokenExpired: code === 1003 || code === 1012 })
      const json = failed(run, exit, new RegExp(`code ${code}`))
      assert.strictEqual(json.counts.imported, 0)
      await nothingWritten(world)
      assert.strictEqual(world.flex.count("send"), 1)
      const blocked = blockedUntil(world)
      if (pause === undefined) {
        assert.deepStrictEqual(blocked, [])
        await heals(world)
        assert.strictEqual(world.flex.count("send"), sends)
        return
      }
      assert.strictEqual(blocked.length, 1)
      const left = minutesUntil(blocked[0] ?? "")
      assert.isTrue(left > pause - 3 && left <= pause, `${left} minutes`)

      // IBKR would answer well now; another process must not ask.
      const asked = world.flex.requests.length
      world.flex.plan("send")
      world.flex.plan("get")
      failed(await world.night(), exit, new RegExp(`nothing is sent to IBKR before ${blocked[0]}`))
      assert.strictEqual(world.flex.requests.length, asked)
      await nothingWritten(world)
      passPause(world)
      await heals(world)
      assert.strictEqual(world.flex.count("send"), sends)
    }
  )

  it.each<[FlexPhase, number | undefined, number]>([["send", hour, 2], ["get", undefined, 1]])(
    "HTTP 429 on %s is 1018: exit 6, and a pause of %s minutes",
    async (phase, pause, sends) => {
      const step: FlexStep = { kind: "html", status: 429, times: Infinity }
      await using world = await startWorld({
        flex: { statement: week, script: { [phase]: [step] } },
        env: { IBKR_FLEX_TIMEOUT: "1 second", ...throttlePause }
      })
      failed(await world.night(), 6, /code 1018.*429/)
      await nothingWritten(world)
      assert.strictEqual(blockedUntil(world).length, pause === undefined ? 0 : 1)
      passPause(world)
      await heals(world)
      assert.strictEqual(world.flex.count("send"), sends)
    }
  )
})

describe("an answer that is no statement, or not at once", { timeout: 120_000, concurrent: true }, () => {
  const cut = ([300, week.length - 30] as const).flatMap((at) =>
    (["declared", "promised", "chunked"] as const).map((framing): [string, FlexPhase, FlexStep, number] => [
      `cut after ${at} bytes, ${framing}`,
      "get",
      { kind: "truncate", at, framing },
      8
    ])
  )
  it.each<[string, FlexPhase, FlexStep, number]>([
    ...cut,
    ["a reference cut short", "send", { kind: "truncate", at: 60, framing: "promised" }, 6],
    ["a drip", "get", { kind: "drip", bytes: 200, everyMillis: 20 }, 6],
    ["CSV for a reference", "send", { kind: "csv" }, 8],
    ["nothing for a reference", "send", { kind: "empty" }, 8],
    ["HTML, compressed", "get", { kind: "html", gzip: true }, 8]
  ])("%s (%s): nothing written, and the next night has it", async (_name, phase, step, exit) => {
    await using world = await startWorld({ flex: { statement: week, script: { [phase]: [step] } } })
    // Only what never comes whole is waited for.
    const env = exit === 6 ? { IBKR_FLEX_TIMEOUT: "300 millis" } : {}
    failed(await world.night([], { env }), exit, /./)
    await nothingWritten(world)
    assert.strictEqual(world.flex.count("send"), 1)
    assert.deepStrictEqual(blockedUntil(world), [])
    await heals(world)
  })

  it("gzip on both requests is read", async () => {
    const gzip: FlexStep = { kind: "success", gzip: true }
    await using world = await startWorld({ flex: { statement: week, script: { send: [gzip], get: [gzip] } } })
    const json = succeeded(await world.night())
    assert.strictEqual(json.counts.imported, 15)
    noDrift(json)
  })

  it.each<[FlexPhase, number]>([["send", 307], ["get", 302]])(
    "a redirect of %s to another host (%i): that host is asked nothing",
    async (phase, status) => {
      const asked: Array<string> = []
      const elsewhere = createServer((request, response) => {
        asked.push(request.url ?? "")
        response.end(week)
      })
      await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve))
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`
      try {
        const step: FlexStep = { kind: "redirect", to, status }
        await using world = await startWorld({ flex: { statement: week, script: { [phase]: [step] } } })
        failed(await world.night(), 6, /redirects/)
        await nothingWritten(world)
        await heals(world)
        assert.deepStrictEqual(asked, [])
      } finally {
        elsewhere.close()
      }
    }
  )
})
