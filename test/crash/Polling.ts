import type { Violation } from "./Invariants.ts"
import type { Played, Stage } from "./Stage.ts"

/**
 * Watches that a run which died while it waited for its statement is gone on with: until its reference is asked for
 * again, no other request is sent for the same days.
 */
export const watchPolling = ({ world }: Stage) => {
  /** By reference: the first of the days it was sent for; `undefined` for the saved period. */
  const daysOf = new Map<string, string | undefined>()
  const open = new Set<string>()
  let seen = world.flex.requests.length
  return (played: Played): ReadonlyArray<Violation> => {
    const requests = world.flex.requests.slice(seen)
    seen = world.flex.requests.length
    const found: Array<Violation> = []
    let sentFor: string | undefined
    let polled: string | undefined
    for (const { phase, query } of requests) {
      if (phase === "send") {
        sentFor = query["fd"]
        for (const reference of open) {
          if (daysOf.get(reference) !== sentFor) continue
          found.push({ wrong: "requests", detail: `reference ${reference} was not asked for again first` })
        }
      } else {
        polled = query["q"] ?? ""
        if (!daysOf.has(polled)) daysOf.set(polled, sentFor)
        open.delete(polled)
      }
    }
    if (played.at?.label === "GetStatement" && polled !== undefined) open.add(polled)
    return found
  }
}
