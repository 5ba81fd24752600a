import { Cause, Effect, Exit } from "effect"
import { getHeapStatistics, setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { isMainThread, parentPort, workerData } from "node:worker_threads"
import { readCorpus } from "./Corpus.ts"
import { judgeOf } from "./Judge.ts"
import { addTo, emptyTally, type Tally } from "./Tally.ts"

/** What the thread is told at its start. */
export interface Task {
  readonly seed: number
  readonly from: number
  readonly inputs: number
  /** The number of the input being judged, for the one who watches. */
  readonly current: Int32Array
}

/** What it says: problems as they come, and now and then how far it is. */
export type Report =
  | { readonly _tag: "Problem"; readonly number: number; readonly problems: ReadonlyArray<string> }
  | { readonly _tag: "Progress"; readonly tally: Tally; readonly heap: HeapGauge; readonly done: boolean }

export interface HeapGauge {
  /** Highest seen, garbage included. */
  peak: number
  /** After a collection: at the first mark, and the highest since. */
  first: number
  highest: number
}

const between = 250
/** By then everything is loaded and compiled. */
const warmUp = 500

const work = async (task: Task, say: (report: Report) => void) => {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  const { judge, mutant } = judgeOf(readCorpus(), task.seed)
  const tally = emptyTally()
  const heap: HeapGauge = { peak: 0, first: 0, highest: 0 }
  let number = task.from
  const problem = (problems: ReadonlyArray<string>) => say({ _tag: "Problem", number, problems })
  process.on("unhandledRejection", (reason) => problem([`unhandled rejection: ${String(reason)}`]))

  for (; number < task.from + task.inputs; number++) {
    Atomics.store(task.current, 0, number)
    const started = performance.now()
    const exit = await Effect.runPromiseExit(Effect.suspend(() => judge(mutant(number))))
    if (Exit.isFailure(exit)) problem([Cause.pretty(exit.cause)])
    else {
      addTo(tally, number, exit.value, performance.now() - started)
      if (exit.value.problems.length > 0) problem(exit.value.problems)
    }
    heap.peak = Math.max(heap.peak, getHeapStatistics().used_heap_size)
    const seen = number - task.from + 1
    if (seen % between !== 0) continue
    collect()
    const live = getHeapStatistics().used_heap_size
    if (seen >= warmUp) {
      heap.first ||= live
      heap.highest = Math.max(heap.highest, live)
    }
    say({ _tag: "Progress", tally, heap, done: false })
  }
  say({ _tag: "Progress", tally, heap, done: true })
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort
  await work(workerData, (report) => port.postMessage(report))
}
