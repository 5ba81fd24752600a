/**
 * What every expected failure carries to the person who reads it: an exit code of the public table and what to do next.
 * Implemented by the tagged errors of each service; only `main.ts` turns it into a process exit.
 */
export interface Failure {
  readonly _tag: string
  readonly message: string
  /** One of the public exit codes, 2–11. */
  readonly exitCode: ExitCode
  /** What the human does next. */
  readonly hint: string
}

export const exitCodes = {
  success: 0,
  defect: 1,
  configuration: 2,
  accountGuard: 3,
  credentials: 4,
  query: 5,
  brokerBusy: 6,
  lockout: 7,
  statementUnreadable: 8,
  tracker: 9,
  store: 10,
  drift: 11,
  interrupted: 130
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
