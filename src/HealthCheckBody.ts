import type { RunSummary } from "./Metrics.ts"
import * as Decimals from "./Portfolio/Decimal.ts"
import { counts, type RunReport } from "./RunReport.ts"
import { printable } from "./TextTable.ts"

/** healthchecks.io keeps 100 kB, a notification shows a few lines. */
const most = 2000
const mostNames = 10

const secondsPerDay = 86_400
/** As the alerts have it. */
const staleDays = 7
const tokenNoticeDays = 30

/** What needs a look although the run went through, most urgent first. */
const notesOf = ({ baselinePending = 0, finishedAt, statement, tokenExpires, uncoveredDays = 0 }: RunSummary) => {
  const days = (from: number, to: number) => Math.floor((to - from) / secondsPerDay)
  const left = tokenExpires === undefined ? undefined : days(finishedAt, tokenExpires + secondsPerDay - 1)
  const age = statement === undefined ? 0 : days(statement.toDate, finishedAt)
  return [
    ...(left === undefined || left > tokenNoticeDays
      ? []
      : left < 0
      ? ["the Flex token has ended by IBKR_FLEX_TOKEN_EXPIRES: make a new one in the Client Portal"]
      : [`the Flex token ends in ${left} days: make a new one in the Client Portal`]),
    ...(age > staleDays ? [`the data is ${age} days old: look at the period of the Flex Query`] : []),
    ...(uncoveredDays > 0 ? [`days without a statement: ${uncoveredDays} (broker-sync ibkr status lists them)`] : []),
    ...(baselinePending > 0
      ? [`held before the first statement and not there: ${baselinePending} (broker-sync ibkr open-positions)`]
      : [])
  ]
}

/**
 * What a person is told who has no monitoring: how the run ended and what to do, then what needs a look although it
 * succeeded. Positions by name alone: how much of them there is concerns nobody else.
 */
export const checkBody = (report: RunReport, summary: RunSummary): string => {
  const { account, asOf, error, reconciled } = report
  const { held, imported, skipped } = counts(report)
  const outcome = error === undefined ? "success" : `failed with exit code ${error.exitCode}: ${error.message}`
  const drifting = report.positions.filter(({ drift, explanation }) =>
    drift !== undefined && !Decimals.isZero(drift) && explanation?.isWhole !== true
  )
  const cash = report.cash.filter(({ drift, trackerDrift }) =>
    !Decimals.isZero(drift) || (trackerDrift !== undefined && !Decimals.isZero(trackerDrift))
  )
  const lines = [
    `${account}: ${outcome}`,
    ...(error === undefined ? [] : [`what to do: ${error.hint}`]),
    ...notesOf(summary),
    ...(drifting.length === 0
      ? []
      : [`positions that differ, unexplained: ${named(drifting.map(({ symbol }) => symbol))}`]),
    ...(cash.length === 0 ? [] : [`cash that differs: ${named(cash.map(({ currency }) => currency))}`]),
    ...(held === 0 ? [] : [`rows held back, waiting for you: ${held} (broker-sync ibkr status lists them)`]),
    ...(error !== undefined || reconciled ? [] : ["positions were not compared"]),
    asOf === undefined ? "no statement was read" : `statement of ${asOf}: ${imported} imported, ${skipped} skipped`,
    `run ${report.runId}`
  ]
  return `${lines.map(printable).join("\n").slice(0, most)}\n`
}

const named = (names: ReadonlyArray<string>): string =>
  names.slice(0, mostNames).join(", ") + (names.length > mostNames ? ` and ${names.length - mostNames} more` : "")
