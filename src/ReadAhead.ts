import { Cause, Effect, Fiber, FileSystem, type PlatformError, Stream } from "effect"

const pieceSize = 1 << 16

/**
 * The bytes of a file; while one piece is used, the next is read. There are two buffers for all of it: a piece is gone
 * once another is asked for.
 */
export const readAhead = (
  path: string
): Stream.Stream<Uint8Array, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.gen(function*() {
    const file = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.open(path, { flag: "r" }))
    const scope = yield* Effect.scope
    let [used, free] = [new Uint8Array(pieceSize), new Uint8Array(pieceSize)]
    const start = Effect.suspend(() => {
      const buffer = free
      ;[used, free] = [free, used]
      const read = Effect.map(file.read(buffer), (length) => buffer.subarray(0, Number(length)))
      return Effect.forkIn(read, scope, { startImmediately: true })
    })
    let reading = yield* start
    return Stream.fromPull(Effect.succeed(Effect.gen(function*() {
      const bytes = yield* Fiber.join(reading)
      if (bytes.length === 0) return yield* Cause.done()
      reading = yield* start
      return [bytes] as const
    })))
  }))
