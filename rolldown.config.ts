import { defineConfig, type Plugin } from "rolldown"
import { type ESTree, Visitor } from "rolldown/utils"
import manifest from "./package.json" with { type: "json" }

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

const withStandIns = (): Plugin => {
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

/** What libraries do as they load and no command needs, or only later. */
const amendments: ReadonlyArray<readonly [path: string, from: string, to: string]> = [
  // Its data take 8 ms to load, and printable ASCII, which is all that help texts have, needs none.
  [
    "/effect/dist/cli/CliOutput.js",
    `const graphemeSegmenter = /*#__PURE__*/new Intl.Segmenter(undefined, {
  granularity: "grapheme"
});`,
    `const graphemeSegmenter = {
      segment: (text) => /^[ -~]*$/.test(text)
        ? [...text].map((segment) => ({ segment }))
        : new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)
    };`
  ],
  // No flag asks for a missing value: whether it could is not looked up, which opens standard input.
  [
    "/effect/dist/cli/TerminalCapabilities.js",
    `stdinIsTerminal: process?.stdin?.isTTY === true,`,
    `stdinIsTerminal: false,`
  ],
  // It looks into the stack of an error for the name of the function that called: V8 always has it there.
  [
    "/effect/dist/Utils.js",
    `  if (limit === 0) return forced[InternalTypeId];`,
    `  return (limit === 0 ? forced : standard)[InternalTypeId];`
  ],
  // No connection becomes a WebSocket; what is imported later makes the bundler wrap modules.
  [
    "/platform-node/dist/NodeHttpClient.js",
    `import("./internal/upgrade.js")`,
    `Promise.reject(new Error("no connection becomes a WebSocket"))`
  ],
  // Nothing of this is done with files.
  ["/dist/NodeFileSystem.js", `  chmod,\n  chown,\n  copy,\n`, ``],
  ["/dist/NodeFileSystem.js", `  link,\n`, ``],
  ["/dist/NodeFileSystem.js", `  makeTempFile,\n  makeTempFileScoped,\n`, ``],
  ["/dist/NodeFileSystem.js", `  readLink,\n`, ``],
  ["/dist/NodeFileSystem.js", `  symlink,\n  truncate,\n  utimes,\n`, ``],
  ["/dist/NodeFileSystem.js", `return watch(backend, path, options);`, ``],
  // No form is sent, and no size of a file is a text.
  [
    "/platform-node/dist/NodeHttpClient.js",
    `formDataBody(body.formData, request)`,
    `(() => { throw new Error("no form is sent") })()`
  ],
  ["/effect/dist/ByteSize.js", `      return fromStringUnsafe(input);`, `      break;`],
  // FlexEnvelope.ts has the parser read attributes of none and the content of all elements, and names no property.
  [
    "/OrderedObjParser.js",
    `    this.buildAttributesMap = buildAttributesMap;`,
    `    this.buildAttributesMap = () => undefined;`
  ],
  ["/OrderedObjParser.js", `    this.readStopNodeData = readStopNodeData;`, ``],
  ["/OptionsBuilder.js", `      validatePropertyName(value, name);`, ``],
  // It writes into spans, which nobody reads.
  ["/effect/dist/internal/effect.js", `new Set([defaultLogger, tracerLogger])`, `new Set([defaultLogger])`],
  // Cli.ts has two built-in flags of its own choice.
  ["/effect/dist/cli/Command.js", `if (flag === GlobalFlag.Wizard) {`, `if (false) {`],
  [
    "/effect/dist/cli/GlobalFlag.js",
    `BuiltIns = [Help, Version, Wizard, Completions, LogLevel]`,
    `BuiltIns = [Help, Version]`
  ]
]

const amended = (): Plugin => {
  const waiting = new Set(amendments)
  return {
    name: "amended",
    transform(code, id) {
      const found = amendments.filter(([path]) => id.replaceAll("\\", "/").endsWith(path))
      if (found.length === 0) return null
      for (const amendment of found) {
        const [, from, to] = amendment
        if (code.split(from).length === 2) waiting.delete(amendment)
        code = code.replace(from, () => to)
      }
      return { code, map: null }
    },
    buildEnd(error) {
      if (error === undefined && waiting.size > 0) {
        this.error(`not as it was: ${[...waiting].map(([path]) => path).join(", ")}`)
      }
    }
  }
}

/** Members of classes that nobody calls: a class keeps all it has. */
const unused: ReadonlyArray<readonly [path: string, members: string]> = [
  // Tests use them from the sources.
  [".ts", "layerTest"],
  [
    "/prom-client/lib/registry.js",
    "getMetricsAsJSON removeSingleMetric getSingleMetricAsString getSingleMetric setDefaultLabels resetMetrics "
    + "setContentType clear merge"
  ],
  ["/prom-client/lib/gauge.js", "inc dec setToCurrentTime startTimer labels remove"]
]

const withoutUnused: Plugin = {
  name: "without-unused-members",
  transform(code, id) {
    const names = unused.flatMap(([path, members]) => id.replaceAll("\\", "/").endsWith(path) ? members.split(" ") : [])
    if (!names.some((name) => code.includes(name))) return null
    const left: Array<readonly [start: number, end: number]> = []
    new Visitor({
      ClassBody: ({ body }) => {
        for (const { end, start, ...member } of body) {
          if ("key" in member && member.key.type === "Identifier" && names.includes(member.key.name)) {
            left.push([start, end])
          }
        }
      }
    }).visit(this.parse(code, { lang: id.endsWith(".ts") ? "ts" : "js" }))
    return { code: left.reduceRight((text, [start, end]) => text.slice(0, start) + text.slice(end), code), map: null }
  }
}

/**
 * Node has these in memory before the program. To `import` them makes it list their exports, and so load what stands
 * behind their getters: streams and promises of files, with `readline`.
 */
const atHand = /^node:(fs|stream)$/

/** Modules of Node that take memory and time to load, `http` above all: the first use of what they export does it. */
const lazily = /^node:(crypto|fs\/promises|os|stream\/promises|v8|vm|zlib)$/

const exportsOf = (name: string, isWanted: (value: unknown) => boolean) =>
  Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)))
    .filter(([key, { value }]) => isWanted(value) && key !== "default").map(([key]) => key)

const builtins: Plugin = {
  name: "builtins",
  resolveId(id, _importer, { kind }) {
    if (id === "\0later") return id
    // What is required as well (by undici, of which nothing stays) would be wrapped.
    return kind === "import-statement" && (atHand.test(id) || lazily.test(id)) ? `\0builtin:${id}` : null
  },
  load: (id) => {
    if (id.replaceAll("\\", "/").endsWith("/platform-node/dist/internal/http.js")) {
      return `const later = (name) => new Proxy({}, { get: (_, key) => process.getBuiltinModule(name)[key] })
        export const http = later("node:http"), https = later("node:https")`
    }
    if (id === "\0later") {
      return `export const later = (name, key) => (...given) => process.getBuiltinModule(name)[key](...given)`
    }
    if (!id.startsWith("\0builtin:")) return null
    const name = id.slice("\0builtin:".length)
    const lines = atHand.test(name)
      ? [
        `const found = process.getBuiltinModule("${name}")`,
        ...exportsOf(name, (value) => value !== undefined).map((key) => `export const ${key} = found.${key}`),
        ...(name === "node:fs" ? [`export * as promises from "node:fs/promises"`] : [])
      ]
      : [
        `import { later } from "\0later"`,
        ...exportsOf(name, (value) => typeof value === "function").map((key) =>
          `export const ${key} = /* @__PURE__ */ later("${name}", "${key}")`
        )
      ]
    return { code: lines.join("\n"), moduleSideEffects: false }
  },
  // `require` of its own would import `node:module`.
  transform: (code, id) =>
    id.includes("/prom-client/")
      ? { code: code.replaceAll(`require('util')`, `process.getBuiltinModule("node:util")`), map: null }
      : null
}

/** V8 keeps a source with one character beyond Latin-1 at twice the size. None is outside of strings and patterns. */
const ascii: Plugin = {
  name: "ascii",
  generateBundle: (_options, bundle) => {
    for (const file of Object.values(bundle)) {
      if (file.type !== "chunk") continue
      file.code = file.code.replaceAll(
        /[^\0-\x7f]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
      )
    }
  }
}

interface Arrow {
  readonly node: ESTree.ArrowFunctionExpression
  /** Whose value it is. */
  readonly property: Pick<ESTree.ObjectProperty, "start" | "end" | "key" | "computed"> | undefined
}

/** Arrow functions that no other function is around, and that have nothing from around them but variables. */
const outermostArrows = (program: ESTree.Program): ReadonlyArray<Arrow> => {
  const found: Array<Arrow> = []
  const called = new Set<ESTree.Node>()
  const properties = new Map<ESTree.Node, Arrow["property"]>()
  let arrows = 0
  let functions = 0
  let isBound = false
  const bound = () => void (isBound ||= functions === 0)
  const enter = () => void functions++
  const leave = () => void functions--
  new Visitor({
    CallExpression: ({ callee }) => void called.add(callee),
    Property: (node) => void properties.set(node.value, node),
    ArrowFunctionExpression() {
      if (arrows++ === 0) isBound = false
    },
    "ArrowFunctionExpression:exit"(node) {
      if (--arrows > 0 || functions > 0 || isBound || node.async || called.has(node)) return
      found.push({ node, property: properties.get(node) })
    },
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": leave,
    FunctionExpression: enter,
    "FunctionExpression:exit": leave,
    ThisExpression: bound,
    Super: bound
  }).visit(program)
  return found
}

/** A `function` takes some 14 bytes more, a method in an object hardly any: worth it for what is this long. */
const longFunction = 400
const longMethod = 60

const arrowsToFunctions = (code: string, program: ESTree.Program): string => {
  let written = ""
  let end = 0
  for (const { node, property } of outermostArrows(program)) {
    const { body, params } = node
    if (node.end - node.start < (property === undefined ? longFunction : longMethod)) continue
    const given = code.slice(params[0]?.start ?? 0, params.at(-1)?.end ?? 0)
    const text = code.slice(body.start, body.end)
    const [start, head] = property === undefined
      ? [node.start, "function"]
      : [property.start, code.slice(property.start, property.key.end + (property.computed ? 1 : 0))]
    written += `${code.slice(end, start)}${head}(${given})${body.type === "BlockStatement" ? text : `{return ${text}}`}`
    end = property?.end ?? node.end
  }
  return written + code.slice(end)
}

/**
 * V8 skims a function until it is called, but reads an arrow function in full where no other is around it: that is most of
 * the program, and took 10 ms and 5 MiB of each start.
 */
const withoutLongArrows: Plugin = {
  name: "without-long-arrows",
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk") file.code = arrowsToFunctions(file.code, this.parse(file.code))
    }
  }
}

export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  transform: { define: { __VERSION__: JSON.stringify(manifest.version) } },
  plugins: [withStandIns(), amended(), withoutUnused, builtins, ascii, withoutLongArrows],
  treeshake: { propertyReadSideEffects: false },
  optimization: { inlineConst: false },
  output: {
    file: "dist/broker-sync.mjs",
    format: "esm",
    codeSplitting: false,
    minify: true,
    comments: false,
    topLevelVar: true,
    banner: "#!/usr/bin/env node"
  }
})
