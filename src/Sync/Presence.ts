import { Effect } from "effect"
import { looksRestored } from "../Portfolio/Restored.ts"
import { type StoreError, type SyncRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { type WealthfolioError, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { keyOf, without } from "./Records.ts"

/** What bears on it of a record. */
type Asked = Pick<SyncRecord, "externalId" | "state" | "trackerId" | "runId" | "reason">

/** Booked rows that the tracker does not have any more, as far as it was asked. */
export interface Presence {
  /** The user deleted them: they stay out. */
  readonly removed: ReadonlySet<string>
  /** So many that the tracker looks restored from a backup: somebody has to say what they are. */
  readonly missing: ReadonlySet<string>
  /** Asks about these too, where a part only was asked about so far; whether that changed a record. */
  readonly askAbout: (rows: ReadonlyArray<Asked>) => Effect.Effect<boolean, StoreError | WealthfolioError>
}

/** What a backup or a hand takes away shows among these; of a long history as many again, each night the next ones. */
const askedANight = 10_000

/** Note: up to which external id the rows of a long history were asked about. */
const askedUpTo = "presence-asked"

/**
 * Asks the tracker for the rows booked so far: for all of them, or, where they are very many, for the last and for a part
 * of the others that moves on from night to night. What a statement brings again is asked about as it comes.
 */
export const presence = Effect.fn("Sync.presence")(function*(options: {
  readonly upstream: string
  readonly dryRun: boolean
}) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const [removed, missing, asked] = [new Set<string>(), new Set<string>(), new Set<string>()]

  const ask = Effect.fnUntraced(function*(rows: ReadonlyArray<Asked>) {
    const placed = rows.filter(({ externalId, state }) =>
      (state === "synced" || state === "removed") && !asked.has(externalId)
    )
    for (const { externalId } of placed) asked.add(externalId)
    const found = yield* absence(placed, options).pipe(
      Effect.provideService(SyncRecordStore, store),
      Effect.provideService(WealthfolioRepo, repo)
    )
    for (const id of found.removed) removed.add(id)
    for (const id of found.missing) missing.add(id)
    return found.changed > 0
  })

  const lately = yield* store.placedLately(askedANight)
  const isAll = lately.length < askedANight
  yield* ask(isAll ? lately : [...lately, ...yield* nextPart(options)])
  const found: Presence = {
    removed,
    missing,
    askAbout: (rows) => isAll ? Effect.succeed(false) : ask(rows)
  }
  return found
})

const nextPart = Effect.fnUntraced(function*({ dryRun }: { readonly dryRun: boolean }) {
  const store = yield* SyncRecordStore
  const part = yield* store.placedAfter((yield* store.note(askedUpTo)) ?? "", askedANight)
  // At the end it begins anew.
  const last = part.length < askedANight ? "" : part.at(-1)?.externalId ?? ""
  if (!dryRun) yield* store.saveNote(askedUpTo, last)
  return part
})

const absence = Effect.fnUntraced(function*(
  placed: ReadonlyArray<Asked>,
  options: { readonly upstream: string; readonly dryRun: boolean }
) {
  const store = yield* SyncRecordStore
  const repo = yield* WealthfolioRepo
  const there = yield* repo.existing(placed.map(({ externalId }) => keyOf(externalId, options.upstream)))
  const idOf = (externalId: string) => there.get(keyOf(externalId, options.upstream))
  const synced: Array<Asked> = []
  const gone = new Set<string>()
  const back: Array<string> = []
  for (const row of placed) {
    const { externalId, reason, state, trackerId } = row
    const id = idOf(externalId)
    if (state === "synced") {
      synced.push(row)
      if (id === undefined) gone.add(externalId)
    }
    if (id !== undefined && (state === "removed" || id !== trackerId || reason === "missing")) back.push(externalId)
  }
  // What was missing once stays so until somebody decides, however the account grows.
  const undecided = new Set(synced.flatMap(({ externalId, reason }) => reason === "missing" ? [externalId] : []))
  const restored = looksRestored(synced, gone)
  const removed = restored ? new Set<string>() : gone.difference(undecided)
  const missing = restored ? gone : gone.intersection(undecided)
  if (removed.size > 0) {
    yield* Effect.logWarning(
      `${removed.size} row(s) were deleted in Wealthfolio and stay out: ${some(removed)}; ` +
        "broker-sync ibkr restore <externalId> brings one back"
    )
  }
  if (options.dryRun) return { removed, missing, changed: 0 }
  const changed = yield* store.known([...gone, ...back])
  yield* store.save([...changed.values()].map((record): SyncRecord => {
    const trackerId = idOf(record.externalId)
    if (missing.has(record.externalId)) return { ...record, reason: "missing" }
    return trackerId === undefined
      ? { ...record, state: "removed", held: false }
      : { ...without(record, "reason"), state: "synced", trackerId }
  }))
  return { removed, missing, changed: changed.size }
})

const shown = 5

/** The first few of many. */
export const some = (ids: Iterable<string>): string => {
  const all = [...ids]
  return all.length <= shown ? all.join(", ") : `${all.slice(0, shown).join(", ")} and ${all.length - shown} more`
}
