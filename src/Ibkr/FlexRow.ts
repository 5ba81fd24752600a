import { Result, Schema, SchemaIssue } from "effect"
import { absent, identifier, readerOf, symbol, text, unread, venue } from "./FlexField.ts"

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
  schema: S
) => {
  const decode = Schema.decodeUnknownResult(schema)
  const readers = Object.entries(schema.fields).flatMap(([name, codec]) => {
    const read = readerOf(codec)
    return read === undefined ? [] : [[name, read] as const]
  })
  const names = readers.map(([name]) => name)
  const reads = readers.map(([, read]) => read)
  const isWhole = names.length === Object.keys(schema.fields).length
  const readAll = (fields: Readonly<Record<string, string>>): Record<string, unknown> | undefined => {
    const row: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? ""
      const value = reads[index]?.(fields[name])
      if (value === unread) return undefined
      if (value !== absent) row[name] = value
    }
    return row
  }
  return (fields: Readonly<Record<string, string>>): Result.Result<S["Type"], Unreadable> => {
    const row = isWhole ? readAll(fields) : undefined
    if (row !== undefined) return Result.succeed(row)
    const decoded = decode(fields)
    if (Result.isSuccess(decoded)) return Result.succeed({ ...decoded.success })
    const issue = describe(decoded.failure.issue).issues[0]
    const field = issue?.path?.[0]
    return Result.fail({ field: typeof field === "string" ? field : "?", message: issue?.message ?? "unreadable" })
  }
}
