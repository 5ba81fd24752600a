import { Effect, Ref } from "effect"
import { collectIfGrown } from "../Heap.ts"
import type { RunReport } from "../RunReport.ts"
import { WrittenActivities } from "../WrittenActivities.ts"
import { ReportNotWritten } from "./Failures.ts"

/** Takes the activities reported so far out of memory: it is known what became of them. */
export const writeActivities = Effect.fnUntraced(function*(ledger: Ref.Ref<RunReport>, directory?: string) {
  const { activities, ...report } = yield* Ref.get(ledger)
  const written = yield* Effect.try({
    try: () => {
      const written = report.written ?? new WrittenActivities(directory)
      written.add(activities)
      return written
    },
    catch: (error) =>
      new ReportNotWritten({
        directory: directory ?? "the temporary directory",
        reason: error instanceof Error ? error.message : "it cannot be written"
      })
  })
  yield* Ref.set(ledger, { ...report, activities: [], written })
  collectIfGrown()
})
