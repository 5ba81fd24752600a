import { Option, Schema, SchemaGetter } from "effect"
import { skipReasons } from "../Portfolio/Activity.ts"
import { PlainDate } from "../Portfolio/PlainDate.ts"

/** A column that may be NULL is a key that may be absent. */
const nullable = <T, E>(schema: Schema.Codec<T, E>) =>
  Schema.NullOr(schema).pipe(Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
    decode: SchemaGetter.transformOptional((value: Option.Option<T | null>) =>
      Option.filter(value, (present): present is T => present !== null)
    ),
    encode: SchemaGetter.transformOptional((value: Option.Option<T>): Option.Option<T | null> =>
      Option.some(Option.getOrNull(value))
    )
  }))

const optionalText = Schema.optionalKey(Schema.String)
const optionalDay = Schema.optionalKey(PlainDate)

const Source = Schema.Struct({
  section: Schema.String,
  fields: Schema.Record(Schema.String, Schema.String),
  externalId: optionalText,
  context: Schema.optionalKey(Schema.Array(Schema.suspend((): Schema.Codec<SourceRow> => Source)))
})
interface SourceRow {
  readonly section: string
  readonly fields: { readonly [name: string]: string }
  readonly externalId?: string
  readonly context?: ReadonlyArray<SourceRow>
}

/** What is being done to a `pending` row. */
export const intents = ["create", "restore", "recreate", "replace", "take-out", "undo"] as const

/** Read by the ten thousand: what is NULL is left out first (`present`), the rest is plain to check. */
export const SyncRecordRow = Schema.Struct({
  externalId: Schema.String,
  kind: Schema.String,
  state: Schema.Literals(["pending", "synced", "skipped", "removed"]),
  contentHash: Schema.String,
  trackerId: optionalText,
  runId: Schema.String,
  reason: Schema.optionalKey(Schema.Literals(skipReasons)),
  detail: optionalText,
  held: Schema.BooleanFromBit,
  source: Schema.optionalKey(Schema.fromJsonString(Source)),
  date: optionalDay,
  subject: optionalText,
  statementId: optionalText,
  intent: Schema.optionalKey(Schema.Literals(intents)),
  intendedHash: optionalText
})

/** A booked row, without what only its own correction needs. */
export const PlacedRow = Schema.Struct({
  externalId: Schema.String,
  state: Schema.Literals(["synced", "removed", "skipped"]),
  contentHash: Schema.String,
  trackerId: optionalText,
  runId: Schema.String,
  date: optionalDay,
  subject: optionalText,
  statementId: optionalText,
  reason: Schema.optionalKey(Schema.Literals(skipReasons))
})

/** Read by the ten thousand, each night of a long history: no more than is looked at. */
export const AskedRow = Schema.Struct({
  externalId: PlacedRow.fields.externalId,
  state: PlacedRow.fields.state,
  trackerId: PlacedRow.fields.trackerId,
  runId: PlacedRow.fields.runId,
  reason: PlacedRow.fields.reason
})

/** Rows as arrays, by the names of their columns; NULL is an absent key. */
export const present = (names: ReadonlyArray<string>) => (rows: ReadonlyArray<ReadonlyArray<unknown>>) =>
  rows.map((values) => {
    const row: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) {
      const value = values[index]
      if (value !== null) row[names[index] ?? ""] = value
    }
    return row
  })

export const RunRow = Schema.Struct({
  runId: Schema.String,
  startedAt: Schema.String,
  finishedAt: nullable(Schema.String),
  outcome: nullable(Schema.Literals(["success", "failure"])),
  exitCode: nullable(Schema.Int),
  imported: nullable(Schema.Int),
  alreadySynced: nullable(Schema.Int),
  skipped: nullable(Schema.Int),
  held: nullable(Schema.Int)
})

export const SpanRow = Schema.Struct({ from: PlainDate, to: PlainDate })

export const CoverageRow = Schema.Struct({ from: PlainDate, to: PlainDate, statementId: Schema.String })

export const BackfillRow = Schema.Struct({ from: PlainDate, to: PlainDate, reached: PlainDate })

export const StatementRow = Schema.Struct({
  id: Schema.String,
  path: Schema.String,
  fromDate: PlainDate,
  toDate: PlainDate,
  receivedAt: Schema.String,
  imported: Schema.BooleanFromBit
})

export const FlexRequestRow = Schema.Struct({
  query: Schema.String,
  referenceCode: nullable(Schema.String),
  sentAt: Schema.String,
  state: Schema.Literals(["sent", "accepted", "received", "refused"]),
  code: nullable(Schema.Int),
  notBefore: nullable(Schema.String)
})

export const InstrumentRow = Schema.Struct({ instrumentKey: Schema.String, assetId: Schema.String })

export const DriftRow = Schema.Struct({ symbol: Schema.String, statements: Schema.Int, toDate: PlainDate })

export const LatestRow = Schema.Struct({ toDate: Schema.NullOr(PlainDate) })

export const BaselineRow = Schema.Struct({
  kind: Schema.Literals(["asset", "cash"]),
  name: Schema.String,
  symbol: Schema.String
})

export const NoteRow = Schema.Struct({ value: Schema.String })

export const FlexCallRow = Schema.Struct({ at: Schema.Int })
