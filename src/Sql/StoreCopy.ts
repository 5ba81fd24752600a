import { Effect } from "effect"
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "./Sqlite.ts"
import { fromCause, type StoreError } from "./StoreError.ts"

/** `sync.db.before-2`: the store as it was before schema 2. */
export const copyPath = (path: string, version: number): string => `${path}.before-${version}`

const sync = (path: string) => {
  const file = openSync(path, "r")
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * A complete, usable copy, mode 0600. By SQLite itself on a connection of its own: opening and closing the file by other
 * means would drop this process's locks on it (POSIX), and a plain copy may miss what is in the journal.
 */
export const copyStore = (from: string, to: string): Effect.Effect<void, StoreError> =>
  Effect.try({
    try: () => {
      const partial = `${to}.partial`
      rmSync(partial, { force: true })
      closeSync(openSync(partial, "wx", 0o600))
      const db = new DatabaseSync(from, { readOnly: true })
      try {
        db.prepare("VACUUM INTO ?").run(partial)
      } finally {
        db.close()
      }
      sync(partial)
      renameSync(partial, to)
      sync(dirname(to))
    },
    catch: fromCause(to)
  })
