import { Effect } from "effect"
import { collectIfGrown, garbageOfAStep } from "../Heap.ts"
import { isPlainDate } from "../Portfolio/PlainDate.ts"
import type { RowRange, TrackerActivity, TrackerRow } from "../WealthfolioRepo.ts"
import { dayAt, millisOf, type Zone } from "./WallTime.ts"
import { WealthfolioReplyError } from "./WealthfolioError.ts"
import { decimalOf, type SearchReply, type SearchRow } from "./Wire.ts"

/** 2 000 rows are 1.6 MB. */
const pageSize = 2000
const everything = -1

/** @param share the first of the texts that are alike: JSON gives each row texts of its own */
export const rowOf = (row: SearchRow, zone: Zone, share = (text: string) => text): TrackerRow => ({
  id: row.id,
  ...text("key", row.idempotencyKey),
  accountId: share(row.accountId ?? ""),
  ...text("accountName", row.accountName && share(row.accountName)),
  type: share(row.activityType),
  ...text("subtype", row.subtype && share(row.subtype)),
  status: row.status ?? "POSTED",
  date: dayAt(millisOf(row.date), zone),
  instant: zoned(row.date),
  ...text("assetId", row.assetId && share(row.assetId)),
  ...text("symbol", row.assetSymbol && share(row.assetSymbol)),
  ...(row.instrumentType === "OPTION" ? { isContract: true } : {}),
  currency: row.currency,
  ...decimal("quantity", row.quantity),
  ...decimal("unitPrice", row.unitPrice),
  ...decimal("amount", row.amount),
  ...decimal("fee", row.fee),
  ...text("note", row.comment),
  ...text("sourceSystem", row.sourceSystem),
  isUserModified: row.isUserModified ?? false
})

/** Of texts that few rows have of their own. */
export const sharing = () => {
  const known = new Map<string, string>()
  return (text: string): string => {
    const first = known.get(text)
    if (first === undefined) known.set(text, text)
    return first ?? text
  }
}

/** An instant that names no zone is in UTC, and would be refused as it stands. */
const zoned = (instant: string): string =>
  isPlainDate(instant) || /[zZ]$|[+-]\d\d:?\d\d$/.test(instant) ? instant : `${instant}Z`

const text = <K extends "key" | "accountName" | "subtype" | "assetId" | "symbol" | "note" | "sourceSystem">(
  name: K,
  value: string | null | undefined
) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (value === undefined || value === null || value === "" ? {} : { [name]: value }) as Pick<TrackerRow, K>

const decimal = <K extends "quantity" | "unitPrice" | "amount" | "fee">(
  name: K,
  value: string | number | null | undefined
) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (value === undefined || value === null ? {} : { [name]: decimalOf(value) }) as Pick<TrackerActivity, K>

type Days = Pick<RowRange, "from" | "to">

export const isWithin = ({ from, to }: Days) => ({ date }: TrackerRow): boolean =>
  (from === undefined || date >= from) && (to === undefined || date <= to)

/** Oldest first; rows of one instant keep their order. */
export const inRange = (rows: ReadonlyArray<TrackerRow>, days: Days): ReadonlyArray<TrackerRow> => {
  const inside = rows.filter(isWithin(days))
  const at = inside.map(({ instant }) => millisOf(instant))
  if (at.every((millis, index) => index === 0 || (at[index - 1] ?? 0) <= millis)) return inside
  return inside.map((row, index) => ({ row, millis: at[index] ?? 0 }))
    .sort((a, b) => a.millis - b.millis)
    .map(({ row }) => row)
}

export interface Search<E> {
  readonly page: (page: number, pageSize: number) => Effect.Effect<SearchReply, E>
  /** Names the other side in an error. */
  readonly host: string
}

/**
 * Every row of a search, page by page, so that a large tracker is never held as a whole. Rows that tie, or come and go
 * meanwhile, can slip between two pages: where the pages do not add up to one unchanged count, everything is asked for at
 * once, and `from` says what that begins with.
 */
export const foldAll = Effect.fnUntraced(function*<A, E>(
  search: Search<E>,
  from: () => A,
  step: (sofar: A, row: SearchRow) => A
) {
  const seen = new Set<string>()
  let sofar = from()
  let total: number | undefined
  for (let index = 0; total === undefined || seen.size < total; index++) {
    const { data, meta } = yield* search.page(index, pageSize)
    const isSteady = meta.totalRowCount === (total ?? meta.totalRowCount) && data.every(({ id }) => !seen.has(id))
    if (!isSteady || (data.length === 0 && seen.size < meta.totalRowCount)) {
      return (yield* allAtOnce(search)).reduce(step, from())
    }
    total = meta.totalRowCount
    collectIfGrown(garbageOfAStep)
    for (const row of data) {
      seen.add(row.id)
      sofar = step(sofar, row)
    }
  }
  return sofar
})

const allAtOnce = Effect.fnUntraced(function*<E>(search: Search<E>) {
  const { data, meta } = yield* search.page(0, everything)
  if (data.length < meta.totalRowCount) {
    return yield* new WealthfolioReplyError({
      operation: "POST /activities/search",
      host: search.host,
      detail: `${data.length} of ${meta.totalRowCount} rows`
    })
  }
  return data
})
