import { Result, Schema, SchemaIssue } from "effect"
import { ColumnRow, type Columns, columnsOf, fieldsOf, type SharedUnits } from "./Columns.ts"
import { absent, identifier, readerOf, type ReadField, symbol, text, unread, venue } from "./FlexField.ts"
import type { Attributes } from "./FlexXml.ts"

/** The security a row is about; every row kind may carry it. */
export const security = {
  assetCategory: text,
  subCategory: text,
  symbol,
  description: text,
  conid: identifier,
  isin: identifier,
  securityID: identifier,
  securityIDType: text,
  listingExchange: venue,
  exchange: venue
}

/** A field of a row that could not be read; the row is skipped, never booked with a zero in its place. */
export interface Unreadable {
  readonly field: string
  readonly message: string
}

const describe = SchemaIssue.makeFormatterStandardSchemaV1()

/**
 * Decodes by the schema. A row of fields that this program can read goes through their readers, which say the same; what
 * they cannot read is told in the schema's words.
 */
export const decoder = <S extends Schema.ConstraintDecoder<object> & { readonly fields: Schema.Struct.Fields }>(
  schema: S,
  columns: Columns = columnsOf(Object.keys(schema.fields))
) => {
  const decode = Schema.decodeUnknownResult(schema)
  const readers = new Map(
    Object.entries(schema.fields).flatMap(([name, codec]) => {
      const read = readerOf(codec)
      return read === undefined ? [] : [[name, read] as const]
    })
  )
  const isWhole = readers.size === Object.keys(schema.fields).length
  const readersOf = (names: ReadonlyArray<string>) => names.map((name) => readers.get(name))
  const [names, sharedNames, ownNames] = [[...readers.keys()], columns.shared, columns.own]
  const [reads, sharedReads, ownReads] = [readersOf(names), readersOf(sharedNames), readersOf(ownNames)]

  const readAll = (fields: Attributes): Record<string, unknown> | undefined => {
    const row: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? ""
      const value = reads[index]?.(fields[name])
      if (value === unread) return undefined
      if (value !== absent) row[name] = value
    }
    return row
  }

  const readUnits = (
    row: Record<string, unknown>,
    units: ReadonlyArray<string>,
    names: ReadonlyArray<string>,
    reads: ReadonlyArray<ReadField | undefined>
  ): Record<string, unknown> | undefined => {
    for (let index = 0; index < names.length; index++) {
      const unit = units[index]
      const value = reads[index]?.(unit === "" ? undefined : unit)
      if (value === unread) return undefined
      if (value !== absent) row[names[index] ?? ""] = value
    }
    return row
  }

  const readShared = (shared: SharedUnits): object | undefined => {
    if (shared.decoded === undefined) shared.decoded = readUnits({}, shared.units, sharedNames, sharedReads) ?? unread
    return typeof shared.decoded === "object" && shared.decoded !== null ? shared.decoded : undefined
  }

  const readColumns = (row: ColumnRow): Record<string, unknown> | undefined => {
    const shared = readShared(row.shared)
    return shared === undefined ? undefined : readUnits({ ...shared }, row.own, ownNames, ownReads)
  }

  return (fields: Attributes | ColumnRow): Result.Result<S["Type"], Unreadable> => {
    const row = !isWhole ? undefined : fields instanceof ColumnRow ? readColumns(fields) : readAll(fields)
    if (row !== undefined) return Result.succeed(row)
    const decoded = decode(fieldsOf(fields))
    if (Result.isSuccess(decoded)) return Result.succeed({ ...decoded.success })
    const issue = describe(decoded.failure.issue).issues[0]
    const field = issue?.path?.[0]
    return Result.fail({ field: typeof field === "string" ? field : "?", message: issue?.message ?? "unreadable" })
  }
}
