import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as Decimal from "../../src/Portfolio/Decimal.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { accountId, failure, json, newActivity, scripted, sessionPath } from "./scripted.ts"
import { bulkServer, html, inVirtualTime, login } from "./standing.ts"

const rows = (count: number) => Array.from({ length: count }, (_, index) => newActivity(index + 1))
const importing = (count: number) => inVirtualTime(WealthfolioRepo.use((repo) => repo.importBatch(rows(count))))
const nothing = { alreadyThere: new Map(), refused: new Map() }

describe("importBatch", () => {
  it.effect("sends rows by asset id, with exact text for decimals, and a fee on trades only", () => {
    const { script } = bulkServer(() => undefined)
    const { layer, sent } = scripted((seen, nth) =>
      seen.line === "GET /settings" ? json({ timezone: "America/New_York" }) : script(seen, nth)
    )
    const trade = newActivity(1, {
      type: "BUY",
      time: "09:31:04",
      millisecond: 7,
      quantity: Decimal.of("10.50"),
      unitPrice: Decimal.of("0.000000000123456789"),
      fee: Decimal.of("1.00"),
      amount: Decimal.of("899.70"),
      note: "ISLAND"
    }, "asset-1")
    const dividend = newActivity(2, {
      type: "DIVIDEND",
      fee: Decimal.of("0.3"),
      quantity: Decimal.of("3"),
      amount: Decimal.of("12")
    }, "asset-1")
    const deposit = newActivity(3, {}, "asset-1")
    const transfer = newActivity(4, { type: "TRANSFER_OUT" }, "asset-1")
    const refund = newActivity(5, { type: "CREDIT", subtype: "REFUND" })
    return Effect.gen(function*() {
      const outcome = yield* WealthfolioRepo.use((repo) =>
        repo.importBatch([trade, dividend, deposit, transfer, refund])
      )
      assert.strictEqual(outcome.imported.get("ibkr:cash:2"), "id-2")
      const common = (n: number) => ({
        id: `ibkr:cash:${n}`,
        accountId,
        currency: "GBP",
        sourceSystem: "IBKR",
        sourceRecordId: `ibkr:cash:${n}`,
        idempotencyKey: `U1234567/ibkr:cash:${n}`
      })
      const noon = "2026-01-02T17:00:00.000Z"
      assert.deepStrictEqual(sent("POST /activities/bulk")[0]?.body, {
        creates: [
          {
            ...common(1),
            activityType: "BUY",
            activityDate: "2026-01-02T14:31:04.007Z",
            symbol: { id: "asset-1" },
            quantity: "10.5",
            unitPrice: "0.000000000123456789",
            amount: "899.7",
            fee: "1",
            notes: "ISLAND"
          },
          { ...common(2), activityType: "DIVIDEND", activityDate: noon, symbol: { id: "asset-1" }, amount: "12" },
          { ...common(3), activityType: "DEPOSIT", activityDate: noon, amount: "5" },
          { ...common(4), activityType: "TRANSFER_OUT", activityDate: noon, amount: "5" },
          { ...common(5), activityType: "CREDIT", subtype: "REFUND", activityDate: noon, amount: "5" }
        ],
        updates: [],
        deleteIds: []
      })
    }).pipe(Effect.provide(layer))
  })

  const lost: ReadonlyArray<readonly [string, Response | "drop"]> = [
    ["408", new Response("", { status: 408 })],
    ["500", failure(500, "boom")],
    ["504", new Response("", { status: 504 })],
    ["a dropped connection", "drop"]
  ]
  for (const [name, answer] of lost) {
    for (const isCommitted of [true, false]) {
      it.effect(`${name} ${isCommitted ? "after" : "before"} the commit: each row is there once`, () => {
        const { keys, script } = bulkServer((_, nth, commit) => {
          if (nth > 1) return undefined
          if (isCommitted) commit()
          return answer
        })
        const { layer, sent } = scripted(script)
        return Effect.gen(function*() {
          const outcome = yield* importing(3)
          assert.strictEqual(keys.size, 3)
          assert.strictEqual(outcome.alreadyThere.size, isCommitted ? 3 : 0)
          assert.strictEqual(outcome.imported.size, isCommitted ? 0 : 3)
          assert.strictEqual(outcome.refused.size, 0)
          assert.strictEqual(sent("POST /activities/bulk").length, isCommitted ? 1 : 2)
          assert.strictEqual(sent("POST /activities/import/check-duplicates").length, 1)
        }).pipe(Effect.provide(layer))
      })
    }
  }

  it.effect("a duplicate sinks the batch: what is there is set aside, the rest sent again", () => {
    const { keys, script } = bulkServer(() => undefined)
    keys.set("U1234567/ibkr:cash:2", "by-an-earlier-run")
    const { layer, sent } = scripted(script)
    return Effect.gen(function*() {
      const outcome = yield* importing(3)
      assert.deepStrictEqual([...outcome.alreadyThere], [["ibkr:cash:2", "by-an-earlier-run"]])
      assert.deepStrictEqual([...outcome.imported.keys()], ["ibkr:cash:1", "ibkr:cash:3"])
      assert.strictEqual(sent("POST /activities/bulk").length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("200 with errors wrote nothing: named rows are refused, the rest is sent again", () => {
    const { script } = bulkServer((ids) =>
      ids.includes("ibkr:cash:2")
        ? json({
          created: [],
          createdMappings: [],
          errors: [{ id: "ibkr:cash:2", action: "create", message: "Quote currency is required." }]
        })
        : undefined
    )
    const { layer } = scripted(script)
    return Effect.gen(function*() {
      const outcome = yield* importing(3)
      assert.deepStrictEqual([...outcome.refused], [["ibkr:cash:2", "Quote currency is required."]])
      assert.deepStrictEqual([...outcome.imported.keys()], ["ibkr:cash:1", "ibkr:cash:3"])
    }).pipe(Effect.provide(layer))
  })

  const singledOut: ReadonlyArray<readonly [string, () => Response | "drop", string, number]> = [
    ["400 without a row", () => failure(400, "CHECK constraint failed: activity_type"), "CHECK constraint", 2 * 9 + 1],
    [
      "422 as text",
      () => new Response("Failed to deserialize", { status: 422, headers: { "content-type": "text/plain" } }),
      "deserialize",
      2 * 9 + 1
    ],
    ["a row that breaks the connection", () => "drop", "other side closed", 2 * 9 + 1 + 2]
  ]
  for (const [name, answer, message, most] of singledOut) {
    it.effect(`${name}: halved until the row stands alone`, () => {
      const { keys, script } = bulkServer((ids) => ids.includes("ibkr:cash:333") ? answer() : undefined)
      const { layer, sent } = scripted(script)
      return Effect.gen(function*() {
        const outcome = yield* importing(500)
        assert.deepStrictEqual([...outcome.refused.keys()], ["ibkr:cash:333"])
        assert.include(outcome.refused.get("ibkr:cash:333"), message)
        assert.strictEqual(keys.size, 499)
        assert.strictEqual(outcome.imported.size, 499)
        assert.isAtMost(sent("POST /activities/bulk").length, most)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("413 halves", () => {
    const { script } = bulkServer((ids) =>
      ids.length > 130 ? new Response("length limit exceeded", { status: 413 }) : undefined
    )
    const { layer, sent } = scripted(script)
    return Effect.gen(function*() {
      assert.deepInclude(yield* importing(500), nothing)
      assert.strictEqual(sent("POST /activities/bulk").length, 1 + 2 + 4)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a bulk that is never answered is given up, not repeated for ever", () => {
    const { script } = bulkServer(() => new Response("", { status: 503 }))
    const { layer, sent } = scripted(script)
    return Effect.gen(function*() {
      const exit = yield* Effect.exit(importing(10))
      assert.isTrue(Exit.isFailure(exit))
      assert.isAtMost(sent("POST /activities/bulk").length, 8)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a web page in the place of the interface is an error, and no row is blamed", () => {
    const { script } = bulkServer(() => html())
    const { layer } = scripted(script)
    return Effect.gen(function*() {
      const error = yield* Effect.flip(importing(2))
      assert.strictEqual(error._tag, "WealthfolioReplyError")
    }).pipe(Effect.provide(layer))
  })

  it.effect("a session that ends half-way costs one login; rows are written once", () => {
    let valid = "old"
    const { keys, script } = bulkServer(() => undefined)
    const { files, layer, sent } = scripted((seen, nth) => {
      if (seen.line === "GET /auth/status") return json({ requiresPassword: true })
      if (seen.line === "POST /auth/login") return login(valid = "new")
      if (seen.line === "POST /activities/bulk" && nth === 2) valid = "expired"
      return seen.cookie === `wf_session=${valid}` ? script(seen, nth) : failure(401, "Unauthorized")
    }, { password: "p" })
    files.set(sessionPath, { text: "old", mode: 0o600 })
    return Effect.gen(function*() {
      const outcome = yield* importing(600)
      assert.strictEqual(outcome.imported.size, 600)
      assert.strictEqual(keys.size, 600)
      assert.strictEqual(sent("POST /auth/login").length, 1)
      assert.deepStrictEqual(sent("POST /activities/bulk").map(({ cookie }) => cookie), [
        "wf_session=old",
        "wf_session=old",
        "wf_session=new"
      ])
    }).pipe(Effect.provide(layer))
  })
})
