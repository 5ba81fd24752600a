import { Effect, FileSystem, PlatformError, Stream } from "effect"
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

  const open = (path: string) =>
    Effect.suspend(() => {
      if (fault === "open") return fails("open", path)
      const parts: Array<Uint8Array> = []
      files.set(path, parts)
      const write = (bytes: Uint8Array) =>
        fault === "write" ? fails("write", path) : Effect.sync(() => {
          parts.push(bytes.slice())
        })
      const file: FileSystem.File = {
        [FileSystem.FileTypeId]: FileSystem.FileTypeId,
        stat: unused,
        seek: () => unused,
        sync: Effect.void,
        read: () => unused,
        readAlloc: () => unused,
        truncate: () => unused,
        write: (bytes) => Effect.as(write(bytes), bytes.length),
        writeAll: write
      }
      return Effect.succeed(file)
    })

  const stream = (path: string) =>
    Stream.suspend((): Stream.Stream<Uint8Array, PlatformError.PlatformError> => {
      if (fault === "stream") return Stream.fromEffect(fails("stream", path))
      const bytes = bytesOf(path)
      const count = Math.ceil(bytes.length / piece)
      return Stream.fromIterable(
        Array.from({ length: count }, (_, index) => bytes.subarray(index * piece, (index + 1) * piece))
      )
    })

  return {
    fileSystem: FileSystem.makeNoop({ open, stream }),
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
