import { readFileSync } from "node:fs"

export interface Stage {
  readonly name: string | undefined
  readonly instructions: ReadonlyArray<{ readonly keyword: string; readonly rest: string }>
}

const text = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8")

const instructions = text
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll("\\\n", "")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => {
    const [, keyword = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    return { keyword, rest }
  })

/** The stages in their order; the first of them is what stands before any FROM. */
export const stages = instructions.reduce<ReadonlyArray<Stage>>((before, instruction) => {
  const last = before.at(-1)
  if (instruction.keyword === "FROM" || last === undefined) {
    return [...before, { name: / AS (\w+)$/.exec(instruction.rest)?.[1], instructions: [instruction] }]
  }
  return [...before.slice(0, -1), { ...last, instructions: [...last.instructions, instruction] }]
}, [])

/** The defaults of a build argument, one for each stage that has it with one. */
export const defaults = (name: string) =>
  instructions.flatMap(({ keyword, rest }) =>
    keyword === "ARG" && rest.startsWith(`${name}=`) ? [rest.slice(name.length + 1)] : []
  )
