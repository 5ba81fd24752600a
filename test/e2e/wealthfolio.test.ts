import { assert, describe, it } from "@effect/vitest"
import { readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { failed, fixture, noDrift, nothingWritten, signal, startWorld, statuses, succeeded, token } from "./support.ts"

const week = await fixture("week.xml")

describe("Wealthfolio down", { timeout: 90_000, concurrent: true }, () => {
  it("exit 9; the next run imports the archived statement before it sends anything", async () => {
    const inTrackerAtSend: Array<number> = []
    await using world = await startWorld({
      flex: {
        statement: week,
        onRequest: (phase) => {
          if (phase === "send") inTrackerAtSend.push(world.activities.length)
        }
      }
    })
    // Nothing listens on port 9.
    const run = await world.night([], { env: { WF_BASE_URL: "http://127.0.0.1:9" } })
    const json = failed(run, 9, /Wealthfolio at 127\.0\.0\.1:9 cannot be reached/)
    assert.strictEqual(json.error?.tag, "WealthfolioUnreachable")
    assert.deepStrictEqual(json.activities, [])
    assert.strictEqual((await world.archived()).length, 1)
    for (const table of ["sync_record", "instrument", "coverage"]) assert.strictEqual(world.rows(table), 0, table)
    assert.strictEqual(world.rows("statement WHERE imported = 0"), 1)

    const next = await world.night()
    const second = succeeded(next)
    noDrift(second)
    assert.deepStrictEqual(inTrackerAtSend, [0, 15])
    assert.strictEqual(world.activities.length, 15)
    assert.strictEqual(second.counts.imported, 15)
    assert.isTrue(next.log.some(({ message }) => message.includes("importing a statement received earlier")))
    assert.strictEqual(world.rows("statement WHERE imported = 0"), 0)
  })

  it("what the archive holds is imported even when IBKR then refuses", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    world.wealthfolio.faults.next("/activities/bulk", { kind: "status", status: 401, when: "before" }, 2)
    failed(await world.night(), 9, /401 right after a login/)
    assert.deepStrictEqual(world.activities, [])
    world.flex.plan("send", 1018)
    const json = failed(await world.night(), 6, /1018/)
    assert.strictEqual(json.counts.imported, 15)
    noDrift(json)
    assert.strictEqual(world.activities.length, 15)
  })

  it("a dry run that cannot reach it leaves no statement behind", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    world.wealthfolio.faults.next("/accounts", { kind: "status", status: 404, when: "before", text: "lost" })
    failed(await world.night(["--dry-run"]), 9, /Wealthfolio/)
    await nothingWritten(world)
  })
})

describe("the session", { timeout: 60_000, concurrent: true }, () => {
  it("a wrong password is tried once", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    failed(await world.night([], { env: { WF_PASSWORD: "not the password" } }), 9, /refused the password/)
    assert.strictEqual(world.wealthfolio.auth.logins, 1)
    assert.deepStrictEqual(world.activities, [])
    assert.strictEqual(world.rows("sync_record"), 0)
  })

  it("is kept in a file of mode 0600 and used again", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    succeeded(await world.night())
    const path = join(world.dataDir, "wealthfolio-session")
    assert.strictEqual((await stat(path)).mode & 0o777, 0o600)
    succeeded(await world.night())
    assert.strictEqual(world.wealthfolio.auth.logins, 1)
    const cookie = (await readFile(path, "utf8")).trim()
    for (const archive of ["sync.db"]) {
      assert.isFalse((await readFile(join(world.dataDir, archive), "latin1")).includes(cookie))
    }
    const elsewhere = join(world.directory, "elsewhere", "session")
    await rm(path)
    succeeded(await world.night([], { env: { WF_SESSION_PATH: elsewhere } }))
    assert.strictEqual((await stat(elsewhere)).mode & 0o777, 0o600)
    assert.strictEqual(world.wealthfolio.auth.logins, 2)
  })

  it.each(["/accounts", "/assets", "/activities/import/check-duplicates", "/activities/bulk", "/holdings"])(
    "that expires at %s costs one login and no row twice",
    async (path) => {
      await using world = await startWorld({ flex: { statement: week } })
      world.wealthfolio.faults.next(path, { kind: "expire-sessions" })
      const json = succeeded(await world.night())
      assert.strictEqual(world.wealthfolio.faults.left, 0)
      assert.strictEqual(world.wealthfolio.auth.logins, 2)
      assert.strictEqual(json.counts.imported, 15)
      noDrift(json)
      assert.strictEqual(world.activities.length, 15)
    }
  )

  it("a server without a password needs none", async () => {
    await using world = await startWorld({ flex: { statement: week }, wealthfolio: { password: undefined as never } })
    assert.strictEqual(succeeded(await world.night([], { env: { WF_PASSWORD: undefined } })).counts.imported, 15)
    assert.strictEqual(world.wealthfolio.auth.logins, 0)
  })

  it("a password that is missing is named", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    failed(await world.night([], { env: { WF_PASSWORD: "" } }), 2, /WF_PASSWORD/)
    assert.strictEqual(world.wealthfolio.auth.logins, 0)
    assert.deepStrictEqual(world.activities, [])
  })
})

describe("an import that goes wrong half-way", { timeout: 60_000, concurrent: true }, () => {
  it.each<[string, Parameters<Awaited<ReturnType<typeof startWorld>>["wealthfolio"]["faults"]["next"]>[1]]>([
    ["408 after the rows were written", { kind: "status", status: 408, when: "after" }],
    ["a connection dropped after the rows were written", { kind: "drop", when: "after" }],
    ["a connection dropped before", { kind: "drop", when: "before" }],
    ["an answer cut in two", { kind: "reset" }],
    ["413", { kind: "too-large" }],
    ["500", { kind: "status", status: 500, when: "before" }]
  ])("%s: every row is there once", async (_name, fault) => {
    await using world = await startWorld({ flex: { statement: week } })
    world.wealthfolio.faults.next("/activities/bulk", fault)
    const json = succeeded(await world.night())
    assert.strictEqual(world.wealthfolio.faults.left, 0)
    noDrift(json)
    assert.strictEqual(world.activities.length, 15)
    assert.strictEqual(world.rows("sync_record WHERE state = 'synced' AND tracker_id IS NOT NULL"), 15)
  })

  it("a process killed after the rows were written, before it remembered them", async () => {
    const written = signal()
    await using world = await startWorld({ flex: { statement: week } })
    world.wealthfolio.onRequest = (phase, { path }) => {
      if (phase !== "after" || !path.endsWith("/activities/bulk")) return undefined
      written.resolve()
      return new Promise(() => undefined)
    }
    const killed = await world.night([], {
      onStart: (child) => void written.promise.then(() => child.kill("SIGKILL"))
    })
    assert.strictEqual(killed.code, 137)
    assert.strictEqual(world.activities.length, 15)
    assert.strictEqual(world.rows("sync_record WHERE state = 'pending'"), 15)
    world.wealthfolio.onRequest = undefined
    await world.wealthfolio.recompute.settled()
    const json = succeeded(await world.night())
    assert.deepStrictEqual(new Set(Object.values(statuses(json))), new Set(["already-synced"]))
    noDrift(json)
    assert.strictEqual(world.activities.length, 15)
    assert.strictEqual(world.rows("sync_record WHERE state = 'synced'"), 15)
    noDrift(succeeded(await world.night()))
  })

  it("holdings that are not recomputed in time are not compared: exit 0, said so, no drift invented", async () => {
    await using world = await startWorld({ flex: { statement: week }, env: { WF_RECALC_TIMEOUT: "300 millis" } })
    world.wealthfolio.recompute.mode = "never"
    const json = succeeded(await world.night())
    assert.strictEqual(json.counts.imported, 15)
    assert.isFalse(json.reconciled)
    assert.deepStrictEqual(json.positions[0], { symbol: "VUSA.L", broker: "15" })
    assert.isTrue(json.warnings.some((text) => text.includes("did not recompute")))
    assert.strictEqual(world.rows("drift"), 0)
  })
})

describe("a refused row", { timeout: 60_000, concurrent: true }, () => {
  it("stays out, the others are in, and it is tried again without a new statement", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const refused = "ibkr:cash:70000000206"
    const names = (body: unknown) => JSON.stringify(body).includes(refused)
    const constraint = "Database operation failed: CHECK constraint failed"
    const refuse = () =>
      world.wealthfolio.faults.next(
        ({ body, path }) => path.endsWith("/activities/bulk") && names(body),
        { kind: "status", status: 400, when: "before", text: constraint },
        20
      )
    refuse()
    const first = failed(await world.night(), 9, /refused 1 row\(s\).*70000000206.*CHECK constraint/)
    assert.strictEqual(first.counts.imported, 14)
    assert.strictEqual(first.counts.held, 1)
    assert.deepStrictEqual(first.skipped.map(({ externalId, held, reason }) => [externalId, reason, held]), [
      [refused, "refused", true]
    ])
    assert.strictEqual(world.activities.length, 14)
    assert.isTrue(first.reconciled)
    assert.strictEqual(
      world.rows(`sync_record WHERE held = 1 AND source IS NOT NULL AND external_id = '${refused}'`),
      1
    )

    // The next night's statement does not have the row, and Wealthfolio still refuses it.
    world.wealthfolio.faults.clear()
    refuse()
    world.flex.setStatement(await fixture("quiet-day.xml"))
    failed(await world.night(), 9, /refused 1 row/)
    assert.strictEqual(world.activities.length, 14)

    world.wealthfolio.faults.clear()
    const third = succeeded(await world.night())
    assert.strictEqual(statuses(third)[refused], "imported")
    assert.strictEqual(third.counts.held, 0)
    assert.strictEqual(world.activities.length, 15)
    assert.strictEqual(world.rows("sync_record WHERE held = 1"), 0)
    assert.isFalse(JSON.stringify(world.wealthfolio.requests).includes(token))
  })
})
