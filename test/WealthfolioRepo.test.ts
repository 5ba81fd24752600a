import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { account, accountId, failure, json, type Script, scripted, sessionPath } from "./Wealthfolio/scripted.ts"
import { html, inVirtualTime, login, readAccount } from "./Wealthfolio/standing.ts"

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

  it.effect("what a run killed while it kept its session left is used up", () => {
    const { files, layer } = scripted(guarded({ valid: "" }, ["new"]), { password: "p" })
    files.set(`${sessionPath}.${accountId}.tmp`, { text: "ne", mode: 0o600 })
    return Effect.gen(function*() {
      yield* readAccount
      assert.deepStrictEqual([...files], [[sessionPath, { text: "new", mode: 0o600 }]])
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
