import { Schema } from "effect"
import { exitCodes, type Failure } from "../Failure.ts"

/** The tracker would not take some rows. They are held and tried again; the others are in. */
export class RowsRefused extends Schema.TaggedError<RowsRefused>()("RowsRefused", {
  rows: Schema.Int,
  first: Schema.String
}) implements Failure {
  override get message() {
    return `Wealthfolio refused ${this.rows} row(s), the first with: ${this.first}`
  }
  readonly hint = "the other rows are in; these are held and tried again in every run: see `skipped` for each"
  readonly exitCode = exitCodes.tracker
}

/** Booked rows are not in the tracker any more, too many for a hand to have deleted them. */
export class TrackerRestored extends Schema.TaggedError<TrackerRestored>()("TrackerRestored", {
  rows: Schema.Int,
  some: Schema.String
}) implements Failure {
  override get message() {
    return `${this.rows} rows that were imported are not in Wealthfolio any more (${this.some}): was it restored from a backup?`
  }
  readonly hint =
    "broker-sync ibkr restore --missing books them again; broker-sync ibkr restore --accept leaves them out, if they were "
    + "deleted on purpose. Tonight's rows are in"
  readonly exitCode = exitCodes.tracker
}

/** Only with --fail-on-drift. */
export class DriftFound extends Schema.TaggedError<DriftFound>()("DriftFound", {
  symbols: Schema.Array(Schema.String)
}) implements Failure {
  override get message() {
    return `positions differ by more than 0.01: ${this.symbols.join(", ")}`
  }
  readonly hint =
    "compare the rows of these symbols in Wealthfolio with the broker's; rows in `skipped` are the usual cause"
  readonly exitCode = exitCodes.drift
}

/** A run with many rows reports them by way of the disk. */
export class ReportNotWritten extends Schema.TaggedError<ReportNotWritten>()("ReportNotWritten", {
  directory: Schema.String,
  reason: Schema.String
}) implements Failure {
  override get message() {
    return `the report of this run does not fit in ${this.directory}: ${this.reason}`
  }
  readonly hint =
    "make room there, or point BROKER_SYNC_DATA_DIR to a disk that has some; what is imported is remembered"
  readonly exitCode = exitCodes.store
}
