import { Config, ConfigProvider, Effect, FileSystem, Option, Schema } from "effect"
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
  readonly config: Config.Config<A>
}

export const setting = <A>(name: string, config: Config.Config<A>): Setting<A> => ({ name, config })

export type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer A> ? A : never }

/**
 * Reads settings from the environment. An empty value, and a missing or empty `NAME_FILE`, counts as absent. Problems are
 * collected over all of them before anything else happens.
 */
export const readSettings = <S extends Readonly<Record<string, Setting<unknown>>>>(
  settings: S
): Effect.Effect<Values<S>, SettingsError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const env = yield* environment
    const provider = ConfigProvider.fromEnvRecord(env)
    const problems: Array<string> = []
    const values: Record<string, unknown> = {}
    for (const [key, { config, name }] of Object.entries(settings)) {
      const read = yield* Effect.result(config.parse(provider))
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
  return text.replace(/^Expected /, "must be ")
}

/** The process environment, with `NAME_FILE` standing in for a `NAME` that is absent. */
const environment = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined && value !== "") env[name] = value
  for (const [name, path] of Object.entries(env)) {
    const plain = name.slice(0, -"_FILE".length)
    if (!name.endsWith("_FILE") || env[plain] !== undefined) continue
    const text = yield* fileSystem.readFileString(path).pipe(Effect.option)
    const value = Option.getOrElse(text, () => "").trim()
    if (value !== "") env[plain] = value
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
