import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os"
import { emptyPeak, python } from "./Measure.ts"
import type { Machine } from "./Measurement.ts"

const said = (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}): string =>
  spawnSync(command, args, { encoding: "utf8", env: { ...process.env, ...env } }).stdout.trim()

const distribution = (): string => {
  const file = "/etc/os-release"
  const name = existsSync(file) ? /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync(file, "utf8"))?.[1] : undefined
  return `${name === undefined ? "" : `${name}, `}${type()} ${release()} ${arch()}`
}

/** `ibflex`: the folder of its checkout. */
export const machine = async (ibflex: string | undefined): Promise<Machine> => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  os: distribution(),
  node: process.version,
  ...(python === undefined ? {} : { python: said(python, ["--version"]).replace("Python ", "") }),
  ...(python === undefined || ibflex === undefined ? {} : {
    ibflex: said(python, ["-c", "import ibflex; print(ibflex.__version__)"], { PYTHONPATH: ibflex })
  }),
  date: new Date().toISOString().slice(0, 10),
  load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  emptyPeakMiB: Math.round(await emptyPeak())
})
