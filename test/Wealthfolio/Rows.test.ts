import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Decimal from "../../src/Portfolio/Decimal.ts"
import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { accountId, json, type Script, scripted } from "./scripted.ts"
import { storing } from "./storing.ts"

const searching = "POST /activities/search"
const rows = (from?: string, to?: string) =>
  WealthfolioRepo.use((repo) =>
    repo.rows({
      ...(from === undefined ? {} : { from: PlainDate.of(from) }),
      ...(to === undefined ? {} : { to: PlainDate.of(to) })
    })
  )
const keyed = (prefix: string) => WealthfolioRepo.use((repo) => repo.keyed(prefix))

describe("rows", () => {
  it.effect("tells all that search tells", () => {
    const { accountId, keyOf, layer, store, type } = storing()
    const typed = type({ amount: "1.50", fee: "0.10", subtype: "BONUS", notes: "by hand", status: "DRAFT" })
    return Effect.gen(function*() {
      const [row] = yield* rows()
      assert.deepStrictEqual(row, {
        id: typed,
        key: keyOf(typed),
        accountId,
        accountName: "Interactive Brokers",
        type: "DEPOSIT",
        subtype: "BONUS",
        status: "DRAFT",
        date: PlainDate.of("2026-01-02"),
        instant: "2026-01-02T00:00:00+00:00",
        currency: "GBP",
        amount: Decimal.of("1.50"),
        fee: Decimal.of("0.10"),
        note: "by hand",
        sourceSystem: "MANUAL",
        isUserModified: false
      })
      const stored = store.activities.get(typed)
      if (stored !== undefined) store.put({ ...stored, isUserModified: true })
      assert.strictEqual((yield* rows())[0]?.isUserModified, true)
    }).pipe(Effect.provide(layer))
  })

  it.effect("bears fields that are not there, empty, or in another form", () => {
    const bare = { id: "a", activityType: "BUY", date: "2026-01-02T10:00:00", currency: "GBP" }
    const empty = {
      ...bare,
      id: "b",
      date: "2026-01-02",
      accountId,
      assetId: "",
      assetSymbol: "",
      comment: "",
      idempotencyKey: null,
      sourceSystem: null,
      isUserModified: null,
      quantity: 3
    }
    const full = { ...empty, id: "c", date: "2026-01-02T11:00:00Z", assetId: "asset", assetSymbol: "VUSA" }
    const { layer } = scripted(({ line }) =>
      line === searching ? json({ data: [bare, empty, full], meta: { totalRowCount: 3 } }) : undefined
    )
    const common = { type: "BUY", status: "POSTED", date: "2026-01-02", currency: "GBP", isUserModified: false }
    const quantity = Decimal.of("3")
    return Effect.gen(function*() {
      assert.deepStrictEqual<unknown>(yield* rows(), [
        { ...common, id: "b", accountId, instant: "2026-01-02", quantity },
        { ...common, id: "a", accountId: "", instant: "2026-01-02T10:00:00Z" },
        { ...common, id: "c", accountId, instant: full.date, assetId: "asset", symbol: "VUSA", quantity }
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("are those of days in the tracker's zone, both included, oldest first, of this account", () => {
    const { addAccount, layer, sent, type } = storing(
      undefined,
      ({ line }) => line === "GET /settings" ? json({ timezone: "America/New_York" }) : undefined
    )
    const at = (notes: string, activityDate: string, more = {}) => type({ notes, activityDate, ...more })
    at("after", "2026-01-05T05:00:00Z")
    at("last", "2026-01-05T04:59:59.999Z", { status: "VOID" })
    at("between", "2026-01-03T12:00:00Z")
    at("first", "2026-01-03T05:00:00Z")
    at("before", "2026-01-03T04:59:59.999Z")
    at("elsewhere", "2026-01-03T12:00:00Z", { accountId: addAccount().id })
    const notes = (from?: string, to?: string) => Effect.map(rows(from, to), (all) => all.map(({ note }) => note))
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* notes("2026-01-03", "2026-01-04"), ["first", "between", "last"])
      assert.deepInclude(sent(searching)[0]?.body, { dateFrom: "2026-01-02", dateTo: "2026-01-05" })
      assert.deepStrictEqual(yield* notes("2026-01-04"), ["last", "after"])
      assert.deepStrictEqual(yield* notes(undefined, "2026-01-02"), ["before"])
      assert.deepStrictEqual(yield* notes(), ["before", "first", "between", "last", "after"])
      assert.deepStrictEqual(yield* notes("2026-01-04", "2026-01-03"), [])
    }).pipe(Effect.provide(layer))
  })
})

describe("keyed", () => {
  it.effect("are the rows of any account whose key begins alike", () => {
    const { accountId, addAccount, layer, type } = storing()
    const other = addAccount({ name: "The one before" })
    type({ idempotencyKey: "U1/b", activityDate: "2026-01-03" })
    type({ idempotencyKey: "U1/a", accountId: other.id })
    type({ idempotencyKey: "U10/a" })
    type({ idempotencyKey: "u1/a" })
    type({ idempotencyKey: "U1/hidden", accountId: addAccount({ isArchived: true }).id })
    type()
    return Effect.gen(function*() {
      const found = yield* keyed("U1/")
      assert.deepStrictEqual(found.map(({ accountId, accountName, key }) => [key, accountId, accountName]), [
        ["U1/a", other.id, "The one before"],
        ["U1/b", accountId, "Interactive Brokers"]
      ])
      assert.deepStrictEqual(yield* keyed("U2/"), [])
    }).pipe(Effect.provide(layer))
  })
})

describe("pages", () => {
  const row = (n: number) => ({
    id: `row-${n}`,
    activityType: "DEPOSIT",
    date: "2026-01-02T10:00:00+00:00",
    currency: "GBP",
    idempotencyKey: `U1/${n}`
  })
  const many = (count: number) => Array.from({ length: count }, (_, index) => row(index))
  type Data = ReadonlyArray<ReturnType<typeof row>>
  /** What a page holds of what is there at that moment. */
  const paged = (there: (nth: number) => Data, cut = (all: Data, page: number, size: number) => {
    return size < 0 ? all : all.slice(page * size, (page + 1) * size)
  }) => {
    const script: Script = ({ body, line }, nth) => {
      if (line !== searching) return undefined
      const { page, pageSize } = body as { readonly page: number; readonly pageSize: number }
      const all = there(nth)
      return json({ data: cut(all, page, pageSize), meta: { totalRowCount: all.length } })
    }
    return scripted(script)
  }
  const sizes = (sent: ReturnType<typeof scripted>["sent"]) =>
    sent(searching).map(({ body }) => (body as { readonly pageSize: number }).pageSize)

  it.effect("a large tracker is read in pages; a small one in one", () => {
    const large = paged(() => many(4500))
    const small = paged(() => many(2000))
    const none = paged(() => [])
    return Effect.gen(function*() {
      const found = yield* keyed("U1/").pipe(Effect.provide(large.layer))
      assert.deepStrictEqual(found.map(({ id }) => id), many(4500).map(({ id }) => id))
      assert.deepStrictEqual(sizes(large.sent), [2000, 2000, 2000])
      assert.lengthOf(yield* keyed("U1/7").pipe(Effect.provide(small.layer)), 111)
      assert.deepStrictEqual(sizes(small.sent), [2000])
      assert.deepStrictEqual(yield* keyed("").pipe(Effect.provide(none.layer)), [])
    })
  })

  it.effect("a host that gives fewer rows a page is read on", () => {
    const { layer, sent } = paged(() => many(5), (all, page) => all.slice(page * 2, page * 2 + 2))
    return Effect.gen(function*() {
      assert.lengthOf(yield* rows(), 5)
      assert.strictEqual(sent(searching).length, 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a host whose second page is empty before its time is asked for everything", () => {
    const { layer, sent } = paged(
      () => many(5),
      (all, page, size) => size < 0 ? all : page === 0 ? all.slice(0, 2) : []
    )
    return Effect.gen(function*() {
      assert.lengthOf(yield* rows(), 5)
      assert.deepStrictEqual(sizes(sent), [2000, 2000, -1])
    }).pipe(Effect.provide(layer))
  })

  const moved: ReadonlyArray<readonly [string, (nth: number) => Data]> = [
    ["a row goes", (nth) => nth === 1 ? many(2500) : many(2500).slice(1)],
    ["a row comes", (nth) => nth === 1 ? many(2500) : [row(-1), ...many(2500)]],
    ["rows that tie change places", (nth) => nth === 2 ? many(2500).toReversed() : many(2500)],
    ["all go", (nth) => nth === 1 ? many(2500) : []]
  ]
  for (const [what, there] of moved) {
    it.effect(`${what} between two pages: everything is asked for at once`, () => {
      const { layer, sent } = paged(there)
      return Effect.gen(function*() {
        const found = yield* rows()
        assert.deepStrictEqual(found.map(({ id }) => id), there(3).map(({ id }) => id))
        assert.deepStrictEqual(sizes(sent), [2000, 2000, -1])
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("rows that cannot be had are an error, not left out", () => {
    const { layer } = paged(() => many(5), (all) => all.slice(0, 2))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(rows())
      assert.strictEqual(error._tag, "WealthfolioReplyError")
      assert.include(error.message, "2 of 5 rows")
    }).pipe(Effect.provide(layer))
  })
})
