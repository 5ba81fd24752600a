import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Case, Context } from "../Case.ts"
import { cacheDirectory, type Input, inputs, statementOf } from "../Inputs.ts"
import { type Command, python } from "../Measure.ts"
import { build, bundle, ibflexParse } from "../Programs.ts"
import { rounds, type Subject } from "../Rounds.ts"

interface DryRun {
  readonly counts: { readonly planned: number; readonly skipped: number; readonly held: number }
  readonly cash: ReadonlyArray<{ readonly currency: string; readonly drift: string }>
}

/** What a dry run printed has to be right before it is timed. */
export const checkDryRun = (path: string, { cash: cashRows, trades }: Input): Readonly<Record<string, number>> => {
  const { cash, counts }: DryRun = JSON.parse(readFileSync(path, "utf8"))
  if (counts.planned !== trades + cashRows || counts.skipped + counts.held > 0) {
    throw new Error(`a dry run planned ${counts.planned} of ${trades + cashRows} rows`)
  }
  const wrong = cash.filter(({ drift }) => drift !== "0")
  if (wrong.length > 0 || cash.length === 0) throw new Error(`cash differs in ${wrong.length} of ${cash.length}`)
  return { rows: counts.planned, currencies: cash.length }
}

export const dryRun = (file: string): ReadonlyArray<string> => [
  bundle,
  "ibkr",
  "--file",
  file,
  "--dry-run",
  "--format",
  "json"
]

/** The first run of each writes what it prints to a file, to be checked; those that count write to nowhere. */
const checked = (
  id: string,
  what: string,
  command: Command,
  check: (path: string) => void
): Subject => {
  const out = join(cacheDirectory, "printed")
  let isFirst = true
  return {
    id,
    what,
    command: () => isFirst ? { ...command, stdout: out } : command,
    facts: () => {
      if (isFirst) check(out)
      isFirst = false
      return {}
    }
  }
}

const expectCount = (expected: number) => (path: string) => {
  const found = Number(readFileSync(path, "utf8"))
  if (found !== expected) throw new Error(`${found} rows were read, not ${expected}`)
}

const expectLines = (expected: number) => (path: string) => {
  const found = readFileSync(path, "utf8").trimEnd().split("\n").length
  if (found !== expected) throw new Error(`${found} rows were printed, not ${expected}`)
}

const dryRunOf = (id: string, what: string, input: Input): Subject =>
  checked(
    id,
    what,
    { command: [process.execPath, ...dryRun(statementOf(input))], env: { LOG_LEVEL: "warn" } },
    (path) => checkDryRun(path, input)
  )

const measureInput = async (input: Input, { ibflex, log, runs }: Context) => {
  const { cash, megabytes, trades } = input
  const file = statementOf(input)
  const [events, rows, document] = [await build("eventStream"), await build("rowsAlone"), await build("wholeDocument")]
  const atLeastRows = (path: string) => {
    const elements = Number(readFileSync(path, "utf8"))
    if (!(elements > trades + cash)) throw new Error(`${elements} elements are too few`)
  }
  const subjects: Array<Subject> = [
    dryRunOf(`read/${megabytes}/broker-sync`, "broker-sync ibkr --dry-run --format json", input),
    checked(
      `read/${megabytes}/floor`,
      "floor: bare Xml event stream",
      { command: [process.execPath, events, file] },
      atLeastRows
    ),
    checked(
      `read/${megabytes}/floor-small-heap`,
      "floor, in broker-sync's heap settings",
      { command: [process.execPath, events, file, "--small-heap"] },
      atLeastRows
    )
  ]
  // At 520 MB what it keeps would be a measure of its own.
  if (megabytes < 500) {
    subjects.push(checked(
      `read/${megabytes}/rows-alone`,
      "floor, and 11 attributes of each row, hashed and printed",
      { command: [process.execPath, rows, file] },
      expectLines(trades + cash)
    ))
  }
  // What it is held against is to be of the same minutes.
  if (megabytes > inputs[52].megabytes) {
    subjects.push(dryRunOf(`read/${megabytes}/broker-sync-52`, "the same on 52 MB, in turn with these", inputs[52]))
  }
  // A string of V8's ends at 512 MiB.
  if (megabytes < 500) {
    subjects.push(checked(
      `read/${megabytes}/fast-xml-parser`,
      "fast-xml-parser, whole document",
      { command: [process.execPath, "--max-old-space-size=8192", document, file] },
      expectCount(trades + cash)
    ))
  }
  if (ibflex !== undefined && python !== undefined) {
    subjects.push(checked(
      `read/${megabytes}/ibflex`,
      "ibflex, parse alone",
      { command: [python, ibflexParse, file], env: { PYTHONPATH: ibflex } },
      expectCount(trades + cash)
    ))
  }
  return rounds(runs, subjects, log)
}

export const read: ReadonlyArray<Case> = Object.values(inputs).map((input) => ({
  id: `read/${input.megabytes}`,
  isLong: input.megabytes > 100,
  measure: (context) => measureInput(input, context)
}))
