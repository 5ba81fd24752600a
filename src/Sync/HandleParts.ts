import { Effect } from "effect"
import type { StatementPart } from "../Broker.ts"
import { type Handled, together } from "./Handled.ts"
import { type HandleContext, handleRows } from "./HandleRows.ts"
import { nearAny } from "./HandRows.ts"
import { computedAfter, recalculateIfOwed } from "./Recalculation.ts"
import { writeActivities } from "./WriteActivities.ts"

/**
 * A statement too large to be held in memory: it comes in parts, and leaves it in parts. The tracker is waited for once all
 * of them are written: of a long history each computation takes it minutes.
 */
export const handleParts = Effect.fnUntraced(function*(parts: ReadonlyArray<StatementPart>, context: HandleContext) {
  const { ledger, options, state } = context
  const all = Effect.gen(function*() {
    let whole: Handled | undefined
    for (const part of parts) {
      const before: Handled | undefined = whole
      // By no name of its own: all activities of one would live until the next is mapped.
      whole = yield* Effect.flatMap(handleRows(part, before, context), (handled) =>
        Effect.map(
          state.handRows.of(handled.report.statements),
          (typed) => together(before, handled, nearAny(typed))
        ))
      yield* writeActivities(ledger, options.scratch)
    }
    return whole
  })
  if (options.dryRun) return yield* all
  const [whole, inTime] = yield* computedAfter(all)
  state.recomputed = inTime ?? state.recomputed
  state.recomputed = (yield* recalculateIfOwed) ?? state.recomputed
  return whole
})
