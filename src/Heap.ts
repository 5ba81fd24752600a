import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/**
 * Node lets the heap grow where time is dear; this program runs once a night in a pod with 256 MiB. None of these is a
 * limit: what needs more memory takes more, not less care. What each is worth: `docs/performance.md`.
 */
const flags = [
  // New objects in a space of 1 MiB instead of 16: most die at once, in statements above all.
  "--semi-space-growth-factor=1",
  // The next full collection after 10 % of growth, not after doubling.
  "--heap-growing-percent=10",
  // In one go, not beside the program: a pause hurts nobody here, and what dies meanwhile does not stay.
  "--no-incremental-marking",
  // A decoded row has some 30 fields: beyond 12 V8 makes a hash table of each row, four times the size.
  "--fast-properties-soft-limit=64",
  // Compiled by the thread that runs it: one in the background that needs room waits for a collection by a thread that is
  // waiting for it to end (nodejs/node#54918). A small heap makes that likely. With an optimising compiler's thread it was
  // seen all the same, as if that one did not heed the flag: `main.ts` does not wait for it either.
  "--no-concurrent-sparkplug",
  // Not at all before much was read: most functions of a short run end before it pays. Some 10 ms of a night.
  "--no-sparkplug",
  "--no-concurrent-recompilation"
]

let isSmall = false

/** To be called before anything is allocated that matters. */
export const keepHeapSmall = (): void => {
  for (const flag of flags) setFlagsFromString(flag)
  isSmall = true
}

let collect: (() => void) | undefined

/** V8 gives a collector to contexts made under this flag alone, and to make one takes a millisecond. */
const collector = (): () => void => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc")
}

const MiB = 1_048_576

/** Garbage that is worth a collection: of a heap that is small else it takes some 15 ms. */
const mostGarbage = 16 * MiB
/** Where a step has ended that took much, and what comes next would have V8 make room beside its garbage. */
export const garbageOfAStep = 8 * MiB
let kept = 0

/**
 * To be called where much is read and little is kept. What lives a little longer than the young generation's turn is moved
 * to the old one, which V8 lets grow by hundreds of MiB before it looks for what is dead in there.
 */
export const collectIfGrown = (most = mostGarbage): void => {
  if (!isSmall) return
  growYoung()
  if (size() < kept + most) return
  collect ??= collector()
  collect()
  kept = size()
}

const size = (): number => {
  const { external_memory: external, used_heap_size: heap } = getHeapStatistics()
  return heap + external
}

/** Where much is read a larger one has to be looked through less often; beyond this it only costs memory. */
const largestYoung = 4 * MiB
let young: "small" | "growing" | "grown" = "small"

const growYoung = (): void => {
  if (young === "grown") return
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space")
  if (young === "growing" && space !== undefined && space.space_size < largestYoung) return
  if (young === "growing") setFlagsFromString("--sparkplug")
  young = young === "small" ? "growing" : "grown"
  setFlagsFromString(`--semi-space-growth-factor=${young === "growing" ? 2 : 1}`)
}
