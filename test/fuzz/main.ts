import { Effect } from "effect"
import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readCorpus } from "./Corpus.ts"
import { judgeOf } from "./Judge.ts"
import { runFuzz } from "./Run.ts"

/**
 * `npm run test:fuzz`: mutants of the fixtures through both passes over a statement. `FUZZ_INPUTS` (100 000) of
 * `FUZZ_SEED` (1); `FUZZ_ONLY=<number>` judges that input alone, and keeps it.
 */
const numberOf = (name: string, otherwise: number): number => {
  const text = process.env[name] ?? ""
  if (text !== "" && !/^\d+$/.test(text)) throw new Error(`${name} is no number`)
  return text === "" ? otherwise : Number(text)
}

const seed = numberOf("FUZZ_SEED", 1)
const only = numberOf("FUZZ_ONLY", -1)

const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`
const list = (counts: ReadonlyMap<string, number>) =>
  [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `    ${String(count).padStart(8)}  ${name}`).join(
    "\n"
  )

const one = async (number: number) => {
  const { judge, mutant } = judgeOf(readCorpus(), seed)
  const input = mutant(number)
  const path = join(await mkdtemp(join(tmpdir(), "broker-sync-fuzz-")), `${seed}-${number}.xml`)
  await writeFile(path, input.bytes)
  const { bytes, ...told } = input
  console.log(JSON.stringify({ ...told, bytes: bytes.length, kept: path }, undefined, 2))
  const judgement = await Effect.runPromise(judge(input))
  console.log(judgement.refused === undefined ? `read, ${judgement.rows} rows` : `refused: ${judgement.refused}`)
  for (const problem of judgement.problems) console.log(`✗ ${problem}`)
  process.exitCode = judgement.problems.length === 0 ? 0 : 1
}

const all = async () => {
  const inputs = numberOf("FUZZ_INPUTS", 100_000)
  const started = performance.now()
  let next = 0
  const { heap, problems, seconds, tally } = await runFuzz({
    seed,
    inputs,
    mostProblems: numberOf("FUZZ_PROBLEMS", 20),
    onProgress: (tally, heap) => {
      if (tally.inputs < next) return
      next += Math.max(inputs / 20, 250)
      const rate = Math.round(tally.inputs / ((performance.now() - started) / 1_000))
      console.log(`${tally.inputs} inputs, ${rate}/s, peak heap ${megabytes(heap.peak)}`)
    }
  })
  console.log(`
seed ${seed}: ${tally.inputs} inputs in ${seconds.toFixed(0)} s, ${Math.round(tally.inputs / seconds)}/s
  read: ${tally.read}, with ${tally.statements} statements and ${tally.rows} rows
  refused:
${list(tally.refused)}
  rows booked: ${tally.booked} activities
  rows skipped:
${list(tally.skipped)}
  heap: peak ${megabytes(heap.peak)}; after a collection ${megabytes(heap.first)} at first, at most ${
    megabytes(heap.highest)
  }
  slowest: input ${tally.slowest.number}, ${tally.slowest.millis.toFixed(0)} ms
  problems: ${problems.length}`)
  for (const { number, problems: found } of problems) {
    console.log(`\n✗ FUZZ_SEED=${seed} FUZZ_ONLY=${number} npm run test:fuzz`)
    for (const problem of found.slice(0, 5)) console.log(`  ${problem.slice(0, 2_000)}`)
  }
  process.exitCode = problems.length === 0 && tally.inputs === inputs ? 0 : 1
}

await (only >= 0 ? one(only) : all())
