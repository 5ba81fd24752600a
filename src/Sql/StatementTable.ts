import { Effect, Schema } from "effect"
import type { DaySpan } from "../Portfolio/Coverage.ts"
import { addDays, type PlainDate } from "../Portfolio/PlainDate.ts"
import type { BackfillRecord, StatementRecord } from "../SyncRecordStore.ts"
import type { Owned } from "./Owned.ts"
import { BackfillRow, CoverageRow, LatestRow, SpanRow, StatementRow } from "./Rows.ts"

const encodeStatement = Schema.encodeEffect(StatementRow)

/** `statement`, `coverage` and `backfill`: what was received, and which days it proves. */
export const statementTable = ({ owner, ownRows, rowsOf, sql, typed }: Owned) => {
  // A run asks for them again and again, and after ten years of nights they are thousands: nobody else writes them now.
  let known: ReadonlyArray<StatementRecord> | undefined

  const statements = Effect.suspend(() =>
    known === undefined
      ? rowsOf(StatementRow, sql`SELECT * FROM statement WHERE ${ownRows} ORDER BY received_at, id`)
      : Effect.succeed(known)
  ).pipe(
    Effect.tap((rows) => Effect.sync(() => known = rows)),
    typed,
    Effect.withSpan("SyncRecordStore.statements")
  )

  const saveStatement = Effect.fn("SyncRecordStore.saveStatement")(function*(statement: StatementRecord) {
    const row = yield* encodeStatement(statement)
    known = undefined
    yield* sql`INSERT INTO statement ${sql.insert({ ...owner, ...row })}
      ON CONFLICT (upstream, tracker, id) DO UPDATE SET
        path = excluded.path, from_date = excluded.from_date, to_date = excluded.to_date,
        received_at = excluded.received_at, imported = excluded.imported`
  }, typed)

  const coverage = rowsOf(
    SpanRow,
    sql`SELECT from_date AS "from", to_date AS "to" FROM coverage WHERE ${ownRows} ORDER BY from_date, to_date`
  ).pipe(typed, Effect.withSpan("SyncRecordStore.coverage"))

  const saveCoverage = Effect.fn("SyncRecordStore.saveCoverage")(
    function*({ from, to }: DaySpan, statementId: string) {
      yield* sql`INSERT INTO coverage ${
        sql.insert({ ...owner, fromDate: from, toDate: to, statementId })
      } ON CONFLICT DO NOTHING`
    },
    typed
  )

  const uncover = Effect.fn("SyncRecordStore.uncover")(
    function*(days: ReadonlySet<PlainDate>) {
      const spans = yield* rowsOf(
        CoverageRow,
        sql`SELECT from_date AS "from", to_date AS "to", statement_id FROM coverage WHERE ${ownRows}`
      )
      for (const { from, statementId, to } of spans) {
        const inside = [...days].filter((day) => from <= day && day <= to).sort()
        if (inside.length === 0) continue
        yield* sql`DELETE FROM coverage WHERE ${ownRows} AND from_date = ${from} AND to_date = ${to}
        AND statement_id = ${statementId}`
        for (const [index, day] of [...inside, addDays(to, 1)].entries()) {
          const before = inside[index - 1]
          const start = before === undefined ? from : addDays(before, 1)
          const end = addDays(day, -1)
          if (start > end) continue
          yield* sql`INSERT INTO coverage ${sql.insert({ ...owner, fromDate: start, toDate: end, statementId })}
          ON CONFLICT DO NOTHING`
        }
      }
    },
    sql.withTransaction,
    typed
  )

  const latestToDate = rowsOf(
    LatestRow,
    sql`SELECT max(to_date) AS to_date FROM statement WHERE ${ownRows} AND imported = 1`
  ).pipe(
    Effect.map((rows): PlainDate | undefined => rows[0]?.toDate ?? undefined),
    typed,
    Effect.withSpan("SyncRecordStore.latestToDate")
  )

  const backfill = rowsOf(
    BackfillRow,
    sql`SELECT from_date AS "from", to_date AS "to", reached FROM backfill WHERE ${ownRows}`
  ).pipe(Effect.map((rows) => rows[0]), typed, Effect.withSpan("SyncRecordStore.backfill"))

  const saveBackfill = Effect.fn("SyncRecordStore.saveBackfill")(
    function*(record: BackfillRecord | undefined) {
      yield* sql`DELETE FROM backfill WHERE ${ownRows}`
      if (record === undefined) return
      const { from, reached, to } = record
      yield* sql`INSERT INTO backfill ${sql.insert({ ...owner, fromDate: from, toDate: to, reached })}`
    },
    sql.withTransaction,
    typed
  )

  return { statements, saveStatement, coverage, saveCoverage, uncover, latestToDate, backfill, saveBackfill }
}
