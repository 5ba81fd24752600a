import { DateTime, Duration, Effect, FileSystem, Layer, Schema, type Scope, Sink, Stream } from "effect"
import { createHash } from "node:crypto"
import { dirname, join } from "node:path"
import { Broker, type BrokerError, type ReceivedStatement } from "../Broker.ts"
import { exitCodes, type Failure } from "../Failure.ts"
import { FlexClient, type FlexOptions } from "../Ibkr/FlexClient.ts"
import type { FlexError } from "../Ibkr/FlexError.ts"
import { type ScannedStatement, scanStatement } from "../Ibkr/FlexStatement.ts"
import { checkQuery } from "../Ibkr/QueryCheck.ts"
import { FlexSectionsMissing, SpoolError, StatementFileError } from "../Ibkr/StatementError.ts"
import { type ReportOptions, statementReport, statementSources } from "../Ibkr/StatementReport.ts"
import * as PlainDates from "../Portfolio/PlainDate.ts"
import { type ArchiveError, keepStatement, removeHalfKept, unpackStatement } from "../StatementArchive.ts"
import { type FlexRequestRecord, SyncRecordStore } from "../SyncRecordStore.ts"

export interface IbkrOptions {
  /** The account every statement must be about. Only a dry run may leave it out: then all accounts are read. */
  readonly account?: string
  readonly report: Omit<ReportOptions, "booked">
  /** Where received statements are kept; without it nothing is kept. */
  readonly archiveDir?: string
  /** Where a statement waits while it is read; without it the system's temporary directory. */
  readonly spoolDir?: string
  /** Keeps a copy of the statement pulled. */
  readonly saveAs?: string
  /** A query that leaves out what a nightly run needs is an error, not a warning. */
  readonly strict: boolean
}

/** IBKR must not be asked now: an earlier refusal asked for a pause. */
export class FlexSendWithheld extends Schema.TaggedError<FlexSendWithheld>()("FlexSendWithheld", {
  until: Schema.String,
  code: Schema.Int
}) implements Failure {
  override get message() {
    return `nothing is sent to IBKR before ${this.until}: it refused the last request with ${this.code}`
  }
  readonly hint =
    "nothing: the first run after that time asks again; a statement from the portal can be imported with --file"
  get exitCode() {
    return this.code === 1025 ? exitCodes.lockout : exitCodes.brokerBusy
  }
}

/** A reference older than this is left: tonight's statement is wanted, not that night's. */
const resumable = Duration.hours(12)

const provider = "ibkr"

/** IBKR's own address for the Flex Web Service, and what else may stand in for it. */
export { flexBaseUrl, isAllowedBaseUrl } from "../Ibkr/FlexAddress.ts"

export const cashTypeChoices = ["runbook", "extended"] as const

/** From the Flex Web Service, over HTTP. */
export const layer = (
  options: IbkrOptions & FlexOptions
): Layer.Layer<Broker, BrokerError, SyncRecordStore | FileSystem.FileSystem> =>
  Layer.provide(layerNoDeps(options), FlexClient.layer(options))

/** From the Flex Web Service, with the memory of earlier requests. */
export const layerNoDeps = (
  options: IbkrOptions & { readonly queryId: string }
): Layer.Layer<Broker, BrokerError, FlexClient | SyncRecordStore | FileSystem.FileSystem> =>
  Layer.effect(
    Broker,
    Effect.gen(function*() {
      const flex = yield* FlexClient
      const store = yield* SyncRecordStore
      const reader = yield* makeReader(options)

      const remember = (request: Omit<FlexRequestRecord, "query">) =>
        store.saveFlexRequest({ query: options.queryId, ...request })

      const send = Effect.fn("Ibkr.send")(function*() {
        const sentAt = DateTime.formatIso(yield* DateTime.now)
        yield* remember({ sentAt, state: "sent" })
        const referenceCode = yield* flex.send().pipe(
          Effect.tapError((error) => rememberRefusal(error, sentAt))
        )
        yield* remember({ sentAt, state: "accepted", referenceCode })
        return { sentAt, referenceCode }
      })

      const rememberRefusal = Effect.fnUntraced(function*(error: FlexError, sentAt: string) {
        const pause = error.sendBlockedFor
        if (pause === undefined) return
        const until = DateTime.addDuration(yield* DateTime.now, pause)
        const code = "code" in error && error.code !== undefined ? error.code : 1018
        yield* remember({ sentAt, state: "refused", code, notBefore: DateTime.formatIso(until) })
      })

      const request = Effect.fn("Ibkr.request")(function*() {
        const last = yield* store.flexRequest(options.queryId)
        const now = yield* DateTime.now
        if (last?.state === "refused" && last.notBefore !== undefined && DateTime.formatIso(now) < last.notBefore) {
          return yield* new FlexSendWithheld({ until: last.notBefore, code: last.code ?? 0 })
        }
        const age = last === undefined ? undefined : DateTime.distance(DateTime.makeUnsafe(last.sentAt), now)
        if (
          last?.state === "accepted" && last.referenceCode !== undefined && age !== undefined
          && Duration.isLessThan(age, resumable)
        ) {
          yield* Effect.logInfo(`going on with the request of ${last.sentAt}`)
          return { sentAt: last.sentAt, referenceCode: last.referenceCode }
        }
        return yield* send()
      })

      const pull = Effect.gen(function*() {
        yield* reader.checkSaveAs
        const { referenceCode, sentAt } = yield* request()
        const used = remember({ sentAt, state: "received", referenceCode })
        const path = yield* reader.receive(flex.retrieve(referenceCode)).pipe(
          Effect.tapErrorTag("FlexReferenceInvalid", () => used)
        )
        yield* used
        return yield* reader.open(path, { fresh: true })
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
        backlog: backlog.pipe(Effect.withSpan("Ibkr.backlog"))
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
      const reader = yield* makeReader(options)
      const pull = options.path === "-"
        ? Effect.flatMap(reader.receive(options.stdin), (path) => reader.open(path, { fresh: true }))
        : reader.open(options.path, { fresh: true })
      return Broker.of({
        provider,
        pull: pull.pipe(Effect.withSpan("Ibkr.read")),
        backlog: Effect.succeed([])
      })
    })
  )

/** What both sources share: bytes to a private file, guard, archive, report. */
const makeReader = Effect.fnUntraced(function*(
  options: IbkrOptions
): Effect.fn.Return<
  {
    readonly receive: <E>(bytes: Stream.Stream<Uint8Array, E>) => Effect.Effect<string, E | SpoolError>
    /** The path is below the data directory. */
    readonly unpack: (archived: string) => Effect.Effect<string, ArchiveError>
    /** `fresh` ones are judged and saved as this run asks; those of earlier runs were. */
    readonly open: (path: string, how: { readonly fresh: boolean }) => Effect.Effect<ReceivedStatement, BrokerError>
    /** Fails when --save could not keep a statement, before one is asked for. */
    readonly checkSaveAs: Effect.Effect<void, StatementFileError>
  },
  SpoolError,
  FileSystem.FileSystem | SyncRecordStore | Scope.Scope
> {
  const fileSystem = yield* FileSystem.FileSystem
  const store = yield* SyncRecordStore
  const prefix = `broker-sync-spool-${(options.account ?? "any").replace(/[^A-Za-z0-9]/g, "_")}-`
  if (options.spoolDir !== undefined) yield* removeLeftovers(fileSystem, options.spoolDir, prefix)
  if (options.archiveDir !== undefined && options.account !== undefined) {
    yield* Effect.ignore(removeHalfKept(options.archiveDir, options.account))
  }
  const directory = yield* fileSystem.makeTempDirectoryScoped({
    prefix,
    ...(options.spoolDir === undefined ? {} : { directory: options.spoolDir })
  }).pipe(
    Effect.mapError((error) =>
      new SpoolError({ path: options.spoolDir ?? "the temporary directory", reason: error.message })
    )
  )
  let files = 0
  const newFile = () => `${directory}/${++files}`

  const receive = <E>(bytes: Stream.Stream<Uint8Array, E>) => {
    const path = newFile()
    const sink = fileSystem.sink(path, { flag: "w", mode: 0o600 }).pipe(
      Sink.mapError(({ message }) => new SpoolError({ path, reason: message }))
    )
    return Effect.as(Stream.run(bytes, sink), path)
  }

  const unpack = (archived: string) => {
    const path = newFile()
    return Effect.as(unpackStatement(join(options.archiveDir ?? "", archived), path), path)
  }

  const checkSaveAs = Effect.suspend(() =>
    options.saveAs === undefined
      ? Effect.void
      : fileSystem.access(dirname(options.saveAs), { writable: true }).pipe(Effect.mapError(fileError(options.saveAs)))
  )

  const open = Effect.fnUntraced(function*(path: string, how: { readonly fresh: boolean }) {
    const digest = createHash("sha256")
    const bytes = fileSystem.stream(path).pipe(
      Stream.mapError(fileError(path)),
      Stream.map((chunk) => {
        digest.update(chunk)
        return chunk
      })
    )
    const scanned = yield* scanStatement(bytes, {
      spool: newFile(),
      ...(options.account === undefined ? {} : { account: options.account })
    })
    const id = digest.digest("hex")
    if (how.fresh && options.saveAs !== undefined) {
      yield* fileSystem.copyFile(path, options.saveAs).pipe(Effect.mapError(fileError(options.saveAs)))
    }
    const verdict = checkQuery(scanned.sections)
    if (how.fresh && options.strict && verdict.findings.length > 0) {
      return yield* new FlexSectionsMissing({ findings: verdict.findings })
    }
    const days = daysOf(scanned)
    const archived = options.archiveDir !== undefined
      ? yield* keepStatement(options.archiveDir, path, {
        account: days.account,
        from: days.from,
        to: days.to,
        sha256: id
      })
      : undefined
    const record = { id, path: archived ?? path, fromDate: days.from, toDate: days.to }
    const receivedAt = DateTime.formatIso(yield* DateTime.now)
    const known = archived === undefined ? undefined : (yield* store.statements).find((each) => each.id === id)
    if (archived !== undefined && known === undefined) {
      yield* store.saveStatement({ ...record, receivedAt, imported: false })
    }
    return {
      id,
      report: (held, booked) =>
        statementReport(scanned, held, { ...options.report, booked }).pipe(
          Effect.provideService(FileSystem.FileSystem, fileSystem)
        ),
      sources: (hashes) =>
        statementSources(scanned, hashes).pipe(Effect.provideService(FileSystem.FileSystem, fileSystem)),
      settled: Effect.gen(function*() {
        if (archived === undefined) return
        yield* store.saveStatement({ ...record, receivedAt: known?.receivedAt ?? receivedAt, imported: true })
        if (verdict.findings.length > 0) return
        for (const statement of scanned.statements) yield* store.saveCoverage(statement.fromDate, statement.toDate, id)
      })
    } satisfies ReceivedStatement
  }, Effect.provideService(FileSystem.FileSystem, fileSystem))

  return { receive, unpack, open, checkSaveAs }
})

/** A killed run leaves its spool; this run holds the account's lock, so what is there is nobody's. */
const removeLeftovers = (fileSystem: FileSystem.FileSystem, directory: string, prefix: string) =>
  fileSystem.readDirectory(directory).pipe(
    Effect.flatMap(
      Effect.forEach((name) =>
        name.startsWith(prefix) ? fileSystem.remove(`${directory}/${name}`, { recursive: true }) : Effect.void
      )
    ),
    Effect.ignore
  )

/** A statement that was received and is not there any more: its days are missing until someone looks. */
const gone = (id: string, error: Failure): ReceivedStatement => ({
  id,
  report: () => Effect.fail(error),
  sources: () => Effect.fail(error),
  settled: Effect.fail(error)
})

const fileError = (path: string) => (error: { readonly message: string }) =>
  new StatementFileError({ path, reason: error.message })

const daysOf = (scanned: ScannedStatement) => {
  const [first] = scanned.statements
  const from = scanned.statements.map((statement) => statement.fromDate).sort()[0]
  const to = scanned.statements.map((statement) => statement.toDate).sort().at(-1)
  return {
    account: first?.accountId ?? "unknown",
    from: from ?? PlainDates.fromEpochDay(0),
    to: to ?? PlainDates.fromEpochDay(0)
  }
}
