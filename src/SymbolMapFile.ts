import { Effect, FileSystem, Schema } from "effect"
import { SettingsError } from "./Settings.ts"

const Entry = Schema.Struct({
  symbol: Schema.String.pipe(Schema.check(Schema.isPattern(/^[\x21-\x7e]+$/))),
  mic: Schema.optionalKey(Schema.String.pipe(Schema.check(Schema.isPattern(/^[A-Z0-9_]{3,8}$/)))),
  currency: Schema.optionalKey(Schema.String.pipe(Schema.check(Schema.isPattern(/^[A-Z]{3}$/))))
})

export type SymbolMapEntry = typeof Entry.Type

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Record(Schema.String, Entry)))

/** Conid or symbol → listing. The file at the default place may be missing; one that was named may not. */
export const readSymbolMap = Effect.fn("SymbolMapFile.read")(function*(path: string, wasNamed: boolean) {
  const fileSystem = yield* FileSystem.FileSystem
  if (!wasNamed && !(yield* fileSystem.exists(path).pipe(Effect.orElseSucceed(() => false)))) {
    return new Map<string, SymbolMapEntry>()
  }
  const text = yield* fileSystem.readFileString(path).pipe(
    Effect.mapError(() => new SettingsError({ problems: [`IBKR_SYMBOL_MAP: ${path} cannot be read`] }))
  )
  const entries = yield* decode(text).pipe(
    Effect.mapError((error) =>
      new SettingsError({
        problems: [`IBKR_SYMBOL_MAP: ${path} is not as it should be: ${error.message.replaceAll(/\s+/g, " ")}`]
      })
    )
  )
  return new Map(Object.entries(entries))
})
