import { Effect } from "effect"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { externalIdOf } from "../StoredRow.ts"

/** Looks ids up in a store as a run does, evenly spread over its records, and prints what was found, in how many ms. */
const [dataDir = "", upstream = "", tracker = "", records = "", ids = ""] = process.argv.slice(2)
const step = Math.floor(Number(records) / Number(ids))
const asked = Array.from({ length: Number(ids) }, (_, index) => externalIdOf(index * step))

const looked = Effect.gen(function*() {
  const store = yield* SyncRecordStore
  const started = performance.now()
  const { size } = yield* store.known(asked)
  return { found: size, milliseconds: performance.now() - started }
})

Effect.runPromise(Effect.provide(looked, SyncRecordStore.layerLook({ dataDir, upstream, tracker }))).then(
  (found) => console.log(JSON.stringify(found)),
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  }
)
