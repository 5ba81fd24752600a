import { type Command, measure, type Sample } from "./Measure.ts"
import { type Measurement, median } from "./Measurement.ts"

/** A program on an input, to be run several times. */
export interface Subject {
  readonly id: string
  readonly what: string
  /** Awaited before each run, which it makes new; not measured. */
  readonly command: () => Command | Promise<Command>
  /** No run before the first one that counts. */
  readonly cold?: boolean
  /** Exit codes that are a result. */
  readonly mayFail?: boolean
  /** After each run: what it counted. Throws where the run did not do what it is measured for. */
  readonly facts?: (code: number) => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>
}

interface Run {
  readonly sample: Sample
  readonly facts: Readonly<Record<string, number>>
}

const once = async (subject: Subject): Promise<Run> => {
  const command = await subject.command()
  const { code, sample, stderr } = await measure(command)
  if (code !== 0 && subject.mayFail !== true) {
    throw new Error(`${subject.id}: exit ${code}: ${command.command.join(" ")}\n${stderr.slice(-2_000)}`)
  }
  return { sample, facts: await subject.facts?.(code) ?? {} }
}

/** What takes longer is run once: its runs are in the table. */
const patienceSeconds = 45

/**
 * Runs them in turn, round by round, so that a machine that gets slower does so for all of them. One run of each before
 * that fills caches and does not count.
 */
export const rounds = async (
  runs: number,
  subjects: ReadonlyArray<Subject>,
  log: (line: string) => void
): Promise<ReadonlyArray<Measurement>> => {
  const done = new Map<string, Array<Run>>()
  for (let round = 0; round <= runs; round++) {
    for (const subject of subjects) {
      const before = done.get(subject.id) ?? []
      if ((round === 0 && subject.cold === true) || before.some(isSlow)) continue
      const run = await once(subject)
      if (round > 0 || isSlow(run)) done.set(subject.id, [...before, run])
      log(`${subject.id}: ${run.sample.seconds.toFixed(2)} s, ${run.sample.peakMiB.toFixed(0)} MiB`)
    }
  }
  return subjects.map((subject) => summary(subject, done.get(subject.id) ?? []))
}

const isSlow = ({ sample }: Run) => sample.seconds > patienceSeconds

const summary = ({ id, what }: Subject, runs: ReadonlyArray<Run>): Measurement => {
  const over = (pick: (run: Run) => number) => rounded(median(runs.map(pick)))
  const names = Object.keys(runs[0]?.facts ?? {})
  return {
    id,
    what,
    runs: runs.length,
    seconds: over(({ sample }) => sample.seconds),
    cpuSeconds: over(({ sample }) => sample.cpuSeconds),
    peakMiB: over(({ sample }) => sample.peakMiB),
    facts: Object.fromEntries(names.map((name) => [name, over(({ facts }) => facts[name] ?? Number.NaN)]))
  }
}

const rounded = (value: number) => Math.round(value * 10_000) / 10_000
