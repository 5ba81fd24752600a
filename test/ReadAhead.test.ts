import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { readAhead } from "../src/ReadAhead.ts"

const withFile = Effect.fnUntraced(function*(bytes: Uint8Array) {
  const files = yield* FileSystem.FileSystem
  const path = yield* files.makeTempFileScoped()
  yield* files.writeFile(path, bytes)
  return path
})

describe("readAhead", () => {
  it.effect.each([0, 1, 65_535, 65_536, 65_537, 300_001])(
    "gives all %i bytes of a file, in their order",
    (size) =>
      Effect.gen(function*() {
        const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251)
        const pieces: Array<Uint8Array> = []
        yield* Stream.runForEach(
          readAhead(yield* withFile(bytes)),
          (piece) => Effect.sync(() => void pieces.push(piece.slice()))
        )
        assert.isTrue(Buffer.from(bytes).equals(Buffer.concat(pieces)))
      }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.effect("leaves a piece as it is until the next is asked for", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, index) => index % 251))
      const path = yield* withFile(bytes)
      let at = 0
      yield* Stream.runForEach(
        readAhead(path),
        Effect.fnUntraced(function*(piece) {
          // What reads ahead has all the time it needs.
          const files = yield* FileSystem.FileSystem
          yield* files.stat(path)
          assert.isTrue(bytes.subarray(at, at + piece.length).equals(piece))
          at += piece.length
        })
      )
      assert.strictEqual(at, 200_000)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("fails where the file cannot be opened or read", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const reason = (path: string) =>
        Effect.map(Effect.flip(Stream.runDrain(readAhead(path))), ({ reason }) => reason._tag)
      assert.strictEqual(yield* reason(`${directory}/none`), "NotFound")
      assert.notStrictEqual(yield* reason(directory), "NotFound")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
