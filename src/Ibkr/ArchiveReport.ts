import { Effect } from "effect"
import type { ArchiveReport } from "../Broker.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { bookings } from "./Activities.ts"
import { DecodedRows } from "./DecodedRows.ts"
import type { OpenPosition, SecurityInfo } from "./FlexReport.ts"
import type { ScannedStatement } from "./FlexStatement.ts"
import { byKind, digestOf, identityOf, type MovingRow } from "./MovingRow.ts"
import { spooled } from "./Spool.ts"
import { closingRows, missingMoves, type ReportOptions, untilOf } from "./StatementReport.ts"

/** Rows of many statements, each once: of one row printed by several statements the newest print counts. */
export class ArchiveRows {
  readonly #moving: Array<MovingRow> = []
  readonly #securities = new Map<string, SecurityInfo>()
  readonly #positions = new Map<string, OpenPosition>()
  readonly #seen = new Set<string>()
  readonly #skipped: Array<ArchiveReport["skipped"][number]> = []
  readonly #statementOf = new Map<string, string>()
  #statements = 0
  #until: PlainDate | undefined
  /** Held at the end of the newest statement, where it says so. */
  #closing: ReadonlyArray<OpenPosition> | undefined
  readonly #missing = { trades: false, others: false }

  /** Newest first. */
  readonly add = Effect.fnUntraced({ self: this }, function*(id: string, scanned: ScannedStatement) {
    const rows = new DecodedRows()
    yield* spooled(scanned.spool, (row) => rows.add(row))
    this.#statements++
    const { until } = untilOf(scanned.statements)
    const missing = missingMoves(scanned, rows)
    this.#missing.trades ||= missing.trades
    this.#missing.others ||= missing.others
    if (until !== undefined && (this.#until === undefined || until > this.#until)) {
      this.#until = until
      this.#closing = closingRows(scanned, rows)?.map(({ row }) => row)
    }
    const fresh = new Set<string>()
    const isNew = (identity: string): boolean => {
      fresh.add(identity)
      return !this.#seen.has(identity)
    }
    for (const moving of rows.moving) {
      if (!isNew(identityOf(moving))) continue
      this.#moving.push(moving)
      this.#statementOf.set(digestOf(moving), id)
    }
    for (const row of rows.skipped) if (isNew(`skip ${row.externalId ?? row.contentHash}`)) this.#skipped.push(row)
    keepNewest(this.#securities, rows.securities)
    keepNewest(this.#positions, rows.positions.map(({ row }) => row))
    for (const identity of fresh) this.#seen.add(identity)
  })

  report(options: ReportOptions, gone: ReadonlyArray<string>): ArchiveReport {
    const { activities, instruments, shorts, skipped } = bookings({
      ...byKind(this.#moving),
      missingMoves: this.#missing,
      ...(this.#until === undefined ? {} : { until: this.#until }),
      ...(this.#closing === undefined ? {} : { closingPositions: this.#closing }),
      securities: [...this.#securities.values()],
      positions: [...this.#positions.values()]
    }, options)
    return {
      activities,
      skipped: [...this.#skipped, ...skipped],
      instruments,
      shorts,
      ...(this.#until === undefined ? {} : { until: this.#until }),
      statements: this.#statements,
      statementOf: this.#statementOf,
      gone
    }
  }
}

const keepNewest = <Row extends { readonly conid?: string; readonly symbol?: string }>(
  into: Map<string, Row>,
  rows: ReadonlyArray<Row>
) => {
  for (const row of rows) {
    const name = row.conid ?? row.symbol ?? ""
    if (!into.has(name)) into.set(name, row)
  }
}
