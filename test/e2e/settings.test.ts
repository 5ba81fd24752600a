import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { failed, fixture, password, startWorld, succeeded, token } from "./support.ts"

const week = await fixture("week.xml")

/** Nothing was asked of anybody, and no store was made. */
const untouched = (world: Awaited<ReturnType<typeof startWorld>>) => {
  assert.strictEqual(world.flex.requests.length, 0)
  assert.strictEqual(world.wealthfolio.requests.length, 0)
  assert.isFalse(existsSync(world.dataDir))
}

describe("the environment", { timeout: 60_000, concurrent: true }, () => {
  it("all that is missing or bad is named in one go, never with its value", async () => {
    await using world = await startWorld()
    const env = {
      IBKR_FLEX_TOKEN: undefined,
      IBKR_FLEX_QUERY_ID: "SECRET-QUERY",
      IBKR_FLEX_BASE_URL: "http://elsewhere.example/SECRET-PATH",
      IBKR_ACCOUNT_ID: "",
      IBKR_ACCOUNT_ID_UPSTREAM: undefined,
      WF_BASE_URL: "SECRET-ADDRESS",
      IBKR_CASH_TYPES: "SECRET-CHOICE",
      IBKR_START_DATE: "2026-02-31",
      LOG_LEVEL: "SECRET-LEVEL"
    }
    const run = await world.night([], { env })
    const message = failed(run, 2, /IBKR_FLEX_TOKEN not provided/).error?.message ?? ""
    for (const name of Object.keys(env)) assert.include(message, name)
    for (const name of ["IBKR_ACCOUNT_ID", "IBKR_ACCOUNT_ID_UPSTREAM"]) assert.include(message, `${name} not provided`)
    assert.notMatch(run.stdout + run.stderr, /SECRET|2026-02-31/)
    untouched(world)
  })

  it.each(["short", "with a blank in it", " ".repeat(12)])("the token %o counts as not provided", async (text) => {
    await using world = await startWorld()
    const run = await world.night([], { env: { IBKR_FLEX_TOKEN: text } })
    const json = failed(run, 2, /IBKR_FLEX_TOKEN not provided/)
    assert.strictEqual(json.error?.message, "IBKR_FLEX_TOKEN not provided")
    assert.notInclude(run.stdout + run.stderr, text)
    untouched(world)
  })

  it("a mounted file stands in for a variable; the variable wins; an empty one counts as absent", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    // Outside the world: no file in it may hold a secret.
    await using secrets = await startWorld()
    const files = { token: join(secrets.directory, "token"), password: join(secrets.directory, "password") }
    await writeFile(files.token, `${token}\n`)
    await writeFile(files.password, `${password}\n`)
    const fromFiles = {
      IBKR_FLEX_TOKEN: "",
      IBKR_FLEX_TOKEN_FILE: files.token,
      WF_PASSWORD: undefined,
      WF_PASSWORD_FILE: files.password,
      IBKR_ACCOUNT_LABEL: "",
      PUSHGATEWAY_URL: ""
    }
    const run = await world.night([], { env: fromFiles })
    assert.strictEqual(succeeded(run).counts.imported, 15)
    assert.include(run.stdout, `"account": "ibkr-uk"`)
    succeeded(await world.night([], { env: { IBKR_FLEX_TOKEN_FILE: join(secrets.directory, "nowhere") } }))

    await writeFile(files.token, "")
    for (const path of [files.token, join(secrets.directory, "nowhere")]) {
      const missing = await world.night([], { env: { ...fromFiles, IBKR_FLEX_TOKEN_FILE: path } })
      failed(missing, 2, /IBKR_FLEX_TOKEN not provided/)
    }
    await writeFile(files.password, "")
  })

  it("ids that are swapped are called so", async () => {
    await using world = await startWorld()
    const env = { IBKR_ACCOUNT_ID: "U1234567", IBKR_ACCOUNT_ID_UPSTREAM: world.account.id }
    const json = failed(await world.night([], { env }), 2, /swapped/)
    assert.match(json.error?.message ?? "", /IBKR_ACCOUNT_ID .*swapped.*IBKR_ACCOUNT_ID_UPSTREAM .*swapped/)
    untouched(world)
  })
})

describe("the Wealthfolio account", { timeout: 60_000, concurrent: true }, () => {
  it.each<[string, Parameters<Awaited<ReturnType<typeof startWorld>>["wealthfolio"]["addAccount"]>[0], RegExp]>([
    ["archived", { name: "Old", isArchived: true }, /Old.*archived/],
    ["in HOLDINGS mode", { name: "Snapshots", trackingMode: "HOLDINGS" }, /Snapshots.*holdings only/]
  ])("%s is exit 2", async (_name, fields, says) => {
    await using world = await startWorld({ flex: { statement: week } })
    const { id } = world.wealthfolio.addAccount(fields)
    failed(await world.night([], { env: { IBKR_ACCOUNT_ID: id } }), 2, says)
    assert.deepStrictEqual(world.activities, [])
    assert.deepStrictEqual(world.assets, [])
    assert.strictEqual(world.rows("sync_record"), 0)
  })

  it("unknown is exit 2, and lists the accounts there are", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const other = world.wealthfolio.addAccount({ name: "Savings", currency: "EUR" })
    const json = failed(
      await world.night([], { env: { IBKR_ACCOUNT_ID: "00000000-0000-4000-8000-000000000000" } }),
      2,
      /has no account 00000000/
    )
    for (const { currency, id, name } of [world.account, other]) {
      assert.include(json.error?.message ?? "", `${id} (${name}, ${currency})`)
    }
    assert.deepStrictEqual(world.activities, [])
    // Mended, the statement that is there already is imported.
    assert.strictEqual(succeeded(await world.night()).counts.imported, 15)
  })
})

describe("the command line", { timeout: 60_000, concurrent: true }, () => {
  it("without a command prints help and is exit 2", async () => {
    await using world = await startWorld()
    const run = await world.run([])
    assert.strictEqual(run.code, 2)
    assert.include(run.stdout, "ibkr")
    assert.match(run.stderr, /a command is missing/)
    untouched(world)
  })

  it.each<[ReadonlyArray<string>, RegExp]>([
    [["nonsense"], /nonsense/],
    [["ibkr", "--nonsense"], /nonsense/],
    [["ibkr", "--format", "yaml"], /yaml/],
    [["ibkr", "--to", "2026-01-01"], /--to needs --from/],
    [["ibkr", "--from", "2026-01-01", "--to", "2999-02-01"], /is not over/],
    [["ibkr", "--from", "01/02/2026"], /from/],
    [["ibkr", "--file", "a.xml", "--save", "b.xml"], /--save/]
  ])("%o is exit 2, on standard error", async (args, says) => {
    await using world = await startWorld()
    const run = await world.run(args)
    assert.strictEqual(run.code, 2, run.stdout + run.stderr)
    assert.match(run.stderr, says)
    untouched(world)
  })

  it.each(["--help", "ibkr --help", "--version", "version"])("%s is exit 0", async (line) => {
    await using world = await startWorld()
    const run = await world.run(line.split(" "))
    assert.strictEqual(run.code, 0)
    assert.isAbove(run.stdout.length, 3)
    assert.strictEqual(run.stderr, "")
    untouched(world)
  })
})
