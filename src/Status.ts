import { DateTime, Duration, Effect } from "effect"
import type { DaySpan } from "./Portfolio/Coverage.ts"
import { businessDaysBetween, type PlainDate } from "./Portfolio/PlainDate.ts"
import { ledger } from "./Sync/Ledger.ts"
import { rereadEvery, rereadNote } from "./Sync/Windows.ts"
import {
  type BackfillRecord,
  type BaselineLine,
  type PastRun,
  type SyncRecord,
  SyncRecordStore
} from "./SyncRecordStore.ts"
import { today } from "./Today.ts"

/** A row that waits, or is out by the user's hand, and the command that decides it. */
export interface OpenRow {
  readonly externalId: string
  readonly date?: PlainDate | undefined
  /** `pending`, `removed`, or the reason why it is not booked. */
  readonly why: string
  readonly detail?: string | undefined
  readonly commands: ReadonlyArray<string>
}

/** What the store says of an account: nothing is asked of broker or tracker. */
export interface StatusReport {
  readonly account: string
  readonly upstream: string
  /** toDate of the latest statement that was imported. */
  readonly asOf?: PlainDate
  readonly businessDaysOld?: number
  /** Last ten, newest first. */
  readonly runs: ReadonlyArray<PastRun>
  readonly booked: number
  readonly coverage: {
    readonly covered: ReadonlyArray<DaySpan>
    readonly holes: ReadonlyArray<DaySpan>
    readonly heldDays: ReadonlyArray<PlainDate>
    readonly uncoveredDays: number
  }
  readonly pending: ReadonlyArray<OpenRow>
  readonly held: ReadonlyArray<OpenRow>
  readonly removed: ReadonlyArray<OpenRow>
  readonly ignored: ReadonlyArray<OpenRow>
  readonly statements: { readonly archived: number; readonly waiting: number }
  /** When a Flex request may be sent: at once where `notBefore` is absent. */
  readonly flex: { readonly notBefore?: string; readonly code?: number; readonly openReference?: string }
  readonly backfill?: BackfillRecord
  /** When the last 30 days are read again, as every week. */
  readonly nextReread?: string
  readonly rebuiltUntil?: string
  /** Of these the tracker lacks what was held before the first statement. Absent: of none. */
  readonly baseline?: ReadonlyArray<BaselineLine>
}

const runsShown = 10

const command = (what: string, externalId: string) => `broker-sync ibkr ${what} ${externalId}`

/** What decides about a row that waits. */
export const commandsFor = ({ externalId, reason, state }: SyncRecord): ReadonlyArray<string> => {
  if (state === "removed" || reason === "ignored") return [command("restore", externalId)]
  if (state === "pending") return []
  switch (reason) {
    case "adopt-candidate":
      return [command("adopt", externalId), command("ignore", externalId)]
    case "missing":
      return [command("restore", externalId), command("ignore", externalId)]
    default:
      return [command("ignore", externalId)]
  }
}

/** Booked, and lost by the tracker. */
const isLost = ({ reason, state }: SyncRecord) => state === "synced" && reason === "missing"

const openRow = (record: SyncRecord): OpenRow => ({
  externalId: record.externalId,
  date: record.date,
  why: isLost(record)
    ? "missing"
    : record.state === "synced"
    ? "correction"
    : record.state === "skipped"
    ? record.reason ?? record.state
    : record.state,
  detail: isLost(record)
    ? "booked, and not in Wealthfolio any more: was it restored from a backup?"
    : record.state === "synced"
    ? "booked, edited in Wealthfolio, and changed by the broker since: delete it there, or keep it as it is"
    : record.detail,
  commands: commandsFor(record)
})

export const statusReport = Effect.fn("statusReport")(function*(of: {
  readonly account: string
  readonly upstream: string
}) {
  const store = yield* SyncRecordStore
  const now = yield* DateTime.now
  const asOf = yield* store.latestToDate
  const days = yield* ledger
  const runs = yield* store.runs
  const statements = yield* store.statements
  const requests = yield* store.flexRequests
  const backfill = yield* store.backfill
  const baseline = yield* store.baseline
  const rebuiltUntil = yield* store.note("rebuilt-until")
  const lastReread = (yield* store.note(rereadNote)) ?? runs[0]?.startedAt
  const blocking = requests
    .filter(({ notBefore = "", state }) => state === "refused" && notBefore > DateTime.formatIso(now))
    .toSorted((a, b) => (a.notBefore ?? "") < (b.notBefore ?? "") ? 1 : -1)[0]
  const open = requests.findLast(({ state }) => state === "accepted")
  const skipped = yield* store.inState("skipped")
  const placed = yield* store.placed
  const lost = yield* store.known(
    placed.flatMap(({ externalId, reason, state }) => state === "synced" && reason === "missing" ? [externalId] : [])
  )
  const report: StatusReport = {
    ...of,
    ...(asOf === undefined ? {} : { asOf, businessDaysOld: businessDaysBetween(asOf, yield* today) }),
    runs: runs.slice(-runsShown).toReversed(),
    booked: placed.filter(({ state }) => state === "synced").length,
    coverage: {
      covered: days.covered,
      holes: days.holes,
      heldDays: [...days.held].sort(),
      uncoveredDays: days.uncoveredDays
    },
    pending: (yield* store.inState("pending")).map(openRow),
    held: [...(yield* store.held).filter(({ state }) => state !== "pending"), ...lost.values()].map(openRow),
    removed: (yield* store.inState("removed")).map(openRow),
    ignored: skipped.filter(({ reason }) => reason === "ignored").map(openRow),
    statements: { archived: statements.length, waiting: statements.filter(({ imported }) => !imported).length },
    flex: {
      ...(blocking?.notBefore === undefined ? {} : { notBefore: blocking.notBefore }),
      ...(blocking?.code === undefined ? {} : { code: blocking.code }),
      ...(open?.referenceCode === undefined ? {} : { openReference: open.referenceCode })
    },
    ...(backfill === undefined ? {} : { backfill }),
    ...(lastReread === undefined ? {} : {
      nextReread: DateTime.formatIso(
        DateTime.addDuration(DateTime.makeUnsafe(lastReread), Duration.fromInputUnsafe(rereadEvery))
      )
    }),
    ...(rebuiltUntil === undefined ? {} : { rebuiltUntil }),
    ...(baseline.length === 0 ? {} : { baseline })
  }
  return report
})
