import {
  attributeOf,
  copyOf,
  type Element,
  removeAttribute,
  rowsOf,
  sectionsOf,
  setAttribute,
  statementLists
} from "./Document.ts"
import type { Random } from "./Random.ts"
import type { Mutation } from "./RowMutations.ts"
import { valueFor } from "./Values.ts"

const onList = (change: (list: Element, random: Random) => void): Mutation => (root, random) => {
  const lists = statementLists(root)
  if (lists.length > 0) change(random.pick(lists), random)
}

const onStatement = (change: (statement: Element, random: Random, list: Element) => void): Mutation =>
  onList((list, random) => {
    if (list.children.length > 0) change(random.pick(list.children), random, list)
  })

const onSection = (change: (section: Element, random: Random, statement: Element) => void): Mutation =>
  onStatement((statement, random) => {
    if (statement.children.length > 0) change(random.pick(statement.children), random, statement)
  })

const sectionNames = [
  "Trades",
  "CashTransactions",
  "OpenPositions",
  "SecuritiesInfo",
  "CashReport",
  "AccountInformation",
  "FxPositions",
  "constructor",
  "__proto__",
  "toString",
  "trades"
]
const accounts = ["U1234567", "U1234567F", "U7654321", "-", "", "U1\n2", "U".repeat(5_000), "\u0085U1", "__proto__"]

export const structureMutations: Readonly<Record<string, Mutation>> = {
  "drop a section": onSection((section, _, statement) => {
    statement.children = statement.children.filter((each) => each !== section)
  }),
  "empty a section": onSection((section) => {
    section.children = []
  }),
  "double a section": onSection((section, _, statement) => {
    statement.children.push(copyOf(section))
  }),
  "rename a section": onSection((section, random) => {
    section.name = random.pick(sectionNames)
  }),
  "shuffle the sections": onStatement((statement, random) => {
    statement.children = random.shuffled(statement.children)
  }),
  "a section of another statement": (root, random, corpus) => {
    const others = sectionsOf(random.pick(corpus.documents).root)
    const statements = statementLists(root).flatMap((list) => list.children)
    if (others.length > 0 && statements.length > 0) random.pick(statements).children.push(copyOf(random.pick(others)))
  },
  "drop a statement": onStatement((statement, _, list) => {
    list.children = list.children.filter((each) => each !== statement)
  }),
  "double a statement": onStatement((statement, random, list) => {
    const copy = copyOf(statement)
    if (random.chance(0.7)) {
      setAttribute(copy, "fromDate", random.pick(["2026-01-02", "2026-01-10", "2026-01-12"]))
      setAttribute(copy, "toDate", random.pick(["2026-01-09", "2026-01-12", "2026-01-01"]))
    }
    if (random.chance(0.5)) {
      setAttribute(copy, "whenGenerated", random.pick(["2026-01-12;01:00:00", "", "20260109;010000"]))
    }
    list.children.push(copy)
  }),
  "shuffle the statements": onList((list, random) => {
    list.children = random.shuffled(list.children)
  }),
  "a statement of another file": (root, random, corpus) => {
    const lists = statementLists(root)
    const others = statementLists(random.pick(corpus.documents).root).flatMap((list) => list.children)
    if (lists.length > 0 && others.length > 0) random.pick(lists).children.push(copyOf(random.pick(others)))
  },
  "another account": onStatement((statement, random) => {
    setAttribute(statement, "accountId", random.pick(accounts))
  }),
  "another account everywhere": (root, random) => {
    const account = random.pick(accounts)
    for (const statement of statementLists(root).flatMap((list) => list.children)) {
      setAttribute(statement, "accountId", account)
      for (const section of statement.children) {
        for (const element of [section, ...section.children]) {
          if (attributeOf(element, "accountId") !== undefined) setAttribute(element, "accountId", account)
        }
      }
    }
  },
  "another header": onStatement((statement, random) => {
    const name = random.pick(["fromDate", "toDate", "whenGenerated", "accountId"])
    if (random.chance(0.2)) removeAttribute(statement, name)
    else setAttribute(statement, name, valueFor(name, random))
  }),
  "cash in base currency alone": (root, random) => {
    for (const { row, section } of rowsOf(root)) {
      if (section.name === "CashReport" && random.chance(0.8)) setAttribute(row, "currency", "BASE_SUMMARY")
    }
  },
  "another level": (root, random) => {
    const name = random.pick(["Trades", "CashTransactions", "OpenPositions", "CashReport"])
    const level = valueFor("levelOfDetail", random)
    for (const { row, section } of rowsOf(root)) if (section.name === name) setAttribute(row, "levelOfDetail", level)
  },
  "an element around": (root, random) => {
    const list = random.pick([root, ...statementLists(root), ...statementLists(root).flatMap((each) => each.children)])
    list.children = [{ name: random.pick(["X", list.name]), attributes: [], children: list.children }]
  },
  "a statement many times": onStatement((statement, random, list) => {
    for (let count = random.pick([2, 4]); count > 0; count--) list.children.push(copyOf(statement))
  })
}
