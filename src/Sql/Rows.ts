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

const Source = Schema.Struct({
  section: Schema.String,
  fields: Schema.Record(Schema.String, Schema.String),
  externalId: Schema.optionalKey(Schema.String),
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

export const SyncRecordRow = Schema.Struct({
  externalId: Schema.String,
  kind: Schema.String,
  state: Schema.Literals(["pending", "synced", "skipped", "removed"]),
  contentHash: Schema.String,
  trackerId: nullable(Schema.String),
  runId: Schema.String,
  reason: nullable(Schema.Literals(skipReasons)),
  detail: nullable(Schema.String),
  held: Schema.BooleanFromBit,
  source: nullable(Schema.fromJsonString(Source)),
  date: nullable(PlainDate),
  subject: nullable(Schema.String),
  statementId: nullable(Schema.String),
  intent: nullable(Schema.Literals(intents)),
  intendedHash: nullable(Schema.String)
})

/** A booked row, without what only its own correction needs. */
export const PlacedRow = Schema.Struct({
  externalId: Schema.String,
  state: Schema.Literals(["synced", "removed", "skipped"]),
  contentHash: Schema.String,
  trackerId: nullable(Schema.String),
  runId: Schema.String,
  date: nullable(PlainDate),
  subject: nullable(Schema.String),
  statementId: nullable(Schema.String),
  reason: nullable(Schema.Literals(skipReasons))
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
