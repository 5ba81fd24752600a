import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, FileSystem, Layer } from "effect"

/** Counts how often a file of a run is opened to be read, by the end of its name. */
export const countedFiles = (reads: Map<string, number>) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (files) =>
      FileSystem.FileSystem.of({
        ...files,
        open: (path, options) => {
          const name = path.slice(path.lastIndexOf("/") + 1)
          if (options?.flag === "r") reads.set(name, (reads.get(name) ?? 0) + 1)
          return files.open(path, options)
        }
      }))
  ).pipe(Layer.provide(NodeFileSystem.layer))
