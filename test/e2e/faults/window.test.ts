/**
 * Answers that are of no use, to a request for explicit days: a hole of the ledger, or the weekly re-reading. Tonight's
 * rows are in all the same, the days stay uncovered, and the night after asks for them again.
 */
import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { FlexDays, FlexPhase, FlexStep } from "../../support/FlexServer.ts"
import type { Matcher } from "../../support/Wealthfolio/Faults.ts"
import { booked } from "../decisions/support.ts"
import { type Gateway, startGateway } from "../gateway.ts"
import { position, statement, trade, vusa } from "../statement.ts"
import { failed, noDrift, type Run, startWorld, succeeded, type World } from "../support.ts"
import { unauthorized } from "./bulkFaults.ts"

const days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
const idOf = (day: string) => `ibkr:trade:${day.replaceAll("-", "")}`
const ids = (...which: ReadonlyArray<string>) => which.map(idOf)

/** One share bought on each of the days; a query of the last business day, unless a window is asked for. */
const asOf = (tonight: string) => (asked: FlexDays | undefined) => {
  const { from, to } = asked ?? { from: tonight, to: tonight }
  const trades = days.filter((day) => from <= day && day <= to).map((day) =>
    trade(day.replaceAll("-", ""), vusa, 1, "80", day)
  )
  return statement({ from, to, trades, positions: [position(vusa, days.filter((day) => day <= to).length)] })
}

const windows = (world: World) =>
  world.flex.requests.flatMap(({ phase, query: { fd, td } }) =>
    phase === "send" && fd !== undefined ? [`${fd}-${td}`] : []
  )

const uncovered = (gateway: Gateway) => gateway.series().get("ibkr_uncovered_days")

const body = (text: string): FlexStep => ({ kind: "body", body: text })

const window = { from: "2026-01-05", to: "2026-01-07" }
const whole = asOf("2026-01-07")(window)

const useless: ReadonlyArray<readonly [name: string, phase: FlexPhase, step: FlexStep, says: RegExp]> = [
  ["CSV", "get", { kind: "csv" }, /could not be had: .*CSV/],
  ["HTML", "get", { kind: "html" }, /could not be had: .*web page/],
  ["HTML for a reference", "send", { kind: "html" }, /could not be had: .*web page/],
  ["nothing", "get", { kind: "empty" }, /could not be had: .*nothing/],
  ["cut short", "get", { kind: "truncate", at: 900, framing: "declared" }, /could not be had: .*cut short/],
  ["less than promised", "get", { kind: "truncate", at: 900, framing: "promised" }, /could not be had: .*cut short/],
  ["not well-formed", "get", body(whole.replace("<Trades>", "<Trades")), /could not be had: .*well-formed/],
  ["another document", "get", body("<FlexQueryResponse></FlexQueryResponse>"), /could not be had: .*no FlexStatement/],
  ["without Trades", "get", body(whole.replace(/<Trades>[^]*<\/Trades>/, "")), /could not be had: .*Trades/],
  ["the last of its days alone", "get", body(asOf("2026-01-07")(undefined)), /answered for 2026-01-07 to .* uncovered/],
  ["a connection torn down", "send", { kind: "reset" }, /could not be had: .*cannot be reached/],
  ["a redirect", "get", { kind: "redirect", to: "http://127.0.0.1:9/" }, /could not be had: .*redirects/],
  ["1001", "send", { kind: "code", code: 1001 }, /could not be had: .*1001/],
  ["1025", "send", { kind: "code", code: 1025 }, /could not be had: .*1025/]
]

/** Two nights with a day between them; the second one's window is answered with `step`. */
const twoNights = async (world: World, phase: FlexPhase, step: FlexStep): Promise<Run> => {
  world.flex.setStatement(asOf("2026-01-05"))
  succeeded(await world.night())
  world.flex.setStatement(asOf("2026-01-07"))
  world.flex.plan(phase, { kind: "success" }, step)
  return world.night()
}

/** IBKR's pause after a refusal is over. */
const passPause = (world: World) => {
  const db = new DatabaseSync(join(world.dataDir, "sync.db"))
  db.exec("UPDATE flex_request SET not_before = '2026-01-01T00:00:00.000Z' WHERE not_before IS NOT NULL")
  db.close()
}

/** The night after asks for the days again and has them all. */
const heals = async (world: World, gateway: Gateway) => {
  world.flex.setStatement(asOf("2026-01-08"))
  world.flex.plan("send")
  world.flex.plan("get")
  passPause(world)
  const json = succeeded(await world.night())
  assert.deepStrictEqual(windows(world), ["20260105-20260107", "20260105-20260108"])
  assert.deepStrictEqual(booked(world), ids(...days))
  assert.strictEqual(uncovered(gateway), 0)
  noDrift(json)
}

describe("a hole that is answered with", { timeout: 120_000, concurrent: true }, () => {
  it.each(useless)("%s (%s): exit 0, tonight's rows, and the night after has the days", async (
    name,
    phase,
    step,
    says
  ) => {
    await using gateway = await startGateway()
    await using world = await startWorld({ env: { PUSHGATEWAY_URL: gateway.url } })
    const run = await twoNights(world, phase, step)
    const json = succeeded(run)
    assert.strictEqual(json.counts.imported, 1)
    assert.deepStrictEqual(booked(world), ids("2026-01-05", "2026-01-07"))
    assert.deepStrictEqual(run.log.flatMap(({ level, message }) => level === "warn" && says.test(message) ? [1] : []), [
      1
    ])
    assert.strictEqual(uncovered(gateway), 1)
    // What the query check refuses passed the account guard: it is kept as evidence.
    assert.lengthOf(await world.archived(), name === "without Trades" ? 3 : 2)
    await heals(world, gateway)
  })

  it("another account's statement: exit 3, nothing of it is written, tonight's rows are in, and the night after has the days", async () => {
    await using gateway = await startGateway()
    await using world = await startWorld({ env: { PUSHGATEWAY_URL: gateway.url } })
    const run = await twoNights(world, "get", body(whole.replaceAll("U1234567", "U7654321")))
    const json = failed(run, 3, /account U7654321, not U1234567: nothing of it was written/)
    assert.strictEqual(json.counts.imported, 1)
    assert.deepStrictEqual(booked(world), ids("2026-01-05", "2026-01-07"))
    assert.strictEqual(uncovered(gateway), 1)
    assert.strictEqual((await world.archived()).length, 2)
    await heals(world, gateway)
  })

  it("its statement, and Wealthfolio has no use for it: exit 9, and the night after imports what was received", async () => {
    await using gateway = await startGateway()
    await using world = await startWorld({ env: { PUSHGATEWAY_URL: gateway.url } })
    const isOfWindow: Matcher = ({ body, path }) =>
      path.endsWith("/activities/bulk") && JSON.stringify(body).includes(idOf("2026-01-06"))
    world.wealthfolio.faults.next(isOfWindow, unauthorized, 2)
    const json = failed(await twoNights(world, "get", { kind: "success" }), 9, /401 right after a login/)
    assert.strictEqual(json.counts.imported, 1)
    assert.deepStrictEqual(booked(world), ids("2026-01-05", "2026-01-07"))
    assert.strictEqual(world.rows("statement WHERE imported = 0"), 1)
    assert.strictEqual(uncovered(gateway), 1)

    world.flex.setStatement(asOf("2026-01-08"))
    noDrift(succeeded(await world.night()))
    assert.deepStrictEqual(windows(world), ["20260105-20260107"])
    assert.deepStrictEqual(booked(world), ids(...days))
    assert.strictEqual(uncovered(gateway), 0)
  })
})

describe("a weekly re-reading that is answered with", { timeout: 120_000, concurrent: true }, () => {
  const rereading = "20251209-20260107"
  const late = trade("20251215", vusa, 1, "80", "2025-12-15")
  const withLate = (tonight: string) => (asked: FlexDays | undefined) =>
    asked === undefined
      ? asOf(tonight)(asked)
      : statement({ ...asked, trades: [late], positions: [position(vusa, 1 + days.length)] })

  it.each(useless.filter(([name]) => ["HTML", "cut short", "the last of its days alone"].includes(name)))(
    "%s (%s): exit 0, tonight's rows, and the night after reads them again",
    async (_name, phase, step, says) => {
      await using world = await startWorld()
      world.flex.setStatement(asOf("2026-01-05"))
      succeeded(await world.night())
      world.flex.setStatement(asOf("2026-01-06"))
      succeeded(await world.night())
      const db = new DatabaseSync(join(world.dataDir, "sync.db"))
      db.exec(`UPDATE run SET started_at = '${new Date(Date.now() - 7.01 * 86_400_000).toISOString()}'`)
      db.close()
      world.flex.setStatement(withLate("2026-01-07"))
      world.flex.plan(phase, { kind: "success" }, step)
      const run = await world.night()
      assert.strictEqual(succeeded(run).counts.imported, 1)
      assert.deepStrictEqual(booked(world), ids("2026-01-05", "2026-01-06", "2026-01-07"))
      assert.isTrue(run.log.some(({ level, message }) => level === "warn" && says.test(message)), run.stderr)
      assert.deepStrictEqual(windows(world), [rereading])

      world.flex.setStatement(withLate("2026-01-08"))
      succeeded(await world.night())
      assert.deepStrictEqual(windows(world), [rereading, "20251210-20260108"])
      assert.deepStrictEqual(booked(world), ids("2025-12-15", ...days))
      succeeded(await world.night())
      assert.strictEqual(windows(world).length, 2)
    }
  )
})
