import { Effect, FileSystem, PlatformError } from "effect"
import type { Fault } from "./Mutant.ts"

/** Files of one input, in memory: what a reader spools can be counted, changed, and made to fail. */
export interface MemoryFiles {
  readonly fileSystem: FileSystem.FileSystem
  readonly text: (path: string) => string
  readonly write: (path: string, text: string) => void
  /** Forgets all files, and fails from now on where told. */
  readonly reset: (fault?: Fault) => void
}

/** Small enough to cut lines and characters in two. */
const piece = 4_093

const fails = (method: Fault, path: string) =>
  Effect.fail(
    PlatformError.systemError({ _tag: "PermissionDenied", module: "FileSystem", method, pathOrDescriptor: path })
  )

export const memoryFiles = (): MemoryFiles => {
  const files = new Map<string, Array<Uint8Array>>()
  let fault: Fault | undefined
  const bytesOf = (path: string): Buffer => Buffer.concat(files.get(path) ?? [])
  const unused = Effect.die(new Error("no reader of statements uses this"))

  const open = (path: string, options?: { readonly flag?: FileSystem.OpenFlag | undefined }) =>
    Effect.suspend(() => {
      if (fault === "open") return fails("open", path)
      const parts: Array<Uint8Array> = []
      if (options?.flag === "w") files.set(path, parts)
      const write = (bytes: Uint8Array) =>
        fault === "write" ? fails("write", path) : Effect.sync(() => {
          parts.push(bytes.slice())
        })
      const content = bytesOf(path)
      let position = 0
      const read = (into: Uint8Array) =>
        fault === "read" ? fails("read", path) : Effect.sync(() => {
          const bytes = content.subarray(position, position + Math.min(piece, into.length))
          into.set(bytes)
          position += bytes.length
          return bytes.length
        })
      const file: FileSystem.File = {
        [FileSystem.FileTypeId]: FileSystem.FileTypeId,
        stat: unused,
        seek: () => unused,
        sync: Effect.void,
        read,
        readAlloc: () => unused,
        truncate: () => unused,
        write: (bytes) => Effect.as(write(bytes), bytes.length),
        writeAll: write
      }
      return Effect.succeed(file)
    })

  return {
    fileSystem: FileSystem.makeNoop({ open }),
    text: (path) => bytesOf(path).toString(),
    write: (path, text) => {
      files.set(path, [Buffer.from(text)])
    },
    reset: (next) => {
      files.clear()
      fault = next
    }
  }
}
