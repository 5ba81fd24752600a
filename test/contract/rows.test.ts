import { assert, describe, it } from "@effect/vitest"
import { type Answer, type Json, key, row, useTarget } from "./support.ts"

const used = useTarget()

const messageOf = (answer: Answer): string => String((answer.json as Json)["message"])
const keyOf = (sent: Json): string => String(sent["idempotencyKey"])

describe("single rows", () => {
  it("a second of the same key is 400 and names the one that is there", async () => {
    const sent = row(await used.target.account())
    const first = await used.target.ok("POST", "/activities", sent)
    const answer = await used.target.call("POST", "/activities", sent)
    assert.strictEqual(answer.status, 400)
    assert.include(messageOf(answer), `A matching activity already exists (id: ${String(first["id"])}).`)
  })

  it("typed by hand have a key of the server's and the source MANUAL", async () => {
    const account = await used.target.account()
    const { idempotencyKey: _, sourceSystem: __, ...typed } = row(account, { notes: "by hand" })
    const created = await used.target.ok("POST", "/activities", typed)
    assert.match(String(created["idempotencyKey"]), /^[0-9a-f]{64}$/)
    assert.deepInclude(created, { sourceSystem: "MANUAL", notes: "by hand" })
  })

  it("keep key and source when changed, lose notes that are not sent again, and count as the user's", async () => {
    const account = await used.target.account()
    const [created] = await used.target.import([row(account, { notes: "mine", fee: "0.5" })])
    assert.isDefined(created)
    const changed = await used.target.ok("PUT", "/activities", {
      id: created["id"],
      accountId: account,
      activityType: "DEPOSIT",
      activityDate: "2026-01-06",
      currency: "GBP",
      amount: "7",
      idempotencyKey: "ours",
      sourceSystem: "OTHER"
    })
    assert.deepInclude(changed, {
      id: created["id"],
      idempotencyKey: created["idempotencyKey"],
      sourceSystem: created["sourceSystem"],
      activityDate: "2026-01-06T00:00:00+00:00",
      amount: "7",
      fee: "0.5",
      notes: null,
      isUserModified: true
    })
  })

  it("free their key when deleted; a second deletion is 400", async () => {
    const sent = row(await used.target.account())
    const [created] = await used.target.import([sent])
    const path = `/activities/${String(created?.["id"])}`
    const gone = await used.target.ok("DELETE", path)
    assert.strictEqual(gone["id"], created?.["id"])
    const again = await used.target.call("DELETE", path)
    assert.strictEqual(again.status, 400)
    assert.include(messageOf(again), "Record not found")
    assert.deepStrictEqual(await used.target.known([keyOf(sent)]), {})
    await used.target.import([sent])
  })
})

describe("check-duplicates", () => {
  it("answers with the keys that are there and their rows, whatever their status", async () => {
    const account = await used.target.account()
    const drafted = row(account, { status: "DRAFT" })
    const [created] = await used.target.import([drafted])
    const known = await used.target.known([keyOf(drafted), key(), `${keyOf(drafted)} `])
    assert.deepStrictEqual(known, { [keyOf(drafted)]: String(created?.["id"]) })
  })

  it("answers nothing to no keys", async () => {
    assert.deepStrictEqual(await used.target.known([]), {})
  })
})
