/**
 * One night at a time: the real bundle in a process of its own, stand-ins of IBKR and Wealthfolio on loopback, a data
 * directory of its own. Whatever a test is about, every run in it must keep the secrets, and the words of the log alert,
 * to itself.
 */
import { assert } from "@effect/vitest"
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { gunzipSync } from "node:zlib"
import { broker, type RunOptions } from "../support/bundle.ts"
import { type FlexServer, type FlexServerOptions, startFlex } from "../support/FlexServer.ts"
import type { Account } from "../support/Wealthfolio/Model.ts"
import { startWealthfolio, type WealthfolioOptions, type WealthfolioServer } from "../support/WealthfolioServer.ts"

/** With characters that a URL spells otherwise. */
export const token = "TOKEN+MARKER/5e1f=9"
export const password = "PASSWORD&MARKER 77 %"

/** Both ways to write them. */
export const secrets = [token, password].flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ secret }).toString().slice("secret=".length)
])

export interface LogLine {
  readonly level: string
  readonly message: string
  readonly runId?: string
  readonly exitCode?: number
}

export interface PositionJson {
  readonly symbol: string
  readonly broker: string
  readonly wealthfolio?: string
  readonly drift?: string
  readonly explained?: boolean
  readonly causes?: ReadonlyArray<{
    readonly cause: string
    readonly quantity: string
    readonly rows: ReadonlyArray<string>
    readonly remedy: string
  }>
}

export interface RunJson {
  readonly runId: string
  readonly outcome: "success" | "failure"
  readonly dryRun: boolean
  readonly error?: { readonly tag: string; readonly message: string; readonly hint: string; readonly exitCode: number }
  readonly statements: ReadonlyArray<{ readonly accountId: string; readonly toDate: string }>
  readonly counts: Readonly<Record<"imported" | "planned" | "alreadySynced" | "skipped" | "held", number>>
  readonly activities: ReadonlyArray<Readonly<Record<string, string>> & { readonly externalId: string }>
  readonly skipped: ReadonlyArray<
    { readonly externalId?: string; readonly reason: string; readonly detail: string; readonly held: boolean }
  >
  readonly reconciled: boolean
  readonly asOf?: string
  readonly positions: ReadonlyArray<PositionJson>
  readonly cash: ReadonlyArray<Readonly<Record<string, string>>>
  readonly warnings: ReadonlyArray<string>
}

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly log: ReadonlyArray<LogLine>
  /** Absent when the run printed none. */
  readonly json: RunJson | undefined
}

export type Env = Readonly<Record<string, string | undefined>>

export interface NightOptions extends RunOptions {
  /** This scenario is about an expired token: only then may the log have the words that the alert looks for. */
  readonly tokenExpired?: boolean
}

export interface WorldOptions {
  readonly flex?: FlexServerOptions
  readonly wealthfolio?: WealthfolioOptions
  readonly env?: Env
}

export class World implements AsyncDisposable {
  readonly flex: FlexServer
  readonly wealthfolio: WealthfolioServer
  readonly account: Account
  /** Belongs to this world alone; `dataDir` is inside, and so is the working directory of the runs. */
  readonly directory: string
  readonly dataDir: string
  private readonly env: Env

  constructor(flex: FlexServer, wealthfolio: WealthfolioServer, directory: string, env: Env) {
    this.flex = flex
    this.wealthfolio = wealthfolio
    this.account = wealthfolio.addAccount()
    this.directory = directory
    this.dataDir = join(directory, "data")
    this.env = env
  }

  /** `broker-sync ibkr --format json …` with everything set that a nightly run needs. */
  async night(args: ReadonlyArray<string> = [], options: NightOptions = {}): Promise<Run> {
    return this.run(["ibkr", "--format", "json", ...args], options)
  }

  async run(args: ReadonlyArray<string>, options: NightOptions = {}): Promise<Run> {
    // What a test wrote by hand is computed a second later: no run is to race it.
    await this.wealthfolio.recompute.settled()
    const { code, stderr, stdout } = await broker(args, {
      ...options,
      cwd: this.directory,
      env: {
        IBKR_FLEX_TOKEN: token,
        IBKR_FLEX_QUERY_ID: "123456",
        IBKR_FLEX_BASE_URL: this.flex.url,
        IBKR_FLEX_POLL_INTERVAL: "20 millis",
        IBKR_ACCOUNT_ID: this.account.id,
        IBKR_ACCOUNT_ID_UPSTREAM: "U1234567",
        WF_BASE_URL: this.wealthfolio.url,
        WF_PASSWORD: password,
        BROKER_SYNC_DATA_DIR: this.dataDir,
        LOG_LEVEL: "debug",
        LOG_FORMAT: "json",
        ...this.env,
        ...options.env
      }
    })
    for (const secret of secrets) {
      assert.notInclude(stdout, secret)
      assert.notInclude(stderr, secret)
    }
    if (options.tokenExpired !== true) assert.notMatch(stdout + stderr, /code 10(03|12)/)
    assert.notMatch(stderr, /^\s*at .+:\d+:\d+\)?$/m, "a stack trace")
    // A killed run may end in the middle of a line.
    const isKilled = code === 137
    const whole = isKilled ? stderr.slice(0, stderr.lastIndexOf("\n") + 1) : stderr
    return { code, stdout, stderr, log: logLines(whole), json: isKilled ? undefined : jsonOf(stdout) }
  }

  get activities() {
    return [...this.wealthfolio.state.activities.values()]
  }

  /** Without the currency pairs that Wealthfolio makes itself. */
  get assets() {
    return [...this.wealthfolio.state.assets.values()].filter(({ kind }) => kind === "INVESTMENT")
  }

  /** Sums of what was written to Wealthfolio, without logins and questions. */
  get writes() {
    return this.wealthfolio.requests.filter(({ method, path }) =>
      method !== "GET" && !path.endsWith("/auth/login") && !path.endsWith("/check-duplicates") &&
      !path.endsWith("/activities/search")
    ).length
  }

  store<Row = Readonly<Record<string, unknown>>>(query: string): ReadonlyArray<Row> {
    const db = new DatabaseSync(join(this.dataDir, "sync.db"), { readOnly: true, timeout: 5000 })
    try {
      // The caller says what the columns are.
      return db.prepare(query).all() as unknown as ReadonlyArray<Row>
    } finally {
      db.close()
    }
  }

  rows(table: string): number {
    return this.store<{ readonly rows: number }>(`SELECT count(*) AS rows FROM ${table}`)[0]?.rows ?? -1
  }

  async archived(): Promise<ReadonlyArray<string>> {
    return readdir(join(this.dataDir, "statements")).catch(() => [])
  }

  async close(): Promise<void> {
    await this.flex.close()
    await this.wealthfolio.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    await keepsSecrets(this.directory)
    await rm(this.directory, { recursive: true })
  }
}

export const startWorld = async (options: WorldOptions = {}): Promise<World> => {
  const flex = await startFlex({ token, queryId: "123456", ...options.flex })
  const wealthfolio = await startWealthfolio({ password, recomputeMillis: 1000, ...options.wealthfolio })
  return new World(flex, wealthfolio, await mkdtemp(join(tmpdir(), "broker-sync-e2e-")), options.env ?? {})
}

/** The token and the password stand in no file; the session stands in its own. */
const keepsSecrets = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name)
    if (!(await stat(path)).isFile()) continue
    const bytes = await readFile(path)
    const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1")
    for (const secret of secrets) assert.isFalse(text.includes(secret), `${name} holds a secret`)
  }
}

const logLines = (stderr: string): ReadonlyArray<LogLine> =>
  stderr.split("\n").flatMap((line): ReadonlyArray<LogLine> => {
    if (!line.startsWith("{")) return []
    const read: LogLine = JSON.parse(line)
    assert.match(read.runId ?? "", /^[0-9A-Z]{26}$/, `a log line without runId: ${line}`)
    return [read]
  })

const jsonOf = (stdout: string): RunJson | undefined => {
  if (!stdout.startsWith("{")) return undefined
  const read: RunJson = JSON.parse(stdout)
  return read
}

/** The run went through: exit 0, no error in the log, and the JSON says so. */
export const succeeded = (run: Run): RunJson => {
  assert.strictEqual(run.code, 0, run.stderr)
  assert.deepStrictEqual(run.log.filter(({ level }) => level === "error"), [])
  if (run.json === undefined) throw new Error(`no JSON: ${run.stdout}`)
  assert.strictEqual(run.json.outcome, "success")
  assert.isUndefined(run.json.error)
  return run.json
}

/** The run failed as it should: its exit code, one line in the log that says why and what to do, the same in the JSON. */
export const failed = (run: Run, code: number, says: RegExp): RunJson => {
  assert.strictEqual(run.code, code, run.stderr)
  const errors = run.log.filter(({ level }) => level === "error")
  assert.strictEqual(errors.length, 1, run.stderr)
  const [line] = errors
  if (run.json?.error === undefined || line === undefined) throw new Error(`no error in the JSON: ${run.stdout}`)
  const { error, outcome } = run.json
  assert.strictEqual(outcome, "failure")
  assert.strictEqual(error.exitCode, code)
  assert.match(line.message, says)
  assert.strictEqual(line.exitCode, code)
  assert.strictEqual(line.message, `${error.message} — ${error.hint}`)
  assert.isAbove(error.hint.length, 10)
  return run.json
}

/** Neither Wealthfolio nor the store has anything of a statement; the archive has these many. */
export const nothingWritten = async (world: World, kept = 0): Promise<void> => {
  assert.strictEqual(world.writes, 0)
  assert.deepStrictEqual(world.activities, [])
  assert.deepStrictEqual(world.assets, [])
  for (const table of ["sync_record", "instrument", "coverage", "drift"]) {
    assert.strictEqual(world.rows(table), 0, table)
  }
  assert.strictEqual(world.rows("statement"), kept)
  assert.lengthOf(await world.archived(), kept)
}

export const noDrift = (json: RunJson): void => {
  assert.isTrue(json.reconciled)
  for (const { drift, symbol } of json.positions) assert.strictEqual(drift, "0", symbol)
  for (const { currency, trackerDrift } of json.cash) assert.strictEqual(trackerDrift, "0", currency)
}

/** Reasons by external id. */
export const skips = (json: RunJson): Readonly<Record<string, string>> =>
  Object.fromEntries(json.skipped.map(({ externalId, reason }) => [externalId ?? "?", reason]))

/** Statuses by external id. */
export const statuses = (json: RunJson): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(json.activities.map(({ externalId, status }) => [externalId, status]))

export const fixture = (name: string): Promise<string> =>
  readFile(new URL(`../../fixtures/${name}`, import.meta.url), "utf8")

/** Resolves from outside. */
export const signal = () => Promise.withResolvers<void>()
