import * as PlainDate from "../../src/Portfolio/PlainDate.ts"
import type { StatementRecord, SyncRecord } from "../../src/SyncRecordStore.ts"

export const record = (externalId: string, changes: Partial<SyncRecord> = {}): SyncRecord => ({
  externalId,
  kind: "trade",
  state: "synced",
  contentHash: "aa",
  runId: "run-1",
  held: false,
  ...changes
})

export const statement = (id: string, toDate: string, changes: Partial<StatementRecord> = {}): StatementRecord => ({
  id,
  path: `statements/${id}.xml`,
  fromDate: PlainDate.of("2026-01-01"),
  toDate: PlainDate.of(toDate),
  receivedAt: `${toDate}T03:00:00Z`,
  imported: true,
  ...changes
})

export const first = PlainDate.of("2026-01-02")
export const second = PlainDate.of("2026-01-05")
export const third = PlainDate.of("2026-01-06")
