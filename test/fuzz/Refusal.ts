import { exitCodes, type Failure } from "../../src/Failure.ts"
import type { Mutant } from "./Mutant.ts"

/** What the two passes over a statement may fail with. */
const tags: ReadonlySet<string> = new Set(["StatementMalformed", "IBKRAccountMismatch", "FlexDatesAmbiguous"])

const codes: ReadonlySet<number> = new Set(
  Object.values(exitCodes).filter((code) => code !== exitCodes.success && code !== exitCodes.defect)
)

/** Longer than any message of ours with a short piece of the statement in it. */
const longest = 300

// oxlint-disable-next-line no-control-regex
export const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

/** A failure that a person could not read, or that nobody expects. */
export const refusalProblems = (error: Failure, mutant: Mutant): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const expected = error._tag === "SpoolError" ? mutant.fault !== undefined : tags.has(error._tag)
  if (!expected) problems.push(`unexpected ${error._tag}`)
  if (error._tag === "IBKRAccountMismatch" && mutant.options.account === null) {
    problems.push("a guard that was not asked for")
  }
  if (error.message.trim() === "") problems.push(`${error._tag} without message`)
  if (error.hint.trim() === "") problems.push(`${error._tag} without hint`)
  if (!codes.has(error.exitCode)) problems.push(`${error._tag} has exit code ${error.exitCode}`)
  if (error.message.length > longest) problems.push(`${error._tag} has a message of ${error.message.length} characters`)
  if (controls.test(error.message)) {
    problems.push(`${error._tag} has control characters in ${JSON.stringify(error.message)}`)
  }
  return problems
}

/** By tag, and for what cannot be read by what was found. */
export const refusalName = (error: Failure): string =>
  "found" in error && error._tag === "StatementMalformed" ? `${error._tag} ${String(error.found)}` : error._tag
