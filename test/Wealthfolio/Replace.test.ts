import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Decimal from "../../src/Portfolio/Decimal.ts"
import { type Change, WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { failure, json, newActivity } from "./scripted.ts"
import { html, inVirtualTime } from "./standing.ts"
import { storing } from "./storing.ts"

const replace = (change: Change) => inVirtualTime(WealthfolioRepo.use((repo) => repo.replace(change)))
const bulk = "POST /activities/bulk"
const key = (n: number) => `U1234567/ibkr:cash:${n}`
const notFound = "Database operation failed: Record not found: Record not found"

describe("replace", () => {
  it.effect("a row by hand becomes ours: one bulk, its instant as it stood", () => {
    const { keyOf, layer, sent, store, type } = storing()
    const id = type({ activityDate: "2026-01-01T23:30:00.250-02:00", notes: "for the roof" })
    return Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      const [typed] = yield* repo.rows({})
      if (typed === undefined) return assert.fail("no row")
      const adopted = { ...newActivity(1, { note: typed.note ?? "" }), instant: typed.instant }
      const outcome = yield* repo.replace({ remove: [typed], add: [adopted] })
      const [ours] = yield* repo.rows({})
      assert.deepStrictEqual(outcome, { _tag: "Done", added: new Map([["ibkr:cash:1", ours?.id ?? ""]]) })
      assert.deepInclude(ours, { key: key(1), instant: typed.instant, note: "for the roof", isUserModified: false })
      assert.deepInclude(sent(bulk)[0]?.body, { deleteIds: [id], updates: [] })
      assert.deepStrictEqual([sent(bulk).length, store.activities.size, keyOf(id)], [1, 1, ""])
      assert.strictEqual(sent("POST /activities/import/check-duplicates").length, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("nothing to do asks nothing; one row named twice goes once", () => {
    const { contents, layer, sent, type } = storing()
    const id = type()
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* replace({ remove: [], add: [] }), { _tag: "Done", added: new Map() })
      assert.strictEqual(sent(bulk).length, 0)
      assert.strictEqual((yield* replace({ remove: [{ id }, { id }], add: [] }))._tag, "Done")
      assert.deepStrictEqual(contents(), [])
    }).pipe(Effect.provide(layer))
  })

  it.effect("what is gone already is no error; the rest is done", () => {
    const { contents, layer, sent, type } = storing()
    const id = type()
    return Effect.gen(function*() {
      const missing = [{ id: "gone-1" }, { id: "gone-2", key: key(9) }]
      assert.strictEqual((yield* replace({ remove: [...missing, { id }], add: [newActivity(1)] }))._tag, "Done")
      assert.deepStrictEqual(contents(), [`${key(1)}=5`])
      assert.deepInclude(sent(bulk)[1]?.body, { deleteIds: [id] })
      assert.deepStrictEqual(yield* replace({ remove: missing, add: [] }), { _tag: "Done", added: new Map() })
      assert.deepStrictEqual(contents(), [`${key(1)}=5`])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a row that goes between look-up and deletion is 400, and then named", () => {
    const { contents, layer, store, type } = storing((nth) => {
      if (nth > 1) return undefined
      store.remove(id)
      return failure(400, notFound)
    })
    const id = type()
    return Effect.gen(function*() {
      assert.strictEqual((yield* replace({ remove: [{ id }], add: [newActivity(1)] }))._tag, "Done")
      assert.deepStrictEqual(contents(), [`${key(1)}=5`])
    }).pipe(Effect.provide(layer))
  })

  const refusals: ReadonlyArray<readonly [string, () => Response, string]> = [
    ["400", () => failure(400, "CHECK constraint failed: activity_type"), "CHECK constraint"],
    ["400 about another record, every time", () => failure(400, notFound), "Record not found"],
    ["413", () => new Response("length limit exceeded", { status: 413 }), "length limit"],
    ["422", () => new Response("Failed to deserialize", { status: 422 }), "deserialize"],
    [
      "200 with errors",
      () => json({ created: [], errors: [{ id: "ibkr:cash:1", message: "no" }, { id: null, message: "Not found" }] }),
      "no; Not found"
    ]
  ]
  for (const [name, answer, message] of refusals) {
    it.effect(`${name} is refused, and everything is as it was`, () => {
      const { contents, layer, sent, type } = storing(answer)
      const remove = [{ id: type({ notes: "a" }) }, { id: type({ idempotencyKey: key(1) }), key: key(1) }]
      const before = contents()
      return Effect.gen(function*() {
        const outcome = yield* replace({ remove, add: [newActivity(1), newActivity(2)] })
        assert.isTrue(outcome._tag === "Refused" && outcome.message.includes(message))
        assert.deepStrictEqual(contents(), before)
        assert.isAtMost(sent(bulk).length, 2)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("a row that the tracker itself refuses takes the deletion back", () => {
    const { contents, layer, type } = storing()
    const id = type()
    const before = contents()
    return Effect.gen(function*() {
      const buy = newActivity(1, { type: "BUY", quantity: Decimal.one, unitPrice: Decimal.one })
      const outcome = yield* replace({ remove: [{ id }], add: [newActivity(2), buy] })
      assert.isTrue(outcome._tag === "Refused" && outcome.message.includes("needs symbol or asset_id"))
      assert.deepStrictEqual(contents(), before)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a key that another row has: refused if some have it; done, and the rest removed, if all have", () => {
    const { contents, layer, type } = storing()
    const there = type({ idempotencyKey: key(1) })
    const id = type({ idempotencyKey: "typed" })
    return Effect.gen(function*() {
      const some = yield* replace({ remove: [{ id }], add: [newActivity(1), newActivity(2)] })
      assert.isTrue(some._tag === "Refused" && some.message.includes("Duplicate activity detected"))
      assert.deepStrictEqual(contents(), [`${key(1)}=1`, "typed=1"])
      const all = yield* replace({ remove: [{ id }], add: [newActivity(1)] })
      assert.deepStrictEqual(all, { _tag: "Done", added: new Map([["ibkr:cash:1", there]]) })
      assert.deepStrictEqual(contents(), [`${key(1)}=1`])
    }).pipe(Effect.provide(layer))
  })

  it.effect("an answer that names no row made, with none there, is an error and no endless repetition", () => {
    const { layer, sent } = storing(() => json({ created: [], errors: [] }))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(replace({ remove: [], add: [newActivity(1)] }))
      assert.deepStrictEqual([error._tag, sent(bulk).length], ["WealthfolioReplyError", 1])
    }).pipe(Effect.provide(layer))
  })

  it.effect("a web page in the place of the interface is an error", () => {
    const { layer } = storing(() => html(), ({ line }) => line.endsWith("check-duplicates") ? html() : undefined)
    return Effect.gen(function*() {
      const error = yield* Effect.flip(replace({ remove: [], add: [newActivity(1)] }))
      assert.strictEqual(error._tag, "WealthfolioReplyError")
      assert.include(error.message, "Sign in")
    }).pipe(Effect.provide(layer))
  })
})
