import { afterAll, assert, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse } from "yaml"
import { settingNames } from "./support/documents.ts"

interface Service {
  readonly entrypoint?: ReadonlyArray<string>
  readonly command?: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: ReadonlyArray<string>
  readonly [key: string]: unknown
}

interface Compose {
  readonly services: Readonly<Record<"schedule" | "broker-sync", Service>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const compose: Compose = parse(readFileSync(new URL("../compose.yaml", import.meta.url), "utf8"), { merge: true })
const services = Object.entries(compose.services)

it("lets no service do more than the run needs", () => {
  assert.sameMembers(Object.keys(compose.services), ["schedule", "broker-sync"])
  for (const [name, service] of services) {
    const { cap_drop, ports, privileged, read_only, security_opt, tmpfs, user, volumes } = service
    assert.deepStrictEqual(
      { name, cap_drop, ports, privileged, read_only, security_opt, user, volumes },
      {
        name,
        cap_drop: ["ALL"],
        ports: undefined,
        privileged: undefined,
        read_only: true,
        security_opt: ["no-new-privileges:true"],
        user: "10001:10001",
        volumes: ["data:/data"]
      }
    )
    assert.match(String(tmpfs), /^\/tmp:/)
    assert.match(String(service["mem_limit"]), /^\d+m$/)
  }
  assert.deepStrictEqual(Object.keys(compose.volumes), ["data"])
})

it("sets what the program reads, all that it requires, and secrets by files alone", () => {
  for (const [name, { environment, secrets }] of services) {
    const schedule = name === "schedule" ? ["SCHEDULE", "TZ"] : []
    const names = Object.keys(environment).filter((variable) => !schedule.includes(variable))
    for (const variable of names) assert.isTrue(settingNames.has(variable.replace(/_FILE$/, "")), variable)
    assert.includeMembers(names, [
      "IBKR_FLEX_TOKEN_FILE",
      "IBKR_FLEX_QUERY_ID",
      "IBKR_ACCOUNT_ID",
      "IBKR_ACCOUNT_ID_UPSTREAM",
      "WF_BASE_URL",
      "WF_PASSWORD_FILE"
    ])
    const files = names.filter((variable) => variable.endsWith("_FILE")).map((variable) => environment[variable])
    assert.sameMembers(files, secrets.map((secret) => `/run/secrets/${secret}`))
    for (const secret of secrets) assert.strictEqual(compose.secrets[secret]?.file, `./secrets/${secret}`)
  }
})

it("starts the image's own program where nothing else is said", () => {
  assert.isUndefined(compose.services["broker-sync"].entrypoint)
  assert.deepStrictEqual(compose.services["broker-sync"]["profiles"], ["command"])
  assert.deepStrictEqual(compose.services.schedule.command, ["/app/broker-sync.mjs", "ibkr"])
  const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8")
  assert.include(dockerfile, "ENTRYPOINT [\"node\", \"/app/broker-sync.mjs\"]")
})

const folder = mkdtempSync(join(tmpdir(), "broker-sync-schedule-"))
afterAll(() => rmSync(folder, { recursive: true }))

interface Watched {
  readonly env: Readonly<Record<string, string>>
  readonly from: string
  /** From then on the clock stands still; without `run` it ends there. */
  readonly to: string
  /** A module in place of the program; without it each run is over at once. */
  readonly run?: string
  /** It is told to end by SIGTERM once it has printed this. */
  readonly until?: string
}

/** The schedule with a clock that goes on by five minutes at each look: what it printed, and what it ended with. */
const watch = async ({ env, from, run, to, until }: Watched) => {
  const quick = `
    const { EventEmitter } = await import("node:events")
    const { default: processes } = await import("node:child_process")
    processes.spawn = () => {
      const child = new EventEmitter()
      process.nextTick(() => child.emit("exit", 0, null))
      return child
    }`
  const clock = `
    const Real = Date, to = Real.parse("${to}")
    let now = Real.parse("${from}")
    globalThis.Date = class extends Real {
      constructor(...args) { super(...(args.length === 0 ? [now] : args)) }
    }
    const interval = setInterval
    globalThis.setInterval = (look) => interval(() => {
      if (now < to) now += 300_000
      ${run === undefined ? "else process.kill(process.pid, 'SIGTERM')" : ""}
      look()
    }, 1)
    ${run === undefined ? quick : ""}`
  const night = join(folder, "night.mjs")
  writeFileSync(night, run ?? "")
  const script = compose.services.schedule.entrypoint?.at(-1)?.replaceAll("$$", "$") ?? ""
  const preload = `data:text/javascript,${encodeURIComponent(clock)}`
  const child = spawn(process.execPath, ["--import", preload, "--eval", script, night], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let out = ""
  let isTold = false
  const take = (text: string) => {
    out += text
    if (isTold || until === undefined || !out.includes(until)) return
    isTold = true
    child.kill("SIGTERM")
  }
  child.stdout.setEncoding("utf8").on("data", take)
  child.stderr.setEncoding("utf8").on("data", take)
  const [code] = await once(child, "close")
  return { code: Number(code), lines: out.trim().split("\n") }
}

const starts = (lines: ReadonlyArray<string>) =>
  lines.filter((line) => line.endsWith(" starting")).map((line) => line.slice(0, 16))

it("leaves no dollar to compose that it would take for a variable", () => {
  const script = compose.services.schedule.entrypoint?.join(" ") ?? ""
  assert.notInclude(script.replaceAll("$$", ""), "$")
})

it("runs at its times, once each, on the days when the clocks change as well", async () => {
  const london = { SCHEDULE: "02:00", TZ: "Europe/London" }
  const spring = await watch({ env: london, from: "2026-03-28T00:00:00Z", to: "2026-03-30T12:00:00Z" })
  assert.strictEqual(spring.code, 0)
  assert.deepStrictEqual(starts(spring.lines), ["2026-03-28 02:00", "2026-03-29 02:00", "2026-03-30 02:00"])
  // 02:00 does not exist in New York on 8 March, and 01:30 is there twice on 1 November.
  const newYork = { SCHEDULE: "01:30, 02:00", TZ: "America/New_York" }
  const skipped = await watch({ env: newYork, from: "2026-03-08T05:00:00Z", to: "2026-03-08T23:00:00Z" })
  assert.deepStrictEqual(starts(skipped.lines), ["2026-03-08 01:30", "2026-03-08 03:00"])
  const doubled = await watch({ env: newYork, from: "2026-11-01T04:00:00Z", to: "2026-11-01T23:00:00Z" })
  assert.deepStrictEqual(starts(doubled.lines), ["2026-11-01 01:30", "2026-11-01 02:00"])
})

it("takes several times a day, and starts none that is past when it begins", async () => {
  const env = { SCHEDULE: "02:00, 11:00", TZ: "UTC" }
  const { lines } = await watch({ env, from: "2026-01-02T02:30:00Z", to: "2026-01-03T12:00:00Z" })
  assert.deepStrictEqual(starts(lines), ["2026-01-02 11:00", "2026-01-03 02:00", "2026-01-03 11:00"])
})

const soon = { from: "2026-01-02T01:50:00Z", to: "2026-01-02T02:10:00Z" }
const env = { SCHEDULE: "02:00", TZ: "UTC", WF_BASE_URL: "http://127.0.0.1" }

it("starts the program with its settings, and goes on waiting when it fails", async () => {
  const run = "console.log(`run with ${process.env.WF_BASE_URL}`); process.exitCode = 9"
  const { code, lines } = await watch({ ...soon, env, run, until: "ended with 9" })
  assert.deepStrictEqual(lines.slice(0, 3), [
    "2026-01-02 01:50 waiting for 02:00 UTC",
    "2026-01-02 02:00 starting",
    "run with http://127.0.0.1"
  ])
  assert.strictEqual(code, 0)
})

it("lets a run end cleanly before it ends itself", async () => {
  const run = `
    const wait = setInterval(() => undefined, 1000)
    process.on("SIGTERM", () => { console.log("finished cleanly"); clearInterval(wait); process.exitCode = 130 })
    console.log("run is up")`
  const { code, lines } = await watch({ ...soon, env, run, until: "run is up" })
  assert.include(lines, "finished cleanly")
  assert.match(lines.at(-1) ?? "", / ended with 130$/)
  assert.strictEqual(code, 0)
})

it("says what a schedule looks like where it cannot read one", async () => {
  const { code, lines } = await watch({ ...soon, env: { SCHEDULE: "0 2 * * *", TZ: "UTC" } })
  assert.strictEqual(code, 2)
  assert.deepStrictEqual(lines, ["SCHEDULE must be times of the day as in 02:00, 11:00"])
})
