import { Effect, FileSystem, Layer, Redacted, type Stream } from "effect"
import { hash } from "node:crypto"
import {
  type BookedRow,
  Broker,
  type BrokerError,
  type BrokerReport,
  type ReceivedStatement,
  type WindowUnavailable
} from "../Broker.ts"
import { joinedParts } from "../BrokerParts.ts"
import { exitCodes, type Failure } from "../Failure.ts"
import { collectIfGrown, garbageOfAStep } from "../Heap.ts"
import { ArchiveRows } from "../Ibkr/ArchiveReport.ts"
import { FlexClient, type FlexOptions } from "../Ibkr/FlexClient.ts"
import { oldestServedDay } from "../Ibkr/FlexHistory.ts"
import type { PaceMemory } from "../Ibkr/FlexPace.ts"
import { type FlexReference, flexRequests } from "../Ibkr/FlexRequests.ts"
import type { ScannedStatement } from "../Ibkr/FlexStatement.ts"
import { checkQuery } from "../Ibkr/QueryCheck.ts"
import { statementParts } from "../Ibkr/StatementParts.ts"
import {
  gone,
  type ReaderOptions,
  rowsPerPart,
  type StatementReader,
  statementReader
} from "../Ibkr/StatementReader.ts"
import { rowsReport, statementReport, statementSources } from "../Ibkr/StatementReport.ts"
import type { SourceRow } from "../Portfolio/Activity.ts"
import type { DaySpan } from "../Portfolio/Coverage.ts"
import { type StatementRecord, SyncRecordStore } from "../SyncRecordStore.ts"
import { today } from "../Today.ts"

export type IbkrOptions = ReaderOptions

const provider = "ibkr"

const isOfDisk = ({ _tag }: BrokerError) => _tag === "ArchiveError" || _tag === "SpoolError" || _tag === "StoreError"

/** IBKR's own address for the Flex Web Service, and what else may stand in for it. */
export { flexBaseUrl, isAllowedBaseUrl } from "../Ibkr/FlexAddress.ts"

export const cashTypeChoices = ["runbook", "extended"] as const

/** From the Flex Web Service, over HTTP. */
export const layer = (
  options: IbkrOptions & FlexOptions
): Layer.Layer<Broker, BrokerError, SyncRecordStore | FileSystem.FileSystem> =>
  Layer.provide(
    layerNoDeps(options),
    Layer.unwrap(
      Effect.map(SyncRecordStore, (store) => FlexClient.layer({ ...options, pace: paceMemory(store, options.token) }))
    )
  )

/** IBKR counts requests by token, over all runs: the store tells tokens apart by a digest. */
const paceMemory = (store: SyncRecordStore["Service"], token: FlexOptions["token"]): PaceMemory => {
  const digest = hash("sha256", Redacted.value(token)).slice(0, 12)
  return {
    recent: Effect.orElseSucceed(store.flexCalls(digest), () => []),
    remember: (at) => Effect.ignore(store.saveFlexCall(digest, at))
  }
}

/** From the Flex Web Service, with the memory of earlier requests. */
export const layerNoDeps = (
  options: IbkrOptions & { readonly queryId: string }
): Layer.Layer<Broker, BrokerError, FlexClient | SyncRecordStore | FileSystem.FileSystem> =>
  Layer.effect(
    Broker,
    Effect.gen(function*() {
      const flex = yield* FlexClient
      const store = yield* SyncRecordStore
      const reader = yield* statementReader(options)
      const reference = flexRequests(flex, store, options.queryId)

      /** A reference counts as used once its statement is archived or was found unusable, never before. */
      const receive = ({ referenceCode, refused, used, window }: FlexReference) =>
        reader.receive(flex.retrieve(referenceCode, window)).pipe(
          Effect.tapErrorTag(["FlexReferenceInvalid", "StatementUnavailable"], () => used),
          Effect.tapErrorTag("FlexLockedOut", refused),
          // Whoever mends token or query wants a new statement, not this one.
          Effect.tapError((error) =>
            error.exitCode === exitCodes.credentials || error.exitCode === exitCodes.query ? used : Effect.void
          ),
          Effect.flatMap((path) =>
            reader.open(path, { fresh: true, ...(window === undefined ? {} : { asked: window }) }).pipe(
              // A disk without room says nothing of the statement: it is there to be polled again.
              Effect.tapError((error) => isOfDisk(error) ? Effect.void : used),
              Effect.tap(() => used)
            )
          )
        )

      const pull = Effect.gen(function*() {
        yield* reader.checkSaveAs
        return yield* receive(yield* reference())
      })

      const pullWindow = Effect.fn("Ibkr.pullWindow")(function*(window: DaySpan) {
        const oldest = oldestServedDay(yield* today)
        return yield* Effect.flatMap(reference(window), receive).pipe(
          Effect.catchTag("StatementUnavailable", (failure) =>
            Effect.succeed<WindowUnavailable>({
              _tag: "WindowUnavailable",
              notServed: window.from < oldest,
              failure
            }))
        )
      })

      const backlog = Effect.gen(function*() {
        const statements = yield* store.statements
        const received: Array<ReceivedStatement> = []
        for (const statement of statements.filter(({ imported }) => !imported)) {
          // The days of one that is gone may have come with another.
          const isCovered = statements.some((other) =>
            other.imported && other.fromDate <= statement.fromDate && other.toDate >= statement.toDate
          )
          const found = yield* reader.unpack(statement.path).pipe(
            Effect.flatMap((path) => reader.open(path, { fresh: false })),
            Effect.catchTag("ArchiveError", (error) =>
              isCovered
                ? Effect.as(store.saveStatement({ ...statement, imported: true }), undefined)
                : Effect.succeed(gone(statement.id, error)))
          )
          if (found !== undefined) received.push(found)
        }
        return received
      })

      return Broker.of({
        provider,
        pull: pull.pipe(Effect.withSpan("Ibkr.pull")),
        pullWindow,
        backlog: backlog.pipe(Effect.withSpan("Ibkr.backlog")),
        ...memory(options, reader, store, yield* FileSystem.FileSystem)
      })
    })
  )

/** From a file that the user downloaded; `-` is standard input. */
export const layerFile = (
  options: IbkrOptions & { readonly path: string; readonly stdin: Stream.Stream<Uint8Array, Failure> }
): Layer.Layer<Broker, BrokerError, SyncRecordStore | FileSystem.FileSystem> =>
  Layer.effect(
    Broker,
    Effect.gen(function*() {
      const reader = yield* statementReader(options)
      const pull = options.path === "-"
        ? Effect.flatMap(reader.receive(options.stdin), (path) => reader.open(path, { fresh: true }))
        : reader.open(options.path, { fresh: true })
      return Broker.of({
        provider,
        pull: pull.pipe(Effect.withSpan("Ibkr.read")),
        backlog: Effect.succeed([]),
        ...memory(options, reader, yield* SyncRecordStore, yield* FileSystem.FileSystem)
      })
    })
  )

/** Nothing is pulled: what was received before is looked up, or mapped again. */
export const layerArchive = (
  options: IbkrOptions
): Layer.Layer<Broker, BrokerError, SyncRecordStore | FileSystem.FileSystem> =>
  Layer.effect(
    Broker,
    Effect.gen(function*() {
      const reader = yield* statementReader(options)
      return Broker.of({
        provider,
        pull: Effect.die("nothing is pulled by this command"),
        backlog: Effect.succeed([]),
        ...memory(options, reader, yield* SyncRecordStore, yield* FileSystem.FileSystem)
      })
    })
  )

/** What was received once: rows looked up in it, or all of it mapped again. */
const memory = (
  options: IbkrOptions,
  reader: StatementReader,
  store: SyncRecordStore["Service"],
  fileSystem: FileSystem.FileSystem
): Pick<Broker["Service"], "recall" | "archive" | "map" | "registerArchive" | "firstStatement" | "oldestDay"> => {
  const withFiles = Effect.provideService(FileSystem.FileSystem, fileSystem)
  const newestFirst = (statements: ReadonlyArray<StatementRecord>) =>
    statements.toSorted((a, b) =>
      a.toDate < b.toDate || (a.toDate === b.toDate && a.receivedAt < b.receivedAt) ? 1 : -1
    )

  const recall = Effect.fn("Ibkr.recall")(function*(rows: ReadonlyArray<BookedRow>) {
    const statements = new Map((yield* store.statements).map((statement) => [statement.id, statement]))
    const found = new Map<string, SourceRow>()
    for (const [id, wanted] of Map.groupBy(rows, ({ statementId }) => statementId)) {
      const path = statements.get(id)?.path
      if (path === undefined) continue
      const sources = yield* reader.scan(path).pipe(
        Effect.flatMap((scanned) => statementSources(scanned, new Set(wanted.map(({ contentHash }) => contentHash)))),
        Effect.catchTag("ArchiveError", () => Effect.succeed(new Map<string, SourceRow>()))
      )
      for (const [hash, source] of sources) found.set(hash, source)
    }
    return found
  }, withFiles)

  const archive = Effect.fn("Ibkr.archive")(function*({ since, tracked }: Parameters<Broker["Service"]["archive"]>[0]) {
    const rows = new ArchiveRows()
    const missing: Array<string> = []
    for (const { id, path, toDate } of newestFirst(yield* store.statements)) {
      if (since !== undefined && toDate < since) continue
      yield* reader.scan(path).pipe(
        Effect.flatMap((scanned) => rows.add(id, scanned)),
        Effect.catchTag("ArchiveError", () => Effect.sync(() => missing.push(path)))
      )
    }
    return rows.report(
      { ...options.report, booked: new Set(), ...(tracked === undefined ? {} : { tracked }) },
      missing
    )
  }, withFiles)

  const firstStatement = Effect.fn("Ibkr.firstStatement")(function*(
    { file, isKept }: Parameters<Broker["Service"]["firstStatement"]>[0]
  ) {
    const report = Effect.fnUntraced(function*(scanned: ScannedStatement) {
      const alone = { ...options.report, booked: new Set<string>() }
      const parts = yield* statementParts(scanned, [], {
        most: options.rowsPerPart ?? rowsPerPart,
        report: () => alone
      })
      if (parts === undefined) return yield* statementReport(scanned, [], alone)
      let whole: BrokerReport | undefined
      for (const part of parts) {
        whole = joinedParts(whole, yield* part.report({ rows: part.kept ?? [], booked: alone.booked }), isKept)
        collectIfGrown(garbageOfAStep)
      }
      return whole
    })
    if (file !== undefined) return yield* report(yield* reader.look(file))
    const { startDate } = options.report
    for (const { path, toDate } of newestFirst(yield* store.statements).toSorted(byFirstDay)) {
      if (startDate !== undefined && toDate < startDate) continue
      const scanned = yield* Effect.catchTag(reader.scan(path), "ArchiveError", () => Effect.void)
      if (scanned === undefined || checkQuery(scanned.sections).findings.length > 0) continue
      return yield* report(scanned)
    }
    return undefined
  }, withFiles)

  const map: Broker["Service"]["map"] = (rows) =>
    Effect.sync(() => rowsReport(rows, { ...options.report, booked: new Set() }))

  return { recall, archive, map, firstStatement, oldestDay: oldestServedDay, registerArchive: reader.register }
}

const byFirstDay = (a: StatementRecord, b: StatementRecord): number =>
  a.fromDate < b.fromDate ? -1 : Number(a.fromDate > b.fromDate)
