import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { readSymbolMap } from "../src/SymbolMapFile.ts"

const written = Effect.fnUntraced(function*(text: string | undefined) {
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped()
  const path = `${directory}/symbol-map.json`
  if (text !== undefined) yield* fileSystem.writeFileString(path, text)
  return path
}, Effect.orDie)

const reading = (text: string | undefined, wasNamed: boolean) =>
  Effect.flatMap(written(text), (path) => readSymbolMap(path, wasNamed)).pipe(Effect.provide(NodeServices.layer))

it.effect("conids and symbols, each with its listing", () =>
  Effect.gen(function*() {
    const map = yield* reading(
      `{ "51000009": { "symbol": "ABCD", "mic": "XLON", "currency": "GBP" }, "EFGH": { "symbol": "EFGH.DE" } }`,
      true
    )
    assert.deepStrictEqual([...map], [
      ["51000009", { symbol: "ABCD", mic: "XLON", currency: "GBP" }],
      ["EFGH", { symbol: "EFGH.DE" }]
    ])
  }))

it.effect("the file at the default place may be missing", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* reading(undefined, false)).size, 0)
  }))

it.effect("a file that was named may not be missing", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(reading(undefined, true))
    assert.strictEqual(error.exitCode, 2)
    assert.match(error.message, /^IBKR_SYMBOL_MAP: .*symbol-map\.json cannot be read$/)
  }))

it.effect.each([
  ["not JSON", "{ \"A\": "],
  ["a list", "[]"],
  ["an empty file", ""],
  ["an entry without symbol", "{ \"A\": { \"mic\": \"XLON\" } }"],
  ["a market that is none", "{ \"A\": { \"symbol\": \"A\", \"mic\": \"London\" } }"],
  ["a currency that is none", "{ \"A\": { \"symbol\": \"A\", \"currency\": \"pence\" } }"],
  ["a symbol that is not ASCII", "{ \"A\": { \"symbol\": \"ÄÖ\" } }"],
  ["an empty symbol", "{ \"A\": { \"symbol\": \"\" } }"]
])("%s is refused, by name and in one line", ([, text]) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(reading(text, false))
    assert.strictEqual(error.exitCode, 2)
    assert.match(error.message, /^IBKR_SYMBOL_MAP: \S+symbol-map\.json is not as it should be: \S/)
    assert.notInclude(error.message, "\n")
  }))
