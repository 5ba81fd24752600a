import { Effect, Stream } from "effect"
import { collectIfGrown } from "../Heap.ts"
import { readAhead } from "../ReadAhead.ts"
import { ColumnRow, type Columns, SharedUnits } from "./Columns.ts"
import { columnsRead } from "./FlexReport.ts"
import type { Attributes } from "./FlexXml.ts"
import { SpoolError, systemReason } from "./StatementError.ts"

/** A row that waits to be mapped. */
export interface WaitingRow {
  /** Rows that may bear on one another are of one group, as `RowGroups` tells them. */
  readonly group: number
  /** Index of the statement it stood in. */
  readonly statement: number
  readonly section: string
  /** Its place among the rows of its section that are read, from 1. */
  readonly number: number
  /** Those that are read, and are not empty. */
  readonly fields: Attributes
}

/** As it is read again. */
export class SpooledRow extends ColumnRow implements WaitingRow {
  readonly group: number
  readonly statement: number
  readonly section: string
  readonly number: number

  constructor(
    head: Pick<WaitingRow, "group" | "statement" | "section" | "number">,
    columns: Columns,
    shared: SharedUnits,
    own: ReadonlyArray<string>
  ) {
    super(columns, shared, own)
    this.group = head.group
    this.statement = head.statement
    this.section = head.section
    this.number = head.number
  }
}

/** No text of an XML document has these characters. */
export const unitSeparator = "\u001f"
export const rowSeparator = "\u001e"
const blockSeparator = "\u001d"

const units = unitSeparator.charCodeAt(0)
const blocks = blockSeparator.charCodeAt(0)
const rows = rowSeparator.charCodeAt(0)

const bufferSize = 1 << 18
/** Bytes of a UTF-16 unit in UTF-8, at most. */
const widest = 3

/**
 * Gathers rows as bytes, to be written a quarter of a MiB at a time. As texts they would live long enough to be moved into
 * the heap's old space, each with the piece of the document that its values are cut from.
 *
 * A row is what its section reads, in a fixed order, so that no name is written again for each row. Three blocks: what it
 * is, what many rows have in common, and what is its own.
 */
export const spoolBuffer = (size = bufferSize) => {
  const encoder = new TextEncoder()
  let bytes = new Uint8Array(size)
  let length = 0

  const makeRoom = (needed: number) => {
    if (length + needed <= bytes.length) return
    const larger = new Uint8Array(Math.max(length + needed, bytes.length * 2))
    larger.set(bytes.subarray(0, length))
    bytes = larger
  }

  const write = (text: string) => {
    makeRoom(text.length * widest + 1)
    const start = length
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) {
        length = start + encoder.encodeInto(text, bytes.subarray(start)).written
        return
      }
      bytes[length++] = code
    }
  }

  /** There is room for it beside each text. */
  const end = (separator: number) => {
    bytes[length++] = separator
  }

  const writeBlock = (names: ReadonlyArray<string>, fields: Attributes, last: number) => {
    makeRoom(1)
    for (let index = 0; index < names.length; index++) {
      if (index > 0) end(units)
      write(fields[names[index] ?? ""] ?? "")
    }
    end(last)
  }

  return {
    put: ({ fields, group, number, section, statement }: WaitingRow) => {
      const { own = [], shared = [] } = columnsRead[section] ?? {}
      write(String(group))
      end(units)
      write(String(statement))
      end(units)
      write(section)
      end(units)
      write(String(number))
      end(blocks)
      writeBlock(shared, fields, blocks)
      writeBlock(own, fields, rows)
    },
    isFull: () => length > bufferSize / 2,
    /** What was gathered, until the next row is put. */
    take: () => {
      const taken = bytes.subarray(0, length)
      length = 0
      return taken
    }
  }
}

/** As many as an account has securities, traded one way or the other. */
const mostShared = 4_096

const reader = () => {
  const sections = new Map<string, { readonly columns: Columns; readonly shared: Map<string, SharedUnits> }>()
  return (text: string): SpooledRow => {
    const headEnd = text.indexOf(blockSeparator)
    const sharedEnd = text.indexOf(blockSeparator, headEnd + 1)
    const [group, statement, section = "", number] = text.slice(0, headEnd).split(unitSeparator)
    let known = sections.get(section)
    if (known === undefined) {
      known = { columns: columnsRead[section] ?? { shared: [], own: [] }, shared: new Map() }
      sections.set(section, known)
    }
    const told = text.slice(headEnd + 1, sharedEnd)
    let shared = known.shared.get(told)
    if (shared === undefined) {
      // Copied: what is cut from a piece of the file keeps all of the piece.
      const copy = Buffer.from(told).toString()
      shared = new SharedUnits(copy.split(unitSeparator))
      if (known.shared.size < mostShared) known.shared.set(copy, shared)
    }
    const head = { group: Number(group), statement: Number(statement), section, number: Number(number) }
    return new SpooledRow(head, known.columns, shared, text.slice(sharedEnd + 1).split(unitSeparator))
  }
}

/** For what writes a spool as one text. */
export const spoolText = (row: WaitingRow): string => {
  const buffer = spoolBuffer(1 << 10)
  buffer.put(row)
  return new TextDecoder().decode(buffer.take())
}

/** For what reads a spool as one text. */
export const rowsOfSpool = (text: string): ReadonlyArray<SpooledRow> =>
  text.split(rowSeparator).slice(0, -1).map(reader())

/** The rows that the first pass wrote, in their order. */
export const spooled = Effect.fnUntraced(function*(spool: string, each: (row: SpooledRow) => void) {
  const read = reader()
  let rest = ""
  yield* readAhead(spool).pipe(
    Stream.decodeText(),
    Stream.runForEachArray((texts) =>
      Effect.sync(() => {
        const rows = (rest + texts.join("")).split(rowSeparator)
        rest = rows.pop() ?? ""
        for (const row of rows) each(read(row))
        collectIfGrown()
      })
    ),
    Effect.catchTag(
      "PlatformError",
      (error) => Effect.fail(new SpoolError({ path: spool, reason: systemReason(error) }))
    )
  )
})
