import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Redacted } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type HealthChecker, pinging } from "../src/HealthCheck.ts"
import { checkBody } from "../src/HealthCheckBody.ts"
import type { RunSummary } from "../src/Metrics.ts"
import * as Decimals from "../src/Portfolio/Decimal.ts"
import * as PlainDates from "../src/Portfolio/PlainDate.ts"
import { emptyReport, type RunReport } from "../src/RunReport.ts"

const report = (more: Partial<RunReport> = {}): RunReport => ({
  ...emptyReport({ runId: "01JX", provider: "ibkr", account: "isa", dryRun: false }),
  reconciled: true,
  asOf: "2026-01-09",
  ...more
})

const day = (text: string): number => PlainDates.toEpochDay(PlainDates.of(text)) * 86_400

const summary = (more: Partial<RunSummary> = {}): RunSummary => ({
  exitCode: 0,
  finishedAt: day("2026-01-10") + 7200,
  durationSeconds: 3,
  statement: { toDate: day("2026-01-09") },
  ...more
})

const failure: Partial<RunReport> = {
  reconciled: false,
  error: { tag: "FlexTokenExpired", message: "the token has expired", hint: "make a new one", exitCode: 4 }
}

describe("the text", () => {
  it("of a success says what the data is, and nothing else", () => {
    assert.strictEqual(
      checkBody(report(), summary()),
      "isa: success\nstatement of 2026-01-09: 0 imported, 0 skipped\nrun 01JX\n"
    )
  })

  it("of a failure begins with what is wrong and what to do", () => {
    const [first, second] = checkBody(report(failure), summary({ exitCode: 4 })).split("\n")
    assert.strictEqual(first, "isa: failed with exit code 4: the token has expired")
    assert.strictEqual(second, "what to do: make a new one")
  })

  it("names what needs a look although the run went through, without a quantity", () => {
    const one = Decimals.of("1234.5")
    const body = checkBody(
      report({
        positions: [{ symbol: "VUSA.L", broker: one, drift: one }, {
          symbol: "AAPL",
          broker: one,
          drift: Decimals.zero
        }],
        cash: [{ currency: "GBP", broker: one, booked: one, drift: Decimals.zero, trackerDrift: one }],
        skipped: [{ section: "Trades", reason: "unknown-venue", detail: "", held: true }]
      }),
      summary({
        tokenExpires: day("2026-01-20"),
        statement: { toDate: day("2025-12-31") },
        uncoveredDays: 3,
        baselinePending: 2
      })
    )
    assert.include(body, "the Flex token ends in 10 days")
    assert.include(body, "the data is 10 days old")
    assert.include(body, "days without a statement: 3")
    assert.include(body, "held before the first statement and not there: 2")
    assert.include(body, "positions that differ, unexplained: VUSA.L\n")
    assert.include(body, "cash that differs: GBP\n")
    assert.include(body, "rows held back, waiting for you: 1")
    assert.notInclude(body, "1234")
  })

  it("says when the token has ended, and stays quiet of one that has long to go or ends today", () => {
    const at = (expires: string) => checkBody(report(), summary({ tokenExpires: day(expires) }))
    assert.include(at("2026-01-09"), "has ended")
    assert.include(at("2026-01-10"), "ends in 0 days")
    assert.notInclude(at("2026-03-01"), "token")
  })

  it("is short, and one line a matter", () => {
    const body = checkBody(
      report({ error: { tag: "X", message: `a\nb${"x".repeat(5000)}`, hint: "y", exitCode: 9 } }),
      summary()
    )
    assert.isBelow(body.length, 2100)
    assert.include(body, "a bxx")
  })
})

interface Seen {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly body: string
}

/** Pings against a server that answers with these, the last one again and again; and what was logged. */
const pinged = (statuses: ReadonlyArray<number>, use: (checker: HealthChecker) => Effect.Effect<void>, path = "/key") =>
  Effect.gen(function*() {
    const seen: Array<Seen> = []
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          let body = ""
          request.setEncoding("utf8").on("data", (text: string) => void (body += text)).on("end", () => {
            seen.push({ method: request.method, path: request.url, body })
            response.writeHead(statuses[seen.length - 1] ?? statuses.at(-1) ?? 200).end("OK")
          })
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const { port } = server.address() as AddressInfo
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    yield* use(pinging(Redacted.make(new URL(`http://127.0.0.1:${port}${path}`)))).pipe(
      Effect.provide(Logger.layer([logger]))
    )
    return { seen, lines }
  })

const ofRun = (checker: HealthChecker) => Effect.andThen(checker.started, checker.ended(report(), summary()))

describe("the pings", () => {
  it.live("of a run: its start and its success", () =>
    Effect.gen(function*() {
      const { lines, seen } = yield* pinged([200], ofRun, "/key/?create=1")
      assert.deepStrictEqual(seen.map(({ method, path }) => [method, path]), [
        ["POST", "/key/start?create=1"],
        ["POST", "/key?create=1"]
      ])
      assert.deepStrictEqual([seen[0]?.body, seen[1]?.body.split("\n")[0]], ["", "isa: success"])
      assert.deepStrictEqual(lines, [])
    }))

  it.live("of a failure: its exit code", () =>
    Effect.gen(function*() {
      const { seen } = yield* pinged([200], (checker) => checker.ended(report(failure), summary({ exitCode: 4 })))
      assert.deepStrictEqual(seen.map(({ path }) => path), ["/key/4"])
      assert.include(seen[0]?.body, "what to do")
    }))

  it.live("are tried twice, then it is said, without the address", () =>
    Effect.gen(function*() {
      const once = yield* pinged([500, 200], (checker) => checker.started)
      assert.deepStrictEqual([once.seen.length, once.lines], [2, []])
      const never = yield* pinged([500], (checker) => checker.started)
      assert.strictEqual(never.seen.length, 2)
      assert.deepStrictEqual(never.lines, ["the health check was not told (HEALTHCHECK_URL): it answered 500"])
    }))

  it.live("follow no redirect", () =>
    Effect.gen(function*() {
      const { lines, seen } = yield* pinged([302], (checker) => checker.started)
      assert.strictEqual(seen.length, 2)
      assert.include(lines.join(), "it answered 302")
    }))

  it.live("that nobody takes are a warning", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      yield* pinging(Redacted.make(new URL("http://127.0.0.1:1/secret-key"))).started.pipe(
        Effect.provide(Logger.layer([logger]))
      )
      assert.strictEqual(lines.length, 1)
      assert.notInclude(lines.join(), "secret-key")
    }))
})
