import { Option, Schema, SchemaTransformation } from "effect"
import { XMLParser } from "fast-xml-parser"

/** SendRequest is under way; `referenceCode` is digits, kept as text. */
export interface Accepted {
  readonly _tag: "Accepted"
  readonly referenceCode: string
}

/** Neither `Warn` nor `Fail` is a success, whatever the HTTP status. `text` is IBKR's own, possibly empty. */
export interface Refused {
  readonly _tag: "Refused"
  readonly status: "Warn" | "Fail"
  readonly code?: number
  readonly text: string
}

export type FlexReply = Accepted | Refused

const Digits = Schema.String.pipe(Schema.check(Schema.isPattern(/^\d{1,40}$/)))

const Code = Schema.String.pipe(
  Schema.check(Schema.isPattern(/^\d{1,9}$/)),
  Schema.decodeTo(Schema.Int, SchemaTransformation.numberFromString)
)

/** The timestamp is not read: some replies have none. The `Url` is not read: IBKR calls it legacy. */
const Envelope = Schema.Struct({
  FlexStatementResponse: Schema.Union([
    Schema.Struct({ Status: Schema.Literal("Success"), ReferenceCode: Digits }),
    Schema.Struct({ Status: Schema.String, ErrorCode: Code, ErrorMessage: Schema.optionalKey(Schema.String) }),
    Schema.Struct({ Status: Schema.Literals(["Warn", "Fail"]), ErrorMessage: Schema.optionalKey(Schema.String) })
  ])
})

const decodeEnvelope = Schema.decodeUnknownOption(Envelope)

const entities: Readonly<Record<string, string>> = { amp: "&", apos: "'", gt: ">", lt: "<", quot: "\"" }

const isForbidden = (character: number) =>
  (character < 0x20 && ![0x09, 0x0a, 0x0d].includes(character)) || (character >= 0xd800 && character <= 0xdfff)

/**
 * What the parser's own one makes of these replies, without its tables of HTML: the five names of XML are decoded, numbers
 * stay, and those of characters that XML forbids go.
 */
export const decodeEntities = (text: string): string =>
  text.replaceAll(
    /&(?:(amp|apos|gt|lt|quot)|#(x?)([\da-f]+));/gi,
    (reference: string, name = "", hex = "", digits = "") =>
      name === "" && isForbidden(Number.parseInt(digits, hex === "" ? 10 : 16)) ? "" : entities[name] ?? reference
  )

const none = () => undefined

const parser = new XMLParser({
  entityDecoder: {
    decode: decodeEntities,
    reset: none,
    setXmlVersion: none,
    addInputEntities: none,
    setExternalEntities: none
  },
  ignoreAttributes: true,
  parseTagValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true
})

const endTag = /<\/FlexStatementResponse\s*>\s*$/

const parse = (xml: string): unknown => {
  try {
    return parser.parse(xml)
  } catch {
    return undefined
  }
}

/** Reads a whole `FlexStatementResponse` document. `None`: cut short, malformed, or not what IBKR documents. */
export const decodeReply = (xml: string): Option.Option<FlexReply> => {
  if (!endTag.test(xml) || /<!(DOCTYPE|ENTITY)/i.test(xml)) return Option.none()
  return Option.map(decodeEnvelope(parse(xml)), ({ FlexStatementResponse: reply }): FlexReply => {
    if ("ReferenceCode" in reply) return { _tag: "Accepted", referenceCode: reply.ReferenceCode }
    const refused = {
      _tag: "Refused",
      status: reply.Status === "Warn" ? "Warn" : "Fail",
      text: reply.ErrorMessage ?? ""
    } as const
    return "ErrorCode" in reply ? { ...refused, code: reply.ErrorCode } : refused
  })
}
