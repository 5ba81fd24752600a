import { spawn } from "node:child_process"
import { once } from "node:events"

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What the command may end with; anything but 0 is an error otherwise. */
  readonly anyCode?: boolean
}

/** Runs a command to its end; `out` and `err` are what it wrote. */
export const run = async (command: string, args: ReadonlyArray<string>, options: RunOptions = {}) => {
  const child = spawn(command, args, { env: options.env ?? process.env, stdio: ["ignore", "pipe", "pipe"] })
  let out = ""
  let err = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (err += text))
  const [code] = await once(child, "close")
  if (code !== 0 && options.anyCode !== true) {
    throw new Error(`${command} ${args.join(" ")}\nended with ${code}\n${out.slice(-4000)}${err.slice(-4000)}`)
  }
  return { code: Number(code ?? 1), out: out.trim(), err }
}

export const output = async (command: string, ...args: ReadonlyArray<string>) => (await run(command, args)).out
