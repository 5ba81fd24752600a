import { Effect, Option, Schema, SchemaGetter, SchemaIssue, SchemaTransformation } from "effect"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"
import * as PlainDates from "../Portfolio/PlainDate.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"

/** IBKR's ways to print "nothing here" for ids, venues and dates. */
const nothing: ReadonlySet<string> = new Set(["", "-", "--", "N/A", "MULTI"])

/** What a codec of this file reads, without the interpreter: `absent` for no key, `unread` where the codec fails. */
export type ReadField = (text: string | undefined) => unknown

export const absent = Symbol("absent")
export const unread = Symbol("unread")

const readers = new WeakMap<object, ReadField>()

/** Says the same as the codec: a year has a million fields, and the interpreter takes ten times as long for one. */
export const readerOf = (codec: object): ReadField | undefined => readers.get(codec)

const withReader = <C extends object>(codec: C, read: ReadField): C => {
  readers.set(codec, read)
  return codec
}

const readRequired = (codec: object): ReadField => readers.get(codec) ?? ((text) => text ?? unread)

/** An attribute that may be left out: absent, empty and placeholder are alike, and give no key. */
const optional = <T, RD, RE>(schema: Schema.Codec<T, string, RD, RE>, isAbsent: (text: string) => boolean) => {
  const read = readRequired(schema)
  return withReader(
    Schema.optionalKey(Schema.String).pipe(Schema.decodeTo(Schema.optionalKey(schema), {
      decode: SchemaGetter.transformOptional((text: Option.Option<string>) => Option.filter(text, (t) => !isAbsent(t))),
      encode: SchemaGetter.passthrough()
    })),
    (text) => text === undefined || isAbsent(text) ? absent : read(text)
  )
}

const read = <T>(expected: string, parse: (text: string) => T | undefined, print: (value: T) => string) =>
  withReader(
    Schema.String.pipe(Schema.decodeTo(
      Schema.Any as Schema.Codec<T>,
      SchemaTransformation.transformEffect({
        decode: (text: string, options) => {
          const value = parse(text.trim())
          return value === undefined
            ? Effect.fail(new SchemaIssue.InvalidValue({ expected }, text, options))
            : Effect.succeed(value)
        },
        encode: (value: T) => Effect.succeed(print(value))
      })
    )),
    (text) => text === undefined ? unread : parse(text.trim()) ?? unread
  )

const matching = (pattern: RegExp) =>
  withReader(
    Schema.String.pipe(Schema.check(Schema.isPattern(pattern))),
    (text) => text !== undefined && pattern.test(text) ? text : unread
  )

const empty = (text: string) => text.trim() === ""
const longestNothing = 5
const placeholder = (text: string) => {
  const bare = text.trim()
  return bare.length <= longestNothing && nothing.has(bare)
}

/** The days read so far: a statement prints the same few hundred again and again. */
const days = new Map<string, PlainDate>()
const mostDays = 5_000

/** `yyyy-MM-dd` or `yyyyMMdd`. Slashes are ambiguous (US or European order) and are no date here. */
export const parseFlexDate = (text: string): PlainDate | undefined => {
  const known = days.get(text)
  if (known !== undefined) return known
  const date = readDate(text)
  if (date !== undefined && days.size < mostDays) days.set(text, date)
  return date
}

const readDate = (text: string): PlainDate | undefined => {
  const date = PlainDates.parse(
    /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}` : text
  )
  // IBKR began in 1977; a year far off would make the tracker compute every day in between.
  return date !== undefined && date >= "1970-01-01" && date <= "2100-12-31" ? date : undefined
}

const time = /^(\d{2}):?(\d{2}):?(\d{2})(?:\s*(?:[A-Za-z][A-Za-z_/]*|[+-]\d{2}:?\d{2}|Z))?$/

/** `HH:mm:ss` or `HHmmss`, with or without a zone: the wall clock is kept, the zone is not needed for the day. */
export const parseFlexTime = (text: string): string | undefined => isClock(text) ? text : readTime(text)

/** `HH:mm:ss` to the letter, as nearly all are. */
const isClock = (text: string): boolean => {
  if (text.length !== 8 || text.charCodeAt(2) !== 58 || text.charCodeAt(5) !== 58) return false
  return twoDigits(text, 0) < 24 && twoDigits(text, 3) < 60 && twoDigits(text, 6) < 60
}

/** 100 and more where they are none. */
const twoDigits = (text: string, at: number): number => {
  const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100
}

const readTime = (text: string): string | undefined => {
  const match = time.exec(text)
  if (match === null) return undefined
  const [, hour = "", minute = "", second = ""] = match
  return Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60 ? `${hour}:${minute}:${second}` : undefined
}

/** A broker's wall clock; many rows have only a day. */
export interface FlexDateTime {
  readonly date: PlainDate
  readonly time?: string
}

const dateTime = /^(\d{4}-\d{2}-\d{2}|\d{8})(?:[;,T ]\s*(\S.*))?$/

/** A date, or date and time with `;`, `,`, a blank or `T` between. */
export const parseFlexDateTime = (text: string): FlexDateTime | undefined => {
  if (text.length === 19 && text.charCodeAt(10) === 59) {
    const [day, clock] = [parseFlexDate(text.slice(0, 10)), text.slice(11)]
    if (day !== undefined && isClock(clock)) return { date: day, time: clock }
  }
  const match = dateTime.exec(text)
  const date = match?.[1] === undefined ? undefined : parseFlexDate(match[1])
  if (date === undefined) return undefined
  if (match?.[2] === undefined) return { date }
  const time = parseFlexTime(match[2])
  return time === undefined ? undefined : { date, time }
}

/** True for `04/01/2026`: nobody can tell April from January. */
export const isSlashDate = (text: string | undefined): boolean => {
  if (text === undefined || (text.charCodeAt(1) !== slash && text.charCodeAt(2) !== slash)) return false
  return /^\d{1,2}\/\d{1,2}\/\d{2,4}/.test(text)
}

const slash = 47

/** False for absent and empty ids and for what IBKR prints where there is none: `0`, `-`, `--`, `N/A`. */
export const isIdentifier = (text: string | undefined): boolean =>
  text !== undefined && !placeholder(text) && text.trim() !== "0"

/** False for absent and empty symbols, and for the dashes of roll-ups. */
export const isSymbol = (text: string | undefined): text is string =>
  text !== undefined && !empty(text) && !/^-+$/.test(text.trim())

export const text = optional(Schema.String, empty)
export const identifier = optional(Schema.String, (t) => !isIdentifier(t))
export const venue = optional(Schema.String, placeholder)
/** `MULTI` would be a symbol. */
export const symbol = optional(Schema.String, (t) => !isSymbol(t))
export const date = optional(read("a date as yyyy-MM-dd or yyyyMMdd", parseFlexDate, String), placeholder)
export const clock = optional(read("a time as HH:mm:ss or HHmmss", parseFlexTime, String), placeholder)
export const moment = optional(
  read<FlexDateTime>(
    "date and time as yyyy-MM-dd;HH:mm:ss or yyyyMMdd;HHmmss",
    parseFlexDateTime,
    (value) => value.time === undefined ? value.date : `${value.date};${value.time}`
  ),
  placeholder
)
/** Wealthfolio stops computing holdings, for every account, once a sum passes 28 digits: no account has figures so large. */
const largest = Decimals.of("1000000000000000")

/** Far more than is printed, and few enough that what is calculated with them can be read back. */
const mostFractionDigits = 100

/** `0`, `1`, `-1`: figures that stand in every row are kept once, not once a row. */
const frequent = new Map<string, Decimal>()
const mostFrequent = 5_000
const longestFrequent = 8

const parseDecimal = (text: string): Decimal | undefined => {
  const known = text.length <= longestFrequent ? frequent.get(text) : undefined
  if (known !== undefined) return known
  const value = readDecimal(text)
  if (value !== undefined && text.length <= longestFrequent && frequent.size < mostFrequent) frequent.set(text, value)
  return value
}

const readDecimal = (text: string): Decimal | undefined => {
  const value = Decimals.parse(text)
  return value !== undefined && value.scale <= mostFractionDigits && Decimals.isLessThan(Decimals.abs(value), largest)
    ? value
    : undefined
}

/** An exact decimal below 10^15 with at most 100 fraction digits; thousands commas are read, an empty attribute is absent, anything else bad is an error, never 0. */
export const decimal = optional(read<Decimal>("a decimal number", parseDecimal, Decimals.format), empty)
/** Where there is one it is one: what is not three capitals would be a currency of its own. */
export const currency = optional(matching(/^[A-Z]{3}$/), placeholder)
/** Of rows that only tell about a security: what is no currency says nothing, and costs the row nothing. */
export const toldCurrency = optional(Schema.String, (text) => !/^[A-Z]{3}$/.test(text))
export const required = {
  date: read("a date as yyyy-MM-dd or yyyyMMdd", parseFlexDate, String),
  decimal: read<Decimal>("a decimal number", parseDecimal, Decimals.format),
  currency: matching(/^[A-Z]{3}$/),
  text: matching(/\S/)
}
