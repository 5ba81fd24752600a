import { Array as Arr, Cause, Formatter, Layer, Logger, type LogLevel, Redactable, References } from "effect"

export interface LoggingOptions {
  readonly level: LogLevel.LogLevel
  /** `auto`: pretty when standard error is a terminal, else JSON lines. */
  readonly format: "auto" | "pretty" | "json"
}

/** Text stays as it is; everything else becomes JSON, with secrets as `<redacted>`. */
const plain = (value: unknown): string => typeof value === "string" ? value : Formatter.formatJson(value)

const messageOf = (message: unknown) => Arr.ensure(message).map(plain).join(" ")

/** A broker's or tracker's words must not steer the terminal. */
const withoutControls = (text: string) =>
  // oxlint-disable-next-line no-control-regex
  text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "�")

/** One object a line: `timestamp`, `level`, `message` (always text), then the annotations, then `cause` if there is one. */
export const jsonLine: Logger.Logger<unknown, string> = Logger.make(({ cause, date, fiber, logLevel, message }) => {
  const line = { timestamp: date.toISOString(), level: logLevel.toLowerCase(), message: messageOf(message) }
  return Formatter.formatJson({
    ...line,
    ...fiber.getRef(References.CurrentLogAnnotations),
    ...line,
    ...(cause.reasons.length === 0 ? {} : { cause: Cause.pretty(cause) })
  })
})

const levelColors: Partial<Record<LogLevel.LogLevel, number>> = { Debug: 90, Info: 32, Warn: 33, Error: 31, Fatal: 31 }

/** One line for a person: local time, level, message, and the annotations dimmed. */
export const prettyLine = (options: { readonly colors: boolean }): Logger.Logger<unknown, string> => {
  const color = (code: number, text: string) => options.colors ? `\u001b[${code}m${text}\u001b[0m` : text
  return Logger.make(({ cause, date, fiber, logLevel, message }) => {
    const annotations = Object.entries(fiber.getRef(References.CurrentLogAnnotations))
      .map(([name, value]) => `${name}=${plain(Redactable.redact(value))}`).join(" ")
    return [
      date.toTimeString().slice(0, 8),
      color(levelColors[logLevel] ?? 90, logLevel.toUpperCase().padEnd(5)),
      withoutControls(messageOf(message)),
      ...(annotations === "" ? [] : [color(90, withoutControls(annotations))])
    ].join(" ") + (cause.reasons.length === 0 ? "" : `\n${withoutControls(Cause.pretty(cause))}`)
  })
}

/** All logs to standard error, so that standard output has results alone. */
export const layer = (options: LoggingOptions): Layer.Layer<never> => {
  let line: Logger.Logger<unknown, string> | undefined
  return Layer.merge(
    // By its first line: to open standard error where it is a pipe takes a tenth of the time of --version.
    Logger.layer([Logger.withConsoleError(Logger.make((entry) => (line ??= lineOf(options)).log(entry)))]),
    Layer.succeed(References.MinimumLogLevel, options.level)
  )
}

const lineOf = ({ format }: LoggingOptions): Logger.Logger<unknown, string> => {
  const terminal = process.stderr.isTTY
  const pretty = format === "pretty" || (format === "auto" && terminal)
  return pretty ? prettyLine({ colors: terminal && (process.env["NO_COLOR"] ?? "") === "" }) : jsonLine
}
