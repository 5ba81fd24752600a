import * as PlainDate from "../src/Portfolio/PlainDate.ts"
import type { SyncRecord } from "../src/SyncRecordStore.ts"

/** Beside every id that a generated statement has. */
const firstId = 9_000_000_000

const prefix = "ibkr:trade:"

/** Rows booked over ten years, by number: their ids say what they are, so that nobody has to remember them. */
export const externalIdOf = (number: number): string => `${prefix}${firstId + number}`

/** What the tracker calls such a row; `undefined` of any other. */
export const trackerIdOf = (externalId: string): string | undefined =>
  externalId.startsWith(`${prefix}9`) && externalId.length === prefix.length + String(firstId).length
    ? `row-${externalId.slice(prefix.length)}`
    : undefined

const firstDay = Date.UTC(2015, 0, 1)
const days = 3_650

export const storedRow = (number: number, of: number): SyncRecord => {
  const externalId = externalIdOf(number)
  const day = new Date(firstDay + Math.floor((number * days) / of) * 86_400_000).toISOString().slice(0, 10)
  return {
    externalId,
    kind: "trade",
    state: "synced",
    contentHash: (number * 2_654_435_761 % 2 ** 32).toString(16).padStart(8, "0").repeat(8),
    trackerId: trackerIdOf(externalId) ?? "",
    runId: `run-${Math.floor((number * 500) / of)}`,
    held: false,
    date: PlainDate.of(day),
    subject: `trade/${firstId + number}`,
    statementId: String(Math.floor((number * 500) / of)).padStart(64, "0")
  }
}
