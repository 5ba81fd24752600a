import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Effect, FileSystem, Stream } from "effect"
import { XMLParser } from "fast-xml-parser"
import { readdirSync } from "node:fs"
import { readStatement } from "../../src/Ibkr/FlexXml.ts"
import { cashRows, integer, oneOf, type Row, statement, trades } from "../support/arbitrary.ts"
import { fixture, read } from "../support/fixture.ts"

type Told = ReadonlyArray<readonly [section: string, element: string, attributes: Row]>

const encode = (text: string) => new TextEncoder().encode(text)

/** What the reader tells of a document, in order: sections by their own name, then their rows. */
const told = Effect.fnUntraced(function*(bytes: Uint8Array, chunkSize = 65_536) {
  const seen: Array<readonly [string, string, Row]> = []
  const chunks = Array.from(
    { length: Math.ceil(bytes.length / chunkSize) },
    (_, index) => bytes.subarray(index * chunkSize, (index + 1) * chunkSize)
  )
  yield* readStatement(Stream.rechunk(Stream.fromIterable(chunks), 1), {
    statement: (attributes) => seen.push(["", "FlexStatement", { ...attributes }]),
    section: (name, attributes) => seen.push([name, "", { ...attributes }]),
    row: (section, element, attributes) => seen.push([section, element, { ...attributes }])
  }, Effect.void)
  const result: Told = seen
  return result
})

interface Node {
  readonly [name: string]: unknown
}

/** The same by another parser, which reads the document whole. */
const oracle = (text: string): Told => {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    parseAttributeValue: false,
    trimValues: false
  })
  const seen: Array<readonly [string, string, Row]> = []
  const walk = (nodes: ReadonlyArray<Node>, path: ReadonlyArray<string>) => {
    for (const node of nodes) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const attributes = (node[":@"] ?? {}) as Row
      for (const [name, children] of Object.entries(node)) {
        if (name === ":@" || name.startsWith("#") || name.startsWith("?")) continue
        if (path.length === 2 && name === "FlexStatement") seen.push(["", name, { ...attributes }])
        if (path.length === 3) seen.push([name, "", { ...attributes }])
        if (path.length === 4) seen.push([path[3] ?? "", name, { ...attributes }])
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        walk(children as ReadonlyArray<Node>, [...path, name])
      }
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  walk(parser.parse(text) as ReadonlyArray<Node>, [])
  return seen
}

const texts = oneOf(["A & B", "5 < 6 > 4", "\"quoted\" 'text'", "Zürich – Ω 株", "  blanks  ", "", "a;b,c"])

const withTexts = (rows: ReadonlyArray<Row>, text: string) => rows.map((row) => ({ ...row, description: text }))

const document = Arbitrary.map(
  Arbitrary.all({ trades, cash: cashRows, text: texts }),
  ({ cash, text, trades }) =>
    statement({
      Trades: { element: "Trade", rows: withTexts(trades, text) },
      CashTransactions: { element: "CashTransaction", rows: withTexts(cash, text) }
    })
)

layer(NodeFileSystem.layer)("FlexXml", (it) => {
  it.effect.prop("tells the rows that another parser finds, in pieces of any size", {
    document,
    chunkSize: oneOf([1, 3, 16, 1_000, 65_536])
  }, ({ chunkSize, document }) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* told(encode(document), chunkSize), oracle(document))
    }), { arbitrary: { runs: 60 } })

  it.effect("so it does for every whole fixture", () =>
    Effect.gen(function*() {
      let compared = 0
      const directory = new URL("../../fixtures/", import.meta.url).pathname
      for (const name of readdirSync(directory).filter((each) => each.endsWith(".xml"))) {
        const bytes = yield* fixture(name)
        const seen = yield* Effect.option(told(bytes))
        if (seen._tag === "None") continue
        assert.deepStrictEqual(seen.value, oracle(new TextDecoder().decode(bytes)), name)
        compared++
      }
      assert.isAbove(compared, 35)
    }))

  const statements = process.env["BROKER_SYNC_STATEMENTS"]
  it.effect.skipIf(statements === undefined)(
    "so it does for every file of BROKER_SYNC_STATEMENTS",
    () =>
      Effect.gen(function*() {
        const fileSystem = yield* FileSystem.FileSystem
        for (const name of readdirSync(statements ?? "").filter((each) => each.endsWith(".xml"))) {
          const bytes = yield* fileSystem.readFile(`${statements}/${name}`)
          const seen = yield* told(bytes)
          assert.isAbove(seen.length, 1, name)
          assert.deepStrictEqual(seen, oracle(new TextDecoder().decode(bytes)), name)
        }
      }),
    60_000
  )

  it.effect("cut anywhere before its end tag, a statement is malformed and nothing else", () =>
    Effect.gen(function*() {
      const bytes = yield* fixture("week.xml")
      const end = new TextDecoder().decode(bytes).lastIndexOf(">")
      let cuts = 0
      for (let length = 0; length <= end; length += 10) {
        const error = yield* Effect.flip(read(bytes.subarray(0, length)))
        assert.deepInclude(error, { _tag: "StatementMalformed", exitCode: 8 })
        if (length > 0) assert.strictEqual("found" in error && error.found, "truncated", `at ${length}`)
        cuts++
      }
      assert.isAbove(cuts, 800)
    }), 60_000)

  it.effect.prop("bytes changed at random give a report or a typed error, never a defect", {
    changes: Arbitrary.array(Arbitrary.all({ at: integer(0, 1_000_000), byte: integer(0, 255) }), {
      minLength: 1,
      maxLength: 6
    }),
    name: oneOf(["week.xml", "bad-values.xml", "rebooked-trade.xml", "cfd-segment.xml"])
  }, ({ changes, name }) =>
    Effect.gen(function*() {
      const bytes = Uint8Array.from(yield* fixture(name))
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte
      const exit = yield* Effect.result(read(bytes))
      if (exit._tag === "Failure") {
        assert.include(["StatementMalformed", "IBKRAccountMismatch", "FlexDatesAmbiguous"], exit.failure._tag)
      }
    }), { arbitrary: { runs: 150 } })

  it.effect("reads prolog, byte order mark, comments, single quotes, character references and text between rows", () =>
    Effect.gen(function*() {
      const xml = [
        "\uFEFF<?xml version='1.0' encoding='UTF-8'?>",
        "<!-- a comment --><FlexQueryResponse><FlexStatements>",
        "<FlexStatement accountId='U1234567'><Trades>",
        " <!-- <Trade quantity='1'/> --> <Trade symbol='A&#38;B &#x26; C' quantity = \"1\"></Trade> text ",
        "</Trades><Empty> </Empty></FlexStatement></FlexStatements></FlexQueryResponse>\n\n"
      ].join("\n")
      assert.deepStrictEqual(yield* told(encode(xml), 5), [
        ["", "FlexStatement", { accountId: "U1234567" }],
        ["Trades", "", {}],
        ["Trades", "Trade", { symbol: "A&B & C", quantity: "1" }],
        ["Empty", "", {}]
      ])
    }))

  it.effect("elements outside a FlexStatement, and deeper than a row, are not told", () =>
    Effect.gen(function*() {
      const xml =
        "<FlexQueryResponse><FlexStatements><Trades><Trade><Lot /></Trade></Trades><AccountInformation accountId=\"X\" />"
        + "<FlexStatement accountId=\"U1\"><FxPositions><FxLots><FxLot a=\"1\" /></FxLots></FxPositions></FlexStatement>"
        + "</FlexStatements><FlexStatement><Trades><Trade /></Trades></FlexStatement></FlexQueryResponse>"
      assert.deepStrictEqual(yield* told(encode(xml)), [
        ["", "FlexStatement", { accountId: "U1" }],
        ["FxPositions", "", {}],
        ["FxPositions", "FxLots", {}]
      ])
    }))

  it.effect.each(
    [
      ["", "empty"],
      ["  \n\t ", "empty"],
      ["\"ClientAccountID\",\"Symbol\"\n", "csv"],
      ["BOF,U1234567", "csv"],
      ["<!DOCTYPE html><html><body><p>no<br></body></html>", "html"],
      ["<html><head></head></html>", "html"],
      ["<HTML>", "html"],
      ["<!DOCTYPE FlexQueryResponse><FlexQueryResponse></FlexQueryResponse>", "doctype"],
      ["<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><FlexQueryResponse>&x;</FlexQueryResponse>", "doctype"],
      ["<FlexStatementResponse><Status>Warn</Status></FlexStatementResponse>", "envelope"],
      ["<rss><channel /></rss>", "foreign"],
      ["<FlexQueryResponse><FlexStatements></FlexStatements></FlexQueryResponse>", "foreign"],
      ["<FlexQueryResponse><FlexStatements count=\"1\"", "truncated"],
      ["<FlexQueryResponse><FlexStatements></FlexQueryResponse>", "malformed"],
      ["<FlexQueryResponse a=\"1\" a=\"2\"></FlexQueryResponse>", "malformed"],
      ["<FlexQueryResponse>a & b</FlexQueryResponse>", "malformed"],
      ["<FlexQueryResponse></FlexQueryResponse><more>", "malformed"]
    ] as const
  )("%s is %s", ([text, found]) =>
    Effect.gen(function*() {
      for (const chunkSize of [4, 65_536]) {
        const error = yield* Effect.flip(read(text, { chunkSize }))
        assert.deepInclude({ _tag: error._tag, found: "found" in error ? error.found : "" }, {
          _tag: "StatementMalformed",
          found
        })
      }
    }))
})
