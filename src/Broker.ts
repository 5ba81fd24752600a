import { Context, Effect, Layer } from "effect"
import type { Failure } from "./Failure.ts"
import type { Activity, SkippedRow, SourceRow } from "./Portfolio/Activity.ts"
import type { CashFigures, StatementCash } from "./Portfolio/CashBridge.ts"
import type { CommissionEvidence } from "./Portfolio/CommissionCorrection.ts"
import type { DaySpan } from "./Portfolio/Coverage.ts"
import type { Decimal } from "./Portfolio/Decimal.ts"
import type { Instrument, Position } from "./Portfolio/Instrument.ts"
import type { Opening } from "./Portfolio/Opening.ts"
import type { PlainDate } from "./Portfolio/PlainDate.ts"
import type { TrackedShorts } from "./Portfolio/ShortPositions.ts"

/** One statement inside a report: an account and the days it covers, as the broker printed them. */
export interface StatementInfo {
  readonly accountId: string
  readonly fromDate: PlainDate
  readonly toDate: PlainDate
  /** Wall clock of the broker, `YYYY-MM-DDTHH:mm:ss`. */
  readonly whenGenerated?: string
}

/** The last day that they tell of. */
export const lastDayOf = (statements: ReadonlyArray<StatementInfo>): PlainDate | undefined =>
  statements.map(({ toDate }) => toDate).sort().at(-1)

/** The broker's own cash figures of one currency over the days of the report. */
export interface CashBalance extends CashFigures {
  readonly currency: string
}

/** What a statement says, in the portfolio's words. */
export interface BrokerReport {
  readonly statements: ReadonlyArray<StatementInfo>
  readonly activities: ReadonlyArray<Activity>
  readonly skipped: ReadonlyArray<SkippedRow>
  readonly instruments: ReadonlyMap<string, Instrument>
  /** Absent when the statement says nothing about positions: then nothing can be reconciled. */
  readonly positions?: ReadonlyArray<Position>
  /** What one unit of each currency is worth in the account's base, where the broker says so. */
  readonly rates?: ReadonlyMap<string, Decimal>
  /** Instruments that were short somewhere in it, with or without a row of their own. */
  readonly shorts?: ReadonlyMap<string, Instrument>
  /** What was held as it began. Absent where that cannot be known: a row that moved a position could not be read. */
  readonly opening?: Opening
  readonly cash: ReadonlyArray<CashBalance>
  /** What the statement's own rows move, by kind; absent where nobody asked and nothing else needs it. */
  readonly statementCash?: StatementCash
  /** What it says of commissions that were charged in another currency than their rows say; oldest first. */
  readonly commissions?: ReadonlyArray<CommissionEvidence>
  /** External ids of activities that come from held rows of earlier statements alone: their cash moved in another window. */
  readonly carriedOver: ReadonlySet<string>
  /** What the person should know about the statement itself; each costs something and says so. */
  readonly warnings: ReadonlyArray<string>
  /** False when a required section is missing or unusable: what was read is imported, its days are not proven. */
  readonly complete: boolean
}

/** What a statement is mapped with. */
export interface MappingContext {
  /** Rows that earlier runs held back, and booked rows of earlier statements that this one may correct. */
  readonly rows: ReadonlyArray<SourceRow>
  /**
   * External ids of rows that take another back and were booked as rows of their own, beside the one they take back:
   * both stay as they are.
   */
  readonly booked: ReadonlySet<string>
  /** What the rows move by kind is wanted. */
  readonly explainCash?: boolean
  /** What the tracker held as the statement began, by instrument: counts where the statement says nothing of positions. */
  readonly held?: ReadonlyMap<string, Decimal>
  /** What it has of the instruments that are short, where it holds short positions. */
  readonly tracked?: TrackedShorts
}

/** Rows of a statement that bear on one another, and on none of its other parts. */
export interface StatementPart {
  /** Rows of earlier statements that are to be mapped with these; absent: all there are. */
  readonly kept?: ReadonlyArray<SourceRow>
  /** Maps the rows. Of a statement's cash, days and warnings every part tells the same. */
  readonly report: (context: MappingContext) => Effect.Effect<BrokerReport, BrokerError>
  /** The broker rows with these content hashes, so that a row the tracker cannot take yet can be held. */
  readonly sources: (contentHashes: ReadonlySet<string>) => Effect.Effect<ReadonlyMap<string, SourceRow>, BrokerError>
}

/** A statement on disk that passed the account guard. */
export interface ReceivedStatement extends StatementPart {
  /** SHA-256 of the bytes as they came, in hex. */
  readonly id: string
  /** The days that were asked for, where they were. */
  readonly asked?: DaySpan
  /**
   * One too large to be held in memory, in parts that are to be taken one after the other; `undefined` where it is one.
   * `kept`: rows of earlier statements, each of which comes with the part that it bears on.
   */
  readonly parts?: (
    kept: ReadonlyArray<SourceRow>
  ) => Effect.Effect<ReadonlyArray<StatementPart> | undefined, BrokerError>
  /** To be called once every row of it is booked, held or skipped for good. */
  readonly settled: Effect.Effect<void, BrokerError>
}

/** All that was ever received, as one. */
export interface ArchiveReport extends Pick<BrokerReport, "activities" | "skipped" | "instruments" | "shorts"> {
  /** The last day that it tells of. */
  readonly until?: PlainDate
  readonly statements: number
  /** By content hash: the newest statement that has the row. */
  readonly statementOf: ReadonlyMap<string, string>
  /** Statements that are not where they were kept. */
  readonly gone: ReadonlyArray<string>
}

/** A booked row of an earlier statement. */
export interface BookedRow {
  readonly statementId: string
  readonly contentHash: string
}

/** Providers fail with their own tagged errors; all carry an exit code and a hint. */
export type BrokerError = Failure

/** Why no statement came for a window. */
export interface WindowUnavailable {
  readonly _tag: "WindowUnavailable"
  /** The broker does not keep these days. */
  readonly notServed: boolean
  readonly failure: BrokerError
}

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
  /** Gets the statement of explicit days, 365 at most; absent where days cannot be asked for. */
  readonly pullWindow?: (window: DaySpan) => Effect.Effect<ReceivedStatement | WindowUnavailable, BrokerError>
  /** The oldest day that can be asked for, as of `today`. */
  readonly oldestDay?: (today: PlainDate) => PlainDate
  /** Booked rows as they came; those whose statement is gone are not in the answer. */
  readonly recall: (rows: ReadonlyArray<BookedRow>) => Effect.Effect<ReadonlyMap<string, SourceRow>, BrokerError>
  /** Rows alone, without a statement: what they become by today's rules. */
  readonly map: (rows: ReadonlyArray<SourceRow>) => Effect.Effect<BrokerReport, BrokerError>
  /** Maps everything received, as one statement; `since`: only statements that reach that day. */
  readonly archive: (
    options: { readonly since?: PlainDate | undefined; readonly tracked?: TrackedShorts }
  ) => Effect.Effect<ArchiveReport, BrokerError>
  /**
   * The statement that the history begins with: of those received the one with the earliest first day that says what is
   * held, or the file named. Nothing: there is none. Of one too large to be held in memory it has the activities that
   * `isKept` says, and those dated before its first day.
   */
  readonly firstStatement: (options: {
    readonly file?: string | undefined
    readonly isKept: (activity: Activity) => boolean
  }) => Effect.Effect<BrokerReport | undefined, BrokerError>
  /** Takes statements that are kept on disk, but not known to the store, into it. Returns how many there were. */
  readonly registerArchive: (as: { readonly imported: boolean }) => Effect.Effect<number, BrokerError>
}>()("broker-sync/Broker") {
  /** A broker that has these statements to give. */
  static readonly layerTest = (
    given: Pick<Broker["Service"], "pull"> & Partial<Broker["Service"]>
  ): Layer.Layer<Broker> =>
    Layer.mock(Broker, {
      provider: "ibkr",
      backlog: Effect.succeed([]),
      recall: () => Effect.succeed(new Map()),
      registerArchive: () => Effect.succeed(0),
      firstStatement: () => Effect.as(Effect.void, undefined),
      ...given
    })
}
