import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** A real service on a free port of loopback; it ends with its scope, or at the latest with the test process. */
export interface Daemon extends AsyncDisposable {
  readonly url: string
  readonly pid: number
}

/** Polled until it is there. Far beyond what a busy machine needs: what never comes is a failure, not a matter of speed. */
export const eventually = async <A>(what: string, look: () => Promise<A | undefined>): Promise<A> => {
  const until = Date.now() + 30_000
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (Date.now() > until) throw new Error(`waited 30 seconds in vain: ${what}`)
    await sleep(50)
  }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  return typeof address === "object" && address !== null ? address.port : 0
}

const isReady = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(`${url}/-/ready`)).ok
  } catch {
    return false
  }
}

interface Program {
  /** Also the name of Debian's package. */
  readonly binary: string
  readonly args: (address: string) => ReadonlyArray<string>
}

/** `undefined` when it ended before it was ready: another process may have taken the port meanwhile. */
const startOn = async (port: number, { args, binary }: Program, said: Array<string>): Promise<Daemon | undefined> => {
  const child = spawn(binary, args(`127.0.0.1:${port}`), { stdio: ["ignore", "pipe", "pipe"] })
  const kill = () => void child.kill("SIGKILL")
  process.once("exit", kill)
  const hear = (text: string) => void said.push(text)
  child.stdout.setEncoding("utf8").on("data", hear)
  child.stderr.setEncoding("utf8").on("data", hear)
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const end = async () => {
    process.off("exit", kill)
    if (!hasEnded()) child.kill()
    const overdue = setTimeout(kill, 10_000)
    await closed
    clearTimeout(overdue)
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await eventually(`${binary} is ready`, async () => hasEnded() || (await isReady(url)) || undefined)
  } catch (error) {
    await end()
    throw error
  }
  if (!hasEnded()) return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: end }
  await end()
  return undefined
}

export const startDaemon = async (program: Program): Promise<Daemon> => {
  const { binary } = program
  if (spawnSync(binary, ["--version"]).error !== undefined) {
    throw new Error(`${binary} is not on the PATH; on Debian: apt-get install ${binary}`)
  }
  const said: Array<string> = []
  for (let attempt = 0; attempt < 5; attempt++) {
    const daemon = await startOn(await freePort(), program, said)
    if (daemon !== undefined) return daemon
  }
  throw new Error(`${binary} does not start:\n${said.join("").slice(-2000)}`)
}

export const startPushgateway = (): Promise<Daemon> =>
  startDaemon({
    binary: "prometheus-pushgateway",
    args: (address) => [`--web.listen-address=${address}`]
  })

/** Scrapes that gateway several times a second, with the labels of the pushes left as they are. */
export const startPrometheus = async (gateway: Daemon): Promise<Daemon> => {
  const directory = await mkdtemp(join(tmpdir(), "broker-sync-prometheus-"))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const config = join(directory, "prometheus.yml")
    // JSON is YAML.
    await writeFile(
      config,
      JSON.stringify({
        scrape_configs: [{
          job_name: "pushgateway",
          honor_labels: true,
          scrape_interval: "250ms",
          scrape_timeout: "250ms",
          static_configs: [{ targets: [new URL(gateway.url).host] }]
        }]
      })
    )
    const daemon = await startDaemon({
      binary: "prometheus",
      args: (address) => [
        `--web.listen-address=${address}`,
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, "data")}`
      ]
    })
    return {
      ...daemon,
      [Symbol.asyncDispose]: async () => {
        await daemon[Symbol.asyncDispose]()
        await remove()
      }
    }
  } catch (error) {
    await remove()
    throw error
  }
}
