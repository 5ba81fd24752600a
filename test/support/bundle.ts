import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

export const bundlePath = fileURLToPath(new URL("../../dist/broker-sync.mjs", import.meta.url))

export interface Finished {
  /** Exit code; 128 + the signal's number when one ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly stdin?: string | Uint8Array
  /** A command that runs the one it is given: `unshare …`. */
  readonly through?: ReadonlyArray<string>
  /** Called with the process once it runs, to signal it. */
  readonly onStart?: (
    child: { readonly pid?: number | undefined; readonly kill: (signal: NodeJS.Signals) => boolean }
  ) => void
}

/** The bundle as its user runs it: a process of its own, with nothing in its environment but what is given. */
export const broker = async (args: ReadonlyArray<string>, options: RunOptions = {}): Promise<Finished> => {
  const [command = process.execPath, ...rest] = [...options.through ?? [], process.execPath, bundlePath, ...args]
  const child = spawn(command, rest, {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], ...options.env },
    stdio: ["pipe", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text))
  child.stdin.on("error", () => undefined).end(options.stdin)
  options.onStart?.(child)
  const [code, signal] = await once(child, "close")
  return { code: typeof code === "number" ? code : signal === "SIGKILL" ? 137 : 143, stdout, stderr }
}
