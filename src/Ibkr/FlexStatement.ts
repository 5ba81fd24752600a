import { Effect, FileSystem, type PlatformError, Result, type Stream } from "effect"
import type { StatementInfo } from "../Broker.ts"
import { collectIfGrown } from "../Heap.ts"
import { briefly } from "./BriefText.ts"
import { isIdentifier, isSlashDate, parseFlexDate, parseFlexDateTime } from "./FlexField.ts"
import { decodeOpenPosition, lots, sections } from "./FlexReport.ts"
import { type Attributes, readStatement } from "./FlexXml.ts"
import { RowGroups } from "./RowGroups.ts"
import { spoolBuffer } from "./Spool.ts"
import {
  FlexDatesAmbiguous,
  IBKRAccountMismatch,
  SpoolError,
  type StatementError,
  StatementMalformed,
  systemReason
} from "./StatementError.ts"

/** How many rows of one section there were, and of what use. */
export interface SectionTally {
  readonly rows: number
  /** Rows of the level that is read. */
  readonly usable: number
  /** Usable rows without any id that they could be booked under. */
  readonly withoutId: number
  /** Other levels and elements seen, to be shown: the first twenty of them. */
  readonly rollUps: ReadonlySet<string>
}

/** A statement read to its end tag, its account checked, its rows waiting in a spool file. */
export interface ScannedStatement {
  readonly statements: ReadonlyArray<StatementInfo>
  readonly sections: ReadonlyMap<string, SectionTally>
  /** Of Account Information, where the query has it. */
  readonly baseCurrency?: string
  /** Where its rows wait. */
  readonly spool: string
  /** Which of them may bear on one another. */
  readonly groups: RowGroups
}

const mostRollUps = 20

const idFields: Readonly<Record<string, ReadonlyArray<string>>> = {
  Trades: ["tradeID", "transactionID"],
  CashTransactions: ["transactionID"],
  CorporateActions: ["transactionID"]
}

const dateFields = ["tradeDate", "reportDate", "dateTime", "settleDate", "date", "vestingDate", "transactionDateTime"]

/** `U1234567F` is the CFD segment of `U1234567`; `-` stands on roll-ups. */
const belongsTo = (account: string, expected: string): boolean => account === expected || account === `${expected}F`

const isBlank = (account: string | undefined): boolean => account === undefined || account === "" || account === "-"

/**
 * First pass: reads every statement of the file to the end tag, guards the account, and writes the rows that matter to
 * `spool`. Nothing leaves before all of it was seen. Without `account` every account is read.
 */
export const scanStatement = Effect.fnUntraced(function*<E>(
  bytes: Stream.Stream<Uint8Array, E>,
  options: { readonly account?: string; readonly spool: string }
): Effect.fn.Return<ScannedStatement, E | StatementError, FileSystem.FileSystem> {
  const fileSystem = yield* FileSystem.FileSystem
  return yield* Effect.scoped(Effect.gen(function*() {
    const file = yield* fileSystem.open(options.spool, { flag: "w", mode: 0o600 })
    const statements: Array<StatementInfo> = []
    const tallies = new Map<string, { rows: number; usable: number; withoutId: number; rollUps: Set<string> }>()
    let baseCurrency: string | undefined
    let failure: StatementError | undefined
    const numbers = new Map<string, number>()
    const groups = new RowGroups()
    const buffer = spoolBuffer()

    const guard = (account: string | undefined) => {
      if (options.account === undefined || failure !== undefined) return
      if (isBlank(account) || account === undefined || belongsTo(account, options.account)) return
      failure = new IBKRAccountMismatch({ expected: options.account, found: account })
    }

    const visitor = {
      statement: (attributes: Attributes) => {
        const read = readHeader(attributes)
        if (read instanceof Error) failure ??= read
        else {
          if (options.account !== undefined && !belongsTo(read.accountId, options.account)) {
            failure ??= new IBKRAccountMismatch({ expected: options.account, found: read.accountId })
          }
          statements.push(read)
        }
      },
      section: (name: string, attributes: Attributes) => {
        if (name === "AccountInformation") {
          guard(attributes["accountId"])
          baseCurrency ??= attributes["currency"]
        }
        if (Object.hasOwn(sections, name) && !tallies.has(name)) {
          tallies.set(name, { rows: 0, usable: 0, withoutId: 0, rollUps: new Set() })
        }
      },
      row: (name: string, element: string, attributes: Attributes) => {
        const rule = sections[name]
        const tally = tallies.get(name)
        if (rule === undefined || tally === undefined) return
        tally.rows++
        const level = (attributes["levelOfDetail"] ?? "").toUpperCase()
        if (element !== rule.element || !(level === "" || rule.levels.size === 0 || rule.levels.has(level))) {
          if (tally.rollUps.size < mostRollUps) tally.rollUps.add(briefly(level === "" ? element : level))
          if (isOldLot(name, level, attributes, statements.at(-1))) spool(lots.name, attributes)
          return
        }
        guard(attributes["accountId"])
        const slashed = dateFields.find((field) => isSlashDate(attributes[field]))
        if (slashed !== undefined) failure ??= new FlexDatesAmbiguous({ section: name, field: slashed })
        tally.usable++
        if (!(idFields[name] ?? []).some((field) => isIdentifier(attributes[field]))) tally.withoutId++
        spool(name, attributes)
      }
    }

    const spool = (section: string, fields: Attributes) => {
      const number = (numbers.get(section) ?? 0) + 1
      numbers.set(section, number)
      if (section === "OpenPositions" && Result.isFailure(decodeOpenPosition(fields))) groups.keepWhole()
      const group = groups.add(section, fields)
      buffer.put({ group, statement: statements.length - 1, section, number, fields })
    }

    const flush = Effect.suspend(() => {
      const bytes = buffer.take()
      return bytes.length === 0 ? Effect.void : file.writeAll(bytes)
    })

    yield* readStatement(
      bytes,
      visitor,
      Effect.suspend((): Effect.Effect<void, StatementError | PlatformError.PlatformError> => {
        collectIfGrown()
        return failure !== undefined ? Effect.fail(failure) : buffer.isFull() ? flush : Effect.void
      })
    )
    yield* flush
    if (statements.length === 0) {
      return yield* new StatementMalformed({ found: "foreign", detail: "no FlexStatement in it" })
    }
    return { statements, sections: tallies, spool: options.spool, groups, ...(baseCurrency ? { baseCurrency } : {}) }
  })).pipe(
    Effect.catchIf(
      (error): error is PlatformError.PlatformError => isPlatformError(error),
      (error) => Effect.fail(new SpoolError({ path: options.spool, reason: systemReason(error) }))
    )
  )
})

/** A position may have thousands of lots: only those that tell of the days before the statement are kept. */
const isOldLot = (
  name: string,
  level: string,
  attributes: Attributes,
  statement: StatementInfo | undefined
): boolean => {
  if (name !== lots.section || level !== lots.level || statement === undefined) return false
  const opened = parseFlexDateTime(attributes["openDateTime"] ?? "")?.date
  return opened !== undefined && opened < statement.fromDate
}

const isPlatformError = (error: unknown): error is PlatformError.PlatformError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "PlatformError"

const readHeader = (attributes: Attributes): StatementInfo | FlexDatesAmbiguous | StatementMalformed => {
  const { accountId, fromDate = "", toDate = "", whenGenerated = "" } = attributes
  for (const [field, text] of Object.entries({ fromDate, toDate })) {
    if (isSlashDate(text)) return new FlexDatesAmbiguous({ section: "FlexStatement", field })
  }
  const from = parseFlexDate(fromDate)
  const to = parseFlexDate(toDate)
  if (accountId === undefined || from === undefined || to === undefined) {
    return new StatementMalformed({
      found: "foreign",
      detail: "a FlexStatement without accountId, fromDate or toDate as yyyy-MM-dd or yyyyMMdd"
    })
  }
  const generated = parseFlexDateTime(whenGenerated)
  return {
    accountId,
    fromDate: from,
    toDate: to,
    ...(generated === undefined ? {} : { whenGenerated: `${generated.date}T${generated.time ?? "00:00:00"}` })
  }
}
