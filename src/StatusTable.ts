import { calendar } from "./Portfolio/CoverageCalendar.ts"
import { addDays, type PlainDate } from "./Portfolio/PlainDate.ts"
import type { OpenRow, StatusReport } from "./Status.ts"
import type { PastRun } from "./SyncRecordStore.ts"
import { printable, table } from "./TextTable.ts"

/** The exit codes of the public table, in a word. */
const meanings: Readonly<Record<number, string>> = {
  1: "a defect",
  2: "settings",
  3: "another account",
  4: "IBKR token",
  5: "Flex Query",
  6: "IBKR busy",
  7: "IBKR lockout",
  8: "statement unreadable",
  9: "Wealthfolio",
  10: "record store",
  11: "drift",
  130: "interrupted"
}

const monthsShown = 365

const minute = (instant: string): string => `${instant.slice(0, 16).replace("T", " ")}Z`

const outcomeOf = ({ exitCode = 0, outcome }: PastRun): string =>
  outcome === undefined
    ? "did not finish"
    : outcome === "success"
    ? "success"
    : `exit ${exitCode}: ${meanings[exitCode] ?? "failure"}`

function* openRows(title: string, rows: ReadonlyArray<OpenRow>): Generator<string> {
  if (rows.length === 0) return
  yield "\n"
  yield* table(
    [title, "date", "id", "decide with"],
    rows.map(({ commands, date = "", externalId, why }) => [why, date, externalId, commands.join("  or  ")])
  )
  const details = new Map(rows.map(({ detail = "", why }) => [why, detail]))
  for (const [why, detail] of details) if (detail !== "") yield `  ${why}: ${printable(detail)}\n`
}

/** For the morning after: how old the data is, what the last runs did, which days are missing, what waits for a decision. */
export function* statusTable(report: StatusReport): Generator<string> {
  const { asOf, backfill, businessDaysOld, coverage, flex, rebuiltUntil } = report
  yield asOf === undefined
    ? "no statement was imported yet\n"
    : `as of ${asOf} (${businessDaysOld} business days old)\n`
  const { archived, waiting } = report.statements
  yield `${report.account} (${report.upstream}): ${report.booked} rows booked, ${archived} statements archived`
  yield waiting === 0 ? "\n" : `, ${waiting} of them waiting to be imported by the next run\n`
  yield flex.notBefore === undefined
    ? "a Flex request may be sent now"
    : `no Flex request before ${minute(flex.notBefore)} (IBKR refused the last one with ${flex.code ?? "no code"})`
  yield flex.openReference === undefined ? "\n" : `; the next run goes on with reference ${flex.openReference}\n`
  if (report.nextReread !== undefined) {
    yield `the last 30 days are read again from ${
      report.nextReread.slice(0, 10)
    } on, where the nightly statement is shorter\n`
  }
  if (backfill !== undefined) {
    yield `a backfill of ${backfill.from} to ${backfill.to} stopped at ${backfill.reached}: `
    yield `broker-sync ibkr --from ${backfill.from} --to ${backfill.to} goes on\n`
  }
  if (rebuiltUntil !== undefined) {
    yield `the record store was rebuilt from Wealthfolio: rows deleted there up to ${rebuiltUntil} are not known\n`
  }
  if (report.baseline !== undefined) {
    yield `Wealthfolio lacks what was held before the first statement of ${
      report.baseline.map(({ symbol }) => symbol).join(", ")
    }: broker-sync ibkr open-positions shows what to book\n`
  }
  if (report.runs.length > 0) {
    yield "\n"
    yield* table(
      ["run", "started", "outcome", "imported", "known", "skipped", "held"],
      report.runs.map((run) => [
        run.runId,
        minute(run.startedAt),
        outcomeOf(run),
        ...[run.imported, run.alreadySynced, run.skipped, run.held].map((count) =>
          count === undefined ? "" : `${count}`
        )
      ]),
      new Set([3, 4, 5, 6])
    )
  }
  const [first, last] = [coverage.covered[0]?.from, coverage.covered.at(-1)?.to]
  if (first !== undefined && last !== undefined) {
    yield `\ncoverage: ${coverage.uncoveredDays} business day(s) of ${first} to ${last} not proven\n`
    const from: PlainDate = first < addDays(last, -monthsShown) ? addDays(last, -monthsShown) : first
    const held = new Set(coverage.heldDays)
    for (const line of calendar({ covered: coverage.covered, held, from, to: last })) yield `${line}\n`
  }
  yield* openRows("pending", report.pending)
  yield* openRows("held", report.held)
  if (report.held.some(({ why }) => why === "missing")) {
    yield "  all missing at once: broker-sync ibkr restore --missing books them, restore --accept leaves them out\n"
  }
  yield* openRows("deleted by hand", report.removed)
  yield* openRows("ignored", report.ignored)
}

/** The report as it is; fields that do not apply are absent. */
export function* statusJson(report: StatusReport): Generator<string> {
  yield `${JSON.stringify(report, undefined, 2)}\n`
}
