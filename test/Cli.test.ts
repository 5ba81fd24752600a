import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Sink, Stdio, Stream } from "effect"
import { CliError } from "effect/cli"
import { TestConsole } from "effect/testing"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, vi } from "vitest"
import { runCli } from "../src/Cli.ts"

const week = fileURLToPath(new URL("../fixtures/week.xml", import.meta.url))

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (/^(IBKR|WF|BROKER_SYNC|LOG|PUSHGATEWAY|HEALTHCHECK)_/.test(name)) vi.stubEnv(name, undefined)
  }
})
afterEach(() => {
  vi.unstubAllEnvs()
})

/** A command line, with what it prints. */
const run = Effect.fnUntraced(function*(args: ReadonlyArray<string>, terminal = false, stdin = "") {
  const printed: Array<string> = []
  const stdio = Stdio.layerTest({
    stdoutIsTerminal: Effect.succeed(terminal),
    stdin: Stream.fromIterable([new TextEncoder().encode(stdin)]),
    stdout: () => Sink.forEach((text) => Effect.sync(() => printed.push(String(text))))
  })
  const exit = yield* Effect.exit(
    runCli(args).pipe(Effect.provide([Layer.provideMerge(stdio, NodeServices.layer), Logger.layer([])]))
  )
  const failure = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error : undefined
  return {
    failure,
    stdout: [...(yield* TestConsole.logLines), ...printed].join(""),
    stderr: (yield* TestConsole.errorLines).join("\n")
  }
})

it.effect("--help tells the commands, and no more than there is", () =>
  Effect.gen(function*() {
    const { failure, stderr, stdout } = yield* run(["--help"])
    assert.isUndefined(failure)
    assert.match(stdout, /broker-sync <subcommand> \[flags\]/)
    assert.match(stdout, /ibkr {2,}Sync an Interactive Brokers account into Wealthfolio/)
    assert.notMatch(stdout, /wizard|completions|log-level/)
    assert.strictEqual(stderr, "")
  }))

it.effect("ibkr --help names every flag and every command", () =>
  Effect.gen(function*() {
    const { failure, stdout } = yield* run(["ibkr", "--help"])
    assert.isUndefined(failure)
    for (
      const flag of [
        "--dry-run",
        "--file PATH",
        "--save PATH",
        "--format",
        "--fail-on-drift",
        "--from YYYY-MM-DD",
        "--to YYYY-MM-DD"
      ]
    ) {
      assert.include(stdout, flag)
    }
    for (const command of ["ignore", "adopt", "restore", "undo", "replay"]) {
      assert.match(stdout, new RegExp(`^ *${command} `, "m"))
    }
    assert.include(stdout, "broker-sync ibkr --file statement.xml --dry-run")
  }))

it.effect.each([["--version"], ["version"]])("%s prints the version", ([argument = ""]) =>
  Effect.gen(function*() {
    const { failure, stdout } = yield* run([argument])
    assert.isUndefined(failure)
    assert.match(stdout, /\S/)
  }))

it.effect.each(
  [
    [["ibkr", "--nope"], /--nope/],
    [["ibrk"], /Unknown subcommand "ibrk"[^]*Did you mean this\?\s+ibkr/],
    [["ibkr", "extra"], /Unknown subcommand "extra"/],
    [["ibkr", "--format", "xml"], /--format: "xml"/],
    [["ibkr", "--file"], /Missing value for flag --file/]
  ] as const
)(
  "%j is not understood: one message on standard error, nothing on standard output",
  ([args, message]) =>
    Effect.gen(function*() {
      const { failure, stderr, stdout } = yield* run(args)
      assert.isTrue(CliError.isCliError(failure))
      assert.match(stderr, message)
      assert.match(stderr, /^broker-sync: [^]*--help shows what there is\.$/)
      assert.strictEqual(stdout, "")
    })
)

it.effect.each(
  [
    [[], /a command is missing, for example: broker-sync ibkr/],
    [["ibkr", "--to", "2026-01-31"], /--to needs --from/],
    [["ibkr", "--from", "soon"], /--from must be a day as YYYY-MM-DD, not soon/],
    [["ibkr", "--from", "2026-02-30"], /--from must be a day/],
    [["ibkr", "--from", "2026-02-01", "--to", "2026-01-31"], /--from 2026-02-01 is after --to 2026-01-31/],
    [["ibkr", "--from", "1970-01-01", "--to", "2999-01-31"], /--to 2999-01-31 is not over/],
    [["ibkr", "--from", "1969-01-01", "--to", "1969-02-01", "--file", "x"], /do not go with --file/],
    [["ibkr", "restore"], /restore takes a row's id, or --missing, or --accept/],
    [["ibkr", "restore", "ibkr:trade:1", "--missing"], /restore takes/],
    [["ibkr", "undo"], /undo takes a run's id, or --all/],
    [["ibkr", "replay", "--since", "yesterday"], /--since must be a day/],
    [["ibkr", "--file", "a.xml", "--save", "b.xml"], /--save .* does not go with --file/]
  ] as const
)("%j is refused with what to do instead", ([args, message]) =>
  Effect.gen(function*() {
    const { failure, stdout } = yield* run(args)
    assert.propertyVal(failure, "_tag", "UsageError")
    assert.match(String((failure as { readonly message: string }).message), message)
    assert.strictEqual(stdout, "")
  }))

it.effect("settings that are missing end the run with exit code 2, all of them named, as JSON too", () =>
  Effect.gen(function*() {
    const { failure, stdout } = yield* run(["ibkr", "--format", "json"])
    assert.propertyVal(failure, "code", 2)
    const { error, outcome } = JSON.parse(stdout)
    assert.strictEqual(outcome, "failure")
    for (const name of ["IBKR_FLEX_TOKEN", "IBKR_FLEX_QUERY_ID", "IBKR_ACCOUNT_ID", "WF_BASE_URL"]) {
      assert.include(error.message, `${name} not provided`)
    }
  }))

it.effect("a look at a file needs no setting at all: JSON into a pipe, a table on a terminal", () =>
  Effect.gen(function*() {
    const piped = yield* run(["ibkr", "--file", week, "--dry-run"])
    assert.isUndefined(piped.failure)
    const json = JSON.parse(piped.stdout)
    assert.deepStrictEqual([json.outcome, json.dryRun, json.counts.planned], ["success", true, 15])
    const shown = yield* run(["ibkr", "--file", week, "--dry-run"], true)
    assert.match(shown.stdout, /^as of 2026-01-09 /)
    assert.include(shown.stdout, "would import 15")
    const asked = yield* run(["ibkr", "--file", week, "--dry-run", "--format", "json"], true)
    assert.strictEqual(JSON.parse(asked.stdout).counts.planned, 15)
  }))

it.effect("a file that is not there is exit code 2", () =>
  Effect.gen(function*() {
    const { failure, stdout } = yield* run(["ibkr", "--file", "/nowhere/statement.xml", "--dry-run"])
    assert.propertyVal(failure, "code", 2)
    assert.include(JSON.parse(stdout).error.message, "/nowhere/statement.xml")
  }))

it.effect("what comes in by standard input and is no statement is exit code 8", () =>
  Effect.gen(function*() {
    const { failure, stdout } = yield* run(["ibkr", "--file", "-", "--dry-run"], false, "Symbol,Quantity\nVUSA,10\n")
    assert.propertyVal(failure, "code", 8)
    assert.strictEqual(JSON.parse(stdout).outcome, "failure")
  }))
