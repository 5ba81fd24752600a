import { existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import bundled from "../rolldown.config.ts"
import { cacheDirectory } from "./Inputs.ts"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The program as its user has it. */
export const bundle = here("../dist/broker-sync.mjs")

export const programs = {
  /** The events of `Xml` and nothing else. */
  eventStream: here("programs/EventStream.ts"),
  /** The least that the rows need beside the events. */
  rowsAlone: here("programs/RowsAlone.ts"),
  /** fast-xml-parser on the whole document. */
  wholeDocument: here("programs/WholeDocument.ts"),
  /** Ids looked up in a store. */
  lookUp: here("programs/LookUp.ts"),
  fillStore: here("programs/FillStore.ts"),
  /** broker-sync once more, with a source map, for a profile. */
  profiled: here("../src/main.ts")
} as const

export const ibflexParse = here("programs/ibflex_parse.py")

export type Program = keyof typeof programs

/** These change a text that a source map is made of already. */
const afterMapping = ["ascii", "without-long-arrows"]

/**
 * One file each, made as the bundle is, so that what differs is what the programs do and not how they are loaded. Without
 * its plugins, but for broker-sync's own profile: they leave out what broker-sync does not use, and the others may.
 */
export const build = async (name: Program): Promise<string> => {
  const { input: _, output, plugins, ...options } = bundled
  if (output === undefined || Array.isArray(output)) throw new Error("rolldown.config.ts has not one output")
  mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 })
  const file = join(cacheDirectory, `${name}.mjs`)
  const own = [plugins].flat().filter((plugin) => !(isNamed(plugin) && afterMapping.includes(plugin.name)))
  const made = await rolldown({ ...options, plugins: name === "profiled" ? own : [], input: programs[name] })
  await made.write({ ...output, file, sourcemap: name === "profiled" })
  await made.close()
  return file
}

const isNamed = (plugin: unknown): plugin is { readonly name: string } =>
  typeof plugin === "object" && plugin !== null && "name" in plugin

export const needBundle = (): void => {
  if (!existsSync(bundle)) throw new Error("dist/broker-sync.mjs is not there: npm run build")
}
