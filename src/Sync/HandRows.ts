import { Effect } from "effect"
import type { StatementInfo } from "../Broker.ts"
import type { Activity } from "../Portfolio/Activity.ts"
import type { DaySpan } from "../Portfolio/Coverage.ts"
import { isPosted } from "../Portfolio/HeldAfter.ts"
import { addDays, earliest, latest, type PlainDate } from "../Portfolio/PlainDate.ts"
import { type TrackerRow, WealthfolioRepo } from "../WealthfolioRepo.ts"
import { keyOf } from "./Records.ts"

const joined = (a: DaySpan, b: DaySpan): DaySpan => ({ from: earliest(a.from, b.from), to: latest(a.to, b.to) })

/**
 * Posted rows of the account that were typed by hand. A large statement comes in many parts, all of the same days: these
 * rows are read for the first, and for all of its days for the second.
 */
export const handRows = (options: { readonly upstream: string }) => {
  let known: { readonly span: DaySpan; readonly rows: ReadonlyArray<TrackerRow> } | undefined
  let everything: ReadonlyArray<TrackerRow> | undefined

  const read = Effect.fn("Sync.handRows")(function*(span: DaySpan) {
    const repo = yield* WealthfolioRepo
    const rows = yield* repo.rows({ ...span, keep: (row) => isPosted(row) && !isImported(row, options) })
    known = { span, rows }
    return rows
  })
  const covers = ({ from, to }: DaySpan) => known !== undefined && known.span.from <= from && to <= known.span.to
  const knownOf = (span: DaySpan, statement: DaySpan) =>
    Effect.suspend(() => {
      if (known === undefined) return read(span)
      return covers(span) ? Effect.succeed(known.rows) : read(joined(span, statement))
    }).pipe(Effect.map(inside(span)))

  return {
    /** Those near these days, as this run read them before; what else it has to read is of all days of `statements`. */
    known: (days: ReadonlyArray<PlainDate>, statements: ReadonlyArray<StatementInfo>) => {
      const span = spanAround(days)
      return span === undefined ? Effect.succeed([]) : knownOf(span, spanOf(statements) ?? span)
    },
    /** For what is to be changed. */
    anew: (days: ReadonlyArray<PlainDate>) => {
      const span = spanAround(days)
      if (span === undefined) return Effect.succeed([])
      return Effect.suspend(() => read(known !== undefined && covers(span) ? known.span : span)).pipe(
        Effect.map(inside(span))
      )
    },
    /** All there are, as this run read them first. */
    all: Effect.gen(function*() {
      const repo = yield* WealthfolioRepo
      return everything ??= yield* repo.rows({ mayBeRecent: true, keep: (row) => !isImported(row, options) })
    }),
    /** Those of all days of these, as this run read them before. */
    of: (statements: ReadonlyArray<StatementInfo>) => {
      const span = spanOf(statements)
      return span === undefined ? Effect.succeed([]) : knownOf(span, span)
    }
  }
}

const inside = ({ from, to }: DaySpan) => (rows: ReadonlyArray<TrackerRow>) =>
  rows.filter(({ date }) => from <= date && date <= to)

/** With days of margin: for the tracker's time zone, and for what was typed under another day. */
const margin = 2

const spanAround = (days: ReadonlyArray<PlainDate>): DaySpan | undefined => {
  const sorted = days.toSorted()
  const [first, last] = [sorted[0], sorted.at(-1)]
  return first === undefined || last === undefined
    ? undefined
    : { from: addDays(first, -margin), to: addDays(last, margin) }
}

const spanOf = (statements: ReadonlyArray<StatementInfo>): DaySpan | undefined =>
  spanAround(statements.flatMap(({ fromDate, toDate }) => [fromDate, toDate]))

export type HandRows = ReturnType<typeof handRows>

/** Whether an activity is near enough to any of them that it may be what they stand for. */
export const nearAny = (rows: ReadonlyArray<TrackerRow>) => {
  const days = new Set(
    rows.flatMap(({ date }) => Array.from({ length: 2 * margin + 1 }, (_, index) => addDays(date, index - margin)))
  )
  return ({ date }: Pick<Activity, "date">): boolean => days.has(date)
}

/** Ours, or those of another account that is imported into the same one. */
const isImported = ({ key = "", sourceSystem }: TrackerRow, { upstream }: { readonly upstream: string }): boolean =>
  key.startsWith(keyOf("", upstream)) || sourceSystem === "IBKR"
