import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { json, scripted } from "./scripted.ts"

const searching = "POST /activities/search"

/** Rows of ever later minutes. */
const row = (minute: number) => ({
  id: `row-${minute}`,
  activityType: "DEPOSIT",
  date: new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString(),
  currency: "GBP"
})

const rows = (count: number) => Array.from({ length: count }, (_, minute) => row(minute))

/** What a server has, by the number of the request. */
const serving = (there: (nth: number) => ReadonlyArray<ReturnType<typeof row>>) =>
  scripted(({ body, line }, nth) => {
    if (line !== searching) return line === "POST /activities/bulk" ? json({ created: [], errors: [] }) : undefined
    const { page, pageSize } = body as { readonly page: number; readonly pageSize: number }
    const all = there(nth)
    const data = pageSize < 0 ? all : all.slice(page * pageSize, (page + 1) * pageSize)
    return json({ data, meta: { totalRowCount: all.length } })
  })

const ids = (mayBeRecent?: true) =>
  WealthfolioRepo.use((repo) =>
    repo.fold(
      mayBeRecent === undefined ? {} : { mayBeRecent },
      () => new Array<string>(),
      (ids, { id }) => {
        ids.push(id)
        return ids
      }
    )
  )

const oldestFirst = (count: number) => rows(count).map(({ id }) => id)

describe("rows of the account, folded", () => {
  it.effect("come oldest first, page by page", () => {
    const { layer, sent } = serving(() => rows(4_500))
    return Effect.gen(function*() {
      const minutes = yield* WealthfolioRepo.use((repo) =>
        repo.fold({}, () => ({ last: "", count: 0 }), ({ count, last }, { instant }) => {
          assert.isTrue(last < instant)
          return { last: instant, count: count + 1 }
        })
      )
      assert.strictEqual(minutes.count, 4_500)
      assert.lengthOf(sent(searching), 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("begin again where the tracker changes meanwhile", () => {
    const { layer, sent } = serving((nth) => nth === 1 ? rows(2_500) : rows(2_500).slice(1))
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* ids(), oldestFirst(2_500).slice(1))
      assert.lengthOf(sent(searching), 3)
    }).pipe(Effect.provide(layer))
  })

  const orders = [
    ["of a small account", 1_000, 1],
    ["of a large one", 6_000, 6]
  ] as const
  for (const [what, count, requests] of orders) {
    it.effect(`${what} are put in order where the server has another`, () => {
      const { layer, sent } = serving(() => rows(count).toReversed())
      return Effect.gen(function*() {
        assert.deepStrictEqual(yield* ids(), oldestFirst(count))
        assert.lengthOf(sent(searching), requests)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("of a small account are read once until something is written", () => {
    const { layer, sent } = serving((nth) => rows(nth * 10))
    return Effect.gen(function*() {
      assert.lengthOf(yield* ids(), 10)
      assert.lengthOf(yield* ids(true), 10)
      assert.lengthOf(yield* ids(), 20)
      assert.lengthOf(yield* ids(true), 20)
      yield* WealthfolioRepo.use((repo) => repo.replace({ remove: [{ id: "row-1" }], add: [] }))
      assert.lengthOf(yield* ids(true), 30)
      assert.lengthOf(sent(searching), 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("of a large account are asked for again: they are not kept", () => {
    const { layer, sent } = serving(() => rows(6_000))
    return Effect.gen(function*() {
      assert.lengthOf(yield* ids(), 6_000)
      assert.lengthOf(yield* ids(true), 6_000)
      assert.lengthOf(sent(searching), 6)
    }).pipe(Effect.provide(layer))
  })

  it.effect("are those that are asked for", () => {
    const { layer } = serving(() => rows(3_000))
    return Effect.gen(function*() {
      const some = yield* WealthfolioRepo.use((repo) => repo.rows({ keep: ({ id }) => id.endsWith("99") }))
      assert.lengthOf(some, 30)
    }).pipe(Effect.provide(layer))
  })
})
