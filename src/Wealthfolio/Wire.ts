import { Effect, Schema } from "effect"
import * as Decimal from "../Portfolio/Decimal.ts"
import { messageOf, type Reply } from "./Transport.ts"
import { millisOf } from "./WallTime.ts"
import { WealthfolioReplyError } from "./WealthfolioError.ts"

/** Request and response shapes of Wealthfolio's HTTP interface, as far as they are read. Unknown fields are ignored. */
const maybe = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))
const maybeText = maybe(Schema.String)

/** Text in activities, a JSON number in holdings. */
const WireDecimal = Schema.Union([
  Schema.String.pipe(
    Schema.check(
      Schema.makeFilter((text: string) => Decimal.parse(text) === undefined ? "expected a decimal" : undefined)
    )
  ),
  Schema.Finite
])
const maybeDecimal = maybe(WireDecimal)

const Instant = Schema.String.pipe(
  Schema.check(Schema.makeFilter((text: string) => Number.isNaN(millisOf(text)) ? "expected an instant" : undefined))
)

/** Numbers were 64-bit floats on the other side: the shortest decimal that reads back to them. */
export const decimalOf = (value: string | number): Decimal.Decimal =>
  typeof value === "number" ? Decimal.fromFloat(value) : Decimal.of(value)

export const AuthStatus = Schema.Struct({
  requiresPassword: Schema.Boolean,
  /** Newer hosts only. */
  oidcEnabled: maybe(Schema.Boolean)
})

export const Accounts = Schema.Array(Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  currency: Schema.String,
  isArchived: maybe(Schema.Boolean),
  trackingMode: maybeText
}))
export type Accounts = typeof Accounts.Type

export const AppInfo = Schema.Struct({ version: Schema.String })

/** Read in Wealthfolio's source: POSITION_OPEN came after release 3.5.4 and is in 3.6.0. */
export const holdsShortsFrom = (version: string): boolean => {
  const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)\./.exec(version) ?? []
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 6)
}

export const Settings = Schema.Struct({ timezone: maybeText })

export const Asset = Schema.Struct({
  id: Schema.String,
  kind: maybeText,
  name: maybeText,
  displayCode: maybeText,
  metadata: maybe(Schema.Unknown),
  quoteCcy: maybeText,
  instrumentType: maybeText,
  instrumentSymbol: maybeText,
  instrumentExchangeMic: maybeText
})
export type Asset = typeof Asset.Type
export const Assets = Schema.Array(Asset)

/** Read as a whole or not at all: with a field missing the multiplier is 100. */
export interface OptionMetadata {
  readonly underlyingAssetId: string
  readonly expiration: string
  readonly right: "CALL" | "PUT"
  readonly strike: string
  readonly multiplier: string
}

export interface NewAsset {
  readonly kind: "INVESTMENT"
  readonly quoteMode: "MARKET"
  readonly quoteCcy: string
  readonly instrumentType: "EQUITY" | "OPTION" | "BOND"
  readonly instrumentSymbol: string
  readonly instrumentExchangeMic?: string
  readonly displayCode: string
  readonly name?: string
  readonly metadata?: {
    readonly ibkr?: { readonly conid: string }
    readonly isin?: string
    readonly option?: OptionMetadata
  }
}

/** Decimals are text, so that no float touches them. `amount` is the absolute net cash. */
export interface NewRow {
  /** Only there so that errors can be told apart. */
  readonly id: string
  readonly accountId: string
  readonly activityType: string
  readonly subtype?: string
  readonly activityDate: string
  readonly currency: string
  readonly symbol?: { readonly id: string }
  readonly quantity?: string
  readonly unitPrice?: string
  readonly amount?: string
  readonly fee?: string
  readonly notes?: string
  readonly metadata?: string
  readonly sourceSystem: "IBKR"
  readonly sourceRecordId: string
  readonly sourceGroupId?: string
  readonly idempotencyKey: string
}

export const BulkReply = Schema.Struct({
  created: Schema.Array(Schema.Struct({
    id: Schema.String,
    idempotencyKey: maybeText
  })),
  createdMappings: maybe(Schema.Array(Schema.Struct({ tempId: maybeText, activityId: Schema.String }))),
  errors: maybe(Schema.Array(Schema.Struct({ id: maybeText, message: Schema.String })))
})

export const Duplicates = Schema.Struct({ duplicates: Schema.Record(Schema.String, Schema.String) })

export const Holdings = Schema.Array(Schema.Struct({
  holdingType: Schema.String,
  instrument: maybe(Schema.Struct({
    id: Schema.String,
    symbol: Schema.String,
    currency: maybeText,
    /** Absent from releases up to 3.2.1. */
    exchangeMic: maybeText
  })),
  quantity: WireDecimal,
  localCurrency: maybeText
}))

export const Quotes = Schema.Array(Schema.Struct({
  timestamp: Instant,
  close: WireDecimal,
  currency: Schema.String,
  /** `MANUAL` and `BROKER` are what rows were booked at. */
  dataSource: Schema.String
}))

export const Valuations = Schema.Array(Schema.Struct({ calculatedAt: maybeText }))

export const SearchReply = Schema.Struct({
  data: Schema.Array(Schema.Struct({
    id: Schema.String,
    accountId: maybeText,
    assetId: maybeText,
    activityType: Schema.String,
    subtype: maybeText,
    status: maybeText,
    date: Instant,
    currency: Schema.String,
    quantity: maybeDecimal,
    unitPrice: maybeDecimal,
    amount: maybeDecimal,
    fee: maybeDecimal,
    /** What the writing endpoints call `notes`. */
    comment: maybeText,
    accountName: maybeText,
    assetSymbol: maybeText,
    instrumentType: maybeText,
    sourceSystem: maybeText,
    idempotencyKey: maybeText,
    isUserModified: maybe(Schema.Boolean)
  })),
  meta: Schema.Struct({ totalRowCount: Schema.Int })
})
export type SearchReply = typeof SearchReply.Type
export type SearchRow = SearchReply["data"][number]

/** Says what came instead, without a value of the account in it. */
export const unexpected = (reply: Reply): WealthfolioReplyError =>
  new WealthfolioReplyError({
    operation: reply.operation,
    host: reply.host,
    detail: reply.location === undefined
      ? `${reply.status} ${messageOf(reply)}`.trim()
      : `${reply.status}, a redirect to ${reply.location}`
  })

/** The body of a 2xx reply, read by `schema`. */
export const decode = <A, I>(schema: Schema.Codec<A, I>) => {
  const read = Schema.decodeUnknownEffect(Schema.fromJsonString(schema))
  return (reply: Reply): Effect.Effect<A, WealthfolioReplyError> => {
    if (reply.status < 200 || reply.status > 299) return Effect.fail(unexpected(reply))
    if (!reply.contentType.includes("json")) return Effect.fail(unexpected(reply))
    // Without the reply: its text, of up to 2 MB, is not to live as long as what is made of it.
    const { host, operation, status } = reply
    return read(reply.text).pipe(
      Effect.mapError((error) =>
        new WealthfolioReplyError({
          operation,
          host,
          detail: `${status} in another shape: ${error.message.replaceAll(/\s*\n\s*/g, " ")}`
        })
      )
    )
  }
}
