import { assert, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import { type Json, row, useTarget } from "./support.ts"

const used = useTarget()

describe("the server", () => {
  it("names its version, its zone and its base currency", async () => {
    const info = await used.target.ok("GET", "/app/info")
    assert.match(String(info["version"]), /^\d+\.\d+\.\d+/)
    const settings = await used.target.ok("GET", "/settings")
    assert.isString(settings["timezone"])
    assert.isString(settings["baseCurrency"])
  })

  it("refuses an empty time zone and changes nothing", async () => {
    const before = await used.target.ok("GET", "/settings")
    const answer = await used.target.call("PUT", "/settings", { timezone: "" })
    assert.strictEqual(answer.status, 400)
    assert.deepStrictEqual(answer.json, { code: 400, message: "Invalid input: Timezone cannot be empty" })
    assert.deepStrictEqual(await used.target.ok("GET", "/settings"), before)
  })

  it("lists exchanges by MIC with their quote currency: London in pence", async () => {
    const all = await used.target.ok<ReadonlyArray<Json>>("GET", "/exchanges")
    const currencyOf = (mic: string) => all.find((each) => each["mic"] === mic)?.["currency"]
    assert.deepStrictEqual(["XLON", "XNAS", "XETR"].map(currencyOf), ["GBp", "USD", "EUR"])
  })

  it("never answers an unknown path with JSON", async () => {
    const answer = await used.target.call("GET", `/no-such-${randomUUID()}`)
    assert.isUndefined(answer.json)
    assert.include([200, 404], answer.status)
    assert.strictEqual((await used.target.call("POST", `/no-such-${randomUUID()}`, {})).json, undefined)
  })

  it("gives back the request id that it was sent", async () => {
    const id = randomUUID()
    const answer = await used.target.call("GET", "/accounts", undefined, { headers: { "x-request-id": id } })
    assert.strictEqual(answer.headers.get("x-request-id"), id)
  })
})

describe("bodies", () => {
  const post = (raw: string, headers: Record<string, string> = {}) =>
    used.target.call("POST", "/activities/bulk", undefined, { raw, headers })

  it("that are not JSON are 400, plain text", async () => {
    const answer = await post("{")
    assert.strictEqual(answer.status, 400)
    assert.match(answer.text, /^Failed to parse the request body as JSON: /)
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/)
  })

  it("of another content type are 415, plain text", async () => {
    const answer = await post("{}", { "content-type": "text/plain" })
    assert.strictEqual(answer.status, 415)
    assert.strictEqual(answer.text, "Expected request with `Content-Type: application/json`")
  })

  it("of another shape are 422, plain text that names the place", async () => {
    const account = await used.target.account()
    const cases: ReadonlyArray<readonly [Json, RegExp]> = [
      [row(account, { amount: "1,000" }), /creates\[0\]\.amount: Invalid decimal value '1,000'/],
      [row(account, { amount: "ten" }), /creates\[0\]\.amount: Invalid decimal value 'ten'/],
      [row(account, { metadata: { a: 1 } }), /creates\[0\]\.metadata: invalid type: map, expected a string/],
      [row(account, { status: "WEIRD" }), /creates\[0\]\.status: unknown variant `WEIRD`/],
      [{ activityType: "DEPOSIT" }, /missing field `accountId`/]
    ]
    for (const [sent, wanted] of cases) {
      const answer = await used.target.bulk([sent])
      assert.strictEqual(answer.status, 422)
      assert.match(answer.text, wanted)
      assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/)
    }
  })

  it("of more than 2 MB are 413, and nothing is written", async () => {
    const account = await used.target.account()
    const sent = row(account)
    const answer = await used.target.bulk([sent, row(account, { notes: "x".repeat(2 * 1024 * 1024) })])
    assert.strictEqual(answer.status, 413)
    assert.deepStrictEqual(await used.target.known([sent["idempotencyKey"]]), {})
  })

  it("of 2 MB less a little are taken", async () => {
    const keys = Array.from({ length: 29_000 }, (_, index) => `U0000000/${randomUUID().slice(0, 8)}:${index}`)
    assert.deepStrictEqual(await used.target.known(keys), {})
  })

  it("missing a query parameter is 400, plain text", async () => {
    const answer = await used.target.call("GET", "/holdings")
    assert.strictEqual(answer.status, 400)
    assert.strictEqual(answer.text, "Failed to deserialize query string: missing field `accountId`")
  })
})

describe("accounts", () => {
  it("are listed unless archived", async () => {
    const open = await used.target.account()
    const inactive = await used.target.account({ isActive: false })
    const archived = await used.target.account({ isArchived: true })
    const listed = async (path: string) =>
      (await used.target.ok<ReadonlyArray<Json>>("GET", path)).map((each) => each["id"])
    const usual = await listed("/accounts")
    assert.include(usual, open)
    assert.include(usual, inactive)
    assert.notInclude(usual, archived)
    assert.include(await listed("/accounts?includeArchived=true"), archived)
  })

  it("say their currency, mode and whether they are archived", async () => {
    const id = await used.target.account({ currency: "EUR", trackingMode: "HOLDINGS" })
    const all = await used.target.ok<ReadonlyArray<Json>>("GET", "/accounts")
    const found = all.find((each) => each["id"] === id)
    assert.isDefined(found)
    assert.deepInclude(found, { currency: "EUR", trackingMode: "HOLDINGS", isArchived: false, isActive: true })
  })

  it("free the keys of their rows when they are deleted", async () => {
    const account = await used.target.account()
    const [created] = await used.target.import([row(account)])
    const sent = created?.["idempotencyKey"]
    assert.property(await used.target.known([sent]), String(sent))
    assert.strictEqual((await used.target.call("DELETE", `/accounts/${account}`)).status, 204)
    assert.deepStrictEqual(await used.target.known([sent]), {})
    assert.strictEqual((await used.target.call("DELETE", `/accounts/${account}`)).status, 204)
  })
})
