import { assert, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import { type Answer, isStandIn, type Json, key, row, ticker, trade, useTarget } from "./support.ts"

const used = useTarget()

const duplicate = {
  code: 400,
  message: "Activity error: Invalid data: Duplicate activity detected. A matching activity already exists."
}

const messageOf = (answer: Answer): string => String((answer.json as Json)["message"])
const errorsOf = (answer: Answer): unknown => (answer.json as Json)["errors"]
const keyOf = (sent: Json): string => String(sent["idempotencyKey"])

describe("POST /activities/bulk", () => {
  it("creates in request order and maps the caller's ids to its own", async () => {
    const account = await used.target.account()
    const sent = [row(account), row(account, { amount: "2" }), row(account, { amount: "3" })]
    const answer = await used.target.bulk(sent)
    assert.strictEqual(answer.status, 200)
    const { created, createdMappings, updated, deleted, errors } = answer.json as Record<string, ReadonlyArray<Json>>
    assert.deepStrictEqual(created?.map((each) => each["amount"]), ["1", "2", "3"])
    assert.deepStrictEqual(
      createdMappings,
      sent.map((each, index) => ({ tempId: each["id"], activityId: created?.[index]?.["id"] }))
    )
    assert.deepStrictEqual([updated, deleted, errors], [[], [], []])
  })

  it("keeps the caller's key and source as they are, and decimals to the last digit", async () => {
    const account = await used.target.account()
    const fields = {
      sourceSystem: "IBKR",
      sourceRecordId: "ibkr:trade:1",
      sourceGroupId: "ibkr:trade:1",
      notes: "a note",
      metadata: `{"flow":{"is_external":false}}`,
      amount: "1234567890.123456789012345678",
      fee: "0.10"
    }
    const sent = row(account, fields)
    const [created] = await used.target.import([sent])
    assert.isDefined(created)
    assert.deepInclude(created, {
      ...fields,
      metadata: { flow: { is_external: false } },
      idempotencyKey: sent["idempotencyKey"],
      accountId: account,
      activityType: "DEPOSIT",
      activityDate: "2026-01-05T12:00:00+00:00",
      currency: "GBP",
      status: "POSTED",
      isUserModified: false,
      needsReview: false,
      assetId: null,
      quantity: null
    })
    assert.notStrictEqual(created["id"], sent["id"])
  })

  it("drops every sign: direction is in the type alone", async () => {
    const account = await used.target.account()
    const { id } = await used.target.asset()
    const [created] = await used.target.import([
      row(account, {
        activityType: "DIVIDEND",
        symbol: { id },
        amount: "-5.50",
        fee: "-1",
        quantity: "-2",
        unitPrice: "-3"
      })
    ])
    assert.isDefined(created)
    assert.deepInclude(created, { amount: "5.50", fee: "1", quantity: "2", unitPrice: "3" })
  })

  it("turns pence into pounds", async () => {
    const account = await used.target.account()
    const [created] = await used.target.import([
      row(account, {
        activityType: "BUY",
        currency: "GBp",
        symbol: { symbol: ticker(), exchangeMic: "XLON", quoteCcy: "GBp", quoteMode: "MANUAL" },
        quantity: "1000",
        unitPrice: "55",
        amount: "55100",
        fee: "100"
      })
    ])
    assert.isDefined(created)
    assert.deepInclude(created, { currency: "GBP", quantity: "1000" })
    assert.deepStrictEqual(["unitPrice", "amount", "fee"].map((field) => Number(created[field])), [0.55, 551, 1])
  })

  it("takes numbers for decimals too, and blanks and null for none", async () => {
    const account = await used.target.account()
    const created = await used.target.import([
      row(account, { amount: 10.5, fee: "" }),
      row(account, { amount: " 5.10 ", fee: null }),
      row(account, { amount: "1.5e-3" })
    ])
    assert.deepStrictEqual(created.map((each) => each["amount"]), ["10.5", "5.10", "0.0015"])
    assert.deepStrictEqual(created.map((each) => each["fee"]), [null, null, null])
  })

  it("keeps milliseconds and turns every offset into UTC", async () => {
    const account = await used.target.account()
    const dates = [
      "2026-01-05T10:00:00.001Z",
      "2026-01-05T10:00:00.120+02:00",
      "2026-01-05T20:20:00-05:00",
      "2026-01-05"
    ]
    const created = await used.target.import(dates.map((activityDate) => row(account, { activityDate })))
    assert.deepStrictEqual(created.map((each) => each["activityDate"]), [
      "2026-01-05T10:00:00.001+00:00",
      "2026-01-05T08:00:00.120+00:00",
      "2026-01-06T01:20:00+00:00",
      "2026-01-05T00:00:00+00:00"
    ])
  })

  it("with any bad row is 200, names the row, and writes nothing", async () => {
    const account = await used.target.account()
    const good = row(account)
    const bad = row(account, { activityDate: "19/11/2026" })
    const answer = await used.target.bulk([good, bad])
    assert.strictEqual(answer.status, 200)
    assert.deepStrictEqual(answer.json, {
      created: [],
      updated: [],
      deleted: [],
      createdMappings: [],
      errors: [{
        id: bad["id"],
        action: "create",
        message: "Invalid data: Invalid date format. Expected ISO 8601/RFC3339 or YYYY-MM-DD"
      }]
    })
    assert.deepStrictEqual(await used.target.known([keyOf(good), keyOf(bad)]), {})
    await used.target.import([good])
  })

  it("with a bad row keeps the assets that it made on the way", async () => {
    const account = await used.target.account()
    const symbol = ticker()
    const buy = {
      activityType: "BUY",
      symbol: { symbol, exchangeMic: "XLON", quoteCcy: "GBP", quoteMode: "MANUAL" },
      quantity: "1",
      unitPrice: "1"
    }
    const answer = await used.target.bulk([row(account, buy), row(account, { activityDate: "nonsense" })])
    assert.lengthOf(errorsOf(answer) as ReadonlyArray<unknown>, 1)
    const all = await used.target.ok<ReadonlyArray<Json>>("GET", "/assets")
    assert.lengthOf(all.filter((each) => each["instrumentKey"] === `EQUITY:${symbol}@XLON`), 1)
  })

  it("with a key that is there is 400, names no row, and writes nothing", async () => {
    const account = await used.target.account()
    const first = row(account)
    await used.target.import([first])
    const other = row(account, { amount: "2" })
    const answer = await used.target.bulk([other, first])
    assert.strictEqual(answer.status, 400)
    assert.deepStrictEqual(answer.json, duplicate)
    assert.deepStrictEqual(Object.keys(await used.target.known([keyOf(first), keyOf(other)])), [keyOf(first)])
  })

  it("with one key twice is 400 and writes nothing", async () => {
    const account = await used.target.account()
    const sent = row(account)
    const answer = await used.target.bulk([sent, { ...sent, id: randomUUID(), amount: "2" }])
    assert.strictEqual(answer.status, 400)
    assert.deepStrictEqual(answer.json, duplicate)
    assert.deepStrictEqual(await used.target.known([keyOf(sent)]), {})
  })

  it("holds keys against all accounts, archived ones too", async () => {
    const archived = await used.target.account({ isArchived: true })
    const sent = row(archived)
    const [created] = await used.target.import([sent])
    const answer = await used.target.bulk([row(await used.target.account(), { idempotencyKey: keyOf(sent) })])
    assert.strictEqual(answer.status, 400)
    assert.deepStrictEqual(await used.target.known([keyOf(sent)]), { [keyOf(sent)]: String(created?.["id"]) })
  })

  it("takes two rows alike when their keys differ, and not without keys", async () => {
    const account = await used.target.account()
    await used.target.import([row(account), row(account)])
    const { idempotencyKey: _, ...bare } = row(account, { notes: randomUUID() })
    const answer = await used.target.bulk([bare, { ...bare, id: randomUUID() }])
    assert.strictEqual(answer.status, 400)
    assert.deepStrictEqual(answer.json, duplicate)
  })

  it("takes any text for a key: long, with spaces inside, with signs", async () => {
    const account = await used.target.account()
    const keys = [`${key()}${"x".repeat(5000)}`, `${key()} a/b:c "d" 'e' %_`]
    await used.target.import(keys.map((idempotencyKey) => row(account, { idempotencyKey })))
    assert.sameMembers(Object.keys(await used.target.known(keys)), keys)
  })

  it("of a type that it does not know is 400 and writes nothing", async () => {
    const account = await used.target.account()
    const good = row(account)
    const answer = await used.target.bulk([good, row(account, { activityType: "BOUGHT" })])
    assert.strictEqual(answer.status, 400)
    assert.include(messageOf(answer), "CHECK constraint failed: activity_type IN")
    assert.deepStrictEqual(await used.target.known([keyOf(good)]), {})
  })

  it("of an account that is not there is 400: by name for the first row, by the foreign key for a later one", async () => {
    const account = await used.target.account()
    const good = row(account)
    const lost = row("00000000-0000-4000-8000-000000000000")
    const first = await used.target.bulk([lost, good])
    assert.strictEqual(first.status, 400)
    assert.strictEqual(messageOf(first), "Database operation failed: Record not found: Record not found")
    const later = await used.target.bulk([good, lost])
    assert.strictEqual(later.status, 400)
    assert.include(messageOf(later), "FOREIGN KEY constraint failed")
    assert.deepStrictEqual(await used.target.known([keyOf(good)]), {})
  })

  it("replaces a row under its own key in one request", async () => {
    const account = await used.target.account()
    const sent = row(account, { amount: "10" })
    const [old] = await used.target.import([sent])
    const answer = await used.target.bulk([{ ...sent, amount: "11" }], [String(old?.["id"])])
    assert.strictEqual(answer.status, 200)
    const { created, deleted } = answer.json as Record<string, ReadonlyArray<Json>>
    assert.deepStrictEqual(deleted?.map((each) => each["id"]), [old?.["id"]])
    assert.strictEqual(created?.[0]?.["amount"], "11")
    assert.deepStrictEqual(await used.target.known([keyOf(sent)]), { [keyOf(sent)]: String(created?.[0]?.["id"]) })
  })

  it("takes a deletion back when a creation fails", async () => {
    const account = await used.target.account()
    const [kept, other] = [row(account), row(account, { amount: "2" })]
    const [old] = await used.target.import([kept, other])
    const answer = await used.target.bulk([row(account, { idempotencyKey: keyOf(other) })], [String(old?.["id"])])
    assert.strictEqual(answer.status, 400)
    assert.deepStrictEqual(await used.target.known([keyOf(kept)]), { [keyOf(kept)]: String(old?.["id"]) })
  })

  it("names an id to delete that is not there, and writes nothing", async () => {
    const account = await used.target.account()
    const good = row(account)
    const answer = await used.target.bulk([good], ["nope"])
    assert.strictEqual(answer.status, 200)
    assert.deepStrictEqual(errorsOf(answer), [
      { id: "nope", action: "delete", message: "Activity error: Not found: Record not found" }
    ])
    assert.deepStrictEqual(await used.target.known([keyOf(good)]), {})
  })

  it("takes 500 rows at once", async () => {
    const account = await used.target.account()
    const { id } = await used.target.asset()
    const sent = Array.from({ length: 500 }, () => trade(account, "BUY", id, { quantity: "1", unitPrice: "2" }))
    const created = await used.target.import(sent)
    assert.deepStrictEqual(created.map(keyOf), sent.map(keyOf))
  })

  it("lets one of several racing writers through, and no row twice", async () => {
    const account = await used.target.account()
    const sent = Array.from({ length: 50 }, () => row(account))
    const answers = await Promise.all(Array.from({ length: 4 }, () => used.target.bulk(sent)))
    assert.deepStrictEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400])
    const found = await used.target.ok("POST", "/activities/search", {
      page: 0,
      pageSize: -1,
      accountIdFilter: account
    })
    assert.deepStrictEqual(found["meta"], { totalRowCount: 50 })
  })

  it("takes rows for an archived account", async () => {
    await used.target.import([row(await used.target.account({ isArchived: true }))])
  })
})

describe.runIf(isStandIn)("the stand-in's own log", () => {
  it("has every request with its body and status", async () => {
    const before = used.standIn?.requests.length ?? 0
    await used.target.known(["a"])
    const last = used.standIn?.requests.at(-1)
    assert.strictEqual(used.standIn?.requests.length, before + 1)
    assert.deepInclude(last, {
      method: "POST",
      path: "/api/v1/activities/import/check-duplicates",
      body: { idempotencyKeys: ["a"] },
      status: 200
    })
  })
})
