import { Effect } from "effect"
import { isPosted } from "../Portfolio/HeldAfter.ts"
import type {
  BatchOutcome,
  Change,
  ChangeOutcome,
  NewActivity,
  TrackerAccount,
  TrackerActivity,
  TrackerQuote,
  TrackerRow,
  WealthfolioRepo
} from "../WealthfolioRepo.ts"
import { tie } from "./AssetTies.ts"
import { holdingsOf } from "./InMemoryHoldings.ts"
import { inRange } from "./Rows.ts"
import { dayAt, instantOf, millisOf, type Zone, zoneOf } from "./WallTime.ts"
import type { Asset } from "./Wire.ts"

/** What the tracker has before the run. */
export interface TrackerSeed {
  readonly account?: TrackerAccount
  readonly assets?: ReadonlyArray<Asset>
  /** Written by hand or by an earlier run, then with its key; posted, in this account, at midnight unless told otherwise. */
  readonly activities?: ReadonlyArray<TrackerActivity & Partial<TrackerRow>>
  /** The message with which a row is refused; nothing for the others. */
  readonly refuses?: (row: NewActivity) => string | undefined
  /** `false`: holdings are not recomputed in time. */
  readonly recomputes?: boolean
  /** As Wealthfolio from 3.6 on. */
  readonly holdsShorts?: boolean
  /** By asset id and day, `asset-1 2026-01-09`. */
  readonly quotes?: ReadonlyMap<string, TrackerQuote>
}

/** Keeps what Wealthfolio's interface promises, without its clock: ids are counted, holdings are always up to date. */
export const make = (seed: TrackerSeed): WealthfolioRepo["Service"] => {
  const account = seed.account ?? { id: "account-1", name: "Interactive Brokers", currency: "GBP", timeZone: "UTC" }
  const zone = zoneOf(account.timeZone)
  if (zone === undefined) throw new RangeError(`no time zone: ${account.timeZone}`)
  const assets: Array<Asset> = [...seed.assets ?? []]
  const stored = new Map<string, TrackerRow>()
  const ids = new Map<string, string>()
  let created = 0
  let changes = 0

  const put = (row: TrackerRow) => {
    changes++
    stored.set(row.id, row)
    if (row.key !== undefined) ids.set(row.key, row.id)
    return row.id
  }
  const remove = (id: string) => {
    const key = stored.get(id)?.key
    if (key !== undefined) ids.delete(key)
    if (stored.delete(id)) changes++
  }
  const add = (row: NewActivity) => put(rowOf(row, `activity-${++created}`, account, zone))

  for (const { date, ...row } of seed.activities ?? []) {
    const at = { accountId: account.id, accountName: account.name, instant: instantOf(date, "00:00:00", 0, zone) }
    put({ ...at, isUserModified: false, status: "POSTED", sourceSystem: "MANUAL", date, ...row })
  }

  const byAsset = () =>
    new Map(assets.map(({ displayCode, id, instrumentSymbol }) => [id, displayCode ?? instrumentSymbol]))
  const shown = (): ReadonlyArray<TrackerRow> => {
    const symbols = byAsset()
    return inRange([...stored.values()], {}).map((row) => {
      const symbol = row.symbol ?? symbols.get(row.assetId ?? "")
      return symbol === undefined || symbol === null ? row : { ...row, symbol }
    })
  }
  const inAccount = () => shown().filter(({ accountId }) => accountId === account.id)

  const replace = (change: Change): ChangeOutcome => {
    for (const row of change.add) {
      const message = seed.refuses?.(row)
      if (message !== undefined) return { _tag: "Refused", message }
    }
    const removed = new Set(change.remove.map(({ id }) => id))
    const there = change.add.flatMap(({ activity, key }) => {
      const id = ids.get(key)
      return id === undefined || removed.has(id) ? [] : [[activity.externalId, id] as const]
    })
    const isDone = change.add.length > 0 && there.length === change.add.length
    if (!isDone && (there.length > 0 || new Set(change.add.map(({ key }) => key)).size < change.add.length)) {
      return { _tag: "Refused", message: "Duplicate activity detected. A matching activity already exists." }
    }
    for (const id of removed) remove(id)
    if (isDone) return { _tag: "Done", added: new Map(there) }
    return { _tag: "Done", added: new Map(change.add.map((row) => [row.activity.externalId, add(row)])) }
  }

  return {
    account: Effect.succeed(account),
    holdsShorts: Effect.succeed(seed.holdsShorts ?? false),
    quote: (assetId, day) => Effect.succeed(seed.quotes?.get(`${assetId} ${day}`)),
    existing: (keys) =>
      Effect.sync(() =>
        new Map(keys.flatMap((key) => {
          const id = ids.get(key)
          return id === undefined ? [] : [[key, id] as const]
        }))
      ),
    assets: (instruments, options) =>
      tie(instruments, options, Effect.sync(() => assets), (asset) =>
        Effect.sync(() => {
          const made = { ...asset, id: `asset-${assets.length + 1}` }
          assets.push(made)
          return { _tag: "Made", asset: made } as const
        })),
    importBatch: (rows) =>
      Effect.sync((): BatchOutcome => {
        const outcome = {
          imported: new Map<string, string>(),
          alreadyThere: new Map<string, string>(),
          refused: new Map<string, string>()
        }
        for (const row of rows) {
          const id = ids.get(row.key)
          const message = seed.refuses?.(row)
          if (id !== undefined) outcome.alreadyThere.set(row.activity.externalId, id)
          else if (message !== undefined) outcome.refused.set(row.activity.externalId, message)
          else outcome.imported.set(row.activity.externalId, add(row))
        }
        return outcome
      }),
    recomputedAfter: (write) =>
      Effect.suspend(() => {
        const before = changes
        return Effect.map(write, (result) =>
          [
            result,
            changes === before ? undefined : seed.recomputes ?? true
          ] as const)
      }),
    recalculate: Effect.sync(() => void changes++),
    holdings: Effect.sync(() => holdingsOf(inAccount().filter(isPosted), assets)),
    activitiesAfter: (day) => Effect.sync(() => inAccount().filter((row) => isPosted(row) && row.date > day)),
    rows: ({ keep = () => true, ...range }) => Effect.sync(() => inRange(inAccount(), range).filter(keep)),
    fold: (range, from, step) => Effect.sync(() => inRange(inAccount(), range).reduce(step, from())),
    keyed: (prefix) => Effect.sync(() => shown().filter(({ key }) => key?.startsWith(prefix) === true)),
    replace: (change) => Effect.sync(() => replace(change))
  }
}

const rowOf = (
  { activity, assetId, instant, key }: NewActivity,
  id: string,
  account: TrackerAccount,
  zone: Zone
): TrackerRow => ({
  id,
  key,
  accountId: account.id,
  accountName: account.name,
  type: activity.type,
  ...(activity.subtype === undefined ? {} : { subtype: activity.subtype }),
  status: "POSTED",
  date: instant === undefined ? activity.date : dayAt(millisOf(instant), zone),
  instant: instant ?? instantOf(activity.date, activity.time, activity.millisecond, zone),
  ...(assetId === undefined ? {} : { assetId }),
  currency: activity.currency,
  ...(activity.quantity === undefined ? {} : { quantity: activity.quantity }),
  ...(activity.unitPrice === undefined ? {} : { unitPrice: activity.unitPrice }),
  amount: activity.ratio ?? activity.amount,
  ...(activity.fee === undefined ? {} : { fee: activity.fee }),
  ...(activity.note === undefined ? {} : { note: activity.note }),
  sourceSystem: "IBKR",
  isUserModified: false
})
