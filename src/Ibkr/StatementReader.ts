import { DateTime, Effect, FileSystem, type PlatformError, type Scope, Sink, Stream } from "effect"
import { createHash } from "node:crypto"
import { dirname, join } from "node:path"
import type { BrokerError, MappingContext, ReceivedStatement } from "../Broker.ts"
import type { Failure } from "../Failure.ts"
import type { DaySpan } from "../Portfolio/Coverage.ts"
import * as PlainDates from "../Portfolio/PlainDate.ts"
import { readAhead } from "../ReadAhead.ts"
import { archivedFiles, ArchiveError, keepStatement, removeHalfKept, unpackStatement } from "../StatementArchive.ts"
import { type StoreError, SyncRecordStore } from "../SyncRecordStore.ts"
import { type ScannedStatement, scanStatement } from "./FlexStatement.ts"
import { checkQuery, optionalSections } from "./QueryCheck.ts"
import {
  FlexSectionsMissing,
  SpoolError,
  type StatementError,
  StatementFileError,
  systemReason
} from "./StatementError.ts"
import { statementParts } from "./StatementParts.ts"
import { type ReportOptions, statementReport, statementSources } from "./StatementReport.ts"

export interface ReaderOptions {
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
  /** How many rows that may become activities are mapped at a time, as far as they can be told apart. */
  readonly rowsPerPart?: number
}

/** Mapped they take some 20 MB. An account with so many trades and cash rows in a year is rare. */
export const rowsPerPart = 10_000

export interface StatementReader {
  readonly receive: <E>(bytes: Stream.Stream<Uint8Array, E>) => Effect.Effect<string, E | SpoolError>
  /** The path is below the data directory. */
  readonly unpack: (archived: string) => Effect.Effect<string, ArchiveError>
  /** `fresh` ones are judged and saved as this run asks; those of earlier runs were. */
  readonly open: (
    path: string,
    how: { readonly fresh: boolean; readonly asked?: DaySpan }
  ) => Effect.Effect<ReceivedStatement, BrokerError>
  /** Reads one that is archived, to look rows up in it. */
  readonly scan: (archived: string) => Effect.Effect<ScannedStatement, ArchiveError | StatementError>
  /** Reads one on disk, only to look at it. */
  readonly look: (path: string) => Effect.Effect<ScannedStatement, StatementError>
  /** Statements that are kept on disk and not known to the store are entered into it; returns how many. */
  readonly register: (as: { readonly imported: boolean }) => Effect.Effect<number, StoreError | ArchiveError>
  /** Fails when --save could not keep a statement, before one is asked for. */
  readonly checkSaveAs: Effect.Effect<void, StatementFileError>
}

/** What every source of statements shares: bytes to a private file, guard, archive, report. */
export const statementReader = Effect.fnUntraced(function*(
  options: ReaderOptions
): Effect.fn.Return<StatementReader, SpoolError, FileSystem.FileSystem | SyncRecordStore | Scope.Scope> {
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
      new SpoolError({ path: options.spoolDir ?? "the temporary directory", reason: systemReason(error) })
    )
  )
  let files = 0
  // A run may read many statements of one query: what it leaves out is said once.
  let remarked: string | undefined
  const newFile = () => `${directory}/${++files}`
  const guarded = () => ({
    spool: newFile(),
    ...(options.account === undefined ? {} : { account: options.account })
  })
  const bytesOf = (path: string) =>
    readAhead(path).pipe(
      Stream.provideService(FileSystem.FileSystem, fileSystem),
      Stream.mapError(fileError(path))
    )

  const receive = <E>(bytes: Stream.Stream<Uint8Array, E>) => {
    const path = newFile()
    const sink = fileSystem.sink(path, { flag: "w", mode: 0o600 }).pipe(
      Sink.mapError((error) => new SpoolError({ path, reason: systemReason(error) }))
    )
    return Effect.as(Stream.run(bytes, sink), path)
  }

  const unpack = (archived: string) => {
    const path = newFile()
    return Effect.as(unpackStatement(join(options.archiveDir ?? "", archived), path), path)
  }

  const scan = Effect.fnUntraced(function*(archived: string) {
    const path = yield* unpack(archived)
    const scanned = yield* scanStatement(bytesOf(path), guarded())
    // Many may be looked through: what was unpacked takes its place no longer than it has to.
    yield* Effect.ignore(fileSystem.remove(path))
    return scanned
  }, Effect.provideService(FileSystem.FileSystem, fileSystem))

  const look = (path: string) =>
    Effect.provideService(scanStatement(bytesOf(path), guarded()), FileSystem.FileSystem, fileSystem)

  const checkSaveAs = Effect.suspend(() =>
    options.saveAs === undefined
      ? Effect.void
      : fileSystem.access(dirname(options.saveAs), { writable: true }).pipe(Effect.mapError(fileError(options.saveAs)))
  )

  const register = Effect.fn("StatementReader.register")(function*(as: { readonly imported: boolean }) {
    const { account, archiveDir } = options
    if (archiveDir === undefined || account === undefined) return 0
    const known = new Set((yield* store.statements).map(({ path }) => path))
    const files = (yield* archivedFiles(archiveDir, account)).filter(({ path }) => !known.has(path))
    for (const [index, { from, path, to }] of files.entries()) {
      const unpacked = yield* unpack(path)
      const digest = createHash("sha256")
      yield* Stream.runForEach(readAhead(unpacked), (chunk) => Effect.sync(() => void digest.update(chunk)))
        .pipe(
          Effect.provideService(FileSystem.FileSystem, fileSystem),
          Effect.mapError((error) => new ArchiveError({ path, reason: systemReason(error) })),
          Effect.ensuring(Effect.ignore(fileSystem.remove(unpacked)))
        )
      // Oldest first, as they would have come.
      const receivedAt = new Date(Date.UTC(1970, 0, 1) + index).toISOString()
      yield* store.saveStatement({ id: digest.digest("hex"), path, fromDate: from, toDate: to, receivedAt, ...as })
    }
    return files.length
  })

  const keep = Effect.fnUntraced(function*(
    path: string,
    id: string,
    scanned: ScannedStatement,
    as: { readonly imported: boolean }
  ) {
    const { archiveDir } = options
    if (archiveDir === undefined) return undefined
    const { account, from, to } = daysOf(scanned)
    const archived = yield* keepStatement(archiveDir, path, { account, from, to, sha256: id })
    const known = (yield* store.statements).find((each) => each.id === id)
    const record = {
      id,
      path: archived,
      fromDate: from,
      toDate: to,
      receivedAt: known?.receivedAt ?? DateTime.formatIso(yield* DateTime.now)
    }
    if (known === undefined) yield* store.saveStatement({ ...record, ...as })
    return record
  })

  const open: StatementReader["open"] = Effect.fnUntraced(function*(path, how) {
    const digest = createHash("sha256")
    const bytes = bytesOf(path).pipe(Stream.map((chunk) => {
      digest.update(chunk)
      return chunk
    }))
    const scanned = yield* scanStatement(bytes, guarded())
    const id = digest.digest("hex")
    if (how.fresh && options.saveAs !== undefined) {
      yield* fileSystem.copyFile(path, options.saveAs).pipe(Effect.mapError(fileError(options.saveAs)))
    }
    const sectionsBefore = new Set((yield* store.note(sectionsNote))?.split(" "))
    const verdict = checkQuery(scanned.sections, sectionsBefore)
    if (verdict.remark !== undefined && verdict.remark !== remarked) {
      remarked = verdict.remark
      yield* Effect.logInfo(verdict.remark)
    }
    if (how.fresh && options.strict && verdict.findings.length > 0) {
      // As evidence alone: its days stay uncovered, and no later run takes it up.
      yield* keep(path, id, scanned, { imported: true })
      return yield* new FlexSectionsMissing({ findings: verdict.findings })
    }
    const record = yield* keep(path, id, scanned, { imported: false })
    const withFiles = Effect.provideService(FileSystem.FileSystem, fileSystem)
    const mappedWith = ({ booked, explainCash = false, held, tracked }: MappingContext): ReportOptions => ({
      ...options.report,
      booked,
      explainCash,
      ...(tracked === undefined ? {} : { tracked }),
      sectionsBefore,
      ...(held === undefined ? {} : { held })
    })
    const statement: ReceivedStatement = {
      id,
      ...(how.asked === undefined ? {} : { asked: how.asked }),
      report: (context) => withFiles(statementReport(scanned, context.rows, mappedWith(context))),
      parts: (kept) =>
        withFiles(statementParts(scanned, kept, { most: options.rowsPerPart ?? rowsPerPart, report: mappedWith })),
      sources: (hashes) => withFiles(statementSources(scanned, hashes)),
      settled: Effect.gen(function*() {
        if (record === undefined) return
        yield* store.saveStatement({ ...record, imported: true })
        const sections = sectionsBefore.union(new Set(optionalSections(scanned.sections)))
        if (sections.size > sectionsBefore.size) yield* store.saveNote(sectionsNote, [...sections].join(" "))
        if (verdict.findings.length > 0) return
        // One span for all of it: broken out by day, a holiday has no statement of its own.
        yield* store.saveCoverage({ from: record.fromDate, to: record.toDate }, id)
      })
    }
    return statement
  }, Effect.provideService(FileSystem.FileSystem, fileSystem))

  return { receive, unpack, open, scan, look, register, checkSaveAs }
})

/** The optional sections that statements had so far. */
const sectionsNote = "sections"

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
export const gone = (id: string, error: Failure): ReceivedStatement => ({
  id,
  report: () => Effect.fail(error),
  sources: () => Effect.fail(error),
  settled: Effect.fail(error)
})

const fileError = (path: string) => (error: PlatformError.PlatformError) =>
  new StatementFileError({ path, reason: systemReason(error) })

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
