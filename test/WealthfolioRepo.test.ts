import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Tracer } from "effect"
import { TestClock } from "effect/testing"
import * as Decimal from "../src/Portfolio/Decimal.ts"
import * as PlainDate from "../src/Portfolio/PlainDate.ts"
import { WealthfolioUnreachable } from "../src/Wealthfolio/WealthfolioError.ts"
import { WealthfolioRepo } from "../src/WealthfolioRepo.ts"
import {
  account,
  accountId,
  failure,
  json,
  newActivity,
  type Script,
  scripted,
  sessionPath
} from "./Wealthfolio/scripted.ts"

const login = (value: string) =>
  json({ authenticated: true }, { headers: { "set-cookie": `wf_session=${value}; HttpOnly; Path=/api` } })
const html = () => new Response("<html><title>Sign in</title></html>", { headers: { "content-type": "text/html" } })

/** Runs under the test clock, moving it a second at a time, until done. */
const inVirtualTime = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>, seconds = 3600) {
  const fiber = yield* Effect.forkChild(effect)
  for (let second = 0; second < seconds && fiber.pollUnsafe() === undefined; second++) {
    yield* TestClock.adjust("250 millis")
  }
  return yield* Fiber.join(fiber)
})

const readAccount = WealthfolioRepo.use((repo) => repo.account)

describe("session", () => {
  const guarded = (sessions: { valid: string }, logins: Array<string>): Script => ({ cookie, line }) => {
    if (line === "GET /auth/status") return json({ requiresPassword: true })
    if (line === "POST /auth/login") return login(sessions.valid = logins.shift() ?? "none")
    return cookie === `wf_session=${sessions.valid}` ? undefined : failure(401, "Unauthorized")
  }

  it.effect("logs in once, keeps the session in a 0600 file and sends it", () => {
    const { files, layer, sent } = scripted(guarded({ valid: "" }, ["aaa.bbb.ccc"]), { password: "correct horse" })
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* readAccount, {
        id: accountId,
        name: "Interactive Brokers (UK)",
        currency: "GBP",
        timeZone: "UTC"
      })
      assert.strictEqual(sent("POST /auth/login").length, 1)
      assert.deepStrictEqual([...files], [[sessionPath, { text: "aaa.bbb.ccc", mode: 0o600 }]])
    }).pipe(Effect.provide(layer))
  })

  it.effect("uses the session of an earlier run without a login or a password", () => {
    const { files, layer, sent } = scripted(guarded({ valid: "old" }, []))
    files.set(sessionPath, { text: "old\n", mode: 0o600 })
    return Effect.gen(function*() {
      yield* readAccount
      assert.strictEqual(sent("POST /auth/login").length, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("an expired session logs in once and repeats the request once", () => {
    const { files, layer, seen } = scripted(guarded({ valid: "other" }, ["new"]), { password: "p" })
    files.set(sessionPath, { text: "old", mode: 0o600 })
    return Effect.gen(function*() {
      yield* readAccount
      assert.deepStrictEqual(seen.map(({ cookie, line }) => [line, cookie]), [
        ["GET /auth/status", undefined],
        ["GET /accounts", "wf_session=old"],
        ["POST /auth/login", undefined],
        ["GET /accounts", "wf_session=new"],
        ["GET /settings", "wf_session=new"]
      ])
      assert.strictEqual(files.get(sessionPath)?.text, "new")
    }).pipe(Effect.provide(layer))
  })

  it.effect("an undecodable session is a 500 and means 401; a second 401 is an error, without a third try", () => {
    const { files, layer, sent } = scripted(({ line }, nth) => {
      if (line === "GET /auth/status") return json({ requiresPassword: true })
      if (line === "POST /auth/login") return login("new")
      return nth === 1
        ? failure(500, "Failed to validate token: Base64(InvalidLength(1))")
        : failure(401, "Unauthorized")
    }, { password: "p" })
    files.set(sessionPath, { text: "a.b.c", mode: 0o600 })
    return Effect.gen(function*() {
      const error = yield* Effect.flip(readAccount)
      assert.strictEqual(error._tag, "WealthfolioLoginRefused")
      assert.strictEqual(error.exitCode, 9)
      assert.strictEqual(sent("GET /accounts").length, 2)
      assert.strictEqual(sent("POST /auth/login").length, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a wrong password is tried once in a run, and is in no message", () => {
    const { layer, sent } = scripted(({ line }) => {
      if (line === "GET /auth/status") return json({ requiresPassword: true })
      return failure(401, line === "POST /auth/login" ? "Invalid password" : "Unauthorized")
    }, { password: "hunter2-hunter2" })
    return Effect.gen(function*() {
      const error = yield* Effect.flip(readAccount)
      const again = yield* Effect.flip(readAccount)
      assert.strictEqual(error._tag, "WealthfolioLoginRefused")
      assert.strictEqual(again, error)
      assert.include(error.hint, "WF_PASSWORD")
      assert.notInclude(Cause.pretty(Cause.fail(error)) + JSON.stringify(error), "hunter2")
      assert.strictEqual(sent("POST /auth/login").length, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect("neither password nor session is in a span", () => {
    const { layer } = scripted(guarded({ valid: "" }, ["aaa.bbb.ccc"]), { password: "hunter2-hunter2" })
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.gen(function*() {
      yield* readAccount
      const text = JSON.stringify(spans.map(({ attributes, name }) => [name, ...attributes]))
      assert.include(text, "/auth/login")
      assert.notInclude(text, "hunter2")
      assert.notInclude(text, "aaa.bbb")
    }).pipe(Effect.provide(layer), Effect.provideService(Tracer.Tracer, tracer))
  })

  it.effect("no password where one is asked for is configuration", () => {
    const { layer } = scripted(({ line }) => line === "GET /auth/status" ? json({ requiresPassword: true }) : undefined)
    return Effect.gen(function*() {
      const error = yield* Effect.flip(readAccount)
      assert.strictEqual(error.exitCode, 2)
      assert.include(error.message, "WF_PASSWORD")
    }).pipe(Effect.provide(layer))
  })

  it.effect("a throttled login waits as told and a second more, and not for ever", () => {
    const throttled = (seconds: string) =>
      new Response(`Too Many Requests! Wait for ${seconds}s`, { status: 429, headers: { "retry-after": seconds } })
    const sessions = { valid: "" }
    const { layer, sent } = scripted((seen, nth) => {
      if (seen.line === "POST /auth/login" && nth === 1) return throttled("11")
      if (seen.line === "POST /auth/login" && nth === 2) return throttled("0")
      return guarded(sessions, ["new"])(seen, nth)
    }, { password: "p" })
    const stubborn = scripted(
      ({ line }) => line === "GET /auth/status" ? json({ requiresPassword: true }) : throttled("3600"),
      { password: "p" }
    )
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(readAccount.pipe(Effect.provide(layer)))
      yield* TestClock.adjust("11900 millis")
      assert.strictEqual(sent("POST /auth/login").length, 1)
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(sent("POST /auth/login").length, 2)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.strictEqual(sent("POST /auth/login").length, 3)
      const error = yield* Effect.flip(readAccount.pipe(Effect.provide(stubborn.layer)))
      assert.include(error.message, "3601 s")
    })
  })

  it.effect("a refreshed session is stored", () => {
    const { files, layer, sent } = scripted(({ line }) => {
      if (line === "GET /auth/status") return json({ requiresPassword: true })
      return line === "GET /accounts"
        ? json([account()], { headers: { "set-cookie": "wf_session=fresh; Path=/api" } })
        : undefined
    })
    files.set(sessionPath, { text: "old", mode: 0o600 })
    return Effect.gen(function*() {
      yield* readAccount
      assert.strictEqual(files.get(sessionPath)?.text, "fresh")
      assert.strictEqual(sent("GET /settings")[0]?.cookie, "wf_session=fresh")
    }).pipe(Effect.provide(layer))
  })

  it.effect("a server that lets people in by OpenID Connect only says so", () => {
    const { layer } = scripted(({ line }) =>
      line === "GET /auth/status" ? json({ requiresPassword: false, oidcEnabled: true }) : failure(401, "Unauthorized")
    )
    return Effect.gen(function*() {
      const error = yield* Effect.flip(readAccount)
      assert.include(error.message, "OpenID Connect")
      assert.strictEqual(error.exitCode, 9)
    }).pipe(Effect.provide(layer))
  })
})

describe("a server that does not answer", () => {
  for (const [name, answer] of [["refuses", "drop"], ["hangs", "hang"], ["answers 503", 503]] as const) {
    it.effect(`${name}: given up after 20 s in all`, () => {
      const { layer, seen } = scripted(() => answer === 503 ? new Response("", { status: 503 }) : answer)
      return Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(Effect.flip(readAccount))
        yield* TestClock.adjust("19900 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("100 millis")
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag, "WealthfolioUnreachable")
        assert.strictEqual(error.exitCode, 9)
        assert.include(error.message, "tracker.test:8088")
        assert.include(error.hint, "WF_BASE_URL")
        // Attempts at 0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5 and 19.5 s; hanging ones are cut at 10 s.
        assert.strictEqual(seen.length, answer === "hang" ? 2 : 8)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("is found again when it comes back", () => {
    const { layer, seen } = scripted((_, nth) => nth <= 3 ? "drop" : undefined)
    return Effect.gen(function*() {
      assert.strictEqual((yield* inVirtualTime(readAccount)).id, accountId)
      assert.strictEqual(seen.filter(({ line }) => line === "GET /auth/status").length, 4)
    }).pipe(Effect.provide(layer))
  })

  it.effect("a later silence is counted from its own start, the same one is not waited out twice", () => {
    const recovering = scripted(({ line }, nth) => line !== "GET /settings" && nth <= 5 ? "drop" : undefined)
    const dead = scripted(() => "drop")
    return Effect.gen(function*() {
      // Twice 11.5 s: more than 20 s together, and answered in between.
      assert.strictEqual((yield* inVirtualTime(readAccount.pipe(Effect.provide(recovering.layer)))).id, accountId)
      yield* Effect.gen(function*() {
        yield* inVirtualTime(Effect.flip(readAccount))
        const attempts = dead.seen.length
        yield* Effect.flip(readAccount)
        assert.strictEqual(dead.seen.length, attempts + 1)
      }).pipe(Effect.provide(dead.layer))
    })
  })
})

describe("an answer that is none of Wealthfolio's", () => {
  const cases: ReadonlyArray<readonly [string, () => Response, string]> = [
    ["a login page", html, "a web page (Sign in)"],
    ["another shape", () => json({ password: true }), "requiresPassword"],
    [
      "no JSON under its name",
      () => new Response("nope", { headers: { "content-type": "application/json" } }),
      "another shape"
    ],
    [
      "a redirect",
      () => new Response("", { status: 302, headers: { location: "https://auth.test/login?rd=secret" } }),
      "a redirect to https://auth.test/login"
    ],
    ["a plain 403", () => new Response("Forbidden", { status: 403 }), "403 Forbidden"]
  ]
  for (const [name, answer, part] of cases) {
    it.effect(`${name} is named`, () => {
      const { layer, seen } = scripted(() => answer())
      return Effect.gen(function*() {
        const error = yield* Effect.flip(readAccount)
        assert.strictEqual(error._tag, "WealthfolioReplyError")
        assert.strictEqual(error.exitCode, 9)
        assert.include(error.message, part)
        assert.notInclude(error.message, "secret")
        assert.strictEqual(seen.length, 1)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("credentials in WF_BASE_URL are refused before anything is sent, and not repeated", () => {
    const { layer, seen } = scripted(() => undefined, { baseUrl: "http://user:topsecret@tracker.test" })
    return Effect.gen(function*() {
      const error = yield* Effect.flip(readAccount)
      assert.strictEqual(error.exitCode, 2)
      assert.notInclude(JSON.stringify(error) + error.message, "topsecret")
      assert.strictEqual(seen.length, 0)
    }).pipe(Effect.provide(layer))
  })
})

describe("account", () => {
  const failing = (accounts: unknown, timezone = "", id = accountId) => {
    const { layer } = scripted(({ line }) => {
      if (line === "GET /accounts") return json(accounts)
      return line === "GET /settings" ? json({ timezone }) : undefined
    }, { accountId: id })
    return Effect.flip(readAccount).pipe(Effect.provide(layer))
  }

  it.effect("unknown, archived, HOLDINGS, swapped and an unknown zone are configuration", () =>
    Effect.gen(function*() {
      const unknown = yield* failing([account({ id: "other", name: "ISA" })])
      assert.include(unknown.message, "other (ISA, GBP)")
      const archived = yield* failing([account({ isArchived: true })])
      assert.include(archived.message, "archived")
      const holdings = yield* failing([account({ trackingMode: "HOLDINGS" })])
      assert.include(holdings.message, "holdings only")
      const swapped = yield* failing([], "", "U1234567")
      assert.include(swapped.hint, "look swapped")
      const zone = yield* failing([account()], "Mars/Olympus")
      assert.include(zone.message, "Mars/Olympus")
      for (const error of [unknown, archived, holdings, swapped, zone]) {
        assert.deepStrictEqual([error._tag, error.exitCode], ["WealthfolioAccountError", 2])
      }
    }))

  it.effect("has the zone of the settings", () => {
    const { layer } = scripted(({ line }) => line === "GET /settings" ? json({ timezone: "Europe/London" }) : undefined)
    return Effect.gen(function*() {
      assert.strictEqual((yield* readAccount).timeZone, "Europe/London")
    }).pipe(Effect.provide(layer))
  })
})

/** A bulk interface that keeps keys; `spoil` may answer in its place. */
const bulkServer = (
  spoil: (rows: ReadonlyArray<string>, nth: number, commit: () => void) => Response | "drop" | undefined
) => {
  const keys = new Map<string, string>()
  const script: Script = ({ body, line }, nth) => {
    if (line === "POST /activities/import/check-duplicates") {
      const { idempotencyKeys } = body as { readonly idempotencyKeys: ReadonlyArray<string> }
      return json({
        duplicates: Object.fromEntries(idempotencyKeys.flatMap((key) => keys.has(key) ? [[key, keys.get(key)]] : []))
      })
    }
    if (line !== "POST /activities/bulk") return undefined
    const { creates } = body as {
      readonly creates: ReadonlyArray<{ readonly id: string; readonly idempotencyKey: string }>
    }
    const commit = () => {
      for (const row of creates) keys.set(row.idempotencyKey, `id-${keys.size + 1}`)
    }
    const spoiled = spoil(creates.map((row) => row.id), nth, commit)
    if (spoiled !== undefined) return spoiled
    if (creates.some((row) => keys.has(row.idempotencyKey))) {
      return failure(
        400,
        "Activity error: Invalid data: Duplicate activity detected. A matching activity already exists."
      )
    }
    commit()
    return json({
      created: creates.map((row) => ({ id: keys.get(row.idempotencyKey), idempotencyKey: row.idempotencyKey })),
      createdMappings: creates.map((row) => ({ tempId: row.id, activityId: keys.get(row.idempotencyKey) })),
      errors: []
    })
  }
  return { keys, script }
}

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

describe("assets", () => {
  const instrument = {
    key: "265598",
    symbol: "AAPL",
    ticker: "AAPL",
    mic: "XNAS",
    isUsListing: true,
    currency: "USD",
    conid: "265598",
    isin: "US0378331005"
  }
  const there = {
    id: "a",
    instrumentType: "EQUITY",
    instrumentSymbol: "AAPL",
    instrumentExchangeMic: "XNAS",
    quoteCcy: "USD"
  }
  const tied = (create: boolean) =>
    WealthfolioRepo.use((repo) => repo.assets([{ instrument, rememberedAssetId: "gone" }], { create })).pipe(
      Effect.map((ties) => ties.get("265598"))
    )

  it.effect("reads once, creates with conid and ISIN, and only when asked to", () => {
    const { layer, sent } = scripted(({ line }) => {
      if (line === "GET /assets") return json([])
      return line === "POST /assets" ? json({ ...there, id: "new" }) : undefined
    })
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* tied(false), { _tag: "Absent" })
      assert.strictEqual(sent("POST /assets").length, 0)
      assert.deepStrictEqual(yield* tied(true), { _tag: "Matched", assetId: "new" })
      assert.deepInclude(sent("POST /assets")[0]?.body, {
        instrumentSymbol: "AAPL",
        quoteCcy: "USD",
        metadata: { ibkr: { conid: "265598" }, isin: "US0378331005" }
      })
      assert.strictEqual(sent("GET /assets").length, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("an identity that came into being meanwhile is read again (3.1.0); another refusal holds the line", () => {
    const refusing = (message: string) =>
      scripted(({ line }, nth) => {
        if (line === "GET /assets") return json(nth === 1 ? [] : [there])
        return line === "POST /assets" ? failure(400, message) : undefined
      }).layer
    return Effect.gen(function*() {
      const unique = refusing("Database operation failed: UNIQUE constraint failed: assets.instrument_key")
      assert.deepStrictEqual(yield* tied(true).pipe(Effect.provide(unique)), { _tag: "Matched", assetId: "a" })
      const held = yield* tied(true).pipe(Effect.provide(refusing("Quote currency is unknown")))
      assert.isTrue(held?._tag === "Held" && held.detail.includes("Quote currency is unknown"))
    })
  })
})

describe("recomputedAfter", () => {
  const event = (name: string) => `event: ${name}\ndata: null\n\n`
  const start = event("portfolio:update-start")
  const complete = event("portfolio:update-complete")

  /** A stream that a test writes to, and a bulk interface. */
  const watched = (recalcTimeout: Duration.Duration, stream: () => Response | undefined) => {
    const { script } = bulkServer(() => undefined)
    let quantity = 0
    const server = scripted((seen, nth) => {
      if (seen.line === "GET /events/stream") return stream()
      if (seen.line === "GET /valuations/latest") return json([])
      if (seen.line === "GET /holdings") {
        return json([{ holdingType: "cash", instrument: { id: "cash:GBP", symbol: "GBP" }, quantity }])
      }
      return script(seen, nth)
    }, { recalcTimeout })
    const run = WealthfolioRepo.use((repo) => repo.recomputedAfter(repo.importBatch([newActivity(1)])))
    return { ...server, run, setQuantity: (value: number) => quantity = value }
  }
  const pipe = () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    return {
      response: () => new Response(readable, { headers: { "content-type": "text/event-stream" } }),
      write: (text: string) => Effect.promise(() => writer.write(new TextEncoder().encode(text))),
      end: Effect.promise(() => writer.close())
    }
  }
  /** Lets streams and fibers run until `condition` holds; no clock moves. */
  const until = Effect.fnUntraced(function*(condition: () => boolean) {
    while (!condition()) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  })

  it.effect("waits for a completion whose start came after the write", () => {
    const events = pipe()
    const { layer, run, sent } = watched(Duration.minutes(10), events.response)
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(run)
      yield* until(() => sent("POST /activities/bulk").length === 1)
      yield* TestClock.adjust("1 second")
      yield* events.write(complete)
      yield* TestClock.adjust("5 seconds")
      assert.isUndefined(fiber.pollUnsafe(), "a completion without its start is another job's")
      yield* events.write(start + complete)
      const [, recomputed] = yield* Fiber.join(fiber)
      assert.isTrue(recomputed)
    }).pipe(Effect.provide(layer))
  })

  it.effect("not in time is false", () => {
    const events = pipe()
    const { layer, run, sent } = watched(Duration.minutes(1), events.response)
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(run)
      yield* until(() => sent("POST /activities/bulk").length === 1)
      yield* events.write(start)
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const [outcome, recomputed] = yield* Fiber.join(fiber)
      assert.isFalse(recomputed)
      assert.strictEqual(outcome.imported.size, 1)
    }).pipe(Effect.provide(layer))
  })

  for (const isBroken of [true, false]) {
    it.effect(`${isBroken ? "a stream that breaks" : "no stream"}: holdings must change and stand still`, () => {
      const events = pipe()
      const { layer, run, sent, setQuantity } = watched(
        Duration.minutes(10),
        () => isBroken ? events.response() : new Response("", { status: 404 })
      )
      const readings = () => sent("GET /holdings").length
      const pollTo = Effect.fnUntraced(function*(count: number) {
        while (readings() < count) {
          yield* TestClock.adjust("1 second")
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
      })
      return Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(run)
        yield* until(() => sent("POST /activities/bulk").length === 1)
        if (isBroken) yield* events.end
        yield* pollTo(31)
        assert.isUndefined(fiber.pollUnsafe(), "still as before is not recomputed")
        setQuantity(7)
        yield* pollTo(36)
        assert.isUndefined(fiber.pollUnsafe(), "changed, and not yet still")
        yield* pollTo(37)
        const [, recomputed] = yield* Fiber.join(fiber)
        assert.isTrue(recomputed)
      }).pipe(Effect.provide(layer))
    })
  }

  it.effect("a write that wrote nothing is not waited for; a failed write fails as it is", () => {
    const events = pipe()
    const { layer } = watched(Duration.minutes(10), events.response)
    return Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      assert.deepStrictEqual(yield* repo.recomputedAfter(Effect.succeed(1)), [1, true])
      const lost = new WealthfolioUnreachable({ operation: "POST /x", host: "h", detail: "gone" })
      assert.strictEqual(yield* Effect.flip(repo.recomputedAfter(Effect.fail(lost))), lost)
    }).pipe(Effect.provide(layer))
  })
})

describe("reading back", () => {
  const assetRow = (id: string, instrumentSymbol: string, instrumentExchangeMic: string | null) => ({
    id,
    instrumentSymbol,
    instrumentExchangeMic
  })

  it.effect("holdings join by asset id, with or without exchangeMic; floats become the shortest decimal", () => {
    const security = (id: string, symbol: string, quantity: number, more = {}) => ({
      holdingType: "security",
      instrument: { id, symbol, currency: "GBP", ...more },
      quantity
    })
    const { layer } = scripted(({ line }) => {
      if (line === "GET /assets") return json([assetRow("a", "VUSA", "XLON"), assetRow("b", "AAPL", "XNAS")])
      if (line !== "GET /holdings") return undefined
      return json([
        security("a", "VUSA", 0.1 + 0.2),
        security("b", "AAPL", 1e-7, { exchangeMic: "XNAS" }),
        security("gone", "SAP", 3, { exchangeMic: "XETR" }),
        { holdingType: "alternativeAsset", quantity: 1 },
        { holdingType: "cash", instrument: { id: "cash:USD", symbol: "USD", currency: "USD" }, quantity: -695.5 }
      ])
    })
    return Effect.gen(function*() {
      const holdings = yield* WealthfolioRepo.use((repo) => repo.holdings)
      assert.deepStrictEqual(
        holdings.map((
          each
        ) => [each._tag === "Cash" ? each.currency : `${each.assetId} ${each.symbol}`, Decimal.format(each.quantity)]),
        [["a VUSA.L", "0.30000000000000004"], ["b AAPL", "0.0000001"], ["gone SAP.DE", "3"], ["USD", "-695.5"]]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("activities after a day: by the tracker's own day, posted, oldest first", () => {
    const row = (id: string, date: string, more = {}) => ({
      id,
      assetId: "",
      activityType: "DEPOSIT",
      status: "POSTED",
      date,
      currency: "GBP",
      amount: "1.50",
      fee: null,
      ...more
    })
    const data = [
      row("late", "2026-01-05T10:00:00+00:00", { assetId: "a", fee: "0.10", subtype: "REFUND" }),
      row("draft", "2026-01-04T10:00:00+00:00", { status: "DRAFT" }),
      row("local-day-before", "2026-01-03T04:59:00+00:00"),
      row("local-day-after", "2026-01-03T05:00:00+00:00")
    ]
    const { layer, sent } = scripted(({ body, line }) => {
      if (line === "GET /settings") return json({ timezone: "America/New_York" })
      if (line !== "POST /activities/search") return undefined
      const { page, pageSize } = body as { readonly page: number; readonly pageSize: number }
      // A host that caps pages at two rows.
      const at = pageSize === -1 ? 0 : page * 2
      return json({ data: data.slice(at, at + 2), meta: { totalRowCount: data.length } })
    })
    return Effect.gen(function*() {
      const activities = yield* WealthfolioRepo.use((repo) => repo.activitiesAfter(PlainDate.of("2026-01-02")))
      assert.deepStrictEqual(activities.map(({ date, id }) => [id, date]), [["local-day-after", "2026-01-03"], [
        "late",
        "2026-01-05"
      ]])
      const last = activities[1]
      assert.strictEqual(Decimal.format(last?.amount ?? Decimal.zero), "1.5")
      assert.strictEqual(Decimal.format(last?.fee ?? Decimal.zero), "0.1")
      assert.deepInclude(last, { assetId: "a", subtype: "REFUND" })
      assert.isUndefined(activities[0]?.assetId)
      assert.deepInclude(sent("POST /activities/search")[0]?.body, {
        accountIdFilter: accountId,
        dateFrom: "2026-01-02"
      })
    }).pipe(Effect.provide(layer))
  })

  it.effect("a bad decimal is an error that names no value", () => {
    const { layer } = scripted(({ line }) =>
      line === "GET /holdings" ? json([{ holdingType: "cash", quantity: "12,3x" }]) : undefined
    )
    return Effect.gen(function*() {
      const error = yield* Effect.flip(WealthfolioRepo.use((repo) => repo.holdings))
      assert.strictEqual(error._tag, "WealthfolioReplyError")
      assert.include(error.message, "quantity")
      assert.notInclude(error.message, "12,3x")
    }).pipe(Effect.provide(layer))
  })
})

describe("fixtures", () => {
  it.effect("the tracker in memory keeps keys single and reckons what it holds", () =>
    Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      const instrument = {
        key: "1",
        symbol: "VUSA.L",
        ticker: "VUSA",
        mic: "XLON",
        isUsListing: false,
        currency: "GBP"
      }
      const tied = (yield* repo.assets([{ instrument }], { create: true })).get("1")
      if (tied?._tag !== "Matched") return assert.fail("not tied")
      const batch = [
        newActivity(1, { amount: Decimal.of("1000") }),
        newActivity(2, {
          type: "BUY",
          time: "13:00:00",
          quantity: Decimal.of("10"),
          unitPrice: Decimal.of("89.87"),
          fee: Decimal.of("1"),
          amount: Decimal.of("899.7")
        }, tied.assetId),
        newActivity(3, {
          type: "SELL",
          time: "14:00:00",
          quantity: Decimal.of("4"),
          unitPrice: Decimal.of("90"),
          fee: Decimal.of("1"),
          amount: Decimal.of("359")
        }, tied.assetId),
        newActivity(4, { type: "TAX", date: PlainDate.of("2026-01-03"), amount: Decimal.of("2") })
      ]
      const first = yield* repo.importBatch(batch)
      const second = yield* repo.importBatch(batch)
      assert.strictEqual(first.imported.size, 4)
      assert.deepStrictEqual(second.alreadyThere, first.imported)
      assert.strictEqual((yield* repo.existing(batch.map(({ key }) => key))).size, 4)
      const holdings = yield* repo.holdings
      assert.deepStrictEqual(
        holdings.map((each) => [each._tag === "Cash" ? each.currency : each.symbol, Decimal.format(each.quantity)]),
        [["VUSA.L", "6"], ["GBP", "457.3"]]
      )
      assert.deepStrictEqual((yield* repo.activitiesAfter(PlainDate.of("2026-01-02"))).map(({ type }) => type), ["TAX"])
    }).pipe(Effect.provide(WealthfolioRepo.layerTest())))

  it.effect("offline has an empty account, and dies when anything would be written", () =>
    Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      assert.strictEqual((yield* repo.account).timeZone, "UTC")
      assert.strictEqual((yield* repo.existing(["k"])).size, 0)
      const exit = yield* Effect.exit(repo.importBatch([newActivity(1)]))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }).pipe(Effect.provide(WealthfolioRepo.layerOffline)))
})
