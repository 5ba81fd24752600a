import { Console, Effect } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import { UsageError } from "./Cli/Ending.ts"
import { ibkr } from "./Cli/Ibkr.ts"
import { version } from "./Version.ts"

const printVersion = Command.make("version", {}, () => Console.log(version)).pipe(
  Command.withDescription("Print the version")
)

const root: Command.Command<"broker-sync", {}, {}, UsageError> = Command.make(
  "broker-sync",
  {},
  () => Effect.fail(new UsageError({ message: "a command is missing, for example: broker-sync ibkr" }))
)

export const cli = root.pipe(
  Command.withDescription("What a broker says, in your portfolio tracker, exactly once"),
  Command.withSubcommands([ibkr, printVersion])
)

/** What is wrong with a command line goes to standard error in a line or two: standard output has results alone. */
const presenter = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(
        `broker-sync: ${event.errors.map(({ message }) => message).join("\n")}\n\n${
          event.commandPath.join(" ")
        } --help shows what there is.`
      )
      : CliOutput.defaultPresenter.present(event)
})

/** No wizard and no second way to set the log level: LOG_LEVEL is the one. */
const config = CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] })

/** Help and version exit 0; a command line that is not understood is a `UsageError` or a `CliError`. */
export const runCli = (args: ReadonlyArray<string>) =>
  Command.runWith(cli, { version, renderErrors: true })(args).pipe(Effect.provide([config, presenter]))
