import type { Effect } from "effect"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import type { ReportedActivity } from "../RunReport.ts"
import type { HandRows } from "./HandRows.ts"
import type { Presence } from "./Presence.ts"

/** What is done with broker rows that are already in the tracker, typed by hand. */
export type AdoptMode = "report" | "adopt" | "import"

export interface ImportOptions {
  readonly runId: string
  /** The broker's account; first part of every idempotency key, as the tracker's keys are global. */
  readonly upstream: string
  readonly dryRun: boolean
  readonly adopt: AdoptMode
  /** Booked rows that a restored tracker lost. */
  readonly missing: ReadonlySet<string>
  /** Rows the user deleted, where that could not be remembered: in a dry run. */
  readonly removed: ReadonlySet<string>
  /** Has the tracker asked about booked rows that it was not asked about when the run began. */
  readonly askAbout: Presence["askAbout"]
  readonly handRows: HandRows
  readonly rebuiltUntil?: PlainDate | undefined
  /** External ids that the user asked for: booked whatever was decided about them. */
  readonly force: ReadonlySet<string>
  /** External ids that the user asked to adopt. */
  readonly adoptIds: ReadonlySet<string>
  /** Told of rows as soon as it is known what became of them, so that a run that fails half-way says what it did. */
  readonly note: (rows: ReadonlyArray<ReportedActivity>) => Effect.Effect<void>
}
