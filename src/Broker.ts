import { Context, Effect, Layer } from "effect"
import type { Failure } from "./Failure.ts"
import type { Activity, SkippedRow, SourceRow } from "./Portfolio/Activity.ts"
import type { Decimal } from "./Portfolio/Decimal.ts"
import type { Instrument, Position } from "./Portfolio/Instrument.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"

/** One statement inside a report: an account and the days it covers, as the broker printed them. */
export interface StatementInfo {
  readonly accountId: string
  readonly fromDate: PlainDate
  readonly toDate: PlainDate
  /** Wall clock of the broker, `YYYY-MM-DDTHH:mm:ss`. */
  readonly whenGenerated?: string
}

/** The broker's own cash figures of one currency over the days of the report. */
export interface CashBalance {
  readonly currency: string
  readonly opening: Decimal
  readonly closing: Decimal
}

/** What a statement says, in the portfolio's words. */
export interface BrokerReport {
  readonly statements: ReadonlyArray<StatementInfo>
  readonly activities: ReadonlyArray<Activity>
  readonly skipped: ReadonlyArray<SkippedRow>
  readonly instruments: ReadonlyMap<string, Instrument>
  /** Absent when the statement says nothing about positions: then nothing can be reconciled. */
  readonly positions?: ReadonlyArray<Position>
  readonly cash: ReadonlyArray<CashBalance>
  /** External ids of activities that come from held rows of earlier statements alone: their cash moved in another window. */
  readonly carriedOver: ReadonlySet<string>
  /** What the person should know about the statement itself; each costs something and says so. */
  readonly warnings: ReadonlyArray<string>
  /** False when a required section is missing or unusable: what was read is imported, its days are not proven. */
  readonly complete: boolean
}

/** A statement on disk that passed the account guard. */
export interface ReceivedStatement {
  /** SHA-256 of the bytes as they came, in hex. */
  readonly id: string
  /**
   * Maps the statement; `held` rows of earlier runs are mapped with it. Rows whose external ids are `booked` already are
   * not taken out together with the row that reverses them: the reversal is booked against them.
   */
  readonly report: (
    held: ReadonlyArray<SourceRow>,
    booked: ReadonlySet<string>
  ) => Effect.Effect<BrokerReport, BrokerError>
  /** The broker rows with these content hashes, so that a row the tracker cannot take yet can be held. */
  readonly sources: (contentHashes: ReadonlySet<string>) => Effect.Effect<ReadonlyMap<string, SourceRow>, BrokerError>
  /** To be called once every row of it is booked, held or skipped for good. */
  readonly settled: Effect.Effect<void, BrokerError>
}

/** Providers fail with their own tagged errors; all carry an exit code and a hint. */
export type BrokerError = Failure

/**
 * What a provider must supply. Nothing is handed over before the whole statement was read and its account checked.
 */
export class Broker extends Context.Service<Broker, {
  /** `ibkr` */
  readonly provider: string
  /** Statements received by earlier runs that were not wholly imported, oldest first. */
  readonly backlog: Effect.Effect<ReadonlyArray<ReceivedStatement>, BrokerError>
  /** Gets tonight's statement. */
  readonly pull: Effect.Effect<ReceivedStatement, BrokerError>
}>()("broker-sync/Broker") {
  /** A broker that has these statements to give. */
  static readonly layerTest = (given: {
    readonly pull: Effect.Effect<ReceivedStatement, BrokerError>
    readonly backlog?: Effect.Effect<ReadonlyArray<ReceivedStatement>, BrokerError>
  }): Layer.Layer<Broker> =>
    Layer.succeed(Broker, Broker.of({ provider: "ibkr", backlog: Effect.succeed([]), ...given }))
}
