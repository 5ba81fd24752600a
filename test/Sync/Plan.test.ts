import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect } from "effect"
import type { BrokerReport } from "../../src/Broker.ts"
import type { Activity, SkippedRow } from "../../src/Portfolio/Activity.ts"
import { of } from "../../src/Portfolio/PlainDate.ts"
import { type Knowledge, plan } from "../../src/Sync/Plan.ts"
import type { SyncRecord } from "../../src/SyncRecordStore.ts"
import { oneOf } from "../support/arbitrary.ts"
import { buy, deposit, report } from "./world.ts"

const trade = (id: string, hash = `hash of ${id}`): Activity => ({
  ...buy(id, "AAA"),
  contentHash: hash,
  subject: `trade|${id}`
})

const record = (activity: Activity, fields: Partial<SyncRecord> = {}): SyncRecord => ({
  externalId: activity.externalId,
  kind: "trade",
  state: "synced",
  contentHash: activity.contentHash,
  trackerId: `tracker ${activity.externalId}`,
  runId: "r",
  held: false,
  ...(activity.subject === undefined ? {} : { subject: activity.subject }),
  ...fields
})

const knowing = (records: ReadonlyArray<SyncRecord>, more: Partial<Knowledge> = {}): Knowledge => ({
  records: new Map(records.map((each) => [each.externalId, each])),
  related: records.flatMap(({ state, ...each }) => state === "synced" ? [{ ...each, state }] : []),
  found: new Map(),
  recalled: new Set(),
  missing: new Set(),
  removed: new Set(),
  force: new Set(),
  ...more
})

const skipped = (activity: Activity, fields: Partial<SkippedRow>): SkippedRow => ({
  section: "Trades",
  externalId: activity.externalId,
  reason: "cancelled",
  detail: "",
  held: false,
  contentHash: activity.contentHash,
  ...(activity.subject === undefined ? {} : { subject: activity.subject }),
  ...fields
})

const judge = (from: Partial<BrokerReport>, knowledge: Knowledge) => {
  const found = plan({ ...report(), ...from }, knowledge)
  const ids = (rows: ReadonlyArray<{ readonly externalId?: string }>) => rows.map(({ externalId }) => externalId)
  return {
    known: ids(found.known),
    removed: ids(found.removed),
    fresh: ids(found.fresh),
    skipped: found.skipped.map(({ externalId, held, reason }) => `${externalId} ${reason}${held ? " held" : ""}`),
    corrections: found.corrections.map(({ add, remove }) => ({ remove, add: ids(add) })),
    warnings: found.warnings.length
  }
}

const one = trade("1")
const nothing = { known: [], removed: [], fresh: [], skipped: [], corrections: [], warnings: 0 }

describe("a row of a report", () => {
  it.each<[string, ReadonlyArray<SyncRecord>, Partial<Knowledge>, Partial<ReturnType<typeof judge>>]>([
    ["never seen", [], {}, { fresh: [one.externalId] }],
    ["booked", [record(one)], {}, { known: [one.externalId] }],
    ["in the tracker without record", [], { found: new Map([[one.externalId, "x"]]) }, { known: [one.externalId] }],
    ["of a rebuilt store, whose hash is not known", [record(one, { contentHash: "" })], {}, {
      known: [one.externalId]
    }],
    ["deleted by the user", [record(one, { state: "removed" })], {}, { removed: [one.externalId] }],
    ["deleted, and asked for", [record(one, { state: "removed" })], { force: new Set([one.externalId]) }, {
      fresh: [one.externalId]
    }],
    ["lost by a restored tracker", [record(one)], { missing: new Set([one.externalId]) }, {
      skipped: [`${one.externalId} missing held`]
    }],
    ["that a rebuilt store cannot know", [], { rebuiltUntil: of("2026-01-05") }, {
      skipped: [`${one.externalId} missing held`]
    }],
    ["later than what the rebuilt store knows", [], { rebuiltUntil: of("2026-01-04") }, { fresh: [one.externalId] }],
    ["held before", [record(one, { state: "skipped", reason: "unknown-venue", held: true })], {}, {
      fresh: [one.externalId]
    }],
    ["missing before", [record(one, { state: "skipped", reason: "missing", held: true })], {}, {
      skipped: [`${one.externalId} missing held`]
    }],
    ["ignored", [record(one, { state: "skipped", reason: "ignored" })], {}, { skipped: [`${one.externalId} ignored`] }],
    ["taken out before, as it was", [record(one, { state: "skipped", reason: "cancelled" })], {}, {
      skipped: [`${one.externalId} cancelled`]
    }],
    [
      "taken out before, booked anew",
      [record(one, { state: "skipped", reason: "cancelled", contentHash: "old" })],
      {},
      {
        fresh: [one.externalId]
      }
    ],
    ["changed by the broker", [record(one, { contentHash: "old" })], {}, {
      corrections: [{ remove: [one.externalId], add: [one.externalId] }]
    }]
  ])("%s", (_name, records, more, expected) => {
    assert.deepStrictEqual(judge({ activities: [one] }, knowing(records, more)), { ...nothing, ...expected })
  })

  it("cash that reads otherwise is warned about, and left", () => {
    const known = record(deposit, { contentHash: "old" })
    assert.deepStrictEqual(judge({ activities: [deposit] }, knowing([known])), {
      ...nothing,
      known: [deposit.externalId],
      warnings: 1
    })
  })
})

describe("a correction", () => {
  const cancel = trade("9")
  const fee = { ...one, externalId: `${one.externalId}:cancel-fee` }
  const pair = [
    skipped(one, { takenBackBy: cancel.externalId }),
    skipped({ ...cancel, ...(one.subject === undefined ? {} : { subject: one.subject }) }, {
      takesBack: one.externalId
    })
  ]
  const both = pair.map(({ externalId }) => `${externalId} cancelled`)

  it("takes the row out, its legs with it, and leaves what is made of it now", () => {
    const leg = record({ ...one, externalId: `${one.externalId}:fee` })
    assert.deepStrictEqual(judge({ activities: [fee], skipped: pair }, knowing([record(one), leg])), {
      ...nothing,
      skipped: both,
      corrections: [{ remove: [one.externalId, leg.externalId], add: [fee.externalId] }]
    })
  })

  it("is made once", () => {
    const done = [record(one, { state: "skipped", reason: "cancelled" }), record(fee)]
    assert.deepStrictEqual(judge({ activities: [fee], skipped: pair }, knowing(done)), {
      ...nothing,
      known: [fee.externalId],
      skipped: both
    })
  })

  it("leaves the row that was booked in its place", () => {
    const rebooked = trade("1", "new")
    assert.deepStrictEqual(
      judge({ activities: [rebooked, fee], skipped: pair }, knowing([record(rebooked), record(fee)])),
      { ...nothing, known: [rebooked.externalId, fee.externalId], skipped: both }
    )
  })

  it.each<[string, SyncRecord, Partial<Knowledge>]>([
    ["was deleted by the user", record(one, { state: "removed" }), {}],
    ["was lost by the tracker", record(one), { missing: new Set([one.externalId]) }]
  ])("does not touch a row that %s", (_name, known, more) => {
    assert.deepStrictEqual(judge({ activities: [], skipped: pair }, knowing([known], more)).corrections, [])
  })

  it("is not made when the user ignored what takes back", () => {
    const ignored = record(cancel, { state: "skipped", reason: "ignored" })
    assert.deepStrictEqual(judge({ activities: [], skipped: pair }, knowing([record(one), ignored])).corrections, [])
  })
})

const states = Arbitrary.array(
  oneOf(["none", "synced", "changed", "removed", "held", "ignored", "cancelled", "found", "missing"]),
  { maxLength: 12 }
)

it.effect.prop("every row is told exactly once", { states }, ({ states }) =>
  Effect.sync(() => {
    const rows = states.map((_, index) => trade(String(index)))
    const knows: Readonly<Record<string, Partial<SyncRecord>>> = {
      synced: {},
      missing: {},
      changed: { contentHash: "old" },
      removed: { state: "removed" },
      held: { state: "skipped", reason: "unknown-venue", held: true },
      ignored: { state: "skipped", reason: "ignored" },
      cancelled: { state: "skipped", reason: "cancelled" }
    }
    const records = rows.flatMap((row, index) => {
      const fields = knows[states[index] ?? ""]
      return fields === undefined ? [] : [record(row, fields)]
    })
    const having = (state: string) =>
      rows.flatMap(({ externalId }, index) => states[index] === state ? [externalId] : [])
    const found = judge(
      { activities: rows },
      knowing(records, {
        found: new Map(having("found").map((id) => [id, "x"])),
        missing: new Set(having("missing"))
      })
    )
    const told = [
      ...found.known,
      ...found.removed,
      ...found.fresh,
      ...found.skipped.map((text) => text.split(" ")[0]),
      ...found.corrections.flatMap(({ add }) => add)
    ]
    assert.deepStrictEqual(told.toSorted(), rows.map(({ externalId }) => externalId).toSorted())
  }))
