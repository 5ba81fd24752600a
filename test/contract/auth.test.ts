import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { WealthfolioServer } from "../support/WealthfolioServer.ts"
import { startWealthfolio } from "../support/WealthfolioServer.ts"
import { isStandIn, realPassword, realUrl, standInPassword, Target } from "./support.ts"

const unauthorized = { code: 401, message: "Unauthorized" }

describe.runIf(isStandIn || realPassword !== undefined)("a server with a password", () => {
  const password = realPassword ?? standInPassword
  let standIn: WealthfolioServer | undefined
  let target: Target
  beforeAll(async () => {
    if (realUrl === undefined) standIn = await startWealthfolio({ password })
    target = new Target(realUrl ?? standIn?.url ?? "")
    await target.login(password)
  })
  afterAll(async () => standIn?.close())

  it("says so without a session", async () => {
    const { status, json } = await target.call("GET", "/auth/status", undefined, { anonymous: true })
    assert.strictEqual(status, 200)
    assert.isTrue((json as Record<string, unknown>)["requiresPassword"])
  })

  it("hands out the session in a cookie only, and says how long it lives", async () => {
    const answer = await target.login(password)
    const { authenticated, expiresIn, ...rest } = answer.json as Record<string, unknown>
    assert.strictEqual(authenticated, true)
    assert.isAbove(expiresIn as number, 0)
    assert.deepStrictEqual(rest, {})
    const [cookie = ""] = answer.headers.getSetCookie()
    assert.match(cookie, /^wf_session=[\w-]+\.[\w-]+\.[\w-]+; HttpOnly; SameSite=Lax; Path=\/api; Max-Age=\d+/)
    assert.include(cookie, `Max-Age=${String(expiresIn)}`)
  })

  it("refuses a wrong password with 401", async () => {
    const stranger = new Target(target.url)
    const answer = await stranger.login(`not ${password}`)
    assert.strictEqual(answer.status, 401)
    assert.deepStrictEqual(answer.json, { code: 401, message: "Invalid password" })
  })

  it("refuses what needs a session without one", async () => {
    const answer = await target.call("GET", "/accounts", undefined, { anonymous: true })
    assert.strictEqual(answer.status, 401)
    assert.deepStrictEqual(answer.json, unauthorized)
  })

  it("takes the session as a cookie and as Bearer", async () => {
    assert.deepStrictEqual((await target.call("GET", "/auth/me")).json, { authenticated: true })
    const bearer = { anonymous: true, headers: { authorization: `bearer ${target.session}` } }
    const answer = await target.call("GET", "/auth/me", undefined, bearer)
    assert.deepStrictEqual(answer.json, { authenticated: true })
  })

  it("does not look at the cookie when any Authorization header is there", async () => {
    const answer = await target.call("GET", "/auth/me", undefined, { headers: { authorization: "Basic Zm9vOmJhcg==" } })
    assert.strictEqual(answer.status, 401)
    assert.deepStrictEqual(answer.json, unauthorized)
  })

  it("answers 401 to a forged session and 500 to one that cannot be decoded", async () => {
    const [head, claims] = target.session.split(".")
    const forged = `${head}.${claims}.${"A".repeat(43)}`
    const cookie = (value: string) => ({ anonymous: true, headers: { cookie: `wf_session=${value}` } })
    assert.strictEqual((await target.call("GET", "/auth/me", undefined, cookie(forged))).status, 401)
    assert.strictEqual((await target.call("GET", "/auth/me", undefined, cookie("nonsense"))).status, 401)
    const undecodable = await target.call("GET", "/auth/me", undefined, cookie("a.b.c"))
    assert.strictEqual(undecodable.status, 500)
    assert.strictEqual((undecodable.json as Record<string, unknown>)["code"], 500)
  })

  it("revokes nothing on logout", async () => {
    const answer = await target.call("POST", "/auth/logout")
    assert.strictEqual(answer.status, 204)
    assert.include(answer.headers.getSetCookie()[0] ?? "", "Max-Age=0")
    assert.strictEqual((await target.call("GET", "/auth/me")).status, 200)
  })

  it("lets nobody wait for a healthy answer behind the password", async () => {
    for (const probe of ["/healthz", "/readyz"]) {
      const answer = await target.call("GET", probe, undefined, { anonymous: true })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.text, "ok")
    }
  })

  // Keeps everyone on this host out of a real server for a minute: only with WF_CONTRACT_THROTTLE=1.
  it.runIf(isStandIn || process.env["WF_CONTRACT_THROTTLE"] === "1")("throttles logins, good ones too", async () => {
    const answers = []
    for (let count = 0; count < 6; count++) {
      answers.push(await target.call("POST", "/auth/login", { password }, { anonymous: true }))
    }
    const throttled = answers.find(({ status }) => status === 429)
    assert.isDefined(throttled)
    assert.match(throttled.text, /^Too Many Requests! Wait for \d+s$/)
    assert.match(throttled.headers.get("retry-after") ?? "", /^\d+$/)
    assert.strictEqual(throttled.headers.get("x-ratelimit-after"), throttled.headers.get("retry-after"))
    assert.strictEqual((await target.call("GET", "/auth/me")).status, 200)
  })
})

describe.runIf(isStandIn || realPassword === undefined)("a server without a password", () => {
  let standIn: WealthfolioServer | undefined
  let target: Target
  beforeAll(async () => {
    if (realUrl === undefined) standIn = await startWealthfolio()
    target = new Target(realUrl ?? standIn?.url ?? "")
  })
  afterAll(async () => standIn?.close())

  it("says so, lets everyone in, and has no login", async () => {
    assert.strictEqual(
      ((await target.call("GET", "/auth/status")).json as Record<string, unknown>)["requiresPassword"],
      false
    )
    assert.strictEqual((await target.call("GET", "/accounts")).status, 200)
    assert.deepStrictEqual((await target.call("GET", "/auth/me")).json, { authenticated: true })
    const login = await target.call("POST", "/auth/login", { password: "any" })
    assert.strictEqual(login.status, 404)
    assert.deepStrictEqual(login.json, { code: 404, message: "Authentication is not configured for this server" })
  })
})
