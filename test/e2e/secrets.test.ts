import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Logger, References, Tracer } from "effect"
import { mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, vi } from "vitest"
import { ibkrRun } from "../../src/IbkrRun.ts"
import { startGateway } from "./gateway.ts"
import { position, statement, trade, vusa } from "./statement.ts"
import {
  fixture,
  type NightOptions,
  password,
  secrets,
  startWorld,
  token,
  type World,
  type WorldOptions
} from "./support.ts"

const week = await fixture("week.xml")

/** What a server may throw back at us: the secret that it was given, both ways to write it. */
const echoOf = (secret: string) =>
  [secret, encodeURIComponent(secret), new URLSearchParams({ secret }).toString()].join(" and ")
const echo = echoOf(token)

interface Ending {
  readonly name: string
  readonly code: number
  readonly world?: WorldOptions
  readonly args?: ReadonlyArray<string>
  readonly options?: NightOptions
  readonly prepare?: (world: World) => Promise<void> | void
}

const flex = (script: NonNullable<WorldOptions["flex"]>["script"]): WorldOptions => ({
  flex: { statement: week, ...(script === undefined ? {} : { script }) }
})

const drifting = statement({ trades: [trade("1", vusa, 10, "80", "2026-01-05")], positions: [position(vusa, 12)] })

const html = { kind: "body", body: `<html><body>Sign in ${echo}</body></html>`, contentType: "text/html" } as const

const endings: ReadonlyArray<Ending> = [
  { name: "success", code: 0, world: flex(undefined) },
  { name: "a dry run", code: 0, world: flex(undefined), args: ["--dry-run"] },
  {
    name: "an account that is not there",
    code: 2,
    world: { ...flex(undefined), env: { IBKR_ACCOUNT_ID: "none-of-these" } }
  },
  {
    name: "settings that do not do",
    code: 2,
    options: { env: { WF_BASE_URL: `ftp://${encodeURIComponent(password)}` } }
  },
  { name: "another account", code: 3, world: { flex: { statement: statement({ account: "U7654321" }) } } },
  {
    name: "an expired token",
    code: 4,
    world: flex({ send: [{ kind: "code", code: 1012, text: `Token has expired: ${echo}` }] }),
    options: { tokenExpired: true }
  },
  { name: "a query that is no use", code: 5, world: flex({ send: [{ kind: "code", code: 1014, text: echo }] }) },
  { name: "IBKR busy", code: 6, world: flex({ send: [{ kind: "code", code: 1001, text: echo }] }) },
  { name: "a server error", code: 6, world: flex({ send: [{ kind: "body", body: echo, status: 500 }] }) },
  { name: "a lockout", code: 7, world: flex({ send: [{ kind: "code", code: 1025, text: echo }] }) },
  { name: "a login page", code: 8, world: flex({ get: [html] }) },
  {
    name: "a statement cut short",
    code: 8,
    world: flex({ get: [{ kind: "truncate", at: 900, framing: "declared" }] })
  },
  {
    name: "a password that is refused",
    code: 9,
    world: { ...flex(undefined), wealthfolio: { password: "another" } }
  },
  {
    name: "Wealthfolio refusing with our words",
    code: 9,
    world: flex(undefined),
    prepare: (world) => {
      world.wealthfolio.faults.next("/accounts", {
        kind: "status",
        status: 500,
        when: "before",
        text: echoOf(password)
      }, 50)
    }
  },
  {
    name: "a store that cannot be opened",
    code: 10,
    prepare: async (world) => void await mkdir(join(world.dataDir, "sync.db"), { recursive: true })
  },
  { name: "drift", code: 11, world: { flex: { statement: drifting } }, args: ["--fail-on-drift"] },
  interruption()
]

/** While the statement is waited for. */
function interruption(): Ending {
  const { promise, resolve } = Promise.withResolvers<void>()
  const waits = { kind: "code", code: 1019, times: Infinity } as const
  return {
    name: "an interruption",
    code: 130,
    world: {
      flex: { statement: week, script: { get: [waits] }, onRequest: (phase) => phase === "get" ? resolve() : undefined }
    },
    options: { onStart: (child) => void promise.then(() => child.kill("SIGTERM")) }
  }
}

const noSecret = (text: string, where: string) => {
  for (const secret of [...secrets, "gateway-secret", "key-5f3a"]) {
    assert.isFalse(text.includes(secret), `${where} has a secret`)
  }
}

/** What the operating system shows of a process to everybody. */
const titleOf = async (pid: number | undefined): Promise<string> =>
  (await Promise.all(
    ["cmdline", "comm", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "latin1").catch(() => ""))
  )).join("\n")

describe("the secrets are in nothing that a run leaves", { timeout: 60_000, concurrent: true }, () => {
  // `night` looks at standard output, standard error; the end of each world at every file.
  it.each(endings.map((ending) => [ending.name, ending] as const))("%s", async (_, ending) => {
    await using gateway = await startGateway()
    await using checks = await startGateway()
    await using world = await startWorld(ending.world)
    await ending.prepare?.(world)
    const titles: Array<string> = []
    const run = await world.night(ending.args, {
      ...ending.options,
      env: {
        LOG_LEVEL: "trace",
        PUSHGATEWAY_URL: gateway.url.replace("//", "//user:gateway-secret@"),
        HEALTHCHECK_URL: `${checks.url}/key-5f3a`,
        ...ending.options?.env
      },
      onStart: (child) => {
        ending.options?.onStart?.(child)
        void titleOf(child.pid).then((title) => titles.push(title))
        setTimeout(() => void titleOf(child.pid).then((title) => titles.push(title)), 300)
      }
    })
    assert.strictEqual(run.code, ending.code, run.stderr)
    assert.include(titles.join(), "broker-sync")
    noSecret(titles.join(), "the process list")
    noSecret(run.stdout + run.stderr, "the output")
    noSecret(gateway.pushes.map(({ body, path }) => path + body).join(), "a push")
    noSecret(checks.pushes.map(({ body }) => body).join(), "a ping")
    if (ending.args?.includes("--dry-run") !== true) assert.isNotEmpty(checks.pushes)
  })
})

describe("no span, failure or line in the process itself has them", { timeout: 60_000 }, () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it.each(["success", "an expired token", "a password that is refused"])("%s", async (name) => {
    const ending = endings.find((each) => each.name === name)
    await using world = await startWorld(ending?.world)
    const spans: Array<Tracer.NativeSpan> = []
    const lines: Array<string> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const logger = Logger.make(({ cause, message }) => void lines.push(`${String(message)} ${Cause.pretty(cause)}`))
    const settings = {
      IBKR_FLEX_TOKEN: token,
      IBKR_FLEX_QUERY_ID: "123456",
      IBKR_FLEX_BASE_URL: world.flex.url,
      IBKR_FLEX_POLL_INTERVAL: "20 millis",
      IBKR_ACCOUNT_ID: world.account.id,
      IBKR_ACCOUNT_ID_UPSTREAM: "U1234567",
      WF_BASE_URL: world.wealthfolio.url,
      WF_PASSWORD: password,
      BROKER_SYNC_DATA_DIR: world.dataDir
    }
    for (const [variable, value] of Object.entries(settings)) vi.stubEnv(variable, value)
    const report = await Effect.runPromise(
      ibkrRun({ dryRun: false, failOnDrift: false }).pipe(
        Effect.provideService(Tracer.Tracer, tracer),
        Effect.provideService(References.MinimumLogLevel, "All"),
        Effect.provide([NodeServices.layer, Logger.layer([logger])])
      )
    )
    assert.strictEqual(report.error?.exitCode ?? 0, ending?.code)
    const names = new Set(spans.map((span) => span.name))
    for (const expected of ["ibkrRun", "WealthfolioRepo.account"]) assert.include([...names], expected)
    for (const span of spans) {
      const exit = span.status._tag === "Ended" && Exit.isFailure(span.status.exit)
        ? Cause.pretty(span.status.exit.cause)
        : ""
      noSecret(
        inspect([span.name, [...span.attributes], span.events, span.links.map(({ attributes }) => attributes)], {
          depth: 9,
          maxStringLength: null
        }),
        span.name
      )
      noSecret(exit, `the failure of ${span.name}`)
    }
    noSecret(lines.join("\n"), "the log")
    noSecret(JSON.stringify(report), "the report")
  })
})
