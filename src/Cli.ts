import { Console, Effect, Option, Runtime, Schema, Stdio, Stream } from "effect"
import { CliConfig, CliOutput, Command, Flag, GlobalFlag } from "effect/cli"
import { exitCodes } from "./Failure.ts"
import { ibkrRun } from "./IbkrRun.ts"
import { Progress, silent, terminal } from "./Progress.ts"
import { runJson, type RunReport } from "./RunReport.ts"
import { runTable } from "./RunTable.ts"
import { ageOfData } from "./Sync.ts"
import { version } from "./Version.ts"

/** Ends the process with a code of the public table; everything worth saying was said. */
export class ExitWith extends Schema.TaggedError<ExitWith>()("ExitWith", { code: Schema.Int }) {
  override readonly message = ""
  override get [Runtime.errorExitCode]() {
    return this.code
  }
}

/** The command line is not understood, or asks for what there is not. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { message: Schema.String }) {}

const format = Flag.Literals("format", ["table", "json"]).pipe(
  Flag.withDescription("what to print; default: table on a terminal, else json"),
  Flag.optional
)

/** Refused, but by name: the command line is public already. */
const notYet = (name: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("YYYY-MM-DD"),
    Flag.withDescription("for backfills: not in this release"),
    Flag.optional
  )

const ibkr = Command.make(
  "ibkr",
  {
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withDescription("show what would be imported; change nothing"),
      Flag.withDefault(false)
    ),
    file: Flag.String("file").pipe(
      Flag.withMetavar("PATH"),
      Flag.withDescription("a downloaded statement instead of the web service (- reads standard input)"),
      Flag.optional
    ),
    save: Flag.String("save").pipe(
      Flag.withMetavar("PATH"),
      Flag.withDescription("keep the statement that the web service sends, for --file"),
      Flag.optional
    ),
    format,
    failOnDrift: Flag.Boolean("fail-on-drift").pipe(
      Flag.withDescription("exit 11 when a position differs by more than 0.01 from the broker's"),
      Flag.withDefault(false)
    ),
    from: notYet("from"),
    to: notYet("to")
  },
  Effect.fn("ibkr")(function*(flags) {
    if (Option.isSome(flags.from) || Option.isSome(flags.to)) {
      return yield* new UsageError({
        message: "--from and --to are not in this release: run the query for those days in the portal and use --file"
      })
    }
    if (Option.isSome(flags.file) && Option.isSome(flags.save)) {
      return yield* new UsageError({ message: "--save keeps what the web service sends: it does not go with --file" })
    }
    const stdio = yield* Stdio.Stdio
    const file = Option.getOrUndefined(flags.file)
    const save = Option.getOrUndefined(flags.save)
    const report = yield* ibkrRun({
      dryRun: flags.dryRun,
      failOnDrift: flags.failOnDrift,
      ...(file === undefined ? {} : { file }),
      ...(save === undefined ? {} : { save })
    }).pipe(
      Effect.provideService(
        Progress,
        (yield* stdio.stderrIsTerminal) ? terminal((text) => process.stderr.write(text)) : silent
      )
    )
    const isTable = Option.match(flags.format, {
      onNone: () => stdio.stdoutIsTerminal,
      onSome: (chosen) => Effect.succeed(chosen === "table")
    })
    yield* print((yield* isTable) ? runTable(report, yield* ageOf(report)) : runJson(report))
    const exitCode = report.error?.exitCode ?? exitCodes.success
    if (exitCode !== exitCodes.success) return yield* new ExitWith({ code: exitCode })
  })
).pipe(
  Command.withDescription(
    "Sync an Interactive Brokers account into Wealthfolio. The settings are environment variables: see the README"
  ),
  Command.withShortDescription("Sync an Interactive Brokers account into Wealthfolio"),
  Command.withExamples([
    {
      command: "broker-sync ibkr --file statement.xml --dry-run",
      description: "See what a downloaded statement would import; needs no settings"
    },
    { command: "broker-sync ibkr --dry-run", description: "The same with tonight's statement from the web service" },
    { command: "broker-sync ibkr", description: "The nightly run" }
  ])
)

const ageOf = (report: RunReport) => {
  const asOf = report.statements.map(({ toDate }) => toDate).sort().at(-1)
  return asOf === undefined ? Effect.void : ageOfData(asOf)
}

/** Results go to standard output, and nothing else does. A reader that left early is no failure. */
const print = Effect.fnUntraced(function*(pieces: Iterable<string>) {
  const stdio = yield* Stdio.Stdio
  yield* Stream.run(Stream.fromIterable(pieces), stdio.stdout({ endOnDone: false })).pipe(
    Effect.catchIf((error) => error.message.includes("EPIPE"), () => Effect.void),
    Effect.catch((error) =>
      Effect.andThen(
        Effect.logError(`the result cannot be written to standard output: ${error.message}`),
        Effect.fail(new ExitWith({ code: exitCodes.defect }))
      )
    )
  )
})

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
