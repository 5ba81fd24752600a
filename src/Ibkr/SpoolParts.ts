import { Effect, FileSystem, Stream } from "effect"
import { concat } from "../Bytes.ts"
import { readAhead } from "../ReadAhead.ts"
import { everyGroup, type RowParts } from "./RowGroups.ts"
import { rowSeparator, unitSeparator } from "./Spool.ts"
import { SpoolError, systemReason } from "./StatementError.ts"

const endOfUnit = unitSeparator.charCodeAt(0)
const endOfRow = rowSeparator.charCodeAt(0)
const minus = 0x2d
const zero = 0x30

/** What gathers for one part before it is written: there may be a hundred. */
const bufferSize = 1 << 14

/**
 * Copies the rows of a spool into one file for each part, in their order, and returns the paths. In flat memory: bytes are
 * moved, and of a row only its group is read.
 */
export const divideSpool = Effect.fnUntraced(function*(spool: string, parts: RowParts) {
  const fileSystem = yield* FileSystem.FileSystem
  const paths = Array.from({ length: parts.count }, (_, part) => `${spool}-${part + 1}`)
  return yield* Effect.scoped(Effect.gen(function*() {
    const files = yield* Effect.forEach(paths, (path) => fileSystem.open(path, { flag: "w", mode: 0o600 }))
    const buffers = paths.map(() => new Uint8Array(bufferSize))
    const lengths = paths.map(() => 0)
    let full: Array<readonly [part: number, bytes: Uint8Array]> = []
    let rest = new Uint8Array(0)

    const put = (part: number, row: Uint8Array) => {
      const [buffer, length = 0] = [buffers[part], lengths[part]]
      if (buffer === undefined) return
      if (length + row.length > bufferSize) {
        full.push([part, buffer.slice(0, length)])
        lengths[part] = 0
        if (row.length > bufferSize) return void full.push([part, row.slice()])
      }
      buffer.set(row, lengths[part] ?? 0)
      lengths[part] = (lengths[part] ?? 0) + row.length
    }

    const take = (chunk: Uint8Array) => {
      const bytes = rest.length === 0 ? chunk : concat(rest, chunk)
      let start = 0
      for (let end = bytes.indexOf(endOfRow); end >= 0; end = bytes.indexOf(endOfRow, start)) {
        const row = bytes.subarray(start, end + 1)
        const group = groupOf(row)
        if (group === everyGroup) { for (const part of paths.keys()) put(part, row) }
        else put(parts.partOf(group), row)
        start = end + 1
      }
      rest = bytes.slice(start)
    }

    const flush = Effect.suspend(() => {
      const writing = full
      full = []
      return Effect.forEach(writing, ([part, bytes]) => files[part]?.writeAll(bytes) ?? Effect.void, { discard: true })
    })

    yield* readAhead(spool).pipe(
      Stream.runForEach((chunk) => {
        take(chunk)
        return full.length === 0 ? Effect.void : flush
      })
    )
    for (const [part, buffer] of buffers.entries()) full.push([part, buffer.subarray(0, lengths[part])])
    yield* flush
    return paths
  })).pipe(
    Effect.catchTag(
      "PlatformError",
      (error) => Effect.fail(new SpoolError({ path: spool, reason: systemReason(error) }))
    )
  )
})

/** The number that a row begins with. */
const groupOf = (row: Uint8Array): number => {
  if (row[0] === minus) return everyGroup
  let group = 0
  for (let at = 0; row[at] !== endOfUnit && at < row.length; at++) group = group * 10 + (row[at] ?? zero) - zero
  return group
}
