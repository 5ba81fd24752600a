import { Effect } from "effect"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { storedRow } from "../StoredRow.ts"

/** Puts so many booked rows into a store that is there. */
const [dataDir = "", upstream = "", tracker = "", records = ""] = process.argv.slice(2)
const total = Number(records)
const atOnce = 20_000

const filled = Effect.gen(function*() {
  const store = yield* SyncRecordStore
  for (let from = 0; from < total; from += atOnce) {
    yield* store.save(
      Array.from({ length: Math.min(atOnce, total - from) }, (_, index) => storedRow(from + index, total))
    )
  }
})

Effect.runPromise(Effect.provide(filled, SyncRecordStore.layer({ dataDir, upstream, tracker }))).catch(
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  }
)
