import { assert, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import { type Answer, type Json, key, row, useTarget } from "./support.ts"

const used = useTarget()

const keyOf = (sent: Json): string => String(sent["idempotencyKey"])
const idOf = (created: Json | undefined): string => String(created?.["id"])
const errorsOf = (answer: Answer): unknown => (answer.json as Json)["errors"]

const search = async (fields: Json = {}): Promise<ReadonlyArray<Json>> => {
  const found = await used.target.ok("POST", "/activities/search", { page: 0, pageSize: -1, ...fields })
  return found["data"] as ReadonlyArray<Json>
}
const rowsOf = (account: string) => search({ accountIdFilter: account })

/** As typed on the page: no key, no source. */
const byHand = async (account: string, fields: Json = {}): Promise<Json> => {
  const { idempotencyKey: _, sourceSystem: __, ...typed } = row(account, fields)
  return used.target.ok("POST", "/activities", typed)
}

/** The body of an update that changes nothing but the note. */
const edited = async (account: string, id: string, notes: string): Promise<Json> =>
  used.target.ok("PUT", "/activities", {
    id,
    accountId: account,
    activityType: "DEPOSIT",
    activityDate: "2026-01-05T12:00:00Z",
    currency: "GBP",
    notes
  })

describe("deletions and creations in one bulk", () => {
  it("a row by hand becomes one of ours, with its note and its instant to the millisecond", async () => {
    const account = await used.target.account()
    const typed = await byHand(account, { notes: "for the roof", activityDate: "2026-01-05T23:30:00.250-02:00" })
    const [old] = await rowsOf(account)
    assert.strictEqual(old?.["date"], "2026-01-06T01:30:00.250+00:00")
    const ours = row(account, { notes: old?.["comment"], activityDate: old?.["date"], sourceSystem: "IBKR" })
    const [created] = await used.target.import([ours], [idOf(typed)])
    const rows = await rowsOf(account)
    assert.lengthOf(rows, 1)
    assert.deepInclude(rows[0], {
      id: created?.["id"],
      comment: "for the roof",
      date: "2026-01-06T01:30:00.250+00:00",
      idempotencyKey: keyOf(ours),
      sourceSystem: "IBKR",
      isUserModified: false
    })
  })

  it("one row for several, and several for one", async () => {
    const account = await used.target.account()
    const [one, two] = [await byHand(account, { notes: "1" }), await byHand(account, { notes: "2" })]
    const [sum] = await used.target.import([row(account, { amount: "2" })], [idOf(one), idOf(two)])
    assert.deepStrictEqual((await rowsOf(account)).map(idOf), [idOf(sum)])
    const created = await used.target.import([row(account), row(account)], [idOf(sum)])
    assert.sameMembers((await rowsOf(account)).map(idOf), created.map(idOf))
  })

  it("deletions alone, of any account, archived or not", async () => {
    const [account, other] = [await used.target.account(), await used.target.account({ isArchived: true })]
    const [kept, gone] = await used.target.import([row(account), row(account)])
    const hidden = row(other)
    const [behind] = await used.target.import([hidden])
    const answer = await used.target.bulk([], [idOf(gone), idOf(behind)])
    assert.strictEqual(answer.status, 200)
    assert.deepStrictEqual(errorsOf(answer), [])
    assert.deepStrictEqual((await rowsOf(account)).map(idOf), [idOf(kept)])
    assert.deepStrictEqual(await used.target.known([keyOf(hidden)]), {})
  })

  it("every id to delete that is not there is named; nothing is written, nothing deleted", async () => {
    const account = await used.target.account()
    const [kept] = await used.target.import([row(account)])
    const missing = [randomUUID(), randomUUID()]
    const created = row(account)
    const answer = await used.target.bulk([created], [missing[0] ?? "", idOf(kept), missing[1] ?? ""])
    assert.strictEqual(answer.status, 200)
    const message = "Activity error: Not found: Record not found"
    assert.deepStrictEqual(errorsOf(answer), missing.map((id) => ({ id, action: "delete", message })))
    assert.deepStrictEqual((await rowsOf(account)).map(idOf), [idOf(kept)])
  })

  it("a bad row and an id that is not there are both named", async () => {
    const account = await used.target.account()
    const bad = row(account, { activityDate: "nonsense" })
    const missing = randomUUID()
    const named = errorsOf(await used.target.bulk([bad], [missing])) as ReadonlyArray<Json>
    assert.deepStrictEqual(named.map(({ action, id }) => [action, id]), [["create", bad["id"]], ["delete", missing]])
  })

  it("one id to delete twice is 400 and takes everything back; from 3.6 on it is deleted", async () => {
    const account = await used.target.account()
    const [kept] = await used.target.import([row(account)])
    const answer = await used.target.bulk([row(account)], [idOf(kept), idOf(kept)])
    const left = (await rowsOf(account)).map(idOf)
    if (answer.status === 200) {
      assert.lengthOf(left, 1)
      assert.notInclude(left, idOf(kept))
      return
    }
    assert.strictEqual(answer.status, 400)
    assert.include(String((answer.json as Json)["message"]), "Record not found")
    assert.deepStrictEqual(left, [idOf(kept)])
  })

  it("a creation that is refused takes the deletion back", async () => {
    const account = await used.target.account()
    const [kept] = await used.target.import([row(account)])
    for (const fields of [{ activityType: "BOUGHT" }, { activityDate: "nonsense" }, { amount: "1,000" }]) {
      const answer = await used.target.bulk([row(account, fields)], [idOf(kept)])
      assert.isTrue(answer.status !== 200 || (errorsOf(answer) as ReadonlyArray<Json>).length > 0)
      assert.deepStrictEqual((await rowsOf(account)).map(idOf), [idOf(kept)])
    }
  })
})

describe("what search tells of a row", () => {
  it("a key of the server's own where it was typed by hand, and its note as comment", async () => {
    const account = await used.target.account()
    const typed = await byHand(account, { notes: "by hand" })
    const [found] = await rowsOf(account)
    assert.match(String(found?.["idempotencyKey"]), /^[0-9a-f]{64}$/)
    assert.strictEqual(found?.["idempotencyKey"], typed["idempotencyKey"])
    assert.deepInclude(found, { sourceSystem: "MANUAL", comment: "by hand", isUserModified: false })
  })

  it("edited by the user after an update; key and source stay", async () => {
    const account = await used.target.account()
    const ours = row(account)
    const [created] = await used.target.import([ours, row(account)])
    await edited(account, idOf(created), "mine now")
    const found = (await rowsOf(account)).find(({ id }) => id === created?.["id"])
    assert.isDefined(found)
    assert.deepInclude(found, {
      isUserModified: true,
      comment: "mine now",
      idempotencyKey: keyOf(ours),
      sourceSystem: "CONTRACT"
    })
    assert.sameMembers((await rowsOf(account)).map((each) => each["isUserModified"]), [true, false])
  })

  it("without an account asked for: all accounts, by name, inactive ones too, archived ones not", async () => {
    const name = `contract ${randomUUID()}`
    const accounts = [
      await used.target.account({ name }),
      await used.target.account({ name, isActive: false }),
      await used.target.account({ name, isArchived: true })
    ]
    const prefix = `${key()}/`
    for (const [index, account] of accounts.entries()) {
      await used.target.import([row(account, { idempotencyKey: `${prefix}${index}` })])
    }
    const found = (await search()).filter((each) => String(each["idempotencyKey"]).startsWith(prefix))
    assert.sameMembers(found.map((each) => each["accountId"]), accounts.slice(0, 2))
    assert.deepStrictEqual(found.map((each) => each["accountName"]), [name, name])
    assert.lengthOf(await search({ accountIdFilter: accounts.slice(2) }), 0)
  })
})
