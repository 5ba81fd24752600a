import "./NodeVersion.ts"
import "./SmallHeap.ts"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Result, Runtime } from "effect"
import { CliError } from "effect/cli"
import { runCli } from "./Cli.ts"
import { ExitWith, type UsageError } from "./Cli/Ending.ts"
import { exitCodes } from "./Failure.ts"
import { loggingSettings } from "./IbkrSettings.ts"
import * as Logging from "./Logging.ts"
import { readSettings } from "./Settings.ts"

const usage = (error: UsageError) =>
  Effect.andThen(
    Console.error(`broker-sync: ${error.message}\n\nbroker-sync --help lists the commands.`),
    Effect.fail(new ExitWith({ code: exitCodes.configuration }))
  )

const program = Effect.gen(function*() {
  const args = process.argv.slice(2)
  // A CronJob that forgot the command must not succeed.
  if (args.length === 0) yield* runCli(["--help"])
  const logging = yield* Effect.result(readSettings(loggingSettings))
  return yield* runCli(args).pipe(
    Effect.catchTag("UsageError", usage),
    Effect.catchIf(CliError.isCliError, () => Effect.fail(new ExitWith({ code: exitCodes.configuration }))),
    Effect.tapCause((cause) => Cause.hasDies(cause) ? Effect.logError("defect", cause) : Effect.void),
    Effect.provide(Logging.layer(Result.getOrElse(logging, () => ({ level: "Info", format: "auto" } as const))))
  )
}).pipe(Effect.provide(NodeServices.layer))

/**
 * `process.exit` waits for V8's compiler threads, and one of them that waits for a collection waits for ever
 * (nodejs/node#54918): the process ends by itself, having nothing left to do. What keeps it gets a second.
 */
const endByItself: Runtime.Teardown = (exit, onExit) =>
  Runtime.defaultTeardown(exit, (code) => {
    process.exitCode = code
    setTimeout(() => onExit(code), 1000).unref()
  })

NodeRuntime.runMain(program, { disableErrorReporting: true, teardown: endByItself })
