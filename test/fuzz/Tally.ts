import type { Judgement } from "./Judge.ts"

/** What a run has seen; plain data, so that it passes between threads. */
export interface Tally {
  inputs: number
  /** Inputs that were read to their end. */
  read: number
  statements: number
  rows: number
  booked: number
  readonly refused: Map<string, number>
  readonly skipped: Map<string, number>
  readonly slowest: { number: number; millis: number }
}

export const emptyTally = (): Tally => ({
  inputs: 0,
  read: 0,
  statements: 0,
  rows: 0,
  booked: 0,
  refused: new Map(),
  skipped: new Map(),
  slowest: { number: 0, millis: 0 }
})

const count = (all: Map<string, number>, name: string) => all.set(name, (all.get(name) ?? 0) + 1)

export const addTo = (tally: Tally, number: number, judgement: Judgement, millis: number): void => {
  tally.inputs++
  tally.rows += judgement.rows
  if (judgement.refused !== undefined) count(tally.refused, judgement.refused)
  if (judgement.report !== undefined) {
    tally.read++
    tally.statements += judgement.report.statements.length
    tally.booked += judgement.report.activities.length
    for (const { reason } of judgement.report.skipped) count(tally.skipped, reason)
  }
  if (millis > tally.slowest.millis) Object.assign(tally.slowest, { number, millis })
}
