import type { Corpus } from "./Corpus.ts"
import {
  attributeOf,
  copyOf,
  type Element,
  type Place,
  removeAttribute,
  rowsOf,
  sectionsOf,
  setAttribute
} from "./Document.ts"
import type { Random } from "./Random.ts"
import { attributeNames, foreignValue, isDay, isFigure, isId, valueFor } from "./Values.ts"

/** Changes a document in place. */
export type Mutation = (root: Element, random: Random, corpus: Corpus) => void

/** The rows that the reader takes are worth more than others. */
export const somePlace = (root: Element, random: Random): Place | undefined => {
  const rows = rowsOf(root)
  return rows.length === 0 ? undefined : random.pick(rows)
}

const onRow = (change: (place: Place, random: Random, root: Element) => void): Mutation => (root, random) => {
  const place = somePlace(root, random)
  if (place !== undefined) change(place, random, root)
}

/** Of the elements with attributes: rows mostly, statements and sections now and then. */
const someElement = (root: Element, random: Random): Element => {
  const place = random.chance(0.85) ? somePlace(root, random) : undefined
  if (place !== undefined) return place.row
  return random.pick([...root.children.flatMap((list) => list.children), ...sectionsOf(root), root])
}

const onAttribute =
  (change: (element: Element, name: string, random: Random, root: Element) => void): Mutation => (root, random) => {
    const element = someElement(root, random)
    if (element.attributes.length > 0) change(element, random.pick(element.attributes)[0], random, root)
  }

/** What the reader makes more of than a text. */
const onValue = (isMeant: (name: string) => boolean): Mutation =>
  onRow(({ row }, random) => {
    const names = row.attributes.map(([name]) => name).filter(isMeant)
    if (names.length === 0) return
    const name = random.pick(names)
    setAttribute(row, name, valueFor(name, random))
  })

export const attributeMutations: Readonly<Record<string, Mutation>> = {
  "retype a value": onAttribute((element, name, random) => setAttribute(element, name, valueFor(name, random))),
  "retype two values": (root, random) => {
    for (let count = 0; count < 2; count++) {
      const element = someElement(root, random)
      if (element.attributes.length === 0) continue
      const [name] = random.pick(element.attributes)
      setAttribute(element, name, valueFor(name, random))
    }
  },
  "retype a figure": onValue(isFigure),
  "retype an id": onValue(isId),
  "retype a day": onValue(isDay),
  "a value of another kind": onAttribute((element, name, random) => setAttribute(element, name, foreignValue(random))),
  "a value of another row": onAttribute((element, name, random, root) => {
    const others = rowsOf(root).flatMap(({ row }) => attributeOf(row, name) ?? [])
    if (others.length > 0) setAttribute(element, name, random.pick(others))
  }),
  "delete an attribute": onAttribute((element, name) => removeAttribute(element, name)),
  "empty an attribute": onAttribute((element, name) => setAttribute(element, name, "")),
  "swap two values": onAttribute((element, name, random) => {
    const [other, value] = random.pick(element.attributes)
    const own = attributeOf(element, name) ?? ""
    setAttribute(element, name, value)
    setAttribute(element, other, own)
  }),
  "rename an attribute": onAttribute((element, name, random) => {
    const value = attributeOf(element, name) ?? ""
    removeAttribute(element, name)
    setAttribute(element, random.pick([...attributeNames, name.toUpperCase(), `${name}2`]), value)
  }),
  "an attribute that objects have": onAttribute((element, _, random) => {
    setAttribute(element, random.pick(attributeNames), valueFor("description", random))
  }),
  "a template without the attribute": onAttribute((_, name, __, root) => {
    for (const { row } of rowsOf(root)) removeAttribute(row, name)
  }),
  "a template without conids": (root) => {
    for (const { row } of rowsOf(root)) removeAttribute(row, "conid")
  },
  "one value in every row": onAttribute((_, name, random, root) => {
    const value = valueFor(name, random)
    for (const { row } of rowsOf(root)) if (attributeOf(row, name) !== undefined) setAttribute(row, name, value)
  })
}

export const rowMutations: Readonly<Record<string, Mutation>> = {
  "drop a row": onRow(({ row, section }) => {
    section.children = section.children.filter((each) => each !== row)
  }),
  "double a row": onRow(({ row, section }) => {
    section.children.push(copyOf(row))
  }),
  "double a row and change it": onRow(({ row, section }, random) => {
    const copy = copyOf(row)
    for (let count = random.between(1, 3); count > 0 && copy.attributes.length > 0; count--) {
      const [name] = random.pick(copy.attributes)
      setAttribute(copy, name, valueFor(name, random))
    }
    section.children.splice(random.below(section.children.length + 1), 0, copy)
  }),
  "shuffle a section": onRow(({ section }, random) => {
    section.children = random.shuffled(section.children)
  }),
  "a row in another section": onRow(({ row, section }, random, root) => {
    section.children = section.children.filter((each) => each !== row)
    const other = random.pick(sectionsOf(root))
    other.children.push(
      random.chance(0.5) || other.children[0] === undefined ? row : { ...row, name: other.children[0].name }
    )
  }),
  "a row in a row": onRow(({ row }, random, root) => {
    const other = somePlace(root, random)
    if (other !== undefined) row.children.push(copyOf(other.row))
  }),
  "another element name": onRow(({ row }, random, root) => {
    row.name = random.pick([
      ...rowsOf(root).map((place) => place.row.name),
      "Order",
      "Lot",
      "constructor",
      "__proto__",
      "Trade",
      "X".repeat(300)
    ])
  }),
  "a row of another statement": (root, random, corpus) => {
    const sections = sectionsOf(root)
    const place = somePlace(random.pick(corpus.documents).root, random)
    if (place === undefined || sections.length === 0) return
    const like = sections.find(({ name }) => name === place.section.name) ?? random.pick(sections)
    like.children.splice(random.below(like.children.length + 1), 0, copyOf(place.row))
  },
  "many rows of one second": onRow(({ row, section }, random) => {
    const start = random.below(1_000)
    for (let count = random.pick([3, 3, 10, 40]); count > 0; count--) {
      const copy = copyOf(row)
      for (const id of ["tradeID", "transactionID"]) {
        if (attributeOf(copy, id) !== undefined && random.chance(0.9)) setAttribute(copy, id, String(start + count))
      }
      section.children.push(copy)
    }
  })
}
