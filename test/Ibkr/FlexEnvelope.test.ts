import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { XMLParser } from "fast-xml-parser"
import { decodeEntities, decodeReply } from "../../src/Ibkr/FlexEnvelope.ts"
import { flexRoot } from "../../src/Ibkr/FlexRoot.ts"
import { envelope } from "../support/FlexServer.ts"

const decode = (xml: string) => Option.getOrUndefined(decodeReply(xml))

describe("FlexEnvelope", () => {
  it("reads a success with and without timestamp, and ignores the Url", () => {
    for (const timestamp of [true, false]) {
      const xml = envelope(
        { Status: "Success", ReferenceCode: "0012345678901234567890", Url: "http://elsewhere/" },
        timestamp
      )
      assert.deepStrictEqual(decode(xml), { _tag: "Accepted", referenceCode: "0012345678901234567890" })
    }
  })

  it("reads refusals; a Warn is no success", () => {
    assert.deepStrictEqual(decode(envelope({ Status: "Warn", ErrorCode: "1019", ErrorMessage: "wait & see <x>" })), {
      _tag: "Refused",
      status: "Warn",
      code: 1019,
      text: "wait & see <x>"
    })
    assert.deepStrictEqual(decode(envelope({ Status: "Fail", ErrorCode: "1012" })), {
      _tag: "Refused",
      status: "Fail",
      code: 1012,
      text: ""
    })
    assert.deepStrictEqual(decode(envelope({ Status: "Fail", ErrorMessage: "no code" })), {
      _tag: "Refused",
      status: "Fail",
      text: "no code"
    })
    assert.deepStrictEqual(decode(envelope({ Status: "Fail", ErrorCode: "E-17", ErrorMessage: "odd code" })), {
      _tag: "Refused",
      status: "Fail",
      text: "odd code"
    })
    assert.strictEqual(decode(envelope({ Status: "Success", ErrorCode: "1001" }))?._tag, "Refused")
  })

  it("decodes references as the parser's own decoder does", () => {
    const parser = new XMLParser({ parseTagValue: false, trimValues: false })
    const texts = [
      "&",
      "&amp;",
      "&amp;lt;",
      "&apos;&quot;&lt;&gt;",
      "&AMP;",
      "&amp",
      "&nbsp;",
      "&foo&gt;",
      "&#233;",
      "&#xe9;"
    ]
    const characters = [0, 7, 9, 10, 13, 27, 31, 32, 65, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0x10ffff, 0x110000]
    const references = characters.flatMap((
      code
    ) => [`&#${code};`, `&#x${code.toString(16)};`, `&#X0${code.toString(16)};`])
    for (const text of [...texts, ...references]) {
      assert.strictEqual(decodeEntities(`a${text}b`), parser.parse(`<x>a${text}b</x>`).x, text)
    }
  })

  it("reads a prolog, numeric and bare references as text", () => {
    const xml = `<?xml version="1.0"?>\n<FlexStatementResponse><Status>Fail</Status><ErrorCode>1014</ErrorCode>` +
      `<ErrorMessage>Q&A &#233;</ErrorMessage></FlexStatementResponse>`
    const reply = decode(xml)
    assert.strictEqual(reply?._tag === "Refused" ? reply.code : undefined, 1014)
  })

  const rejected: Record<string, string> = {
    "cut short": envelope({ Status: "Fail", ErrorCode: "1012" }).slice(0, -10),
    "no digits in the reference": envelope({ Status: "Success", ReferenceCode: "../../x" }),
    "no status": envelope({ ErrorCode: "1012" }),
    "two statuses": "<FlexStatementResponse><Status>Fail</Status><Status>Warn</Status></FlexStatementResponse>",
    "success without reference": envelope({ Status: "Success" }),
    "entities": `<!DOCTYPE x [<!ENTITY e "Success">]>${envelope({ Status: "&e;", ReferenceCode: "1" })}`,
    "another document": "<html></html>",
    "nothing": ""
  }
  for (const [name, xml] of Object.entries(rejected)) {
    it(`refuses: ${name}`, () => {
      assert.isUndefined(decode(xml))
    })
  }
})

describe("flexRoot", () => {
  const statement = "<FlexQueryResponse queryName=\"x\" type=\"AF\">"
  const roots: ReadonlyArray<readonly [string, string]> = [
    [statement, "statement"],
    [`\n  <?xml version="1.0" encoding="UTF-8"?>\n<!-- <html> -->\n${statement}`, "statement"],
    ["<FlexQueryResponse/>", "statement"],
    ["<FlexQueryResponses>", "unexpected"],
    ["<FlexStatementResponse timestamp='x'>", "envelope"],
    ["<!DOCTYPE html>\n<html>", "html"],
    ["<!doctype HTML PUBLIC \"x\">", "html"],
    ["<html lang='en'>", "html"],
    [`<!DOCTYPE FlexQueryResponse [<!ENTITY a "b">]>${statement}`, "doctype"],
    [`<?xml version="1.0"?><!DOCTYPE hello>${statement}`, "doctype"],
    ["\"ClientAccountID\",\"Symbol\"\n", "csv"],
    ["BOF,U1234567\n", "csv"],
    ["ClientAccountID,Symbol\n", "csv"],
    ["Service unavailable\n", "unexpected"],
    ["{\"error\":1}\n", "unexpected"],
    ["", "empty"],
    [" \r\n", "empty"]
  ]
  for (const [text, expected] of roots) {
    it(`${JSON.stringify(text.slice(0, 40))} is ${expected}`, () => {
      assert.strictEqual(flexRoot(text, true), expected)
      // Any way the bytes are cut, no other verdict comes before this one.
      for (let length = 0; length < text.length; length++) {
        assert.include([expected, "undecided"], flexRoot(text.slice(0, length), false))
      }
    })
  }

  it("gives up on an endless prolog", () => {
    assert.strictEqual(flexRoot(" ".repeat(20_000), false), "empty")
    assert.strictEqual(flexRoot(`<!--${"x".repeat(20_000)}`, false), "unexpected")
    assert.strictEqual(flexRoot(`<${"x".repeat(20_000)}`, false), "unexpected")
  })
})
