import { Effect, Schema } from "effect"
import { createReadStream, createWriteStream, existsSync } from "node:fs"
import { chmod, mkdir, open, readdir, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"
import { createGunzip, createGzip } from "node:zlib"
import { exitCodes, type Failure } from "./Failure.ts"
import { isPlainDate, type PlainDate } from "./Portfolio/PlainDate.ts"

/** A statement could not be kept, or a kept one not be read. */
export class ArchiveError extends Schema.TaggedError<ArchiveError>()("ArchiveError", {
  path: Schema.String,
  reason: Schema.String
}) implements Failure {
  override get message() {
    return `the archived statement ${this.path} cannot be used: ${this.reason}`
  }
  readonly hint =
    "check space, permissions and contents of BROKER_SYNC_DATA_DIR; a statement that is gone can be downloaded "
    + "from the portal for the same days and imported with --file"
  readonly exitCode = exitCodes.store
}

export interface ArchivedName {
  readonly account: string
  readonly from: PlainDate
  readonly to: PlainDate
  /** Of the bytes as they came, in hex. */
  readonly sha256: string
}

const attempt = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, ArchiveError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new ArchiveError({ path, reason: cause instanceof Error ? cause.message : String(cause) })
  })

/** Below the data directory, which may be mounted elsewhere tomorrow. */
const folder = "statements"

const safe = (account: string): string => account.replace(/[^A-Za-z0-9]/g, "_")

const nameOf = (name: ArchivedName): string =>
  join(folder, `${safe(name.account)}_${name.from}_${name.to}_${name.sha256}.xml.gz`)

/** The names in the archive that are of this account, its CFD segment (`<account>F`) included; older ones have half a digest. */
const namesOf = async (dataDir: string, account: string, ending: string) => {
  const pattern = new RegExp(`^${safe(account)}F?_([\\d-]{10})_([\\d-]{10})_[0-9a-f]{16,64}\\.xml\\.gz${ending}$`)
  const path = join(dataDir, folder)
  const names = existsSync(path) ? await readdir(path) : []
  return names.sort().flatMap((name) => {
    const [, from = "", to = ""] = pattern.exec(name) ?? []
    return isPlainDate(from) && isPlainDate(to) ? [{ path: join(folder, name), from, to }] : []
  })
}

/** A statement found in the archive. Its digest is not whole in its name: it is known once the bytes were read. */
export interface ArchivedFile {
  /** Below the data directory. */
  readonly path: string
  readonly from: PlainDate
  readonly to: PlainDate
}

export const archivedFiles = (
  dataDir: string,
  account: string
): Effect.Effect<ReadonlyArray<ArchivedFile>, ArchiveError> =>
  attempt(join(dataDir, folder), () => namesOf(dataDir, account, ""))

/** Removes what a killed run left half-written: IBKR makes each statement anew, so that no later one has its name. */
export const removeHalfKept = (dataDir: string, account: string): Effect.Effect<void, ArchiveError> =>
  attempt(join(dataDir, folder), async () => {
    for (const { path } of await namesOf(dataDir, account, "\\.part")) await rm(join(dataDir, path), { force: true })
  })

/** Keeps a statement as it came (gzip, 0600), whole or not at all. Returns its path below the data directory. */
export const keepStatement = (
  dataDir: string,
  source: string,
  name: ArchivedName
): Effect.Effect<string, ArchiveError> => {
  const kept = nameOf(name)
  const path = join(dataDir, kept)
  return attempt(path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const temporary = `${path}.part`
    await pipeline(createReadStream(source), createGzip(), createWriteStream(temporary, { mode: 0o600 }))
    await chmod(temporary, 0o600)
    const file = await open(temporary, "r+")
    await file.sync()
    await file.close()
    await rename(temporary, path)
    return kept
  })
}

/** Unpacks an archived statement into `target`. */
export const unpackStatement = (path: string, target: string): Effect.Effect<void, ArchiveError> =>
  attempt(path, async () => {
    try {
      await pipeline(createReadStream(path), createGunzip(), createWriteStream(target, { mode: 0o600 }))
    } catch (cause) {
      await rm(target, { force: true })
      throw cause
    }
  })
