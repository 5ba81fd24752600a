import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type FlexServer, startFlex } from "../test/support/FlexServer.ts"
import { startWealthfolio, type WealthfolioServer } from "../test/support/WealthfolioServer.ts"
import { generateStatement, type StatementShape } from "./generate-statement.ts"
import type { Command } from "./Measure.ts"
import { bundle } from "./Programs.ts"

export const upstream = "U1234567"

/** IBKR and Wealthfolio as the tests play them, in this process on 127.0.0.1, and a data directory that was never used. */
export class StandIns implements AsyncDisposable {
  readonly flex: FlexServer
  readonly wealthfolio: WealthfolioServer
  readonly tracker: string
  readonly directory: string
  readonly statement: string

  constructor(flex: FlexServer, wealthfolio: WealthfolioServer, directory: string, statement: string) {
    this.flex = flex
    this.wealthfolio = wealthfolio
    this.tracker = wealthfolio.addAccount().id
    this.directory = directory
    this.statement = statement
  }

  get dataDir(): string {
    return join(this.directory, "data")
  }

  /** A run with all that it needs; `node` are options of Node's. */
  run(
    args: ReadonlyArray<string>,
    options: { readonly node?: ReadonlyArray<string>; readonly program?: string; readonly stdout?: string } = {}
  ): Command {
    return {
      command: [process.execPath, ...options.node ?? [], options.program ?? bundle, "ibkr", ...args],
      cwd: this.directory,
      ...(options.stdout === undefined ? {} : { stdout: options.stdout }),
      env: {
        IBKR_FLEX_TOKEN: "bench-token-0123456789",
        IBKR_FLEX_QUERY_ID: "123456",
        IBKR_FLEX_BASE_URL: this.flex.url,
        IBKR_FLEX_POLL_INTERVAL: "10 millis",
        IBKR_ACCOUNT_ID: this.tracker,
        IBKR_ACCOUNT_ID_UPSTREAM: upstream,
        WF_BASE_URL: this.wealthfolio.url,
        WF_PASSWORD: "bench password",
        BROKER_SYNC_DATA_DIR: this.dataDir,
        LOG_LEVEL: "warn"
      }
    }
  }

  /** How many requests either side has had. */
  get requests(): number {
    return this.flex.requests.length + this.wealthfolio.requests.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flex.close()
    await this.wealthfolio.close()
    await rm(this.directory, { recursive: true })
  }
}

/** Both serve a statement of this shape; the web service answers at once. */
export const standIns = async (shape: Omit<StatementShape, "out" | "seed">): Promise<StandIns> => {
  const directory = await mkdtemp(join(tmpdir(), "broker-sync-bench-"))
  const statement = join(directory, "statement.xml")
  generateStatement({ ...shape, seed: 1, out: statement })
  const wealthfolio = await startWealthfolio({
    password: "bench password",
    loginThrottle: false,
    recomputeMillis: 1000
  })
  return new StandIns(await startFlex({ statement }), wealthfolio, directory, statement)
}
