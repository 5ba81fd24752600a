import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, FileSystem, Stream } from "effect"
import { Xml } from "effect/encoding"
import { keepHeapSmall } from "../../src/Heap.ts"

/**
 * The floor: reads the file that it is given as events, and prints how many elements start in it. With `--small-heap` in
 * the heap that broker-sync sets itself, without it in Node's own.
 */
const [path = "", heap] = process.argv.slice(2)
if (heap === "--small-heap") keepHeapSmall()

let elements = 0
const count = Effect.flatMap(FileSystem.FileSystem, (files) =>
  files.stream(path).pipe(
    Stream.pipeThroughChannel(Xml.decode({ maxTokenSize: 16 * 1024 * 1024, maxDepth: 64 })),
    Stream.runForEachArray((events) =>
      Effect.sync(() => {
        for (const event of events) if (event._tag === "StartElement") elements++
      })
    )
  ))

Effect.runPromise(Effect.provide(count, NodeFileSystem.layer)).then(
  () => console.log(elements),
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  }
)
