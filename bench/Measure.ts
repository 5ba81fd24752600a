import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"

/** A whole process, from its spawn to its exit, as the operating system accounts for it. */
export interface Sample {
  /** Wall clock. */
  readonly seconds: number
  /** User and system time. */
  readonly cpuSeconds: number
  /** Highest resident set, in MiB. */
  readonly peakMiB: number
}

export interface Command {
  readonly command: ReadonlyArray<string>
  /** All there is in its environment, but for PATH. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The file that gets its standard output; without it nothing does. */
  readonly stdout?: string
}

export interface Measured {
  /** Exit code; 128 + the signal's number when one ended it. */
  readonly code: number
  readonly sample: Sample
  readonly stderr: string
}

const wait4 = fileURLToPath(new URL("wait4.py", import.meta.url))
const gnuTime = "/usr/bin/time"

const answer = (command: string, args: ReadonlyArray<string>): string | undefined => {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" })
  return status === 0 ? stdout.trim() : undefined
}

/** The interpreter itself: `python3` may be a script that looks for one, which would be measured, too. */
export const python: string | undefined = answer("python3", ["-c", "import sys; print(sys.executable)"])

/** How processes are measured here: the exact one first, the other in hundredths of a second. */
export const gauge: "wait4" | "time" | undefined = python !== undefined
  ? "wait4"
  : existsSync(gnuTime)
  ? "time"
  : undefined

const through = (report: string): ReadonlyArray<string> => {
  if (gauge === undefined) throw new Error("python3 or /usr/bin/time is needed to measure a process")
  return gauge === "wait4" && python !== undefined
    ? [python, "-I", "-S", wait4]
    : [gnuTime, "-q", "-f", "%U %S %M", "-o", report]
}

/** Waits for its end; a command that fails is measured like any other. */
export const measure = async ({ command, cwd, env, stdout }: Command): Promise<Measured> => {
  const directory = mkdtempSync(join(tmpdir(), "broker-sync-measure-"))
  const report = join(directory, "report")
  const out = stdout === undefined ? "ignore" : openSync(stdout, "w")
  try {
    const [program = "", ...args] = [...through(report), ...command]
    const started = performance.now()
    const child = spawn(program, args, {
      cwd,
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", out, "pipe", "pipe"]
    })
    const [told, stderr] = [collect(child.stdio[3]), collect(child.stderr)]
    const [code] = await once(child, "close")
    const elapsed = (performance.now() - started) / 1000
    return {
      code: typeof code === "number" ? code : 128,
      sample: gauge === "wait4" ? ofWait4(await told) : ofTime(elapsed, readFileSync(report, "utf8")),
      stderr: await stderr
    }
  } finally {
    if (typeof out === "number") closeSync(out)
    rmSync(directory, { recursive: true })
  }
}

const collect = async (stream: unknown): Promise<string> => {
  let text = ""
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  for await (const piece of (stream as Readable).setEncoding("utf8")) text += piece
  return text
}

const ofWait4 = (text: string): Sample => {
  const { cpuSeconds, peakKiB, seconds }: {
    readonly seconds: number
    readonly cpuSeconds: number
    readonly peakKiB: number
  } = JSON.parse(text)
  return { seconds, cpuSeconds, peakMiB: peakKiB / 1024 }
}

const ofTime = (seconds: number, text: string): Sample => {
  const [user = 0, system = 0, kibibytes = 0] = (text.trim().split("\n").at(-1) ?? "").split(" ").map(Number)
  return { seconds, cpuSeconds: user + system, peakMiB: kibibytes / 1024 }
}

/** What an empty process seems to take, in MiB: what is below it cannot be told. */
export const emptyPeak = async (): Promise<number> => {
  const { sample } = await measure({ command: ["true"] })
  if (sample.peakMiB > 20) throw new Error(`an empty process peaks at ${sample.peakMiB.toFixed(0)} MiB: not measured`)
  return sample.peakMiB
}
