// Opens the record store as a process of its own: `openStore.ts <data dir> <upstream> [hold]`; says one JSON line how it
// went; with `hold` it keeps the store until standard input ends.
import { Effect } from "effect"
import { type StoreError, SyncRecordStore } from "../../src/SyncRecordStore.ts"

const [dataDir = "", upstream = "", mode] = process.argv.slice(2)

const say = (line: object) => Effect.sync(() => process.stdout.write(`${JSON.stringify(line)}\n`))

const untilInputEnds = Effect.callback<void>((resume) => {
  process.stdin.resume().once("end", () => resume(Effect.void))
})

const program = SyncRecordStore.use((store) =>
  store.held.pipe(
    Effect.andThen(say({ opened: true })),
    Effect.andThen(mode === "hold" ? untilInputEnds : Effect.void)
  )
).pipe(
  Effect.provide(SyncRecordStore.layer({ dataDir, upstream, tracker: "tracker" })),
  Effect.catch(({ exitCode, hint, message, reason }: StoreError) =>
    say({ opened: false, reason, message, hint, exitCode })
  )
)

await Effect.runPromise(program)
