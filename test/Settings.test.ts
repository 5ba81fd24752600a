import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import {
  commonSettings,
  flexSettings,
  guardSettings,
  loggingSettings,
  optionalGuardSettings,
  trackerSettings
} from "../src/IbkrSettings.ts"
import { readSettings, type Setting, type Values } from "../src/Settings.ts"
import { settingNames } from "./support/documents.ts"

let directory = ""
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "broker-sync-settings-"))
})
afterAll(() => rm(directory, { recursive: true }))

type Group = Readonly<Record<string, Setting<unknown>>>

/** Settings are read from the process environment: it holds these alone meanwhile. */
const reading = <S extends Group>(settings: S, env: Readonly<Record<string, string>>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      for (const name of settingNames) delete process.env[name]
      Object.assign(process.env, env)
      return before
    }),
    () => readSettings(settings),
    (before) =>
      Effect.sync(() => {
        for (const name of Object.keys(process.env)) delete process.env[name]
        Object.assign(process.env, before)
      })
  ).pipe(Effect.provide(NodeServices.layer))

const problems = <S extends Group>(settings: S, env: Readonly<Record<string, string>>) =>
  Effect.map(Effect.flip(reading(settings, env)), (error) => error.problems)

const flexEnv = { IBKR_FLEX_TOKEN: "0123456789012345", IBKR_FLEX_QUERY_ID: "123456" }
const trackerEnv = { IBKR_ACCOUNT_ID: "0b6d3d1e-5f0c-4a52-9d0b-3f7f6f6c1a11", WF_BASE_URL: "http://wealthfolio:8080" }

it.effect("an empty environment gives every default", () =>
  Effect.gen(function*() {
    const common: Values<typeof commonSettings> = yield* reading(commonSettings, {})
    assert.deepStrictEqual(common, {
      account: "ibkr-uk",
      cashTypes: "runbook",
      symbolMap: undefined,
      startDate: undefined,
      tokenExpires: undefined,
      adopt: "report",
      dataDir: "./data",
      pushgatewayUrl: undefined,
      healthcheckUrl: undefined
    })
    assert.deepStrictEqual(yield* reading(loggingSettings, {}), { level: "Info", format: "auto" })
    const tracker = yield* reading(trackerSettings, trackerEnv)
    assert.deepStrictEqual(Duration.toMillis(tracker.recalcTimeout), 600_000)
    assert.isUndefined(tracker.password)
    const flex = yield* reading(flexSettings, flexEnv)
    assert.strictEqual(flex.baseUrl, "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService")
    assert.deepStrictEqual([flex.pollInterval, flex.timeout].map(Duration.toMillis), [6_000, 300_000])
  }))

it.effect("every problem is told in one go, by name", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(
      reading({ ...flexSettings, ...guardSettings }, { IBKR_FLEX_QUERY_ID: "my-query", IBKR_FLEX_TIMEOUT: "soon" })
    )
    assert.deepStrictEqual(error.problems, [
      "IBKR_FLEX_TOKEN not provided",
      "IBKR_FLEX_QUERY_ID must be digits",
      "IBKR_FLEX_TIMEOUT must be a period, such as 6 seconds or 5 minutes",
      "IBKR_ACCOUNT_ID_UPSTREAM not provided"
    ])
    assert.strictEqual(error.exitCode, 2)
    assert.strictEqual(error.message, error.problems.join("; "))
  }))

it.effect.each([["", "an empty value"], ["   ", "blanks"], ["1234567", "seven characters"], [
  "1234 5678 9012",
  "a token with blanks"
]])(
  "a token is not provided: %j (%s)",
  ([token = ""]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* problems(flexSettings, { ...flexEnv, IBKR_FLEX_TOKEN: token }), [
        "IBKR_FLEX_TOKEN not provided"
      ])
    })
)

it.effect("eight characters are a token, and it is kept out of sight", () =>
  Effect.gen(function*() {
    const { token } = yield* reading(flexSettings, { ...flexEnv, IBKR_FLEX_TOKEN: "12345678" })
    assert.strictEqual(Redacted.value(token), "12345678")
    assert.notInclude(`${String(token)} ${JSON.stringify(token)}`, "12345678")
  }))

it.effect("a variable may come from a file; the variable itself comes first", () =>
  Effect.gen(function*() {
    const path = join(directory, "token")
    yield* Effect.promise(() => writeFile(path, "from-a-file-0123\n"))
    const env = { IBKR_FLEX_QUERY_ID: "1", IBKR_FLEX_TOKEN_FILE: path }
    assert.strictEqual(Redacted.value((yield* reading(flexSettings, env)).token), "from-a-file-0123")
    const both = yield* reading(flexSettings, { ...env, IBKR_FLEX_TOKEN: "from-the-environment" })
    assert.strictEqual(Redacted.value(both.token), "from-the-environment")
    const emptyVariable = yield* reading(flexSettings, { ...env, IBKR_FLEX_TOKEN: "" })
    assert.strictEqual(Redacted.value(emptyVariable.token), "from-a-file-0123")
  }))

it.effect("a file that is missing, empty or a directory counts as absent", () =>
  Effect.gen(function*() {
    const empty = join(directory, "empty")
    yield* Effect.promise(() => writeFile(empty, " \n"))
    for (const path of [empty, join(directory, "missing"), directory]) {
      assert.deepStrictEqual(yield* problems(flexSettings, { IBKR_FLEX_QUERY_ID: "1", IBKR_FLEX_TOKEN_FILE: path }), [
        "IBKR_FLEX_TOKEN not provided"
      ])
    }
    const { account } = yield* reading(commonSettings, { IBKR_ACCOUNT_LABEL: "", IBKR_ACCOUNT_LABEL_FILE: empty })
    assert.strictEqual(account, "ibkr-uk")
  }))

it.effect("files of other programs' variables are left alone", () =>
  Effect.gen(function*() {
    const path = join(directory, "dir")
    yield* Effect.promise(() => writeFile(path, "/elsewhere"))
    yield* Effect.promise(() => chmod(path, 0o600))
    const { dataDir } = yield* reading(commonSettings, { DATA_DIR_FILE: path, SSL_CERT_FILE: path })
    assert.strictEqual(dataDir, "./data")
  }))

it.effect.each([
  "https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService",
  "https://gdcdyn.interactivebrokers.com/Universal/servlet",
  "http://127.0.0.1:8080",
  "http://localhost:8080/flex",
  "http://[::1]:8080"
])("the token may go to %s", (url) =>
  Effect.gen(function*() {
    assert.strictEqual((yield* reading(flexSettings, { ...flexEnv, IBKR_FLEX_BASE_URL: url })).baseUrl, url)
  }))

it.effect.each([
  "http://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService",
  "https://interactivebrokers.com.example.org",
  "https://user:secret@ndcdyn.interactivebrokers.com",
  "https://ndcdyn.interactivebrokers.com?to=example.org",
  "http://10.0.0.1",
  "http://127.0.0.1.example.org",
  "not an address"
])("the token never goes to %s", (url) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* problems(flexSettings, { ...flexEnv, IBKR_FLEX_BASE_URL: url }), [
      "IBKR_FLEX_BASE_URL must be IBKR's own address or a loopback one: the token goes to it"
    ])
  }))

it.effect("the two account ids are told apart", () =>
  Effect.gen(function*() {
    const said = yield* problems({ ...trackerSettings, ...guardSettings }, {
      ...trackerEnv,
      IBKR_ACCOUNT_ID: "U1234567",
      IBKR_ACCOUNT_ID_UPSTREAM: trackerEnv.IBKR_ACCOUNT_ID
    })
    assert.deepStrictEqual(said.map((text) => text.replace(/: .*/, "")), [
      "IBKR_ACCOUNT_ID looks swapped with the other",
      "IBKR_ACCOUNT_ID_UPSTREAM looks swapped with the other"
    ])
  }))

it.effect("only a look at a file may go without the account number", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* reading(optionalGuardSettings, {}), { upstream: undefined })
    assert.deepStrictEqual(yield* problems(guardSettings, {}), ["IBKR_ACCOUNT_ID_UPSTREAM not provided"])
  }))

it.effect.each(["2026-02-30", "01/02/2026", "20260102", "yesterday"])("%s is no day", (text) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(
      yield* problems(commonSettings, { IBKR_START_DATE: text, IBKR_FLEX_TOKEN_EXPIRES: text }),
      ["IBKR_START_DATE must be a day as YYYY-MM-DD", "IBKR_FLEX_TOKEN_EXPIRES must be a day as YYYY-MM-DD"]
    )
  }))

it.effect.each([
  ["90 seconds", 90_000],
  ["1 minute", 60_000],
  ["250 millis", 250]
])("a period: %s", ([text, millis]) =>
  Effect.gen(function*() {
    const { timeout } = yield* reading(flexSettings, { ...flexEnv, IBKR_FLEX_TIMEOUT: String(text) })
    assert.strictEqual(Duration.toMillis(timeout), Number(millis))
  }))

it.effect.each(["90", "0 seconds", "-5 seconds", "Infinity", "5 fortnights"])(
  "no period: %s",
  (text) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* problems(trackerSettings, { ...trackerEnv, WF_RECALC_TIMEOUT: text }), [
        "WF_RECALC_TIMEOUT must be a period, such as 6 seconds or 5 minutes"
      ])
    })
)

it.effect("a Pushgateway may be given as host and port, Wealthfolio needs its scheme", () =>
  Effect.gen(function*() {
    for (const text of ["localhost:9091", "10.0.0.1:9091", "http://localhost:9091"]) {
      const { pushgatewayUrl } = yield* reading(commonSettings, { PUSHGATEWAY_URL: text })
      assert.strictEqual(pushgatewayUrl?.href, `http://${text.replace("http://", "")}/`)
    }
    for (const text of ["wealthfolio:8080", "ftp://wealthfolio", "http://"]) {
      assert.deepStrictEqual(yield* problems(trackerSettings, { ...trackerEnv, WF_BASE_URL: text }), [
        "WF_BASE_URL must be an http or https address, such as http://host:8080"
      ])
    }
  }))

it.effect.each([["warn", "Warn"], ["WARNING", "Warn"], ["debug", "Debug"]])(
  "log level %s",
  ([text = "", level]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* reading(loggingSettings, { LOG_LEVEL: text })).level, level)
    })
)

it.effect("no bad value is ever in the message", () =>
  Effect.gen(function*() {
    for (const group of [commonSettings, loggingSettings, guardSettings, trackerSettings, flexSettings]) {
      for (const { name } of Object.values<Setting<unknown>>(group)) {
        for (const value of ["p4ssw0rd with blanks", "http://user:p4ssw0rd@["]) {
          const result = yield* Effect.result(reading(group, { ...flexEnv, ...trackerEnv, [name]: value }))
          if (result._tag === "Failure") assert.notInclude(JSON.stringify(result.failure), "p4ssw0rd", name)
        }
      }
    }
  }))
