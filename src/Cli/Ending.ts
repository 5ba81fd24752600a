import { Effect, Option, Runtime, Schema, Stdio, Stream } from "effect"
import { Flag } from "effect/cli"
import { exitCodes } from "../Failure.ts"
import * as PlainDates from "../Portfolio/PlainDate.ts"

/** Ends the process with a code of the public table; everything worth saying was said. */
export class ExitWith extends Schema.TaggedError<ExitWith>()("ExitWith", { code: Schema.Int }) {
  override readonly message = ""
  override get [Runtime.errorExitCode]() {
    return this.code
  }
}

/** The command line is not understood, or asks for what there is not. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", { message: Schema.String }) {}

export const format = Flag.Literals("format", ["table", "json"]).pipe(
  Flag.withDescription("what to print; default: table on a terminal, else json"),
  Flag.optional
)

export const isTable = Effect.fnUntraced(function*(chosen: Option.Option<"table" | "json">) {
  const stdio = yield* Stdio.Stdio
  return yield* Option.match(chosen, {
    onNone: () => stdio.stdoutIsTerminal,
    onSome: (format) => Effect.succeed(format === "table")
  })
})

/** The process ends with the code of what went wrong, if anything did. */
export const endWith = (error: { readonly exitCode: number } | undefined) =>
  error === undefined ? Effect.void : Effect.fail(new ExitWith({ code: error.exitCode }))

/** Results go to standard output, and nothing else does. A reader that left early is no failure. */
export const print = Effect.fnUntraced(function*(pieces: Iterable<string>) {
  const stdio = yield* Stdio.Stdio
  yield* Stream.run(Stream.fromIterable(pieces, { chunkSize: 1 }), stdio.stdout({ endOnDone: false })).pipe(
    Effect.catchIf((error) => error.message.includes("EPIPE"), () => Effect.void),
    Effect.catch((error) =>
      Effect.andThen(
        Effect.logError(`the result cannot be written to standard output: ${error.message}`),
        Effect.fail(new ExitWith({ code: exitCodes.defect }))
      )
    )
  )
})

export const parseDay = (name: string, text: string) => {
  const parsed = PlainDates.parse(text)
  return parsed === undefined
    ? Effect.fail(new UsageError({ message: `--${name} must be a day as YYYY-MM-DD, not ${text}` }))
    : Effect.succeed(parsed)
}
