import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Decimal from "../src/Portfolio/Decimal.ts"
import * as PlainDate from "../src/Portfolio/PlainDate.ts"
import { type TrackerRow, WealthfolioRepo } from "../src/WealthfolioRepo.ts"
import type { Fault } from "./support/Wealthfolio/Faults.ts"
import type { Version } from "./support/Wealthfolio/Model.ts"
import type { WealthfolioServer } from "./support/WealthfolioServer.ts"
import { overSockets } from "./Wealthfolio/overSockets.ts"
import { newActivity } from "./Wealthfolio/scripted.ts"

const versions: ReadonlyArray<Version> = ["3.1.0", "TAG", "TREE", "SHORTS", "NEWER"]

/** All that may go wrong on a bulk but a server that hangs, which takes its time (`ReplaceFaults`). */
const faults: ReadonlyArray<ReadonlyArray<Fault>> = [
  ...(["before", "after"] as const).flatMap((when): ReadonlyArray<ReadonlyArray<Fault>> => [
    [{ kind: "drop", when }],
    [{ kind: "status", status: 408, when }],
    [{ kind: "status", status: 500, when }],
    [{ kind: "status", status: 503, when, text: "no upstream" }]
  ]),
  [{ kind: "reset" }],
  [{ kind: "expire-sessions" }],
  [{ kind: "throttle", retryAfter: 0 }],
  [{ kind: "drop", when: "after" }, { kind: "drop", when: "before" }]
]
const nameOf = (fault: Fault) =>
  [fault.kind, ..."status" in fault ? [fault.status] : [], ..."when" in fault ? [fault.when] : []].join(" ")

const key = (n: number) => `U1234567/ibkr:cash:${n}`

const typed = (server: WealthfolioServer, accountId: string) =>
  server.addActivity({
    accountId,
    activityType: "DEPOSIT",
    activityDate: "2026-01-01T23:30:00.250-02:00",
    currency: "GBP",
    amount: "40",
    notes: "for the roof"
  })

const brief = (rows: ReadonlyArray<TrackerRow>) =>
  rows.map(({ amount, isUserModified, key, note }) => [
    key,
    Decimal.format(amount ?? Decimal.zero),
    note,
    isUserModified
  ])

const cash = Effect.gen(function*() {
  const repo = yield* WealthfolioRepo
  return (yield* repo.holdings).map((each) => Decimal.format(each.quantity))
})

describe("replacing rows of the stand-in", { timeout: 30_000 }, () => {
  for (const version of versions) {
    it.live(`${version}: adopts a row typed by hand, and corrects it`, () =>
      Effect.gen(function*() {
        const { account, layer, server } = yield* overSockets({ version })
        const hand = typed(server, account.id)
        yield* Effect.gen(function*() {
          const repo = yield* WealthfolioRepo
          const [found] = yield* repo.rows({ from: PlainDate.of("2026-01-01"), to: PlainDate.of("2026-01-01") })
          if (found === undefined) return assert.fail("no row")
          assert.deepInclude(found, {
            id: hand.id,
            note: "for the roof",
            date: PlainDate.of("2026-01-01"),
            sourceSystem: "MANUAL"
          })
          const adopted = { ...newActivity(1, { note: "for the roof" }), instant: found.instant }
          const [outcome, recomputed] = yield* repo.recomputedAfter(repo.replace({ remove: [found], add: [adopted] }))
          assert.isTrue(recomputed)
          assert.deepStrictEqual(yield* cash, ["5"])
          const [ours] = yield* repo.keyed("U1234567/")
          assert.deepInclude(ours, { key: key(1), instant: found.instant, note: "for the roof", accountId: account.id })
          assert.deepStrictEqual(outcome, { _tag: "Done", added: new Map([["ibkr:cash:1", ours?.id ?? ""]]) })

          const corrected = newActivity(1, { amount: Decimal.of("6") })
          const remove = [{ id: ours?.id ?? "", key: key(1) }]
          const [, again] = yield* repo.recomputedAfter(repo.replace({ remove, add: [corrected] }))
          assert.isTrue(again)
          assert.deepStrictEqual(brief(yield* repo.rows({})), [[key(1), "6", undefined, false]])
          assert.deepStrictEqual(yield* cash, ["6"])
        }).pipe(Effect.provide(layer))
      }))
  }

  it.live("an update on the page is told", () =>
    Effect.gen(function*() {
      const { account, layer, server } = yield* overSockets({})
      yield* Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        yield* repo.importBatch([newActivity(1), newActivity(2, { note: "ours" })])
        const [first] = yield* repo.rows({})
        const { headers } = yield* Effect.promise(() =>
          fetch(`${server.url}/api/v1/auth/login`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ password: "correct horse" })
          })
        )
        const body = {
          id: first?.id,
          accountId: account.id,
          activityType: "DEPOSIT",
          activityDate: first?.instant,
          currency: "GBP",
          amount: "8",
          notes: "mine"
        }
        const edit = fetch(`${server.url}/api/v1/activities`, {
          method: "PUT",
          headers: { "content-type": "application/json", cookie: headers.getSetCookie()[0]?.split(";")[0] ?? "" },
          body: JSON.stringify(body)
        })
        assert.strictEqual((yield* Effect.promise(() => edit)).status, 200)
        assert.deepStrictEqual(brief(yield* repo.rows({})), [
          [key(1), "8", "mine", true],
          [key(2), "5", "ours", false]
        ])
      }).pipe(Effect.provide(layer))
    }))

  for (const sequence of faults) {
    it.live(`done once, whatever becomes of the answer: ${sequence.map(nameOf).join(", ")}`, () =>
      Effect.gen(function*() {
        const { account, layer, server } = yield* overSockets()
        const hand = typed(server, account.id)
        yield* Effect.gen(function*() {
          const repo = yield* WealthfolioRepo
          const { imported } = yield* repo.importBatch([newActivity(1), newActivity(2)])
          for (const fault of sequence) server.faults.next("POST /activities/bulk", fault)
          const remove = [{ id: hand.id }, { id: imported.get("ibkr:cash:1") ?? "", key: key(1) }]
          const add = [newActivity(1, { amount: Decimal.of("7") }), newActivity(3)]
          const [outcome, recomputed] = yield* repo.recomputedAfter(repo.replace({ remove, add }))
          assert.strictEqual(server.faults.left, 0)
          const rows = yield* repo.rows({})
          assert.sameDeepMembers(brief(rows), [
            [key(1), "7", undefined, false],
            [key(2), "5", undefined, false],
            [key(3), "5", undefined, false]
          ])
          const idOf = (n: number) => rows.find((row) => row.key === key(n))?.id ?? ""
          const added = new Map([1, 3].map((n) => [`ibkr:cash:${n}`, idOf(n)] as const))
          assert.deepStrictEqual(outcome, { _tag: "Done", added })
          assert.isTrue(recomputed)
          assert.deepStrictEqual(yield* cash, ["17"])
        }).pipe(Effect.provide(layer))
      }))
  }

  it.live("refused: both rows are as they were, and nothing is waited for", () =>
    Effect.gen(function*() {
      const { account, layer, server } = yield* overSockets()
      const hand = typed(server, account.id)
      yield* Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        yield* repo.importBatch([newActivity(1)])
        const before = yield* repo.rows({})
        const unassigned = newActivity(2, { type: "BUY", quantity: Decimal.one, unitPrice: Decimal.one })
        const unknown = newActivity(2, { type: "DIVIDEND" }, "no-such-asset")
        for (const row of [unassigned, unknown, newActivity(1)]) {
          const add = [newActivity(3), row]
          const [outcome] = yield* repo.recomputedAfter(repo.replace({ remove: [{ id: hand.id }], add }))
          assert.strictEqual(outcome._tag, "Refused")
          assert.deepStrictEqual(yield* repo.rows({}), before)
        }
        server.faults.next("POST /activities/bulk", { kind: "too-large" })
        const large = yield* repo.replace({ remove: [{ id: hand.id }], add: [newActivity(3)] })
        assert.isTrue(large._tag === "Refused" && large.message.includes("length limit"))
        assert.deepStrictEqual(yield* repo.rows({}), before)
      }).pipe(Effect.provide(layer))
    }))
})
