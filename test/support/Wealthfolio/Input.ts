import type { Decimal } from "../../../src/Portfolio/Decimal.ts"
import { Unreadable } from "./Model.ts"
import * as Numbers from "./Numbers.ts"

export type Json = Readonly<Record<string, unknown>>

const into = "Failed to deserialize the JSON body into the target type: "

/** 422: the body is JSON but not of the wanted shape. */
export const misfit = (path: string, why: string): Unreadable =>
  new Unreadable(`${into}${path === "" ? "" : `${path}: `}${why} at line 1 column 1`, 422)

/** 400, 415: what the JSON extractor says before it looks at any field. */
export const body = (contentType: string | undefined, bytes: Buffer): unknown => {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? "")) {
    throw new Unreadable("Expected request with `Content-Type: application/json`", 415)
  }
  try {
    return JSON.parse(bytes.toString("utf8"))
  } catch {
    throw new Unreadable("Failed to parse the request body as JSON: expected value at line 1 column 1", 400)
  }
}

export const record = (value: unknown, path: string): Json => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw misfit(path, `invalid type: ${nameOf(value)}, expected struct`)
  }
  return value as Json
}

const nameOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
    ? "sequence"
    : typeof value === "object"
    ? "map"
    : typeof value === "string"
    ? `string ${JSON.stringify(value)}`
    : `${typeof value} \`${String(value)}\``

const at = (path: string, field: string): string => (path === "" ? field : `${path}.${field}`)

export const required = (from: Json, field: string, path: string): string => {
  const value = from[field]
  if (value === undefined) throw misfit(path, `missing field \`${field}\``)
  if (typeof value !== "string") throw misfit(at(path, field), `invalid type: ${nameOf(value)}, expected a string`)
  return value
}

export const optional = (from: Json, field: string, path: string): string | null => {
  const value = from[field]
  if (value === undefined || value === null) return null
  if (typeof value !== "string") throw misfit(at(path, field), `invalid type: ${nameOf(value)}, expected a string`)
  return value
}

export const flag = (from: Json, field: string, path: string, absent?: boolean): boolean => {
  const value = from[field] === undefined ? absent : from[field]
  if (value === undefined) throw misfit(path, `missing field \`${field}\``)
  if (typeof value !== "boolean") throw misfit(at(path, field), `invalid type: ${nameOf(value)}, expected a boolean`)
  return value
}

export const integer = (from: Json, field: string): number => {
  const value = from[field]
  if (value === undefined) throw misfit("", `missing field \`${field}\``)
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw misfit(field, `invalid type: ${nameOf(value)}, expected i64`)
  }
  return value
}

export const list = (from: Json, field: string): ReadonlyArray<unknown> => {
  const value = from[field]
  if (value === undefined) return []
  if (!Array.isArray(value)) throw misfit(field, `invalid type: ${nameOf(value)}, expected a sequence`)
  return value
}

export const texts = (value: unknown, field: string): ReadonlyArray<string> =>
  list({ [field]: value }, field).map((each, index) => required({ each }, "each", `${field}[${index}]`))

/** Text or JSON number; the empty text and null are absent. */
export const decimal = (from: Json, field: string, path: string): Decimal | undefined => {
  const value = from[field]
  if (value === undefined || value === null) return undefined
  if (typeof value === "number") return number(value, at(path, field))
  if (typeof value !== "string") {
    throw misfit(at(path, field), "data did not match any variant of untagged enum DecimalInput")
  }
  const text = value.trim()
  return text === "" ? undefined : number(text, at(path, field))
}

const number = (value: string | number, path: string): Decimal => {
  const read = Numbers.read(String(value))
  if (read === undefined) throw misfit(path, `Invalid decimal value '${value}': Failed to parse`)
  return read
}

const statuses = ["POSTED", "PENDING", "DRAFT", "VOID"]

export const oneOf = (value: string | null, allowed: ReadonlyArray<string>, path: string): string | null => {
  if (value === null || allowed.includes(value)) return value
  const names = allowed.map((each) => `\`${each}\``)
  const expected = names.length === 2 ? names.join(" or ") : `one of ${names.join(", ")}`
  throw misfit(path, `unknown variant \`${value}\`, expected ${expected}`)
}

export const status = (from: Json, path: string): string | null =>
  oneOf(optional(from, "status", path), statuses, at(path, "status"))
