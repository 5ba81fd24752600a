import { Effect, Schema } from "effect"
import { Broker } from "../Broker.ts"
import { exitCodes, type Failure } from "../Failure.ts"
import { type PlainDate, PlainDate as PlainDateSchema } from "../Portfolio/PlainDate.ts"
import { type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { keyOf, kindOf } from "./Records.ts"

/** The broker's rows are in another account of the tracker. */
export class RowsElsewhere extends Schema.TaggedError<RowsElsewhere>()("RowsElsewhere", {
  rows: Schema.Int,
  /** Where they are. */
  there: Schema.String,
  /** Where IBKR_ACCOUNT_ID points. */
  here: Schema.String
}) implements Failure {
  override get message() {
    return `${this.rows} row(s) of this broker account are in Wealthfolio already, in the account ${this.there} `
      + `and not in ${this.here}`
  }
  readonly hint =
    "set IBKR_ACCOUNT_ID to the account they were imported into, or delete them there first to start in the other one"
  readonly exitCode = exitCodes.configuration
}

/** Note: the day up to which a rebuilt store cannot tell a deleted row from one that was never booked. */
const rebuiltUntil = "rebuilt-until"

const isDay = Schema.is(PlainDateSchema)

/** The newest day of our rows when the store was rebuilt; nothing where it never was. */
export const rebuiltUpTo = Effect.gen(function*() {
  const value = yield* (yield* SyncRecordStore).note(rebuiltUntil)
  return value !== undefined && isDay(value) ? value : undefined
})

/**
 * A store that knows no booked row of this account: the tracker is asked for rows with our keys. In this account: the
 * store was lost and is rebuilt from them (true). In another one: nothing is done. Nowhere: a first run, and what an earlier
 * account received is imported again from the archive.
 */
export const firstContact = Effect.fn("Sync.firstContact")(function*(options: {
  readonly upstream: string
  readonly dryRun: boolean
}) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const broker = yield* Broker
  if (yield* store.hasPlaced) return false
  const account = yield* repo.account
  const rows = yield* repo.keyed(keyOf("", options.upstream))
  const here = rows.filter(({ accountId }) => accountId === account.id)
  const [elsewhere] = rows.filter(({ accountId }) => accountId !== account.id)
  if (elsewhere !== undefined && here.length * 2 < rows.length) {
    return yield* new RowsElsewhere({
      rows: rows.length - here.length,
      there: named(elsewhere.accountName, elsewhere.accountId),
      here: named(account.name, account.id)
    })
  }
  if (options.dryRun) return false
  if (here.length > 0) {
    yield* rebuild(here, options.upstream)
    return true
  }
  const again = yield* broker.registerArchive({ imported: false })
  if (again > 0) yield* Effect.logInfo(`${again} archived statement(s) are imported into the account ${account.name}`)
  return false
})

/** `Name (id)` */
export const named = (name: string | undefined, id: string): string => name === undefined ? id : `${name} (${id})`

const rebuild = Effect.fn("Sync.rebuild")(function*(rows: ReadonlyArray<TrackerRow>, upstream: string) {
  const store = yield* SyncRecordStore
  const broker = yield* Broker
  const prefix = keyOf("", upstream)
  const days = rows.map(({ date }) => date).sort()
  const [first] = days
  const newest: PlainDate | undefined = days.at(-1)
  if (first === undefined || newest === undefined) return
  yield* broker.registerArchive({ imported: true })
  yield* store.saveNote(rebuiltUntil, newest)
  yield* store.saveCoverage({ from: first, to: newest }, "rebuilt")
  // Last, as it is what tells the next run that this is done.
  yield* store.save(rows.map(({ date, id, key = "" }): SyncRecord => ({
    externalId: key.slice(prefix.length),
    kind: kindOf(key.slice(prefix.length)),
    state: "synced",
    contentHash: "",
    trackerId: id,
    runId: "rebuilt",
    held: false,
    date
  })))
  yield* Effect.logWarning(
    `the record store was empty: rebuilt from ${rows.length} rows of ours in Wealthfolio, ${first} to ${newest}. Which ` +
      "rows were deleted there on purpose is no longer known: rows up to that day that Wealthfolio lacks are held; " +
      "broker-sync ibkr restore --missing books them, restore --accept leaves them out"
  )
})
