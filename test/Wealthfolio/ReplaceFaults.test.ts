import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import { type Change, WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { oneOf } from "../support/arbitrary.ts"
import { type Answer, failure, json, newActivity } from "./scripted.ts"
import { inVirtualTime, login } from "./standing.ts"
import { storing } from "./storing.ts"

const replace = (change: Change) => inVirtualTime(WealthfolioRepo.use((repo) => repo.replace(change)))
const bulk = "POST /activities/bulk"
const check = "POST /activities/import/check-duplicates"
const key = (n: number) => `U1234567/ibkr:cash:${n}`

interface Case {
  readonly what: string
  /** One row of ours under key 1, one typed by hand. */
  readonly change: (ids: { readonly hand: string; readonly ours: string }) => Change
  /** What is there under our keys in the end. */
  readonly ours: ReadonlyArray<string>
}

const cases: ReadonlyArray<Case> = [
  {
    what: "a row by hand gives way to ours",
    change: ({ hand }) => ({ remove: [{ id: hand }], add: [newActivity(2)] }),
    ours: [`${key(1)}=7`, `${key(2)}=5`]
  },
  {
    what: "ours under the same key",
    change: ({ ours }) => ({ remove: [{ id: ours, key: key(1) }], add: [newActivity(1)] }),
    ours: [`${key(1)}=5`]
  },
  {
    what: "one for two",
    change: ({ hand, ours }) => ({ remove: [{ id: ours, key: key(1) }, { id: hand }], add: [newActivity(3)] }),
    ours: [`${key(3)}=5`]
  },
  {
    what: "deletions alone, with a key",
    change: ({ ours }) => ({ remove: [{ id: ours, key: key(1) }], add: [] }),
    ours: []
  },
  {
    what: "deletions alone, without",
    change: ({ hand, ours }) => ({ remove: [{ id: ours }, { id: hand }], add: [] }),
    ours: []
  },
  {
    what: "creations alone",
    change: () => ({ remove: [], add: [newActivity(2), newActivity(3)] }),
    ours: [`${key(1)}=7`, `${key(2)}=5`, `${key(3)}=5`]
  }
]

type When = "before" | "after" | "late"

/** The n-th bulk meets the n-th fault: not done, done, or done once the next request has been answered. */
const run = Effect.fnUntraced(function*(
  { change, ours, what }: Case,
  faults: ReadonlyArray<When | undefined>,
  lost: () => Answer
) {
  const { contents, flush, keyOf, layer, sent, store, type } = storing((nth, commit, commitLate) => {
    const when = faults[nth - 1]
    if (when === undefined) return undefined
    if (when === "after") commit()
    if (when === "late") commitLate()
    return lost()
  })
  const ids = { hand: type({ notes: "hand" }), ours: type({ idempotencyKey: key(1), amount: "7" }) }
  const wanted = change(ids)
  const isHandKept = !wanted.remove.some(({ id }) => id === ids.hand)
  const left = [...(isHandKept ? [`${keyOf(ids.hand)}=1`] : []), ...ours].sort()
  const outcome = yield* replace(wanted).pipe(Effect.provide(layer))
  flush()
  assert.deepStrictEqual(contents(), left, what)
  if (outcome._tag === "Refused") return assert.fail(outcome.message)
  assert.deepStrictEqual(
    [...outcome.added],
    wanted.add.map((row) => [row.activity.externalId, store.activityOf(row.key) ?? ""]),
    what
  )
  return { bulks: sent(bulk).length, questions: sent(check).length }
})

describe("replace, when answers are lost", () => {
  const answers: ReadonlyArray<readonly [string, () => Answer]> = [
    ["408", () => new Response("", { status: 408 })],
    ["500", () => failure(500, "boom")],
    ["502 as a page", () => new Response("<html>", { status: 502, headers: { "content-type": "text/html" } })],
    ["429", () => new Response("", { status: 429 })],
    ["a dropped connection", () => "drop"],
    ["no answer in 35 s", () => "hang"],
    ["half a body", () => new Response(`{"created":[{"id":"`, { headers: { "content-type": "application/json" } })],
    ["an empty body", () => new Response("")]
  ]
  for (const [name, lost] of answers) {
    it.effect(`${name}: done, and once, whether it came before or after the commit`, () =>
      Effect.forEach(cases, (each) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* run(each, ["before"], lost)).bulks, 2)
          const after = yield* run(each, ["after"], lost)
          assert.isAtMost(after.questions, 1)
          // Without a key there is nothing to ask by: the deletion is repeated, and finds nothing.
          const isAsked = each.change({ hand: "h", ours: "o" }).remove.every((row) => row.key !== undefined)
          assert.strictEqual(after.bulks, isAsked ? 1 : 2)
        })))
  }

  it.effect.prop(
    "any sequence of faults: done, and once",
    [oneOf(cases), Arbitrary.array(oneOf(["before", "after", "late", undefined]), { maxLength: 6 })],
    ([each, faults]) => run(each, faults, () => "drop"),
    { arbitrary: { runs: 150 }, timeout: 60_000 }
  )

  it.effect("what is never answered is given up, and not repeated for ever", () => {
    const { contents, layer, sent, type } = storing(() => failure(500, "boom"))
    const id = type()
    const before = contents()
    return Effect.gen(function*() {
      const error = yield* Effect.flip(replace({ remove: [{ id }], add: [newActivity(1)] }))
      assert.strictEqual(error._tag, "WealthfolioUnreachable")
      assert.include(error.message, "POST /activities/bulk: 500 boom")
      assert.deepStrictEqual(contents(), before)
      assert.isAtMost(sent(bulk).length, 11)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a session that ends half-way costs one login", () => {
    let valid = "first"
    const { contents, layer, sent, type } = storing(undefined, ({ cookie, line }, nth) => {
      if (line === "GET /auth/status") return json({ requiresPassword: true })
      if (line === "POST /auth/login") return login(valid)
      if (line === bulk && nth === 1) valid = "second"
      return cookie === `wf_session=${valid}` ? undefined : failure(401, "Unauthorized")
    })
    const id = type()
    return Effect.gen(function*() {
      assert.strictEqual((yield* replace({ remove: [{ id }], add: [newActivity(1)] }))._tag, "Done")
      assert.deepStrictEqual(contents(), [`${key(1)}=5`])
      assert.deepStrictEqual([sent("POST /auth/login").length, sent(bulk).length], [2, 2])
    }).pipe(Effect.provide(layer))
  })
})
