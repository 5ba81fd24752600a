import { assert, it } from "@effect/vitest"
import { Effect, Logger, Redacted } from "effect"
import { TestConsole } from "effect/testing"
import * as Logging from "../src/Logging.ts"

const withLines = <A>(logger: Logger.Logger<unknown, A>, log: Effect.Effect<void>) =>
  Effect.suspend(() => {
    const lines: Array<A> = []
    const keep = Logger.map(logger, (line) => {
      lines.push(line)
    })
    return log.pipe(Effect.provide(Logger.layer([keep])), Effect.as(lines))
  })

const parsed = (lines: ReadonlyArray<string>): ReadonlyArray<unknown> => lines.map((line) => JSON.parse(line))

it.effect("a JSON line has timestamp, level and message, then the annotations beside them", () =>
  Effect.gen(function*() {
    const lines = yield* withLines(
      Logging.jsonLine,
      Effect.logWarning("flex not ready").pipe(
        Effect.annotateLogs({ runId: "01JX", attempt: 3, provider: "ibkr" })
      )
    )
    assert.deepStrictEqual(parsed(lines), [{
      timestamp: "1970-01-01T00:00:00.000Z",
      level: "warn",
      message: "flex not ready",
      runId: "01JX",
      attempt: 3,
      provider: "ibkr"
    }])
    assert.isTrue(lines[0]?.startsWith("{\"timestamp\":"))
    assert.notInclude(lines[0], "\n")
  }))

it.effect("several parts are one message; an annotation never takes the place of a field", () =>
  Effect.gen(function*() {
    const lines = yield* withLines(
      Logging.jsonLine,
      Effect.logInfo("imported", 12, { held: 1 }).pipe(
        Effect.annotateLogs({ message: "x", level: "y", timestamp: "z" })
      )
    )
    assert.deepStrictEqual(parsed(lines), [{
      timestamp: "1970-01-01T00:00:00.000Z",
      level: "info",
      message: "imported 12 {\"held\":1}"
    }])
  }))

it.effect("a cause is in the line", () =>
  Effect.gen(function*() {
    const failing = Effect.die(new Error("boom\nsecond line")).pipe(
      Effect.catchCause((cause) => Effect.logError("sync failed", cause))
    )
    const [line] = parsed(yield* withLines(Logging.jsonLine, failing))
    assert.propertyVal(line, "message", "sync failed")
    assert.match(JSON.stringify(line), /"cause":"Error: boom\\nsecond line/)
  }))

const secret = Redacted.make("hunter2-token")
const withSecrets = Effect.logInfo("login", secret, { nested: { list: [secret] } }).pipe(
  Effect.annotateLogs({ token: secret, options: { password: secret } })
)

it.effect.each([Logging.jsonLine, Logging.prettyLine({ colors: true })])(
  "secrets are redacted, however deep",
  (logger) =>
    Effect.gen(function*() {
      const text = (yield* withLines(logger, withSecrets)).join("\n")
      assert.notInclude(text, "hunter2")
      assert.strictEqual(text.split("<redacted>").length - 1, 4)
    })
)

it.effect("a pretty line reads at a glance, and foreign text cannot steer the terminal", () =>
  Effect.gen(function*() {
    const log = Effect.logWarning("held \u001b[2Jback").pipe(Effect.annotateLogs({ runId: "01JX" }))
    const [bare] = yield* withLines(Logging.prettyLine({ colors: false }), log)
    assert.match(bare ?? "", /^\d\d:\d\d:\d\d WARN  held �\[2Jback runId=01JX$/)
    const [colored] = yield* withLines(Logging.prettyLine({ colors: true }), log)
    assert.include(colored, "\u001b[33mWARN \u001b[0m")
  }))

it.effect.each(["json", "pretty", "auto"] as const)(
  "%s logs go to standard error alone",
  (format) =>
    Effect.gen(function*() {
      yield* Effect.logInfo("hello").pipe(Effect.provide(Logging.layer({ level: "Info", format })))
      assert.strictEqual((yield* TestConsole.errorLines).length, 1)
      assert.deepStrictEqual(yield* TestConsole.logLines, [])
    }).pipe(Effect.provide(TestConsole.layer))
)

it.effect("what is below the level is not logged", () =>
  Effect.gen(function*() {
    const all = Effect.all([Effect.logDebug("d"), Effect.logInfo("i"), Effect.logWarning("w"), Effect.logError("e")])
    yield* Effect.provide(all, Logging.layer({ level: "Warn", format: "json" }))
    const lines = yield* TestConsole.errorLines
    assert.deepStrictEqual(lines.map((line) => JSON.parse(String(line)).level), ["warn", "error"])
  }).pipe(Effect.provide(TestConsole.layer)))
