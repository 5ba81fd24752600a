import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { FlexDays } from "../support/FlexServer.ts"
import { onDay } from "./clock.ts"
import { booked } from "./decisions/support.ts"
import { startGateway } from "./gateway.ts"
import { statement, trade, vusa } from "./statement.ts"
import { failed, startWorld, succeeded, type World } from "./support.ts"

/** Days on which the account traded, each by a trade of its own: `ibkr:trade:20260105`. */
const traded = (days: ReadonlyArray<string>, from: string, to: string) =>
  days.filter((day) => from <= day && day <= to).map((day) => trade(day.replaceAll("-", ""), vusa, 1, "80", day))

/** A query of the last business day: `tonight` alone, unless a window is asked for. */
const lastBusinessDay = (days: ReadonlyArray<string>, tonight: string) => (asked: FlexDays | undefined) => {
  const { from, to } = asked ?? { from: tonight, to: tonight }
  return statement({ from, to, trades: traded(days, from, to) })
}

const windows = (world: World) =>
  world.flex.requests.flatMap(({ phase, query: { fd, td } }) =>
    phase === "send" ? [fd === undefined ? "plain" : `${fd}-${td}`] : []
  )

const ids = (days: ReadonlyArray<string>) => days.map((day) => `ibkr:trade:${day.replaceAll("-", "")}`)

const uncovered = (world: World) => world.run(["ibkr", "status"]).then(({ stdout }) => JSON.parse(stdout).coverage)

const nights = async (world: World, days: ReadonlyArray<string>, ...tonights: ReadonlyArray<string>) => {
  for (const tonight of tonights) {
    world.flex.setStatement(lastBusinessDay(days, tonight))
    succeeded(await world.night())
  }
}

describe("no day missed", { timeout: 90_000, concurrent: true }, () => {
  it.each<[string, ReadonlyArray<string>, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["a missed night", ["2026-01-05", "2026-01-06", "2026-01-07"], ["2026-01-05", "2026-01-07"], [
      "plain",
      "plain",
      "20260105-20260107"
    ]],
    ["a weekend alone", ["2026-01-09", "2026-01-12"], ["2026-01-09", "2026-01-12"], ["plain", "plain"]],
    ["a week of failed nights", ["2026-01-05", "2026-01-08", "2026-01-13"], ["2026-01-05", "2026-01-13"], [
      "plain",
      "plain",
      "20260105-20260113"
    ]],
    ["Easter", ["2026-04-02", "2026-04-07"], ["2026-04-02", "2026-04-07"], ["plain", "plain", "20260402-20260407"]],
    ["Thanksgiving without a statement", ["2025-11-26", "2025-11-28"], ["2025-11-26", "2025-11-28"], [
      "plain",
      "plain",
      "20251126-20251128"
    ]],
    ["Thanksgiving with a statement of its own", ["2025-11-26", "2025-11-28"], [
      "2025-11-26",
      "2025-11-27",
      "2025-11-28"
    ], ["plain", "plain", "plain"]],
    ["Christmas", ["2025-12-24", "2025-12-29"], ["2025-12-24", "2025-12-26", "2025-12-29"], [
      "plain",
      "plain",
      "20251224-20251226",
      "plain"
    ]]
  ])("%s", async (_name, days, tonights, asked) => {
    await using world = await startWorld()
    await nights(world, days, ...tonights)
    assert.deepStrictEqual(windows(world), asked)
    assert.deepStrictEqual(booked(world), ids(days))
    assert.strictEqual((await uncovered(world)).uncoveredDays, 0)
  })

  it("tonight's rows go first", async () => {
    const seen: Array<ReadonlyArray<string>> = []
    const days = ["2026-01-05", "2026-01-06", "2026-01-07"]
    await using world = await startWorld({
      flex: { onRequest: (phase, { query }) => void (phase === "send" && "fd" in query && seen.push(booked(world))) }
    })
    await nights(world, days, "2026-01-05", "2026-01-07")
    assert.deepStrictEqual(seen, [["ibkr:trade:20260105", "ibkr:trade:20260107"]])
  })

  it.each<[string, number | "collapse", RegExp]>([
    ["refused", 1001, /2026-01-05 to 2026-01-07 could not be had/],
    ["not there yet", 1003, /stay uncovered|nothing happened/],
    ["invalid", 1023, /could not be had/],
    ["answered for one day", "collapse", /answered for 2026-01-20 to 2026-01-20/]
  ])("a hole that is %s keeps exit 0, is logged, and is asked for again", async (_name, how, says) => {
    const days = ["2026-01-05", "2026-01-08", "2026-01-20"]
    await using world = await startWorld()
    await nights(world, days, "2026-01-05")
    const tonight = how === "collapse" ? "2026-01-20" : "2026-01-07"
    world.flex.setStatement(
      how === "collapse"
        ? statement({ from: tonight, to: tonight, trades: traded(days, tonight, tonight) })
        : lastBusinessDay(days, tonight)
    )
    if (how !== "collapse") world.flex.plan("send", { kind: "success" }, how)
    const run = await world.night()
    succeeded(run)
    assert.isTrue(run.log.some(({ message }) => says.test(message)), run.stderr)
    const { uncoveredDays } = await uncovered(world)
    // 1003 for days long over, in a run that was given a statement, proves that nothing happened in them.
    assert.strictEqual(uncoveredDays > 0, how !== 1003)
  })

  it.each<[string, string, number]>([
    ["on the day after", "2026-01-08", 1],
    ["two days after", "2026-01-09", 1],
    ["three days after", "2026-01-10", 0]
  ])("1003 for a window, %s its last day: the days without a statement by then are final (%s, uncovered: %i)", async (
    _name,
    day,
    left
  ) => {
    const days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-09"]
    await using gateway = await startGateway()
    await using world = await startWorld({ env: { PUSHGATEWAY_URL: gateway.url } })
    const uncoveredDays = () => gateway.series().get("ibkr_uncovered_days")
    world.flex.setStatement(lastBusinessDay(days, "2026-01-05"))
    succeeded(await world.night([], { env: onDay("2026-01-06") }))
    world.flex.setStatement(lastBusinessDay(days, "2026-01-07"))
    world.flex.plan("send", { kind: "success" }, 1003)
    const run = await world.night([], { env: onDay(day) })
    assert.strictEqual(succeeded(run).counts.imported, 1)
    const said = left === 0 ? /nothing happened in these days/ : /no statement .* yet: these days stay uncovered/
    assert.strictEqual(run.log.filter(({ message }) => said.test(message)).length, 1, run.stderr)
    assert.deepStrictEqual(booked(world), ids(["2026-01-05", "2026-01-07"]))
    assert.strictEqual(uncoveredDays(), left)

    world.flex.setStatement(lastBusinessDay(days, "2026-01-09"))
    succeeded(await world.night([], { env: onDay("2026-01-11") }))
    const from = left === 0 ? "20260107" : "20260105"
    assert.deepStrictEqual(windows(world), ["plain", "plain", "20260105-20260107", "plain", `${from}-20260109`])
    assert.deepStrictEqual(booked(world), ids(left === 0 ? days.filter((day) => day !== "2026-01-06") : days))
    assert.strictEqual(uncoveredDays(), 0)
  })

  it("a run that dies while it waits for a window goes on with its reference", async () => {
    const days = ["2026-01-05", "2026-01-06", "2026-01-07"]
    const waiting = Promise.withResolvers<void>()
    await using world = await startWorld({
      flex: {
        onRequest: (phase) => {
          if (phase === "get" && windows(world).at(-1) !== "plain") waiting.resolve()
        }
      }
    })
    await nights(world, days, "2026-01-05")
    world.flex.setStatement(lastBusinessDay(days, "2026-01-07"))
    world.flex.plan("get", { kind: "success" }, { kind: "code", code: 1019, times: Infinity })
    const run = await world.night([], { onStart: (child) => void waiting.promise.then(() => child.kill("SIGKILL")) })
    assert.strictEqual(run.code, 137)
    world.flex.plan("get")
    succeeded(await world.night())
    assert.deepStrictEqual(windows(world), ["plain", "plain", "20260105-20260107", "plain"])
    assert.deepStrictEqual(booked(world), ids(days))
  })

  it("the last 30 days are read again once a week, first a week after the first run", async () => {
    const late = ["2026-01-05"]
    await using world = await startWorld()
    await nights(world, [], "2026-01-05", "2026-01-06")
    assert.deepStrictEqual(windows(world), ["plain", "plain"])
    const db = new DatabaseSync(join(world.dataDir, "sync.db"))
    db.exec(`UPDATE run SET started_at = '${new Date(Date.now() - 7.01 * 86_400_000).toISOString()}'`)
    db.close()
    await nights(world, late, "2026-01-07", "2026-01-08")
    assert.deepStrictEqual(windows(world).slice(2), ["plain", "20251209-20260107", "plain"])
    assert.deepStrictEqual(booked(world), ids(late))
  })
})

describe("backfill", { timeout: 90_000, concurrent: true }, () => {
  const days = ["2024-02-01", "2025-03-03", "2026-01-05"]
  const serve = (asked: FlexDays | undefined) => {
    const { from, to } = asked ?? { from: "2026-01-05", to: "2026-01-05" }
    return statement({ from, to, trades: traded(days, from, to) })
  }

  it("years in windows, oldest first, one summary; again: nothing new", async () => {
    await using world = await startWorld({ flex: { statement: serve } })
    const json = succeeded(await world.night(["--from", "2024-01-02", "--to", "2026-01-05"]))
    assert.deepStrictEqual(booked(world), ids(days))
    assert.strictEqual(json.counts.imported, 3)
    const asked = windows(world)
    assert.strictEqual(asked.length, 3)
    assert.deepStrictEqual(asked, asked.toSorted())
    assert.match(asked[0] ?? "", /^20240102-/)
    assert.match(asked[2] ?? "", /-20260105$/)
    assert.strictEqual(succeeded(await world.night(["--from", "2024-01-02", "--to", "2026-01-05"])).counts.imported, 0)
    assert.strictEqual((await uncovered(world)).uncoveredDays, 0)
  })

  it("goes on where it stopped", async () => {
    await using world = await startWorld({ flex: { statement: serve } })
    world.flex.plan("send", { kind: "success" }, { kind: "reset" })
    failed(await world.night(["--from", "2024-01-02", "--to", "2026-01-05"]), 6, /cannot be reached/)
    const stopped = windows(world)
    assert.strictEqual(stopped.length, 2)
    succeeded(await world.night(["--from", "2024-01-02", "--to", "2026-01-05"]))
    assert.strictEqual(windows(world).length, 4)
    assert.strictEqual(windows(world)[2], stopped[1])
    assert.deepStrictEqual(booked(world), ids(days))
  })

  it("1003 on every window is exit 4; on some it proves them empty", async () => {
    await using world = await startWorld({ flex: { statement: serve } })
    world.flex.plan("send", 1003, 1003, 1003)
    const json = failed(await world.night(["--from", "2024-01-02", "--to", "2026-01-05"]), 4, /no statement for/)
    assert.strictEqual(json.error?.tag, "StatementUnavailable")
    world.flex.plan("send", 1003)
    const run = await world.night(["--from", "2024-01-03", "--to", "2026-01-05"])
    succeeded(run)
    assert.isTrue(run.log.some(({ message }) => /nothing happened in these days/.test(message)))
    assert.deepStrictEqual(booked(world), ids(days.slice(1)))
  })

  it("days that IBKR does not keep are said not to be served", async () => {
    await using world = await startWorld({ flex: { statement: serve } })
    world.flex.plan("send", 1003)
    const run = await world.night(["--from", "2019-01-02", "--to", "2020-06-05"])
    succeeded(run)
    assert.isTrue(
      run.log.some(({ message }) => /not served: the broker keeps statements from 20\d\d-01-01/.test(message))
    )
  })

  it("a window that collapsed is exit 5; what came is imported", async () => {
    const one = statement({ from: "2026-01-05", to: "2026-01-05", trades: traded(days, "2026-01-05", "2026-01-05") })
    await using world = await startWorld({ flex: { statement: one } })
    const json = failed(await world.night(["--from", "2025-12-01", "--to", "2026-01-05"]), 5, /answered for 2026-01-05/)
    assert.strictEqual(json.error?.tag, "WindowCollapsed")
    assert.deepStrictEqual(booked(world), ["ibkr:trade:20260105"])
  })
})
