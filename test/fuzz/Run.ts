import { Worker } from "node:worker_threads"
import { emptyTally, type Tally } from "./Tally.ts"
import type { HeapGauge, Report, Task } from "./Worker.ts"

export interface FuzzRun {
  readonly seed: number
  readonly from?: number
  readonly inputs: number
  /** The run ends with this many. */
  readonly mostProblems?: number
  readonly onProgress?: (tally: Tally, heap: HeapGauge) => void
}

export interface FuzzProblem {
  readonly number: number
  readonly problems: ReadonlyArray<string>
}

export interface FuzzSummary {
  readonly tally: Tally
  readonly heap: HeapGauge
  /** The first inputs that were not as they should be. */
  readonly problems: ReadonlyArray<FuzzProblem>
  readonly seconds: number
}

/** One input takes a few milliseconds of the processor; on a busy machine it may wait for it far longer. */
const mostBusyMillis = 5_000
const mostMillis = 60_000
/** A run that needs more ends as one that is out of memory. */
export const heapLimitMegabytes = 192
/** What may stay after a collection, beyond what was there once everything was loaded. */
export const growthLimitMegabytes = 6

/** Of the whole process: who watches is idle. */
const busyMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1_000
}

/** Judges inputs in a thread of their own: what hangs there, or eats the memory, is stopped and told by its number. */
export const runFuzz = (run: FuzzRun): Promise<FuzzSummary> =>
  new Promise((resolve) => {
    const started = performance.now()
    const current = new Int32Array(new SharedArrayBuffer(4))
    Atomics.store(current, 0, -1)
    const problems: Array<FuzzProblem> = []
    let tally = emptyTally()
    let heap: HeapGauge = { peak: 0, first: 0, highest: 0 }
    const task: Task = { seed: run.seed, from: run.from ?? 0, inputs: run.inputs, current }
    const worker = new Worker(new URL("./Worker.ts", import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: heapLimitMegabytes }
    })

    const end = (problem?: string) => {
      clearInterval(watch)
      if (problem !== undefined) problems.push({ number: Atomics.load(current, 0), problems: [problem] })
      void worker.terminate()
      resolve({ tally, heap, problems, seconds: (performance.now() - started) / 1_000 })
    }

    let seen = -1
    let since = { wall: performance.now(), busy: busyMillis() }
    const watch = setInterval(() => {
      const number = Atomics.load(current, 0)
      const now = { wall: performance.now(), busy: busyMillis() }
      if (number !== seen) [seen, since] = [number, now]
      else if (number >= 0 && now.busy - since.busy > mostBusyMillis) end(`no end after ${mostBusyMillis} ms at work`)
      else if (number >= 0 && now.wall - since.wall > mostMillis) end(`no end after ${mostMillis} ms`)
    }, 250)

    worker.on("message", (report: Report) => {
      if (report._tag === "Problem") {
        problems.push({ number: report.number, problems: report.problems })
        if (problems.length >= (run.mostProblems ?? 20)) end()
        return
      }
      ;({ heap, tally } = report)
      run.onProgress?.(tally, heap)
      const growth = (heap.highest - heap.first) / 1_048_576
      if (growth > growthLimitMegabytes) end(`${growth.toFixed(1)} MiB more stay after a collection than at the start`)
      else if (report.done) end()
    })
    worker.on("error", (error) => end(`the thread ended: ${error.message}`))
  })
