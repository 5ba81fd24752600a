import { Effect, FileSystem, type Scope, Stream } from "effect"
import type { BrokerReport } from "../../src/Broker.ts"
import { type ScannedStatement, scanStatement } from "../../src/Ibkr/FlexStatement.ts"
import type { StatementError } from "../../src/Ibkr/StatementError.ts"
import { type ReportOptions, statementReport } from "../../src/Ibkr/StatementReport.ts"
import type { SymbolOverride } from "../../src/Ibkr/Symbol.ts"
import type { Activity, SkippedRow, SourceRow } from "../../src/Portfolio/Activity.ts"
import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { Decimal } from "../../src/Portfolio/Decimal.ts"
import * as PlainDates from "../../src/Portfolio/PlainDate.ts"

/** The account of every fixture but those about another one. */
export const account = "U1234567"

export interface FixtureOptions {
  /** `null` reads without the account guard, as a dry run may. */
  readonly account?: string | null
  readonly cashTypes?: ReportOptions["cashTypes"]
  readonly startDate?: string
  readonly symbolMap?: Readonly<Record<string, SymbolOverride>>
  readonly held?: ReadonlyArray<SourceRow>
  /** External ids that are in the tracker already. */
  readonly booked?: ReadonlyArray<string>
  /** Bytes a chunk: small ones cut names and characters in two. */
  readonly chunkSize?: number
}

export interface ReadFixture {
  readonly scanned: ScannedStatement
  readonly report: BrokerReport
}

/** Not the cash beside a corporate action or a transfer, nor a fee beside a trade, nor the second leg of a conversion, nor the short part of a trade. */
export const standsForItsRow = ({ externalId, group, note = "", section, type }: Activity): boolean =>
  (section !== "Trades" && !externalId.endsWith(":cash")) || type === "BUY" || type === "SELL"
  || (section === "Trades" && group !== undefined && !/:fx-in(:\d+)?$/.test(externalId))
  || (note.startsWith("short: ") && !/:short(:\d+)?$/.test(externalId))

/** A file of `fixtures/`, as it is on disk. */
export const fixture = Effect.fnUntraced(function*(name: string) {
  const fileSystem = yield* FileSystem.FileSystem
  return yield* fileSystem.readFile(new URL(`../../fixtures/${name}`, import.meta.url).pathname)
})

export const reportOptions = (options: FixtureOptions = {}): ReportOptions => ({
  cashTypes: options.cashTypes ?? "runbook",
  symbolMap: new Map(Object.entries(options.symbolMap ?? {})),
  booked: new Set(options.booked),
  ...(options.startDate === undefined ? {} : { startDate: PlainDates.of(options.startDate) })
})

/** Both passes over a statement, as a run makes them. */
export const read = Effect.fnUntraced(function*(
  statement: string | Uint8Array,
  options: FixtureOptions = {}
): Effect.fn.Return<
  ReadFixture,
  StatementError,
  FileSystem.FileSystem | Scope.Scope
> {
  const fileSystem = yield* FileSystem.FileSystem
  const bytes = typeof statement === "string" ? new TextEncoder().encode(statement) : statement
  const directory = yield* fileSystem.makeTempDirectoryScoped().pipe(Effect.orDie)
  const expected = options.account === undefined ? account : options.account
  const scanned = yield* scanStatement(chunks(bytes, options.chunkSize ?? 65_536), {
    spool: `${directory}/spool`,
    ...(expected === null ? {} : { account: expected })
  })
  const report = yield* statementReport(scanned, options.held ?? [], reportOptions(options))
  return { scanned, report }
})

const chunks = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, index) => bytes.subarray(index * size, (index + 1) * size)
    )
  ).pipe(Stream.rechunk(1))

const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }

const decimal = (value: Decimal | undefined) => value === undefined ? undefined : Decimals.format(value)

/** An activity in the words of the public JSON. */
export const shownActivity = (activity: Activity, report: Pick<BrokerReport, "instruments">) => ({
  externalId: activity.externalId,
  type: activity.type,
  ...optional("subtype", activity.subtype),
  date: activity.date,
  ...optional("time", activity.time),
  ...optional("millisecond", activity.millisecond === 0 ? undefined : activity.millisecond),
  ...optional(
    "symbol",
    activity.instrumentKey === undefined ? undefined : report.instruments.get(activity.instrumentKey)?.symbol ?? "?"
  ),
  currency: activity.currency,
  ...optional("quantity", decimal(activity.quantity)),
  ...optional("unitPrice", decimal(activity.unitPrice)),
  amount: Decimals.format(activity.amount),
  ...optional("fee", decimal(activity.fee)),
  ...optional("ratio", decimal(activity.ratio))
})

export const shownSkip = ({ externalId, held, reason, section }: SkippedRow) => ({
  section,
  ...optional("externalId", externalId),
  reason,
  held
})

/** What the files beside the fixtures say. */
export const shown = (report: BrokerReport) => ({
  activities: report.activities.map((activity) => shownActivity(activity, report)),
  skipped: report.skipped.map(shownSkip)
})

export const shownPositions = (report: BrokerReport) =>
  report.positions?.map(({ quantity, symbol }) => ({ symbol, quantity: Decimals.format(quantity) }))

export const shownCash = (report: BrokerReport) =>
  report.cash.map(({ closing, currency, opening }) => ({
    currency,
    opening: Decimals.format(opening),
    closing: Decimals.format(closing)
  }))

export const shownOpening = ({ opening }: Pick<BrokerReport, "opening">) =>
  opening === undefined ? undefined : {
    day: opening.day,
    positions: opening.positions.map(({ currency, price, quantity, symbol }) => ({
      symbol,
      quantity: Decimals.format(quantity),
      ...optional("unitPrice", decimal(price?.unitPrice)),
      ...optional("source", price?.source),
      ...optional("currency", currency)
    })),
    cash: opening.cash.map(({ amount, currency }) => ({ currency, amount: Decimals.format(amount) }))
  }
