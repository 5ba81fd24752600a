import { setFlagsFromString } from "node:v8"

/**
 * Node lets the heap grow where time is dear; this program runs once a night in a pod with 256 MiB. A 52 MB statement
 * (`bench/generate-statement.ts`) peaks near 190 MiB with these and near twice that without. None of them is a limit: a
 * larger statement takes more memory, not less care.
 */
const flags = [
  // New objects in a space of 1 MiB instead of 16: most die at once, in statements above all.
  "--semi-space-growth-factor=1",
  // The next full collection after 10 % of growth, not after doubling.
  "--heap-growing-percent=10",
  // Less of what is only faster.
  "--optimize-for-size",
  // In one go, not beside the program: a pause hurts nobody here, and what dies meanwhile does not stay.
  "--no-incremental-marking",
  // A decoded row has some 30 fields: beyond 12 V8 makes a hash table of each row, four times the size.
  "--fast-properties-soft-limit=64",
  // Compiled by the thread that runs it: one in the background that needs room waits for a collection by a thread that is
  // waiting for it to end, and the process never exits (nodejs/node#54918). A small heap makes that likely.
  "--no-concurrent-sparkplug",
  "--no-concurrent-recompilation"
]

/** To be called before anything is allocated that matters. */
export const keepHeapSmall = (): void => {
  for (const flag of flags) setFlagsFromString(flag)
}
