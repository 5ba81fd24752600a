import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { failure, json, scripted } from "./scripted.ts"

describe("holdsShorts", () => {
  const answer = (reply: () => Response) => {
    const { layer, sent } = scripted(({ line }) => line === "GET /app/info" ? reply() : undefined)
    return Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      const found = yield* repo.holdsShorts
      assert.strictEqual(yield* repo.holdsShorts, found)
      return [found, sent("GET /app/info").length] as const
    }).pipe(Effect.provide(layer))
  }

  it.effect.each(
    [
      ["3.5.4", false],
      ["3.6.0", true],
      ["v3.10.1", true],
      ["4.0.0-beta.1", true],
      ["2.9.9", false],
      ["nightly", false]
    ] as const
  )("%s: %s, asked once", ([version, holds]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* answer(() => json({ version })), [holds, 1])
    }))

  it.effect("a host that does not say which it is holds none", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* answer(() => json({ name: "wealthfolio" })), [false, 1])
      assert.deepStrictEqual(yield* answer(() => failure(404, "not found")), [false, 1])
    }))
})
