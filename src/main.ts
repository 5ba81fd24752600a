import "./NodeVersion.ts"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Result } from "effect"
import { CliError } from "effect/cli"
import { runCli } from "./Cli.ts"
import { ExitWith, type UsageError } from "./Cli/Ending.ts"
import { exitCodes } from "./Failure.ts"
import { keepHeapSmall } from "./Heap.ts"
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

keepHeapSmall()
NodeRuntime.runMain(program, { disableErrorReporting: true })
