import { statSync } from "node:fs"
import type { Case } from "../Case.ts"
import { python } from "../Measure.ts"
import { bundle } from "../Programs.ts"
import { rounds, type Subject } from "../Rounds.ts"

/** Runs of a tenth of a second: more of them cost nothing. */
const atLeast = 15

/** What it takes to say the version, against what it takes ibflex to be imported. */
export const coldStart: Case = {
  id: "cold-start",
  measure: ({ ibflex, log, runs }) => {
    const subjects: Array<Subject> = [
      {
        id: "cold-start/broker-sync",
        what: "broker-sync --version",
        command: () => ({ command: [process.execPath, bundle, "--version"] }),
        facts: () => ({ bundleBytes: statSync(bundle).size })
      },
      {
        id: "cold-start/node",
        what: "floor: Node with an empty program",
        command: () => ({ command: [process.execPath, "--eval", "0"] })
      }
    ]
    if (ibflex !== undefined && python !== undefined) {
      const interpreter = python
      subjects.push({
        id: "cold-start/ibflex",
        what: "python3 -c 'import ibflex'",
        command: () => ({ command: [interpreter, "-c", "import ibflex"], env: { PYTHONPATH: ibflex } })
      })
    }
    return rounds(Math.max(runs, atLeast), subjects, log)
  }
}
