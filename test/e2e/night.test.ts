import { assert, describe, it } from "@effect/vitest"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { balance, cash, position, statement, trade, vusa } from "./statement.ts"
import { failed, fixture, noDrift, nothingWritten, type RunJson, startWorld, statuses, succeeded } from "./support.ts"

const week = await fixture("week.xml")

describe("the nightly run", { timeout: 60_000, concurrent: true }, () => {
  it("runs on exactly the fields of the operators' runbook: no conid, no listing exchange, no levels", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("runbook-fields.xml") } })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(json.counts, { imported: 11, planned: 0, alreadySynced: 0, skipped: 0, held: 0 })
    assert.isTrue(json.reconciled)
    assert.deepStrictEqual(json.positions, [
      { symbol: "AAPL", broker: "5", wealthfolio: "5", drift: "0" },
      { symbol: "ULVR.L", broker: "25", wealthfolio: "25", drift: "0" },
      { symbol: "VUSA.L", broker: "6", wealthfolio: "6", drift: "0" }
    ])
    assert.deepStrictEqual(json.cash, [])
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
  })

  it("imports a week, then nothing, then nothing again without its store", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const first = succeeded(await world.night())
    assert.deepStrictEqual(first.counts, { imported: 15, planned: 0, alreadySynced: 0, skipped: 0, held: 0 })
    assert.deepStrictEqual(first.activities[0], {
      externalId: "ibkr:trade:6000000201",
      type: "BUY",
      date: "2026-01-05",
      time: "09:31:04",
      symbol: "VUSA.L",
      isin: "IE00B3XXRP09",
      conid: "51000001",
      currency: "GBP",
      quantity: "20",
      unitPrice: "89.87",
      amount: "1800.4",
      fee: "3",
      status: "imported"
    })
    assert.deepStrictEqual(first.positions, [
      { symbol: "AAPL", broker: "8", wealthfolio: "8", drift: "0" },
      { symbol: "BMW.DE", broker: "15", wealthfolio: "15", drift: "0" },
      { symbol: "ULVR.L", broker: "30", wealthfolio: "30", drift: "0" },
      { symbol: "VUSA.L", broker: "15", wealthfolio: "15", drift: "0" }
    ])
    assert.deepStrictEqual(first.cash.find(({ currency }) => currency === "USD"), {
      currency: "USD",
      broker: "1054.49972",
      booked: "1054.49972",
      drift: "0",
      wealthfolio: "1054.49972",
      trackerDrift: "0"
    })
    assert.strictEqual(first.asOf, "2026-01-09")
    noDrift(first)
    assert.strictEqual(world.rows("sync_record WHERE state = 'synced'"), 15)
    assert.strictEqual(world.rows("coverage"), 1)
    assert.strictEqual((await world.archived()).length, 1)
    const ids = new Set(world.wealthfolio.state.activities.keys())
    const { writes } = world

    const second = succeeded(await world.night())
    assert.deepStrictEqual(second.counts, { imported: 0, planned: 0, alreadySynced: 15, skipped: 0, held: 0 })
    noDrift(second)
    assert.strictEqual(world.writes, writes)

    await rm(join(world.dataDir, "sync.db"))
    const third = succeeded(await world.night())
    assert.deepStrictEqual(third.counts, { imported: 0, planned: 0, alreadySynced: 15, skipped: 0, held: 0 })
    noDrift(third)
    assert.deepStrictEqual(new Set(world.wealthfolio.state.activities.keys()), ids)
    assert.strictEqual(world.rows("sync_record WHERE state = 'synced' AND tracker_id IS NOT NULL"), 15)
    assert.strictEqual(world.writes, writes)
    assert.strictEqual(world.flex.count("send"), 3)
    assert.strictEqual(world.rows("run WHERE outcome = 'success' AND exit_code = 0"), 1)
  })

  it("says how old the data is, in the log and on the first line of the table", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const run = await world.run(["ibkr", "--format", "table"])
    assert.strictEqual(run.code, 0)
    const said = /^as of 2026-01-09 \(\d+ business days old\)$/
    assert.match(run.stdout.split("\n")[0] ?? "", said)
    assert.strictEqual(run.log.filter(({ message }) => said.test(message)).length, 1)
    assert.strictEqual(run.log.filter(({ message }) => message.includes("PUSHGATEWAY_URL is not set")).length, 1)
  })

  it("reads a file of one statement a day", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("two-days.xml") } })
    const json = succeeded(await world.night())
    assert.deepStrictEqual(json.statements.map(({ toDate }) => toDate), ["2026-01-05", "2026-01-06"])
    assert.deepStrictEqual(json.positions, [{ symbol: "VUSA.L", broker: "15", wealthfolio: "15", drift: "0" }])
    assert.strictEqual(json.counts.imported, 4)
    assert.strictEqual(world.activities.length, 4)
  })

  it("takes a quiet day for a success", async () => {
    await using world = await startWorld({ flex: { statement: await fixture("quiet-day.xml") } })
    assert.strictEqual(succeeded(await world.night()).counts.imported, 0)
    assert.strictEqual(world.writes, 0)
    assert.strictEqual(world.rows("coverage"), 1)
  })
})

describe("--dry-run", { timeout: 60_000, concurrent: true }, () => {
  it("changes nothing but the memory of the Flex request", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const json = succeeded(await world.night(["--dry-run"]))
    assert.isTrue(json.dryRun)
    assert.deepStrictEqual(json.counts, { imported: 0, planned: 15, alreadySynced: 0, skipped: 0, held: 0 })
    assert.isFalse(json.reconciled)
    assert.deepStrictEqual(json.positions[0], { symbol: "VUSA.L", broker: "15" })
    await nothingWritten(world)
    assert.strictEqual(world.rows("run"), 0)
    assert.deepStrictEqual(
      world.store("SELECT state, reference_code FROM flex_request").map((row) => ({ ...row })),
      [{ state: "received", reference_code: world.flex.requests[1]?.query["q"] }]
    )

    assert.strictEqual(succeeded(await world.night()).counts.imported, 15)
    const again = succeeded(await world.night(["--dry-run"]))
    assert.deepStrictEqual(again.counts, { imported: 0, planned: 0, alreadySynced: 15, skipped: 0, held: 0 })
  })

  it("of a file needs the statement and nothing else, and leaves nothing behind", async () => {
    await using world = await startWorld()
    await writeFile(join(world.directory, "statement.xml"), week)
    const bare = Object.fromEntries(
      ["TOKEN", "QUERY_ID", "BASE_URL"].map((name) => [`IBKR_FLEX_${name}`, undefined])
    )
    const run = await world.night(["--dry-run", "--file", "statement.xml"], {
      env: {
        ...bare,
        IBKR_ACCOUNT_ID: undefined,
        IBKR_ACCOUNT_ID_UPSTREAM: undefined,
        WF_BASE_URL: undefined,
        WF_PASSWORD: undefined,
        BROKER_SYNC_DATA_DIR: undefined
      }
    })
    assert.strictEqual(succeeded(run).counts.planned, 15)
    assert.deepStrictEqual(await readdir(world.directory), ["statement.xml"])
    assert.strictEqual(world.wealthfolio.requests.length + world.flex.requests.length, 0)

    const guarded = await world.night(["--dry-run", "--file", "statement.xml"], {
      env: { IBKR_ACCOUNT_ID_UPSTREAM: "U7654321" }
    })
    failed(guarded, 3, /account U1234567, not U7654321/)
    assert.strictEqual(world.wealthfolio.requests.length, 0)
  })
})

describe("--file and --save", { timeout: 60_000, concurrent: true }, () => {
  it("reads a statement from standard input, without IBKR", async () => {
    await using world = await startWorld()
    const env = { IBKR_FLEX_TOKEN: undefined, IBKR_FLEX_QUERY_ID: "" }
    const json = succeeded(await world.night(["--file", "-"], { stdin: week, env }))
    assert.strictEqual(json.counts.imported, 15)
    noDrift(json)
    assert.strictEqual(world.flex.requests.length, 0)
    assert.strictEqual(world.rows("flex_request"), 0)
  })

  it("keeps what it pulled, byte for byte, for --file", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const saved = join(world.directory, "kept.xml")
    succeeded(await world.night(["--save", saved]))
    assert.strictEqual(await readFile(saved, "utf8"), week)
    const again = succeeded(await world.night(["--file", saved]))
    assert.deepStrictEqual(again.counts, { imported: 0, planned: 0, alreadySynced: 15, skipped: 0, held: 0 })
    assert.strictEqual(world.flex.count("send"), 1)
  })

  it("says what is wrong with a path", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    failed(await world.night(["--file", "nowhere.xml"]), 2, /nowhere\.xml/)
    await mkdir(join(world.directory, "folder"))
    failed(await world.night(["--file", "folder"]), 2, /folder/)
    await nothingWritten(world)
  })

  it("imports an older statement, but does not compare with it", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    succeeded(await world.night())
    const older = statement({
      from: "2026-01-02",
      to: "2026-01-02",
      cash: [cash("8001", "Deposits/Withdrawals", "250", "GBP", "2026-01-02")],
      positions: [position(vusa, 3)]
    })
    const json = succeeded(await world.night(["--file", "-"], { stdin: older }))
    assert.strictEqual(json.counts.imported, 1)
    assert.isFalse(json.reconciled)
    assert.deepStrictEqual(json.positions, [{ symbol: "VUSA.L", broker: "3" }])
    assert.isTrue(json.warnings.some((text) => text.includes("a later statement is known")))
  })
})

const drifts = ({ positions }: RunJson) =>
  positions.map(({ broker, drift, symbol, wealthfolio }) => ({ symbol, broker, wealthfolio, drift }))

describe("--fail-on-drift", { timeout: 60_000, concurrent: true }, () => {
  const held = statement({
    trades: [trade("61", vusa, 10, "80", "2026-01-05")],
    cash: [cash("71", "Deposits", "1000", "GBP", "2026-01-05")],
    positions: [position(vusa, 10)],
    balances: [balance("GBP", "0", "199")]
  })

  it("is exit 11 once everything is in, and only where a position differs by more than 0.01", async () => {
    await using world = await startWorld({ flex: { statement: held } })
    noDrift(succeeded(await world.night(["--fail-on-drift"])))
    const [asset] = world.assets
    const buy = (quantity: string, day: string) =>
      world.wealthfolio.addActivity({
        accountId: world.account.id,
        activityType: "BUY",
        activityDate: `${day}T12:00:00Z`,
        currency: "GBP",
        symbol: { id: asset?.id },
        quantity,
        unitPrice: "80"
      })
    buy("0.01", "2026-01-07")
    await world.wealthfolio.recompute.settled()
    const small = succeeded(await world.night(["--fail-on-drift"]))
    assert.deepStrictEqual(drifts(small), [{
      symbol: "VUSA.L",
      broker: "10",
      wealthfolio: "10.01",
      drift: "-0.01"
    }])

    buy("2", "2026-01-08")
    // Dated after the statement: nothing of its business.
    buy("5", new Date().toISOString().slice(0, 10))
    await world.wealthfolio.recompute.settled()
    const drifted = failed(await world.night(["--fail-on-drift"]), 11, /VUSA\.L/)
    assert.deepStrictEqual(drifts(drifted), [
      { symbol: "VUSA.L", broker: "10", wealthfolio: "12.01", drift: "-2.01" }
    ])
    assert.deepStrictEqual(drifted.cash.map(({ trackerDrift }) => trackerDrift), ["160.8"])
    assert.deepStrictEqual(Object.values(statuses(drifted)), ["already-synced", "already-synced"])
    assert.strictEqual(succeeded(await world.night()).positions[0]?.["drift"], "-2.01")
  })
})
