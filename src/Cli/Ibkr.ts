import { Effect, Option, Stdio } from "effect"
import { Command, Flag } from "effect/cli"
import { ageOfData } from "../AgeOfData.ts"
import { lastDayOf } from "../Broker.ts"
import { ibkrRun, sayFailure } from "../IbkrRun.ts"
import type { DaySpan } from "../Portfolio/Coverage.ts"
import { addDays } from "../Portfolio/PlainDate.ts"
import { Progress, silent, terminal } from "../Progress.ts"
import { runJson, type RunReport } from "../RunReport.ts"
import { runTable } from "../RunTable.ts"
import { today } from "../Today.ts"
import { decisions } from "./Decisions.ts"
import { endWith, format, isTable, parseDay, print, UsageError } from "./Ending.ts"
import { status } from "./Status.ts"

const day = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar("YYYY-MM-DD"), Flag.withDescription(description), Flag.optional)

/** The days of a backfill. Today has no statement yet: without --to it ends yesterday. */
const backfillOf = Effect.fnUntraced(function*(from: Option.Option<string>, to: Option.Option<string>) {
  if (Option.isNone(from)) {
    return Option.isNone(to) ? undefined : yield* new UsageError({ message: "--to needs --from" })
  }
  const now = yield* today
  const span: DaySpan = {
    from: yield* parseDay("from", from.value),
    to: Option.isSome(to) ? yield* parseDay("to", to.value) : addDays(now, -1)
  }
  if (span.from > span.to) return yield* new UsageError({ message: `--from ${span.from} is after --to ${span.to}` })
  if (span.to >= now) {
    return yield* new UsageError({ message: `--to ${span.to} is not over: the last day there can be is yesterday` })
  }
  return span
})

export const ibkr = Command.make(
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
    from: day("from", "backfill: ask for these days instead of the query's own period"),
    to: day("to", "last day of a backfill; default: yesterday")
  },
  Effect.fn("ibkr")(function*(flags) {
    const backfill = yield* backfillOf(flags.from, flags.to)
    if (Option.isSome(flags.file) && Option.isSome(flags.save)) {
      return yield* new UsageError({ message: "--save keeps what the web service sends: it does not go with --file" })
    }
    if (backfill !== undefined && (Option.isSome(flags.file) || Option.isSome(flags.save))) {
      return yield* new UsageError({
        message: "--from and --to ask the web service: they do not go with --file or --save"
      })
    }
    const stdio = yield* Stdio.Stdio
    const file = Option.getOrUndefined(flags.file)
    const save = Option.getOrUndefined(flags.save)
    const report = yield* ibkrRun({
      dryRun: flags.dryRun,
      failOnDrift: flags.failOnDrift,
      ...(backfill === undefined ? {} : { backfill }),
      ...(file === undefined ? {} : { file }),
      ...(save === undefined ? {} : { save })
    }).pipe(
      Effect.provideService(
        Progress,
        (yield* stdio.stderrIsTerminal) ? terminal((text) => process.stderr.write(text)) : silent
      )
    )
    yield* print((yield* isTable(flags.format)) ? runTable(report, yield* ageOf(report)) : runJson(report))
    yield* sayFailure(report)
    yield* endWith(report.error)
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
    { command: "broker-sync ibkr", description: "The nightly run" },
    { command: "broker-sync ibkr --from 2024-01-01", description: "The history, in windows of a year" }
  ]),
  Command.withSubcommands([status, ...decisions])
)

const ageOf = (report: RunReport) => {
  const asOf = lastDayOf(report.statements)
  return asOf === undefined ? Effect.void : ageOfData(asOf)
}
