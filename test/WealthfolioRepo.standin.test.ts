import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"
import { once } from "node:events"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, join } from "node:path"
import * as Decimal from "../src/Portfolio/Decimal.ts"
import type { Instrument } from "../src/Portfolio/Instrument.ts"
import * as PlainDate from "../src/Portfolio/PlainDate.ts"
import { type Holding, WealthfolioRepo } from "../src/WealthfolioRepo.ts"
import type { Version } from "./support/Wealthfolio/Model.ts"
import { overSockets } from "./Wealthfolio/overSockets.ts"
import { newActivity } from "./Wealthfolio/scripted.ts"

const versions: ReadonlyArray<Version> = ["3.1.0", "TAG", "TREE", "SHORTS", "NEWER"]

const vusa: Instrument = {
  key: "1",
  symbol: "VUSA.L",
  ticker: "VUSA",
  mic: "XLON",
  isUsListing: false,
  currency: "GBP",
  conid: "1"
}
const aapl: Instrument = {
  key: "2",
  symbol: "AAPL",
  ticker: "AAPL",
  mic: "XNAS",
  isUsListing: true,
  currency: "USD",
  conid: "2"
}

const buy = (n: number, assetId: string, currency: string, quantity = "10") =>
  newActivity(n, {
    type: "BUY",
    time: "20:20:00",
    currency,
    quantity: Decimal.of(quantity),
    unitPrice: Decimal.of("89.87"),
    fee: Decimal.of("1"),
    amount: Decimal.add(Decimal.multiply(Decimal.of(quantity), Decimal.of("89.87")), Decimal.one)
  }, assetId)

const tieOne = Effect.fnUntraced(function*(instrument: Instrument, create = true) {
  const repo = yield* WealthfolioRepo
  const tied = (yield* repo.assets([{ instrument }], { create })).get(instrument.key)
  return tied?._tag === "Matched" ? tied.assetId : assert.fail(`${instrument.symbol}: ${JSON.stringify(tied)}`)
})

const shown = (holdings: ReadonlyArray<Holding>) =>
  holdings.map((each) => `${each._tag === "Cash" ? each.currency : each.symbol} ${Decimal.format(each.quantity)}`)
    .sort()

describe("against the stand-in", { timeout: 30_000 }, () => {
  for (const version of versions) {
    it.live(`${version}: imports, waits, reads back, and imports nothing the second time`, () =>
      Effect.gen(function*() {
        const { layer, server, sessionPath } = yield* overSockets({ version })
        const run = Effect.gen(function*() {
          const repo = yield* WealthfolioRepo
          assert.strictEqual((yield* repo.account).timeZone, "America/New_York")
          const assetId = yield* tieOne(vusa)
          const rows = [newActivity(1, { amount: Decimal.of("5000") }), buy(2, assetId, "GBP")]
          const [outcome, recomputed] = yield* repo.recomputedAfter(repo.importBatch(rows))
          const after = yield* repo.activitiesAfter(PlainDate.of("2026-01-01"))
          assert.deepStrictEqual(after.map(({ date, type }) => [type, date]), [["DEPOSIT", "2026-01-02"], [
            "BUY",
            "2026-01-02"
          ]])
          assert.deepStrictEqual(yield* repo.activitiesAfter(PlainDate.of("2026-01-02")), [])
          assert.deepStrictEqual(shown(yield* repo.holdings), ["GBP 4100.3", "VUSA.L 10"])
          return { assetId, outcome, recomputed }
        })
        const first = yield* run.pipe(Effect.provide(layer))
        const second = yield* run.pipe(Effect.provide(layer))
        // What is there is not written again, and not waited for.
        assert.deepStrictEqual([first.recomputed, second.recomputed], [true, undefined])
        assert.strictEqual(first.outcome.imported.size, 2)
        assert.deepStrictEqual(second.outcome.alreadyThere, first.outcome.imported)
        assert.strictEqual(second.assetId, first.assetId)
        assert.strictEqual(server.state.activities.size, 2)
        assert.strictEqual(server.requests.filter(({ path }) => path.endsWith("/auth/login")).length, 1)
        assert.strictEqual(statSync(sessionPath).mode & 0o777, 0o600)
        assert.match(readFileSync(sessionPath, "utf8"), /^[\w-]+\.[\w-]+\.[\w-]+$/)
      }))
  }

  for (
    const fault of [
      { kind: "status", status: 408, when: "after" },
      { kind: "drop", when: "after" },
      { kind: "drop", when: "before" },
      { kind: "reset" },
      { kind: "expire-sessions" },
      { kind: "too-large" }
    ] as const
  ) {
    it.live(`each row is there once: ${"when" in fault ? `${fault.kind} ${fault.when}` : fault.kind}`, () =>
      Effect.gen(function*() {
        const { layer, server } = yield* overSockets()
        yield* Effect.gen(function*() {
          const repo = yield* WealthfolioRepo
          yield* repo.account
          server.faults.next("POST /activities/bulk", fault)
          const rows = [1, 2, 3, 4].map((n) => newActivity(n))
          const [outcome, recomputed] = yield* repo.recomputedAfter(repo.importBatch(rows))
          assert.strictEqual(outcome.imported.size + outcome.alreadyThere.size, 4)
          assert.strictEqual(server.faults.left, 0)
          assert.isTrue(recomputed)
          assert.deepStrictEqual(shown(yield* repo.holdings), ["GBP 20"])
        }).pipe(Effect.provide(layer))
        assert.strictEqual(server.state.activities.size, 4)
      }))
  }

  it.live("first seen by a dividend in another currency, bought later: the position is there", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* overSockets()
      const vwrl: Instrument = {
        key: "3",
        symbol: "VWRL.AS",
        ticker: "VWRL",
        mic: "XAMS",
        isUsListing: false,
        conid: "3"
      }
      yield* Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        const early = (yield* repo.assets([{ instrument: vwrl }], { create: true })).get("3")
        assert.isTrue(early?._tag === "Held" && early.reason === "unknown-currency")
        assert.strictEqual(server.state.assets.size, 0)
        const assetId = yield* tieOne({ ...vwrl, currency: "EUR" })
        assert.strictEqual(yield* tieOne(vwrl, false), assetId)
        const dividend = newActivity(1, { type: "DIVIDEND", currency: "USD", amount: Decimal.of("7") }, assetId)
        yield* repo.recomputedAfter(repo.importBatch([dividend, buy(2, assetId, "EUR")]))
        assert.deepStrictEqual(shown(yield* repo.holdings), ["EUR -899.7", "USD 7", "VWRL.AS 10"])
      }).pipe(Effect.provide(layer))
    }))

  it.live("an asset that the user made with another US venue is one holding", () =>
    Effect.gen(function*() {
      const { account, layer, server } = yield* overSockets()
      const mine = server.addAsset({ instrumentSymbol: "AAPL", instrumentExchangeMic: "XASE", quoteCcy: "USD" })
      server.addActivity({
        accountId: account.id,
        activityType: "BUY",
        activityDate: "2025-12-01",
        currency: "USD",
        quantity: "5",
        unitPrice: "100",
        amount: "500",
        symbol: { id: mine.id }
      })
      yield* Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        const assetId = yield* tieOne(aapl)
        assert.strictEqual(assetId, mine.id)
        const [, recomputed] = yield* repo.recomputedAfter(repo.importBatch([buy(1, assetId, "USD")]))
        assert.isTrue(recomputed)
        assert.include(shown(yield* repo.holdings), "AAPL 15")
        assert.strictEqual(
          [...server.state.assets.values()].filter(({ instrumentSymbol }) => instrumentSymbol === "AAPL").length,
          1
        )
      }).pipe(Effect.provide(layer))
    }))

  it.live("a row that the tracker refuses does not keep the others out", () =>
    Effect.gen(function*() {
      const { layer, server } = yield* overSockets()
      yield* Effect.gen(function*() {
        const repo = yield* WealthfolioRepo
        const withoutAsset = newActivity(2, { type: "BUY", quantity: Decimal.one, unitPrice: Decimal.one })
        const unknownAsset = buy(3, "no-such-asset", "GBP")
        const outcome = yield* repo.importBatch([newActivity(1), withoutAsset, unknownAsset, newActivity(4)])
        assert.deepStrictEqual([...outcome.imported.keys()], ["ibkr:cash:1", "ibkr:cash:4"])
        assert.include(outcome.refused.get("ibkr:cash:2"), "needs symbol or asset_id")
        assert.deepStrictEqual([...outcome.refused.keys()], ["ibkr:cash:2", "ibkr:cash:3"])
      }).pipe(Effect.provide(layer))
      assert.strictEqual(server.state.activities.size, 2)
    }))

  it.live("a session that cannot be kept costs the next run a login, no more", () =>
    Effect.gen(function*() {
      const { account, server, sessionPath } = yield* overSockets()
      const layer = (sessionPath: string) =>
        WealthfolioRepo.layer({
          baseUrl: `${server.url}/api/v1/`,
          password: Redacted.make("correct horse"),
          sessionPath,
          recalcTimeout: Duration.seconds(1),
          accountId: account.id
        })
      const read = WealthfolioRepo.use((repo) => repo.account)
      yield* read.pipe(Effect.provide(layer(sessionPath)))
      const below = join(sessionPath, "a-file-is-no-folder")
      assert.strictEqual((yield* read.pipe(Effect.provide(layer(below)))).id, account.id)
      assert.deepStrictEqual(readdirSync(dirname(sessionPath)), ["session"], "nothing temporary is left")
    }))

  it.live("a wrong account lists those there are; a redirect is not followed", () =>
    Effect.gen(function*() {
      const { account, server, sessionPath } = yield* overSockets()
      const other = yield* overSockets()
      const options = {
        sessionPath,
        recalcTimeout: Duration.seconds(1),
        accountId: "not-there",
        password: Redacted.make("correct horse")
      }
      const read = WealthfolioRepo.use((repo) => Effect.flip(repo.account))
      const wrong = yield* read.pipe(Effect.provide(WealthfolioRepo.layer({ ...options, baseUrl: server.url })))
      assert.strictEqual(wrong.exitCode, 2)
      assert.include(wrong.message, account.id)
      const redirecting = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const redirecting = createServer((_, response) => {
            response.writeHead(302, { location: `${other.server.url}/api/v1/auth/status` }).end()
          }).listen(0, "127.0.0.1")
          await once(redirecting, "listening")
          return redirecting
        }),
        (redirecting) => Effect.promise(() => new Promise((resolve) => redirecting.close(resolve)))
      )
      const { port } = redirecting.address() as AddressInfo
      const led = yield* read.pipe(
        Effect.provide(WealthfolioRepo.layer({ ...options, baseUrl: `http://127.0.0.1:${port}` }))
      )
      assert.strictEqual(led.exitCode, 9)
      assert.include(led.message, `a redirect to ${other.server.url}`)
      assert.strictEqual(other.server.requests.length, 0)
    }))
})
