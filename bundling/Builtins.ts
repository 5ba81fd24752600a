import type { Plugin } from "rolldown"

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

export const builtins: Plugin = {
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
