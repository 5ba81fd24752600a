import { Effect, type Scope } from "effect"
import { createHash } from "node:crypto"
import { accessSync, closeSync, constants, existsSync, openSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "./Sqlite.ts"
import { fromCause, StoreError } from "./StoreError.ts"

/** `lock-U1234567.db`; a name with other characters gets a digest, so that two accounts never share a file. */
export const lockFileName = (upstream: string): string => {
  const safe = upstream.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 64)
  return safe === upstream
    ? `lock-${safe}.db`
    : `lock-${safe}-${createHash("sha256").update(upstream).digest("hex").slice(0, 8)}.db`
}

const takeLock = (path: string, waitMillis: number) => {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600))
  // SQLite opens a file that it may not write read-only, and then BEGIN EXCLUSIVE locks nothing and says nothing.
  accessSync(path, constants.R_OK | constants.W_OK)
  const db = new DatabaseSync(path, { timeout: waitMillis })
  try {
    db.exec("BEGIN EXCLUSIVE")
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

/**
 * SQLite's exclusive lock on a small file of its own, held until the scope ends. The operating system drops it with the
 * process, however that ends; process ids say nothing in containers, where every process is 1.
 */
export const exclusive = (path: string, waitMillis: number): Effect.Effect<void, StoreError, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.try({ try: () => takeLock(path, waitMillis), catch: fromCause(path) }),
    (db) => Effect.sync(() => db.close())
  ))

/** One run per upstream account and data directory; a second one fails at once. */
export const acquire = (dataDir: string, upstream: string): Effect.Effect<void, StoreError, Scope.Scope> => {
  const path = join(dataDir, lockFileName(upstream))
  return Effect.mapError(exclusive(path, 0), (error) =>
    error.reason !== "busy" ? error : new StoreError({
      reason: "locked",
      path,
      message: `another run for account ${upstream} is in progress (it holds ${path})`,
      hint: "Wait for it, or end it if it hangs; the lock goes with its process, no file has to be deleted."
    }))
}
