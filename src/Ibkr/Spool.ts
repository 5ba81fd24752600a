import { Effect, Stream } from "effect"
import { collectIfGrown } from "../Heap.ts"
import { readAhead } from "../ReadAhead.ts"
import { fieldsRead } from "./FlexReport.ts"
import { security } from "./FlexRow.ts"
import type { Attributes } from "./FlexXml.ts"
import { SpoolError, systemReason } from "./StatementError.ts"

/** A row that waits to be mapped. */
export interface SpooledRow {
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

/** No text of an XML document has these characters. */
export const unitSeparator = "\u001f"
export const rowSeparator = "\u001e"

/** The row as text: what its section reads, in a fixed order, so that no name is written again for each row. */
export const spoolText = ({ fields, group, number, section, statement }: SpooledRow): string => {
  const units = [String(group), String(statement), section, String(number)]
  for (const field of fieldsRead[section] ?? []) units.push(fields[field] ?? "")
  return units.join(unitSeparator) + rowSeparator
}

const bufferSize = 1 << 18
/** Bytes of a UTF-16 unit in UTF-8, at most. */
const widest = 3

/**
 * Gathers rows as bytes, to be written a quarter of a MiB at a time. As texts they would live long enough to be moved into
 * the heap's old space, each with the piece of the document that its values are cut from.
 */
export const spoolBuffer = () => {
  const encoder = new TextEncoder()
  let bytes = new Uint8Array(bufferSize)
  let length = 0
  return {
    put: (row: SpooledRow) => {
      const text = spoolText(row)
      const needed = length + text.length * widest
      if (needed > bytes.length) {
        const larger = new Uint8Array(Math.max(needed, bytes.length * 2))
        larger.set(bytes.subarray(0, length))
        bytes = larger
      }
      length += encoder.encodeInto(text, bytes.subarray(length)).written
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

/** Attributes that say the same in many rows: of each text one copy is kept, not one a row. */
const repeating: ReadonlySet<string> = new Set([
  ...Object.keys(security),
  "accountId",
  "currency",
  "ibCommissionCurrency",
  "buySell",
  "transactionType",
  "openCloseIndicator",
  "notes",
  "tradeDate",
  "reportDate",
  "type"
])

const columns = new Map(
  Object.entries(fieldsRead).map(([section, names]) =>
    [section, names.map((name) => ({ name, repeats: repeating.has(name) }))] as const
  )
)

const headUnits = 4

const reader = () => {
  const words = new Map<string, string>()
  return (text: string): SpooledRow => {
    const units = text.split(unitSeparator)
    const [group = "", statement = "", section = "", number = ""] = units
    const fields: Record<string, string> = {}
    let at = headUnits
    for (const { name, repeats } of columns.get(section) ?? []) {
      const value = units[at++] ?? ""
      if (value === "") continue
      if (!repeats) {
        fields[name] = value
        continue
      }
      const known = words.get(value)
      if (known === undefined) words.set(value, value)
      fields[name] = known ?? value
    }
    return { group: Number(group), statement: Number(statement), section, number: Number(number), fields }
  }
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
