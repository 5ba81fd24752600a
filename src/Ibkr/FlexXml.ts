import { Effect, Stream } from "effect"
import { Xml } from "effect/encoding"
import { concat } from "../Bytes.ts"
import { StatementMalformed } from "./StatementError.ts"

export type Attributes = Readonly<Record<string, string>>

/** What a reader of a statement is told, in document order. */
export interface StatementVisitor {
  /** `<FlexStatement>` opens. */
  readonly statement: (attributes: Attributes) => void
  /** A section opens; sections like `AccountInformation` are their own only row. */
  readonly section: (name: string, attributes: Attributes) => void
  /** A direct child of a section. Deeper elements are views of their parents and are not told. */
  readonly row: (section: string, element: string, attributes: Attributes) => void
}

/** An attribute or text of 16 MiB is no statement. */
const maxTokenSize = 16 * 1024 * 1024

/**
 * Reads a Flex statement in one pass, in flat memory, and completes only when its end tag was seen. `afterChunk` runs
 * after each chunk of events: what the visitor gathered can be written away there.
 */
export const readStatement = <E, E2>(
  bytes: Stream.Stream<Uint8Array, E>,
  visitor: StatementVisitor,
  afterChunk: Effect.Effect<void, E2>
): Effect.Effect<void, E | E2 | StatementMalformed> =>
  Effect.suspend(() => {
    const path: Array<string> = []
    let head = new Uint8Array(0)
    let ended = false
    let refused: StatementMalformed["found"] | undefined

    const open = (name: string, attributes: Attributes) => {
      if (path.length === 0 && name !== "FlexQueryResponse") refused ??= rootKind(name)
      if (path.length === 2 && name === "FlexStatement") visitor.statement(attributes)
      if (path.length === 3 && path[2] === "FlexStatement") visitor.section(name, attributes)
      if (path.length === 4 && path[2] === "FlexStatement") visitor.row(path[3] ?? "", name, attributes)
      path.push(name)
    }

    const sniffed = bytes.pipe(
      Stream.map((chunk) => {
        if (head.length < 64) head = concat(head, chunk.subarray(0, 64))
        return chunk
      }),
      Stream.onEnd(Effect.sync(() => {
        ended = true
      }))
    )

    return sniffed.pipe(
      Stream.pipeThroughChannel(Xml.decode({ maxTokenSize, maxDepth: 64 })),
      Stream.runForEachArray((events) =>
        Effect.suspend((): Effect.Effect<void, E2 | StatementMalformed> => {
          for (const event of events) {
            if (event._tag === "StartElement") open(event.name, event.attributes)
            else if (event._tag === "EndElement") path.pop()
            else if (event._tag === "Doctype") refused ??= /^html$/i.test(event.name) ? "html" : "doctype"
          }
          return refused === undefined ? afterChunk : Effect.fail(new StatementMalformed({ found: refused }))
        })
      ),
      Effect.mapError((error) =>
        Xml.isXmlError(error)
          ? new StatementMalformed({
            found: headKind(head) ?? (ended ? "truncated" : "malformed"),
            ...(error.line === undefined ? {} : { detail: `line ${error.line}, column ${error.column ?? 0}` })
          })
          : error
      )
    )
  })

const rootKind = (name: string): StatementMalformed["found"] =>
  name === "FlexStatementResponse" ? "envelope" : /^html$/i.test(name) ? "html" : "foreign"

/** What the first bytes look like when they are no XML at all. */
const headKind = (head: Uint8Array): StatementMalformed["found"] | undefined => {
  const text = new TextDecoder().decode(head).replace(/^\uFEFF/, "").trimStart()
  if (text === "") return "empty"
  if (/^<(!doctype\s+html|html)/i.test(text)) return "html"
  if (text.startsWith("<")) return undefined
  return /^("|BOF|[\w ]+[,;])/.test(text) ? "csv" : "foreign"
}
