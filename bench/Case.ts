import type { Measurement } from "./Measurement.ts"

export interface Context {
  /** Of each program on each input, at least. */
  readonly runs: number
  /** Leaves out what takes minutes: 520 MB and the store of a million records. */
  readonly quick: boolean
  /** The folder of a checkout of ibflex. */
  readonly ibflex: string | undefined
  readonly log: (line: string) => void
}

export interface Case {
  /** For `--only`, which takes its beginning. */
  readonly id: string
  readonly isLong?: boolean
  readonly measure: (context: Context) => Promise<ReadonlyArray<Measurement>>
}
