import {
  Config,
  ConfigProvider,
  Duration,
  Effect,
  FileSystem,
  Option,
  Schema,
  SchemaIssue,
  SchemaTransformation
} from "effect"
import { exitCodes, type Failure } from "./Failure.ts"

/** Every missing or bad variable at once, by name, never with its value. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  problems: Schema.NonEmptyArray(Schema.String)
}) implements Failure {
  override get message() {
    return this.problems.join("; ")
  }
  readonly hint = "set the variables named (each may also come from a file: NAME_FILE=/path); the README lists them all"
  readonly exitCode = exitCodes.configuration
}

export interface Setting<A> {
  readonly name: string
  /** Made when it is read: each command reads a few, and what only prints and ends none of them. */
  readonly config: (name: string) => Config.Config<A>
}

export const setting = <A>(name: string, config: (name: string) => Config.Config<A>): Setting<A> => ({ name, config })

export type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer A> ? A : never }

/**
 * Reads settings from the environment. An empty value, and a missing or empty `NAME_FILE`, counts as absent. Problems are
 * collected over all of them before anything else happens.
 */
export const readSettings = <S extends Readonly<Record<string, Setting<unknown>>>>(
  settings: S
): Effect.Effect<Values<S>, SettingsError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const env = yield* environment(Object.values(settings).map(({ name }) => name))
    const provider = ConfigProvider.fromEnvRecord(env)
    const problems: Array<string> = []
    const values: Record<string, unknown> = {}
    for (const [key, { config, name }] of Object.entries(settings)) {
      const read = yield* Effect.result(config(name).parse(provider))
      if (read._tag === "Success") values[key] = read.success
      else problems.push(env[name] === undefined ? `${name} not provided` : `${name} ${expectation(read.failure)}`)
    }
    const [first, ...rest] = problems
    if (first !== undefined) return yield* new SettingsError({ problems: [first, ...rest] })
    // Every key was read above, by the config of that key.
    return values as Values<S>
  })

/** What the value should have been; the errors of Config do not contain the value itself. */
const expectation = (error: Config.ConfigError): string => {
  const [, text = "has a value that cannot be used"] = /^SchemaError\(([^\n]*)/.exec(error.message) ?? []
  return text.replace(/^expected /i, "must be ")
}

/** What the process environment says of these names, with `NAME_FILE` standing in for a `NAME` that is absent. */
const environment = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
  const fileSystem = yield* FileSystem.FileSystem
  const env: Record<string, string> = {}
  for (const name of names) {
    const path = process.env[`${name}_FILE`] ?? ""
    const own = process.env[name] ?? ""
    const value = own !== "" || path === ""
      ? own
      : (yield* fileSystem.readFileString(path).pipe(Effect.orElseSucceed(() => ""))).trim()
    if (value !== "") env[name] = value
  }
  return env
})

/** A text with a pattern it must have; `expected` reads `must be …` and never shows the value. */
export const checked = (name: string, pattern: RegExp, expected: string): Config.Config<string> =>
  Config.schema(
    Schema.String.pipe(Schema.check(Schema.makeFilter((text: string) => pattern.test(text) ? undefined : expected))),
    name
  )

export const optional = <A>(config: Config.Config<A>): Config.Config<A | undefined> =>
  Config.map(Config.option(config), Option.getOrUndefined)

/** A text that `parse` makes something of; `expected` reads `an http address`, and the value is never shown. */
const parsed = <A>(name: string, expected: string, parse: (text: string) => A | undefined): Config.Config<A> =>
  Config.schema(
    Schema.String.pipe(Schema.decodeTo(
      Schema.Any as Schema.Codec<A>,
      SchemaTransformation.transformEffect({
        decode: (text: string, options) => {
          const value = parse(text)
          return value === undefined
            ? Effect.fail(new SchemaIssue.InvalidValue({ expected }, text, options))
            : Effect.succeed(value)
        },
        encode: (value: A) => Effect.succeed(String(value))
      })
    )),
    name
  )

/** An http or https address. `host:port` alone is read as http where `bare` allows it. */
export const httpUrl = (name: string, options?: { readonly bare: boolean }): Config.Config<URL> =>
  parsed(name, "an http or https address, such as http://host:8080", (text) => {
    const url = URL.parse(options?.bare === true && !/^[a-z]+:\/\//i.test(text) ? `http://${text}` : text)
    return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
  })

/** `6 seconds`, `5 minutes`: longer than nothing, and with an end. */
export const period = (name: string): Config.Config<Duration.Duration> =>
  parsed(name, "a period, such as 6 seconds or 5 minutes", (text) =>
    Option.getOrUndefined(Option.filter(
      // A text that is no duration gives none.
      Duration.fromInput(text as Duration.Input),
      (found) => Duration.isFinite(found) && Duration.isGreaterThan(found, Duration.zero)
    )))
