import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { broker } from "./bundle.ts"
import { startFlex } from "./FlexServer.ts"
import { startWealthfolio } from "./WealthfolioServer.ts"

/**
 * `npm run demo`: the real bundle, twice, against a stand-in of IBKR's Flex Web Service and one of Wealthfolio, on a
 * made-up week. Exits 1 when what it shows is not so.
 */
const problems: Array<string> = []
const expect = (what: string, isSo: boolean) => {
  console.log(`  ${isSo ? "✓" : "✗"} ${what}`)
  if (!isSo) problems.push(what)
}

const wealthfolio = await startWealthfolio({ password: "demo password", recomputeMillis: 1000 })
const account = wealthfolio.addAccount({ name: "Interactive Brokers (UK)" })
const flex = await startFlex({ statement: await readFile(new URL("../../fixtures/week.xml", import.meta.url), "utf8") })
const dataDir = await mkdtemp(join(tmpdir(), "broker-sync-demo-"))

const env = {
  IBKR_FLEX_TOKEN: "demo-token-0123456789",
  IBKR_FLEX_QUERY_ID: "123456",
  IBKR_FLEX_BASE_URL: flex.url,
  IBKR_FLEX_POLL_INTERVAL: "100 millis",
  IBKR_ACCOUNT_ID: account.id,
  IBKR_ACCOUNT_ID_UPSTREAM: "U1234567",
  WF_BASE_URL: wealthfolio.url,
  WF_PASSWORD: "demo password",
  BROKER_SYNC_DATA_DIR: dataDir,
  LOG_LEVEL: "warn"
}

interface RunJson {
  readonly outcome: string
  readonly counts: { readonly imported: number; readonly alreadySynced: number; readonly skipped: number }
  readonly reconciled: boolean
  readonly positions: ReadonlyArray<{ readonly symbol: string; readonly drift: string }>
  readonly cash: ReadonlyArray<{ readonly currency: string; readonly drift: string; readonly trackerDrift: string }>
}

const look = async () => {
  const { stdout } = await broker(["ibkr", "--format", "json"], { env })
  const json: RunJson = JSON.parse(stdout)
  return json
}

const noDrift = (json: RunJson) =>
  json.reconciled && json.positions.length > 0 && json.cash.length > 0
  && json.positions.every(({ drift }) => drift === "0")
  && json.cash.every(({ drift, trackerDrift }) => drift === "0" && trackerDrift === "0")

console.log("An empty Wealthfolio account, and a statement of one week from IBKR (both stand-ins on this machine).\n")
console.log("── the first night: broker-sync ibkr --format table\n")
const first = await broker(["ibkr", "--format", "table"], { env })
console.log(first.stdout + first.stderr)
const rows = wealthfolio.state.activities.size
expect(
  `the first run succeeded and imported everything (${rows} activities in Wealthfolio)`,
  first.code === 0 && rows > 0
)

console.log("\n── the second night, the same statement: broker-sync ibkr --format table\n")
const second = await broker(["ibkr", "--format", "table"], { env })
console.log(second.stdout + second.stderr)
expect(
  `the second run imported nothing (still ${wealthfolio.state.activities.size} activities)`,
  second.code === 0 && wealthfolio.state.activities.size === rows
)
const third = await look()
expect(
  "what Wealthfolio holds is what IBKR says, position by position and currency by currency: drift 0",
  noDrift(third)
)
expect("nothing was skipped", third.counts.skipped === 0 && third.counts.alreadySynced === rows)

await flex.close()
await wealthfolio.close()
await rm(dataDir, { recursive: true })

if (problems.length > 0) {
  console.error(`\nthe demo did not show what it should: ${problems.join("; ")}`)
  process.exitCode = 1
} else {
  console.log(`
That was the real program. Where to look next:
  your own statement, changing nothing:  npx broker-sync ibkr --file <statement.xml> --dry-run
  everything else, step by step:         README.md, "Your own data in three steps"`)
}
