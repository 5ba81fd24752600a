import { assert, describe, it } from "@effect/vitest"
import { eventually, isStandIn, type Json, recomputeMillis, row, trade, useTarget } from "./support.ts"

const used = useTarget()

/** Events as they come in, until `done` is told to stop. */
const listen = async (): Promise<{ readonly events: () => AsyncGenerator<string>; readonly close: () => void }> => {
  const stop = new AbortController()
  const headers = { cookie: `wf_session=${used.target.session}` }
  const response = await fetch(`${used.target.url}/api/v1/events/stream`, { headers, signal: stop.signal })
  assert.strictEqual(response.status, 200)
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/)
  const events = async function*() {
    let text = ""
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      const whole = text.split("\n\n")
      text = whole.pop() ?? ""
      yield* whole.filter((each) => !each.startsWith(":"))
    }
  }
  return { events, close: () => stop.abort() }
}

/** The day of an instant in the server's own zone. */
const dayOf = async (instant: string): Promise<string> => {
  const { timezone } = await used.target.ok("GET", "/settings")
  const timeZone = timezone === "" ? "UTC" : String(timezone)
  return new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(new Date(instant))
}

const snapshotDays = async (account: string): Promise<ReadonlyArray<unknown>> =>
  (await used.target.ok<ReadonlyArray<Json>>("GET", `/snapshots?accountId=${account}`)).map((each) =>
    each["snapshotDate"]
  )

describe("recomputation", () => {
  it("is announced: holdings are new by the end of a job that began after the write", async () => {
    const account = await used.target.account()
    const { events, close } = await listen()
    const timer = setTimeout(close, recomputeMillis)
    await used.target.import([row(account, { amount: "42" })])
    let begun = false
    let ended = 0
    for await (const event of events()) {
      if (event === "event: portfolio:update-start\ndata: null") begun = true
      if (event !== "event: portfolio:update-complete\ndata: null" || !begun) continue
      begun = false
      ended += 1
      // Somebody else's write may have been in line before ours on a real server.
      const { cash } = await used.target.holdings(account)
      if (cash["GBP"] === 42) break
      assert.isBelow(ended, isStandIn ? 1 : 5)
    }
    clearTimeout(timer)
    close()
    assert.isAbove(ended, 0)
  })

  it("follows rows that are dated before what was there", async () => {
    const account = await used.target.account()
    await used.target.import([row(account, { amount: "1", activityDate: "2026-01-10T12:00:00Z" })])
    await used.target.eventually(account, { cash: { GBP: 1 } })
    await used.target.import([row(account, { amount: "10", activityDate: "2026-01-05T12:00:00Z" })])
    await used.target.eventually(account, { cash: { GBP: 11 } })
  })

  it("follows a replacement and a deletion", async () => {
    const account = await used.target.account()
    const sent = row(account, { amount: "5" })
    const [old] = await used.target.import([row(account, { amount: "100" }), sent])
    await used.target.eventually(account, { cash: { GBP: 105 } })
    const known = await used.target.known([sent["idempotencyKey"]])
    await used.target.import([{ ...sent, amount: "7" }], Object.values(known))
    await used.target.eventually(account, { cash: { GBP: 107 } })
    await used.target.ok("DELETE", `/activities/${String(old?.["id"])}`)
    await used.target.eventually(account, { cash: { GBP: 7 } })
  })

  it("in full brings in a split that came late", async () => {
    const account = await used.target.account()
    const asset = String((await used.target.asset())["id"])
    await used.target.import([trade(account, "BUY", asset, { quantity: "5", unitPrice: "4" })])
    await used.target.eventually(account, { shares: { [asset]: 5 }, cash: { GBP: -20 } })
    const split = { activityType: "SPLIT", symbol: { id: asset }, amount: "2", activityDate: "2026-01-07T12:00:00Z" }
    // The cash of the second row tells when the split's own computation is over, whether or not it counted.
    await used.target.import([row(account, split), row(account, { activityDate: "2026-01-07T12:00:00Z" })])
    await eventually(async () => assert.strictEqual((await used.target.holdings(account)).cash["GBP"], -19))
    await used.target.call("POST", "/portfolio/recalculate", {})
    await used.target.eventually(account, { shares: { [asset]: 10 }, cash: { GBP: -19 } })
  })

  it("in full clears an account whose rows are all gone", async () => {
    const account = await used.target.account()
    const [created] = await used.target.import([row(account)])
    await used.target.eventually(account, { cash: { GBP: 1 } })
    await used.target.ok("DELETE", `/activities/${String(created?.["id"])}`)
    await used.target.call("POST", "/portfolio/recalculate", {})
    await used.target.eventually(account, {})
  })
})

describe("days", () => {
  it("are those of the server's own zone", async () => {
    const account = await used.target.account()
    const instants = ["2026-01-05T00:30:00Z", "2026-01-06T23:30:00Z", "2026-01-08T20:20:00-05:00"]
    await used.target.import(instants.map((activityDate) => row(account, { activityDate })))
    await used.target.eventually(account, { cash: { GBP: 3 } })
    const wanted = []
    for (const instant of instants) wanted.push(await dayOf(instant))
    assert.deepStrictEqual(await snapshotDays(account), wanted)
  })

  it("of a date without a time begin at midnight UTC", async () => {
    const account = await used.target.account()
    await used.target.import([row(account, { activityDate: "2026-01-05" })])
    await used.target.eventually(account, { cash: { GBP: 1 } })
    assert.deepStrictEqual(await snapshotDays(account), [await dayOf("2026-01-05T00:00:00Z")])
  })

  it("have their own holdings, and 500 where there was no row", async () => {
    const account = await used.target.account()
    await used.target.import([
      row(account, { activityDate: "2026-01-05T12:00:00Z" }),
      row(account, { activityDate: "2026-01-07T12:00:00Z" })
    ])
    await used.target.eventually(account, { cash: { GBP: 2 } })
    const at = (day: string) => `/snapshots/holdings?accountId=${account}&date=${day}`
    const [first] = await used.target.ok<ReadonlyArray<Json>>("GET", at(await dayOf("2026-01-05T12:00:00Z")))
    assert.strictEqual(first?.["quantity"], 1)
    const none = await used.target.call("GET", at("2020-01-01"))
    assert.strictEqual(none.status, 500)
    assert.deepStrictEqual(none.json, { code: 500, message: "No snapshot found for date 2020-01-01" })
  })
})

// Last, because a real server is busy with it for a while.
describe("a full computation", () => {
  it("can be asked for, which is answered at once, with and without a body", async () => {
    for (const [path, body] of [["/portfolio/recalculate", {}], ["/portfolio/update", undefined]] as const) {
      const answer = await used.target.call("POST", path, body)
      assert.strictEqual(answer.status, 202)
      assert.strictEqual(answer.text, "")
    }
  })
})
