import { Context, type Effect } from "effect"

/** What one run tells the monitoring. Times are Unix seconds; decimals are plain text until they become gauges. */
export interface RunSummary {
  readonly exitCode: number
  readonly finishedAt: number
  readonly durationSeconds: number
  /** By status: `imported`, `already-synced` … Absent when the run failed before it knew. */
  readonly activities?: Readonly<Record<string, number>>
  readonly skipped?: Readonly<Record<string, number>>
  readonly statement?: { readonly toDate: number; readonly generatedAt?: number }
  /** Absent when this run could not reconcile: then the drift gauges stay as they were. */
  readonly reconciliation?: {
    readonly positions: ReadonlyArray<{ readonly symbol: string; readonly drift: string; readonly statements: number }>
    readonly cash: ReadonlyArray<{ readonly currency: string; readonly drift: string; readonly trackerDrift: string }>
  }
  readonly tokenExpires?: number
}

/** Never fails a run: what cannot be pushed is logged as a warning. */
export class Metrics extends Context.Service<Metrics, {
  /** A success that reconciled replaces the account's group (PUT); any other end adds what it knows (POST). */
  readonly push: (summary: RunSummary) => Effect.Effect<void>
}>()("broker-sync/Metrics") {}
