import { existsSync, mkdirSync, renameSync, statSync } from "node:fs"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { generateStatement } from "./generate-statement.ts"

/** Made once and kept: the larger one takes half a minute. */
export const cacheDirectory = process.env["BENCH_CACHE"] ?? join(tmpdir(), `broker-sync-bench-${userInfo().uid}`)

/** A statement of the generator's, seed 1; `bytes` is what it has to come to. */
export interface Input {
  /** Megabytes, rounded: its name. */
  readonly megabytes: number
  readonly trades: number
  readonly cash: number
  readonly bytes: number
}

export const inputs = {
  1: { megabytes: 1, trades: 600, cash: 120, bytes: 1_056_014 },
  52: { megabytes: 52, trades: 30_000, cash: 6_000, bytes: 51_901_205 },
  520: { megabytes: 520, trades: 300_000, cash: 60_000, bytes: 515_126_049 }
} as const satisfies Readonly<Record<number, Input>>

/** Its path; made where it is not there yet. */
export const statementOf = ({ bytes, cash, megabytes, trades }: Input): string => {
  const path = join(cacheDirectory, `statement-${megabytes}.xml`)
  if (existsSync(path) && statSync(path).size === bytes) return path
  mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 })
  const unfinished = `${path}.${process.pid}`
  const made = generateStatement({ trades, cash, seed: 1, out: unfinished })
  if (made.bytes !== bytes) {
    throw new Error(`the generator made ${made.bytes} bytes and not ${bytes}: figures before and after do not compare`)
  }
  renameSync(unfinished, path)
  return path
}
