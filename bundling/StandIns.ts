import type { Plugin } from "rolldown"

const noLayer = `export { empty as layer } from "effect/Layer"`

/**
 * What stands for modules of the libraries that no command reaches: they were a fifth of the bundle, and had Node load
 * `http` and `child_process` at each start.
 */
const standIns: ReadonlyArray<readonly [path: string, code: string]> = [
  // Metrics.ts makes gauges and their text; it pushes by the HTTP client of effect.
  [
    "/prom-client/index.js",
    `export { default as Registry } from "./lib/registry.js"; export { default as Gauge } from "./lib/gauge.js"`
  ],
  // Cli.ts has neither --wizard nor --completions, and no flag asks for a missing value.
  [
    "/effect/dist/cli/Prompt.js",
    `export const Theme = undefined, Toggle = undefined, isPrompt = undefined, run = undefined`
  ],
  [
    "/effect/dist/cli/internal/wizard.js",
    `export const run = undefined, renderIntroduction = undefined, renderCompletion = undefined, renderQuit = undefined`
  ],
  ["/effect/dist/cli/Completions.js", `export const fromCommand = undefined, generate = undefined`],
  // No other program is run, no key is read, no file is looked for by a pattern.
  ["/platform-node/dist/NodeChildProcessSpawner.js", noLayer],
  ["/platform-node/dist/NodeTerminal.js", noLayer],
  [
    "/effect/dist/internal/glob.js",
    `export const make = () => undefined, compile = undefined, match = undefined`
  ],
  // FlexEnvelope.ts brings a decoder of its own.
  [
    "/@nodable/entities/src/index.js",
    `export const EntityDecoder = undefined, ENTITY_ACTION = {}, XML = {}, CURRENCY = {}, COMMON_HTML = {}`
  ],
  // FlexEnvelope.ts turns away what declares a DOCTYPE or an entity, and asks for neither validation, numbers nor paths.
  ["/is-unsafe/src/index.js", `export const isUnsafe = () => true, HTML = [], XML = []`],
  [
    "/fast-xml-parser/src/xmlparser/DocTypeReader.js",
    `export default class { readDocType() { throw new Error("a DOCTYPE is not read") } }`
  ],
  ["/fast-xml-parser/src/validator.js", `export const validate = undefined`],
  ["/strnum/strnum.js", `export default undefined`],
  [
    "/path-expression-matcher/src/index.js",
    `export class Expression {}
    export class ExpressionSet { size = 0 }
    export class Matcher {
      readOnly() { return this }
      reset() {} push() {} pop() {} updateCurrent() {} getCurrentTag() {}
      toString() { return "" }
    }`
  ]
]

export const withStandIns = (): Plugin => {
  const waiting = new Set(standIns.map(([path]) => path))
  return {
    name: "with-stand-ins",
    load: (id) => {
      const found = standIns.find(([path]) => id.replaceAll("\\", "/").endsWith(path))
      if (found === undefined) return null
      waiting.delete(found[0])
      return { code: found[1], moduleSideEffects: false }
    },
    // Another version of a library may have moved it.
    buildEnd(error) {
      if (error === undefined && waiting.size > 0) this.error(`no such modules: ${[...waiting].join(", ")}`)
    }
  }
}
