import { assert, describe, it } from "@effect/vitest"
import { settledAs } from "../../src/Sync/Settle.ts"
import type { SyncRecord } from "../../src/SyncRecordStore.ts"

const pending = (fields: Partial<SyncRecord>): SyncRecord => ({
  externalId: "ibkr:trade:1",
  kind: "trade",
  state: "pending",
  contentHash: "old",
  runId: "r",
  held: false,
  ...fields
})

const brief = (record: SyncRecord | undefined) =>
  record === undefined
    ? "forgotten"
    : [record.state, record.trackerId, record.contentHash, record.reason, record.held ? "held" : undefined]
      .filter((part) => part !== undefined).join(" ")

describe("what a run that died left pending", () => {
  it.each<[string, Partial<SyncRecord>, string | undefined, string]>([
    ["created", { intent: "create" }, "a", "synced a old"],
    ["not created: its statement brings it again", { intent: "create" }, undefined, "forgotten"],
    ["of the first release, without intent", {}, "a", "synced a old"],
    [
      "held, not created: tried again",
      { intent: "create", held: true, reason: "unknown-venue" },
      undefined,
      "skipped old unknown-venue held"
    ],
    ["replaced", { intent: "replace", trackerId: "a", intendedHash: "new" }, "b", "synced b new"],
    ["not replaced", { intent: "replace", trackerId: "a", intendedHash: "new" }, "a", "synced a old"],
    ["replaced or not, and deleted since", { intent: "replace", trackerId: "a" }, undefined, "removed a old"],
    ["taken out", { intent: "take-out", trackerId: "a", reason: "cancelled" }, undefined, "skipped old cancelled"],
    ["not taken out", { intent: "take-out", trackerId: "a", reason: "cancelled" }, "a", "synced a old cancelled"],
    ["undone", { intent: "undo", trackerId: "a" }, undefined, "forgotten"],
    ["not undone", { intent: "undo", trackerId: "a" }, "a", "synced a old"],
    ["brought back", { intent: "restore" }, "b", "synced b old"],
    ["not brought back", { intent: "restore" }, undefined, "removed old"],
    ["created again", { intent: "recreate", trackerId: "a" }, "b", "synced b old"],
    ["not created again: still missing", { intent: "recreate", trackerId: "a" }, undefined, "synced a old"]
  ])("%s", (_name, fields, there, expected) => {
    const settled = settledAs(pending(fields), there)
    assert.strictEqual(brief(settled), expected)
    assert.isUndefined(settled?.intent)
    assert.isUndefined(settled?.intendedHash)
  })
})
