import { assert, describe, it } from "@effect/vitest"
import type { Fault } from "../support/Wealthfolio/Faults.ts"
import type { Version } from "../support/Wealthfolio/Model.ts"
import type { OnRequest, WealthfolioOptions, WealthfolioServer } from "../support/WealthfolioServer.ts"
import { startWealthfolio } from "../support/WealthfolioServer.ts"
import { isStandIn, type Json, row, standInPassword, Target, ticker, trade } from "./support.ts"

/** What only the stand-in can be asked: faults, clocks, versions. */
const withStandIn = async (
  options: WealthfolioOptions,
  use: (target: Target, standIn: WealthfolioServer) => Promise<void>
): Promise<void> => {
  const standIn = await startWealthfolio(options)
  try {
    await use(new Target(standIn.url), standIn)
  } finally {
    await standIn.close()
  }
}

const failed = async (request: Promise<unknown>): Promise<unknown> => {
  try {
    await request
  } catch (cause) {
    return cause
  }
  return assert.fail("the request was answered")
}

const bulkPath = "/activities/bulk"

describe.runIf(isStandIn)("faults", () => {
  const answered: ReadonlyArray<readonly [string, Fault, status: number, written: boolean]> = [
    ["500 before the commit", { kind: "status", status: 500, when: "before" }, 500, false],
    ["500 after the commit", { kind: "status", status: 500, when: "after" }, 500, true],
    ["408 after the commit", { kind: "status", status: 408, when: "after" }, 408, true],
    ["413", { kind: "too-large" }, 413, false],
    ["429", { kind: "throttle", retryAfter: 7 }, 429, false]
  ]
  it.each(answered)("%s", async (_, fault, status, written) => {
    await withStandIn({}, async (target, standIn) => {
      const account = await target.account()
      const sent = row(account)
      standIn.faults.next(bulkPath, fault)
      const answer = await target.bulk([sent])
      assert.strictEqual(answer.status, status)
      if (status === 429) assert.strictEqual(answer.headers.get("retry-after"), "7")
      if (status === 408) assert.strictEqual(answer.text, "")
      assert.lengthOf(Object.keys(await target.known([sent["idempotencyKey"]])), written ? 1 : 0)
      assert.strictEqual(standIn.faults.left, 0)
    })
  })

  const cut: ReadonlyArray<readonly [string, Fault, written: boolean]> = [
    ["a connection dropped before the commit", { kind: "drop", when: "before" }, false],
    ["a connection dropped after the commit", { kind: "drop", when: "after" }, true],
    ["a connection reset in the middle of the answer", { kind: "reset" }, true]
  ]
  it.each(cut)("%s", async (_, fault, written) => {
    await withStandIn({}, async (target, standIn) => {
      const account = await target.account()
      const sent = row(account)
      standIn.faults.next("POST /activities/bulk", fault)
      await failed(target.bulk([sent]))
      assert.lengthOf(Object.keys(await target.known([sent["idempotencyKey"]])), written ? 1 : 0)
    })
  })

  it("an answer that never comes", async () => {
    await withStandIn({}, async (_, standIn) => {
      standIn.faults.next(/accounts/, { kind: "hang", when: "after" })
      const request = fetch(`${standIn.url}/api/v1/accounts`, { signal: AbortSignal.timeout(50) })
      assert.strictEqual((await failed(request) as Error).name, "TimeoutError")
    })
  })

  it("sessions expired, now and after some requests", async () => {
    await withStandIn({ password: standInPassword }, async (target, standIn) => {
      await target.login(standInPassword)
      standIn.faults.next("/accounts", { kind: "expire-sessions" })
      assert.strictEqual((await target.call("GET", "/assets")).status, 200)
      assert.strictEqual((await target.call("GET", "/accounts")).status, 401)
      await target.login(standInPassword)
      standIn.auth.expireAfter(2)
      const statuses = []
      for (let count = 0; count < 3; count++) statuses.push((await target.call("GET", "/accounts")).status)
      assert.deepStrictEqual(statuses, [200, 200, 401])
      assert.strictEqual(standIn.auth.logins, 2)
    })
  })

  it("a hook sees every request before and after, and holds it back", async () => {
    const seen: Array<string> = []
    const onRequest: OnRequest = async (phase, info) => {
      await Promise.resolve()
      seen.push(`${phase} ${info.method} ${info.path}${"status" in info && phase === "after" ? ` ${info.status}` : ""}`)
    }
    await withStandIn({ onRequest }, async (target) => {
      await target.call("GET", "/accounts")
      assert.deepStrictEqual(seen, ["before GET /api/v1/accounts", "after GET /api/v1/accounts 200"])
    })
  })

  it("holdings that are computed later than the write is answered", async () => {
    await withStandIn({ recomputeMillis: 3_600_000 }, async (target, standIn) => {
      const account = await target.account()
      await target.import([row(account)])
      assert.deepStrictEqual((await target.holdings(account)).all, [])
      standIn.recompute.recalculate()
      await target.eventually(account, { cash: { GBP: 1 } })
    })
  })

  it("holdings that are never computed", async () => {
    await withStandIn({ recomputeMillis: 1 }, async (target, standIn) => {
      standIn.recompute.mode = "never"
      const account = await target.account()
      await target.import([row(account)])
      await standIn.recompute.settled()
      assert.deepStrictEqual((await target.holdings(account)).all, [])
      assert.strictEqual(standIn.recompute.completed, 0)
    })
  })
})

describe.runIf(isStandIn)("sessions under a clock", () => {
  it("are renewed by a call past half their life, and end at 60 s past their life", async () => {
    let seconds = 0
    const now = () => new Date(Date.UTC(2026, 0, 5) + seconds * 1000)
    await withStandIn({ password: standInPassword, now, sessionSeconds: 600 }, async (target) => {
      await target.login(standInPassword)
      const renewed = async () => (await target.call("GET", "/accounts")).headers.getSetCookie().length
      seconds = 299
      assert.strictEqual(await renewed(), 0)
      seconds = 301
      assert.strictEqual(await renewed(), 1)
      seconds = 659
      assert.strictEqual((await target.call("GET", "/accounts")).status, 200)
      seconds = 661
      assert.strictEqual((await target.call("GET", "/accounts")).status, 401)
    })
  })

  it("logins come back one every 12 s", async () => {
    let seconds = 0
    const now = () => new Date(Date.UTC(2026, 0, 5) + seconds * 1000)
    await withStandIn({ password: standInPassword, now }, async (target) => {
      const login = () => target.call("POST", "/auth/login", { password: "wrong" })
      for (let count = 0; count < 5; count++) assert.strictEqual((await login()).status, 401)
      seconds = 1
      assert.strictEqual((await login()).headers.get("retry-after"), "11")
      seconds = 12
      assert.strictEqual((await login()).status, 401)
      assert.strictEqual((await login()).status, 429)
    })
  })
})

describe.runIf(isStandIn)("versions", () => {
  const all: ReadonlyArray<Version> = ["3.1.0", "TAG", "TREE", "SHORTS", "NEWER"]
  it.each(all)("%s differs where it should", async (version) => {
    await withStandIn({ version }, async (target, standIn) => {
      const holdsShorts = version === "SHORTS" || version === "NEWER"
      const isTree = version === "TREE" || holdsShorts
      const account = await target.account()
      const asset = await target.asset()
      const again = await target.call("POST", "/assets", { ...asset, id: undefined })
      assert.strictEqual(again.status, version === "3.1.0" ? 400 : 200)

      const [created] = await target.import([trade(account, "BUY", asset["id"], { quantity: "2", unitPrice: "3" })])
      await standIn.recompute.settled()
      const [security] = (await target.holdings(account)).all
      const instrument = security?.["instrument"]
      assert.isObject(instrument)
      assert.strictEqual("exchangeMic" in (instrument as object), isTree)
      const { data } = await target.ok("POST", "/activities/search", { page: 0, pageSize: 1 })
      assert.strictEqual("sourceGroupId" in ((data as ReadonlyArray<Json>)[0] ?? {}), isTree)

      const { amount: _, ...bare } = row(account)
      const answer = await target.bulk([bare])
      const message = "Activity error: Invalid data: DEPOSIT activities require a final cash amount"
      const errors = version === "NEWER" ? [{ id: bare["id"], action: "create", message }] : []
      assert.deepStrictEqual((answer.json as Json)["errors"], errors)

      const status = await target.ok("GET", "/auth/status")
      assert.strictEqual("oidcEnabled" in status, holdsShorts)

      // A row dated before the split, in the same computation, would bring it in.
      await standIn.recompute.settled()
      const split = { activityType: "SPLIT", symbol: { id: asset["id"] }, amount: "2", activityDate: "2026-01-07" }
      await target.import([row(account, split)])
      await standIn.recompute.settled()
      assert.deepStrictEqual(Object.values((await target.holdings(account)).shares), [isTree ? 2 : 4])
      standIn.recompute.recalculate()
      await standIn.recompute.settled()
      assert.deepStrictEqual(Object.values((await target.holdings(account)).shares), [4])

      for (const id of standIn.state.activities.keys()) await target.ok("DELETE", `/activities/${id}`)
      assert.notProperty(await target.known([created?.["idempotencyKey"]]), String(created?.["idempotencyKey"]))
      await standIn.recompute.settled()
      assert.strictEqual((await target.holdings(account)).all.length > 0, isTree)
      standIn.recompute.recalculate()
      await standIn.recompute.settled()
      assert.deepStrictEqual((await target.holdings(account)).all, [])
    })
  })
})

describe.runIf(isStandIn)("settings", () => {
  it("move days with the zone: in New York a date alone is the day before", async () => {
    await withStandIn({ timezone: "America/New_York" }, async (target, standIn) => {
      const account = await target.account()
      const dates = ["2026-01-05", "2026-01-07T00:30:00Z", "2026-01-08T20:20:00-05:00"]
      await target.import(dates.map((activityDate) => row(account, { activityDate })))
      await standIn.recompute.settled()
      const days = await target.ok<ReadonlyArray<Json>>("GET", `/snapshots?accountId=${account}`)
      assert.deepStrictEqual(days.map((each) => each["snapshotDate"]), ["2026-01-04", "2026-01-06", "2026-01-08"])
    })
  })

  it("a rate keeps a purchase in another currency than its asset's", async () => {
    await withStandIn({}, async (target, standIn) => {
      const account = standIn.addAccount({ currency: "EUR" })
      const asset = standIn.addAsset({ instrumentSymbol: ticker(), quoteCcy: "USD" })
      standIn.addRate("EUR", "USD", "1.25")
      standIn.addActivity(trade(account.id, "BUY", asset.id, { quantity: "2", unitPrice: "10", currency: "EUR" }))
      await standIn.recompute.settled()
      const found = await target.holdings(account.id)
      assert.deepStrictEqual([found.shares, found.cash], [{ [asset.id]: 2 }, { EUR: -20 }])
      assert.deepStrictEqual(found.all[0]?.["costBasis"], { local: 25, base: 25 })
    })
  })
})
