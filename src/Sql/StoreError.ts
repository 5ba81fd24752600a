import { Schema } from "effect"
import type { SqlError } from "effect/sql"
import { accessSync, constants, existsSync } from "node:fs"
import { dirname } from "node:path"
import type { Failure } from "../Failure.ts"

export const storeErrorReasons = [
  "locked",
  "busy",
  "read-only",
  "not-permitted",
  "full",
  "corrupt",
  "newer",
  "unavailable"
] as const

type Reason = (typeof storeErrorReasons)[number]

/** The record store cannot be opened, locked, read or written: exit 10. `path` is the file or directory it is about. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: Schema.Literals(storeErrorReasons),
  path: Schema.String,
  message: Schema.String,
  hint: Schema.String
}) implements Failure {
  readonly exitCode = 10
}

const userId = () => process.getuid?.() ?? "of this process"

const descriptions: Record<
  Exclude<Reason, "locked" | "newer">,
  (path: string, detail: string) => { readonly message: string; readonly hint: string }
> = {
  busy: (path) => ({
    message: `the record store ${path} is in use by another program`,
    hint: "Close what has it open (a backup, a SQLite shell); the next run tries again."
  }),
  "read-only": (path) => ({
    message: `the record store cannot be written: ${path} is read-only`,
    hint: "Mount the data directory (BROKER_SYNC_DATA_DIR) read-write."
  }),
  "not-permitted": (path) => ({
    message: `the record store cannot be written: user id ${userId()} may not write to ${path}`,
    hint:
      `Give the data directory (BROKER_SYNC_DATA_DIR) and its files to user id ${userId()}, or set fsGroup in the pod.`
  }),
  full: (path) => ({
    message: `the record store cannot be written: no space is left for ${path}`,
    hint: "Free space on the volume of the data directory (BROKER_SYNC_DATA_DIR) or enlarge it."
  }),
  corrupt: (path, detail) => ({
    message: `the record store ${path} cannot be read: ${detail}`,
    hint:
      "Put a backup in its place, or move it away so that the next run rebuilds it from the rows in Wealthfolio; in "
      + "either case leave no sync.db-journal beside it. Rebuilt, it no longer knows which rows were deleted there on "
      + "purpose: they wait for broker-sync ibkr restore"
  }),
  unavailable: (path, detail) => ({
    message: `the record store ${path} cannot be used: ${detail}`,
    hint: "Check that BROKER_SYNC_DATA_DIR names a directory on a healthy volume."
  })
}

export const storeError = (reason: keyof typeof descriptions, path: string, detail = ""): StoreError =>
  new StoreError({ reason, path, ...descriptions[reason](path, detail) })

// https://www.sqlite.org/rescode.html
const sqliteReasons: Readonly<Record<number, keyof typeof descriptions>> = {
  3: "not-permitted",
  5: "busy",
  6: "busy",
  8: "read-only",
  11: "corrupt",
  13: "full",
  26: "corrupt"
}

const errnoReasons: Readonly<Record<string, keyof typeof descriptions>> = {
  EROFS: "read-only",
  EACCES: "not-permitted",
  EPERM: "not-permitted",
  ENOSPC: "full",
  EDQUOT: "full"
}

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && name in value
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined

const text = (cause: unknown) => cause instanceof Error ? cause.message : String(cause)

/** SQLite says only that it cannot write or open; the operating system knows why. */
const obstacle = (path: string): StoreError | undefined => {
  for (const candidate of [path, dirname(path)]) {
    if (!existsSync(candidate)) continue
    try {
      accessSync(candidate, constants.R_OK | constants.W_OK)
    } catch (cause) {
      return fromCause(candidate)(cause)
    }
  }
  return undefined
}

/** From what node:fs or node:sqlite threw. */
export const fromCause = (path: string) => (cause: unknown): StoreError => {
  if (cause instanceof StoreError) return cause
  const errno = property(cause, "code")
  const known = typeof errno === "string" ? errnoReasons[errno] : undefined
  if (known !== undefined) return storeError(known, path)
  const code = property(cause, "errcode")
  if (typeof code !== "number") return storeError("unavailable", path, text(cause))
  const primary = code & 0xff
  // 8 read-only, 10 input/output, 14 cannot open: three names for a directory that may not be written to.
  if (primary === 8 || primary === 10 || primary === 14) {
    const found = obstacle(path)
    if (found !== undefined) return found
  }
  return storeError(sqliteReasons[primary] ?? "unavailable", path, text(cause))
}

/** From what effect/sql made of it. */
export const fromSqlError = (path: string) => (error: SqlError.SqlError): StoreError =>
  fromCause(path)(error.reason.cause)
