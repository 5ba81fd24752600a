/** Medians of the runs of one program on one input. */
export interface Measurement {
  /** `case/input/program`, or shorter where a case has one input or one program. */
  readonly id: string
  /** For the table. */
  readonly what: string
  readonly runs: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMiB: number
  /** Counts, which are the same in every run, and medians of what is measured beside the process: units in the names. */
  readonly facts: Readonly<Record<string, number>>
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly os: string
  readonly node: string
  readonly python?: string
  readonly ibflex?: string
  /** YYYY-MM-DD */
  readonly date: string
  /** Runnable processes when it began, over a minute: above 0.5 it was shared. */
  readonly load: number
  /** What an empty process seems to take, in MiB. */
  readonly emptyPeakMiB: number
}

export interface Results {
  readonly machine: Machine
  readonly measurements: ReadonlyArray<Measurement>
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  if (low === undefined || high === undefined) throw new Error("a median of nothing")
  return (low + high) / 2
}
