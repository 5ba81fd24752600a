import type { Plugin } from "rolldown"
import { type ESTree, Visitor } from "rolldown/utils"

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
export const longFunction = 300
const longMethod = 60

export const arrowsToFunctions = (code: string, program: ESTree.Program): string => {
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
export const withoutLongArrows: Plugin = {
  name: "without-long-arrows",
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk") file.code = arrowsToFunctions(file.code, this.parse(file.code))
    }
  }
}
