import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient, Statement } from "effect/sql"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import * as Database from "../../src/Sql/Database.ts"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"

const day = PlainDate.of("2026-01-02")

/** How SQLite goes about everything that a run asks of the records, as they are asked for. */
const plansOf = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const store = yield* SyncRecordStore
  const asked = new Map<string, ReadonlyArray<unknown>>()
  const listening: Statement.Transformer = (statement) =>
    Effect.sync(() => {
      const [text, parameters] = statement.compile()
      if (text.includes("sync_record")) asked.set(text, parameters)
      return statement
    })
  yield* Effect.all([
    store.held,
    store.hasPlaced,
    store.placedLately(10),
    store.placedAfter("ibkr:trade:1", 10),
    store.known(["ibkr:trade:1"]),
    store.withPrefix("ibkr:fxcomm:"),
    store.bySubject(["trade|1"]),
    store.inState("pending"),
    store.inState("skipped", "ignored"),
    store.settle(new Map([["ibkr:trade:1", "a"]]), []),
    store.settle(new Map(Array.from({ length: 100 }, (_, row) => [`ibkr:trade:${row}`, "a"])), []),
    store.saveCoverage({ from: day, to: day }, "a")
  ], { discard: true }).pipe(Effect.provideService(Statement.CurrentTransformer, listening))
  const plans = new Map<string, string>()
  for (const [text, parameters] of asked) {
    const steps = yield* sql.unsafe<{ readonly detail: string }>(`EXPLAIN QUERY PLAN ${text}`, [...parameters])
    plans.set(text, steps.map(({ detail }) => detail).join("; "))
  }
  return plans
})

it.effect("no question of a run looks through all records", () =>
  Effect.gen(function*() {
    const plans = yield* plansOf
    assert.isAtLeast(plans.size, 11)
    for (const [text, plan] of plans) {
      assert.notMatch(plan, /SCAN sync_record/, text)
      // By owner alone is nearly as bad; the two partial indexes have few rows.
      const indexes = [...plan.matchAll(/USING (?:COVERING )?INDEX (\w+) \(([^)]*)\)/g)]
      assert.isNotEmpty(indexes, `${text}: ${plan}`)
      for (const [, name = "", columns = ""] of indexes) {
        if (name === "sync_record_held" || name === "sync_record_missing") continue
        assert.match(columns, /(?:external_id|subject|state)[=<>]/, `${text}: ${plan}`)
      }
    }
  }).pipe(
    Effect.provide(
      Layer.provideMerge(
        SyncRecordStore.layerNoDeps({ upstream: "U1", tracker: "t", path: ":memory:" }),
        Database.layerMemory
      )
    )
  ))
