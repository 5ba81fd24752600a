import type { Baseline } from "./Baseline.ts"
import { isWrite, type KillPoint } from "./KillPoint.ts"
import type { Night } from "./Scenario.ts"

/** One way to go through a night: killed at the first point; the run after it killed at the second, if there is one. */
export type Kill = readonly [KillPoint, KillPoint?]

/** Numbers from 0 up to 1 that a seed brings again (mulberry32). */
export const seeded = (seed: number): () => number => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Every kill of a night: what decides is always the same, random moments and second kills come from the seed. */
export const killsOf = (night: Night, baseline: Baseline, random: () => number): ReadonlyArray<Kill> => {
  const { disk, random: moments = 3, requests = decisive, twice = 3 } = night.kills ?? {}
  const atRequests = requestPoints({
    moments: baseline.moments.filter(({ label }) => requests !== false && requests.test(label))
  })
  const some = () => atRequests[Math.floor(random() * atRequests.length)]
  const points: ReadonlyArray<KillPoint> = [
    ...atRequests,
    ...(disk === undefined ? [] : diskPoints(baseline, disk)),
    ...Array.from({ length: moments }, (): KillPoint => ({
      kind: "random",
      millis: Math.round(random() * baseline.millis)
    }))
  ]
  return [
    ...points.map((point): Kill => [point]),
    ...Array.from({ length: twice }, () => [some(), some()] as const).flatMap(([first, second]): ReadonlyArray<Kill> =>
      first === undefined || second === undefined ? [] : [[first, second]]
    )
  ]
}

/** What is sent, fetched, logged in to, asked about before a write, and written. */
const decisive = /SendRequest|GetStatement|login|check-duplicates|POST \/assets|bulk/

/** Before each write to the disk that matches. */
export const diskPoints = ({ disk }: Pick<Baseline, "disk">, pattern: RegExp): ReadonlyArray<KillPoint> =>
  disk.flatMap((what, index): ReadonlyArray<KillPoint> =>
    pattern.test(what) ? [{ kind: "disk", number: index + 1 }] : []
  )

/** Before and after each request, and for each write once more: handled late. */
export const requestPoints = ({ moments }: Pick<Baseline, "moments">): ReadonlyArray<KillPoint> =>
  moments.flatMap((moment): ReadonlyArray<KillPoint> => {
    const { number, phase, server } = moment
    const point: KillPoint = { kind: "request", server, number, phase }
    return phase === "before" && isWrite(moment) ? [point, { ...point, phase: "late" }] : [point]
  })
