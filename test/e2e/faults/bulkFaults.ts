import type { Fault } from "../../support/Wealthfolio/Faults.ts"

/** What can become of one bulk request, before the transaction and after it. */
export const bulkFaults: ReadonlyArray<readonly [name: string, fault: Fault]> = [
  ["500 before the commit", { kind: "status", status: 500, when: "before" }],
  ["500 after the commit", { kind: "status", status: 500, when: "after" }],
  ["502 of a gateway before the commit", { kind: "status", status: 502, when: "before" }],
  ["504 of a gateway after the commit", { kind: "status", status: 504, when: "after" }],
  ["408 before the commit", { kind: "status", status: 408, when: "before" }],
  ["408 after the commit", { kind: "status", status: 408, when: "after" }],
  ["429", { kind: "throttle", retryAfter: 1 }],
  ["a connection dropped before the commit", { kind: "drop", when: "before" }],
  ["a connection dropped after the commit", { kind: "drop", when: "after" }],
  ["a connection reset in the middle of the answer", { kind: "reset" }],
  ["a session that has expired", { kind: "expire-sessions" }]
]

/** It is done, and nobody knows. */
export const lostAnswers = bulkFaults.filter(([name]) => /dropped after|reset/.test(name))

/** Two answers in a row that say nothing of what happened: the run ends, exit 9. */
export const unauthorized: Fault = { kind: "status", status: 401, when: "before" }

export const tooLarge: Fault = { kind: "too-large" }
