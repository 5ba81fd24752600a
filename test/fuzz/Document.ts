import type { Random } from "./Random.ts"

/** An element of a statement, to be changed in place. Text between elements is not kept: a statement has none. */
export interface Element {
  name: string
  attributes: Array<[name: string, value: string]>
  children: Array<Element>
}

const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(\/?)([^\s/>]+)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g
const attribute = /([^\s=/>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" }

/** The root of a well-formed document, as the fixtures are; `undefined` for what is none, or has a DOCTYPE. */
export const parseDocument = (text: string): Element | undefined => {
  if (text.includes("<!DOCTYPE")) return undefined
  const open: Array<Element> = [{ name: "", attributes: [], children: [] }]
  for (const [, end, name, attributes = "", empty] of text.matchAll(token)) {
    if (name === undefined) continue
    if (end === "/") {
      if (open.pop()?.name !== name) return undefined
      continue
    }
    const element: Element = {
      name,
      attributes: [...attributes.matchAll(attribute)].map(([, key = "", double, single]) => [
        key,
        (double ?? single ?? "").replaceAll(/&(\w+);/g, (whole, entity: string) => entities[entity] ?? whole)
      ]),
      children: []
    }
    open.at(-1)?.children.push(element)
    if (empty !== "/") open.push(element)
  }
  return open.length === 1 ? open[0]?.children[0] : undefined
}

/** Line breaks, quotes, the order of attributes and how empty elements close are the printer's choice. */
export const printDocument = (root: Element, random: Random): string => {
  const gap = random.pick(["\n", "\n", "\r\n", "", "\n    ", " text "])
  const quote = random.chance(0.9) ? "\"" : "'"
  const closes = random.chance(0.8)
  const scrambles = random.chance(0.1)
  const print = (element: Element): string => {
    const attributes = scrambles ? random.shuffled(element.attributes) : element.attributes
    const head = `<${element.name}${
      attributes.map(([name, value]) => ` ${name}=${quote}${escaped(value, quote)}${quote}`).join("")
    }`
    if (element.children.length === 0 && closes) return `${head} />`
    return `${head}>${gap}${element.children.map((child) => print(child) + gap).join("")}</${element.name}>`
  }
  return print(root)
}

const escaped = (value: string, quote: string): string =>
  value.replaceAll(
    /[&<>\n\r\t]/g,
    (character) =>
      character === "&"
        ? "&amp;"
        : character === "<"
        ? "&lt;"
        : character === ">"
        ? "&gt;"
        : `&#${character.charCodeAt(0)};`
  )
    .replaceAll(quote, quote === "\"" ? "&quot;" : "&#39;")

export const copyOf = (element: Element): Element => ({
  name: element.name,
  attributes: element.attributes.map(([name, value]) => [name, value]),
  children: element.children.map(copyOf)
})

export const attributeOf = (element: Element, name: string): string | undefined =>
  element.attributes.find(([key]) => key === name)?.[1]

export const setAttribute = (element: Element, name: string, value: string): void => {
  const known = element.attributes.find(([key]) => key === name)
  if (known === undefined) element.attributes.push([name, value])
  else known[1] = value
}

export const removeAttribute = (element: Element, name: string): void => {
  element.attributes = element.attributes.filter(([key]) => key !== name)
}

/** A row and where it stands. */
export interface Place {
  readonly section: Element
  readonly row: Element
}

const statementsIn = (root: Element): ReadonlyArray<Element> => root.children.flatMap((list) => list.children)

export const statementLists = (root: Element): ReadonlyArray<Element> => root.children

export const statementsOf = (root: Element): ReadonlyArray<Element> => statementsIn(root)

export const sectionsOf = (root: Element): ReadonlyArray<Element> =>
  statementsIn(root).flatMap((statement) => statement.children)

export const rowsOf = (root: Element): ReadonlyArray<Place> =>
  sectionsOf(root).flatMap((section) => section.children.map((row) => ({ section, row })))
