import { Schema } from "effect"
import { exitCodes, type Failure } from "../Failure.ts"
import type { Activity } from "../Portfolio/Activity.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import type { TrackedMovement } from "../Portfolio/Reconcile.ts"

/** What a command did, or would do, with one row. */
export interface RowOutcome {
  readonly externalId: string
  /** `imported`, `replaced`, `deleted`, `kept`, `ignored`, `removed`, `held` …; `would …` where it only shows. */
  readonly outcome: string
  readonly detail?: string
  readonly date?: PlainDate | undefined
  /** Its figures, by the broker or as they stand in the tracker. */
  readonly row?: Activity | TrackedMovement
}

/** The row named is not one that the command can act on: exit 2. */
export class RowUndecidable extends Schema.TaggedError<RowUndecidable>()("RowUndecidable", {
  message: Schema.String,
  hint: Schema.String
}) implements Failure {
  readonly exitCode = exitCodes.configuration
}

export const unknownRow = (externalId: string): RowUndecidable =>
  new RowUndecidable({
    message: `nothing is known of ${externalId}`,
    hint: "broker-sync ibkr status lists the rows that wait for a decision, with their ids"
  })
