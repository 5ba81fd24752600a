import { assert, describe, it } from "@effect/vitest"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { FlexPhase, FlexStep } from "../support/FlexServer.ts"
import { failed, fixture, noDrift, nothingWritten, startWorld, succeeded } from "./support.ts"

const week = await fixture("week.xml")

/** The next night, IBKR being well again. */
const nextNight = async (world: Awaited<ReturnType<typeof startWorld>>) => {
  world.flex.plan("send")
  world.flex.plan("get")
  return world.night([], { env: { IBKR_FLEX_TIMEOUT: undefined } })
}

describe("an expired token", { timeout: 60_000, concurrent: true }, () => {
  it.each<[number, FlexPhase]>([[1003, "send"], [1012, "send"], [1003, "get"], [1012, "get"]])(
    "%i on %s is exit 4, and one line says so to the log alert",
    async (code, phase) => {
      await using world = await startWorld({ flex: { statement: week, script: { [phase]: [code] } } })
      const run = await world.night([], { tokenExpired: true })
      const json = failed(run, 4, new RegExp(`code ${code}`))
      assert.strictEqual(json.error?.tag, "FlexTokenExpired")
      assert.match(json.error?.hint ?? "", /IBKR_FLEX_TOKEN/)
      const lines = run.stderr.split("\n")
      assert.strictEqual(lines.filter((line) => line.includes(`code ${code}`)).length, 1)
      assert.strictEqual(lines.filter((line) => /code 10(03|12)/.test(line)).length, 1)
      assert.strictEqual(world.flex.count("send"), 1)
      await nothingWritten(world)
      // Once the token is renewed nothing is in the way.
      assert.strictEqual(succeeded(await nextNight(world)).counts.imported, 15)
    }
  )
})

describe("a statement that is not ready", { timeout: 60_000, concurrent: true }, () => {
  it("is polled for: 1019 three times, then success", async () => {
    await using world = await startWorld({ flex: { statement: week, script: { get: [1019, 1019, 1019] } } })
    const json = succeeded(await world.night())
    assert.strictEqual(json.counts.imported, 15)
    noDrift(json)
    assert.strictEqual(world.flex.count("send"), 1)
    assert.strictEqual(world.flex.count("get"), 4)
    assert.strictEqual(new Set(world.flex.requests.slice(1).map(({ query }) => query["q"])).size, 1)
  })

  it("is left after the time allowed, and the next run goes on with the same request", async () => {
    await using world = await startWorld({
      flex: { statement: week, script: { get: [{ kind: "code", code: 1019, times: Infinity }] } },
      env: { IBKR_FLEX_TIMEOUT: "200 millis" }
    })
    failed(await world.night(), 6, /200ms|no whole statement/)
    await nothingWritten(world)
    assert.strictEqual(succeeded(await nextNight(world)).counts.imported, 15)
    assert.strictEqual(world.flex.count("send"), 1)
  })

  it("a 5xx in between, slow as it is, changes nothing", async () => {
    const broken: FlexStep = { kind: "html", status: 503, delayMillis: 300 }
    await using world = await startWorld({ flex: { statement: week, script: { get: [broken] } } })
    assert.strictEqual(succeeded(await world.night()).counts.imported, 15)
    assert.strictEqual(world.flex.count("get"), 2)
  })

  it("a body that drips more slowly than the time allowed is left", async () => {
    await using world = await startWorld({
      flex: { statement: week, script: { get: [{ kind: "drip", bytes: 64, everyMillis: 20 }] } },
      env: { IBKR_FLEX_TIMEOUT: "300 millis" }
    })
    failed(await world.night(), 6, /too slowly/)
    await nothingWritten(world)
    assert.strictEqual(succeeded(await nextNight(world)).counts.imported, 15)
    assert.strictEqual(world.flex.count("send"), 1)
  })

  it("1017: the reference is used up, and the next run sends a new request", async () => {
    await using world = await startWorld({ flex: { statement: week, script: { get: [1017] } } })
    failed(await world.night(), 6, /1017/)
    await nothingWritten(world)
    succeeded(await nextNight(world))
    assert.strictEqual(world.flex.count("send"), 2)
  })
})

describe("a refusal after which nothing may be sent", { timeout: 60_000, concurrent: true }, () => {
  const minutesUntil = (text: string) => {
    const until = /nothing is sent to IBKR before (\S+Z)/.exec(text)?.[1] ?? ""
    return (Date.parse(until) - Date.now()) / 60_000
  }

  it.each([1001, 1009, 1018])(
    "%i on SendRequest: exit 6, and silence for an hour",
    async (code) => {
      await using world = await startWorld({ flex: { statement: week, script: { send: [code] } } })
      failed(await world.night(), 6, new RegExp(`code ${code}`))
      await nothingWritten(world)
      const refused = await nextNight(world)
      const json = failed(refused, 6, /nothing is sent to IBKR before/)
      const minutes = minutesUntil(json.error?.message ?? "")
      assert.isTrue(minutes > 58 && minutes <= 60, String(minutes))
      assert.strictEqual(world.flex.requests.length, 1)
      await nothingWritten(world)
    },
    60_000
  )

  it("a dry run keeps silent as well, and a file needs no leave", async () => {
    await using world = await startWorld({ flex: { statement: week, script: { send: [1018] } } })
    failed(await world.night(["--dry-run"]), 6, /1018/)
    failed(await world.night(["--dry-run"]), 6, /nothing is sent/)
    failed(await nextNight(world), 6, /nothing is sent/)
    assert.strictEqual(succeeded(await world.night(["--file", "-"], { stdin: week })).counts.imported, 15)
    assert.strictEqual(world.flex.requests.length, 1)
  })

  it("1025: exit 7, and silence for a day", async () => {
    await using world = await startWorld({ flex: { statement: week, script: { send: [1025] } } })
    failed(await world.night(), 7, /code 1025/)
    const json = failed(await nextNight(world), 7, /nothing is sent to IBKR before/)
    const hours = minutesUntil(json.error?.message ?? "") / 60
    assert.isTrue(hours > 23.9 && hours <= 24, String(hours))
    assert.strictEqual(world.flex.requests.length, 1)
    await nothingWritten(world)
  })
})

describe("codes", { timeout: 60_000, concurrent: true }, () => {
  it.each<[FlexPhase, FlexStep, number, RegExp]>([
    ["send", { kind: "code", code: 1099, status: "Warn", text: "Come back later" }, 6, /Come back later/],
    ["send", { kind: "code", code: 1099, status: "Fail", text: "No such thing" }, 5, /No such thing/],
    ["get", { kind: "code", code: 1099, status: "Fail", text: "No such thing" }, 5, /No such thing/],
    ["send", { kind: "code", status: "Fail", text: "Code 1012? nobody knows" }, 5, /nobody knows/],
    ["send", 1011, 4, /1011/],
    ["send", 1014, 5, /1014/],
    ["send", 1015, 4, /1015/],
    ["send", 1020, 5, /1020/],
    ["send", { kind: "html", status: 500 }, 6, /500/],
    ["send", { kind: "html", status: 404 }, 6, /404/],
    ["send", { kind: "reset" }, 6, /cannot be reached/]
  ])("%s answered with %o is exit %i", async (phase, step, code, says) => {
    await using world = await startWorld({ flex: { statement: week, script: { [phase]: [step] } } })
    failed(await world.night(), code, says)
    assert.strictEqual(world.flex.count("send"), 1)
    await nothingWritten(world)
  })

  it("a redirect is not followed, and its target does not see the token", async () => {
    const seen: Array<string> = []
    const elsewhere = createServer((request, response) => {
      seen.push(request.url ?? "")
      response.end()
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`
    try {
      await using world = await startWorld({
        flex: { statement: week, script: { send: [{ kind: "redirect", to }] } }
      })
      failed(await world.night(), 6, /redirects/)
      assert.deepStrictEqual(seen, [])
      await nothingWritten(world)
    } finally {
      elsewhere.close()
    }
  })
})

describe("answers that are no statement", { timeout: 60_000, concurrent: true }, () => {
  const doctype = `<!DOCTYPE x [<!ENTITY e "x">]>\n${week}`
  it.each<[string, FlexPhase, FlexStep, RegExp]>([
    ["cut short, orderly", "get", { kind: "truncate", at: 3000, framing: "declared" }, /cut short/],
    ["cut short, less than announced", "get", { kind: "truncate", at: 3000, framing: "promised" }, /cut short/],
    ["cut short, in chunks", "get", { kind: "truncate", at: 3000, framing: "chunked" }, /cut short/],
    ["HTML", "get", { kind: "html" }, /web page/],
    ["HTML instead of a reference", "send", { kind: "html" }, /web page/],
    ["CSV", "get", { kind: "csv" }, /CSV/],
    ["nothing", "get", { kind: "empty" }, /nothing/],
    ["a DOCTYPE", "get", { kind: "body", body: doctype }, /DOCTYPE/],
    [
      "a statement that is not well-formed",
      "get",
      { kind: "body", body: week.replace("<Trades>", "<Trades") },
      /well-formed/
    ]
  ])("%s (%s) is exit 8, and the next run gets the statement", async (_name, phase, step, says) => {
    await using world = await startWorld({ flex: { statement: week, script: { [phase]: [step] } } })
    failed(await world.night(), 8, says)
    await nothingWritten(world)
    const json = succeeded(await nextNight(world))
    assert.strictEqual(json.counts.imported, 15)
    noDrift(json)
  })

  it.each<[string, RegExp]>([
    ["truncated.xml", /cut short/],
    ["html.xml", /web page/],
    ["csv.xml", /CSV/],
    ["empty.xml", /empty/],
    ["doctype.xml", /DOCTYPE/],
    ["envelope-as-file.xml", /reply of the web service/]
  ])("%s as a file is exit 8", async (name, says) => {
    await using world = await startWorld()
    failed(await world.night(["--file", "-"], { stdin: await fixture(name) }), 8, says)
    await nothingWritten(world)
  })
})
