import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { type Run, startWorld, type World } from "../e2e/support.ts"
import { isAt, isWrite, type KillPoint, type Moment } from "./KillPoint.ts"
import { typedRows } from "./Rows.ts"
import type { Night, Scenario } from "./Scenario.ts"
import { snapshot } from "./Snapshot.ts"

/** One run on a stage: how it ended, and where it was killed if it was. */
export interface Played {
  readonly run: Run
  /** Every request, in the order seen. */
  readonly moments: ReadonlyArray<Moment>
  readonly millis: number
  readonly isKilled: boolean
  /** The request it was killed at. */
  readonly at: Moment | undefined
}

/** A world just before one night of a scenario, to which it can be brought back. */
export interface Stage extends AsyncDisposable {
  readonly world: World
  readonly night: Night
  /** Rows that are not ours, before the first night. */
  readonly typed: ReadonlyArray<string>
  /** Back to before the night. */
  readonly reset: () => Promise<void>
  /** The night's run; killed at the point, if one is given and met. */
  readonly play: (point?: KillPoint) => Promise<Played>
  /** What the unkilled run writes to its disk, in order. */
  readonly diskWrites: () => Promise<ReadonlyArray<string>>
}

const preload = `--import=${new URL("Disk.ts", import.meta.url).href}`
const attempts = 3
/** Spares each run the compilation of the bundle, as V8 remembers it. */
const compiled = fileURLToPath(new URL("../../node_modules/.cache/crash", import.meta.url))

export const stageBefore = async (scenario: Scenario, index: number): Promise<Stage> => {
  const watching: { watch: ((moment: Moment) => void | Promise<void>) | undefined; flexBase: number; base: number } = {
    watch: undefined,
    flexBase: 0,
    base: 0
  }
  /** A write that waits to be handled after its run was killed. */
  let late: (() => void) | undefined
  let generated = 0

  const atFlex = (phase: Moment["phase"]) => (step: "send" | "get", request: World["flex"]["requests"][number]) =>
    watching.watch?.({
      server: "flex",
      number: world.flex.requests.indexOf(request) + 1 - watching.flexBase,
      phase,
      label: step === "send" ? "SendRequest" : "GetStatement"
    })

  const world = await startWorld({
    flex: { onRequest: atFlex("before"), onHandled: atFlex("after") },
    wealthfolio: {
      loginThrottle: false,
      onRequest: (phase, { method, number, path }) =>
        watching.watch?.({
          server: "wealthfolio",
          number: number - watching.base,
          phase,
          label: `${method} ${path.replace("/api/v1", "").replace(/\?.*$/, "")}`
        })
    },
    env: { LOG_LEVEL: "info" }
  })

  /** IBKR makes each statement anew, and says when: no two are the same file. */
  const stamped = (xml: string) => {
    const time = new Date(++generated * 1000).toISOString().slice(11, 19)
    return xml.replaceAll(/whenGenerated="([\d-]{10});[\d:]{8}"/g, `whenGenerated="$1;${time}"`)
  }

  const prepare = async (night: Night) => {
    const { faults } = world.wealthfolio
    faults.clear()
    for (const { at, fault, times } of night.faults ?? []) faults.next(at, fault, times)
    world.flex.plan("send", ...night.flex?.send ?? [])
    world.flex.plan("get", ...night.flex?.get ?? [])
    const { statement } = night
    world.flex.setStatement((days) => stamped(typeof statement === "string" ? statement : statement(days)))
    await night.before?.(world)
  }

  const perform = async (night: Night, point?: KillPoint, env: Night["env"] = {}): Promise<Played> => {
    const moments: Array<Moment> = []
    let at: Moment | undefined
    let kill = () => {}
    watching.base = world.wealthfolio.requests.length
    watching.flexBase = world.flex.requests.length
    watching.watch = async (moment) => {
      moments.push(moment)
      if (late !== undefined && moment.phase === "before" && isWrite(moment)) await letLateWriteThrough()
      if (at !== undefined || point === undefined || !isAt(point, moment)) return
      at = moment
      kill()
      const held = Promise.withResolvers<void>()
      if (point.kind === "request" && point.phase === "late") late = held.resolve
      await held.promise
    }
    const started = performance.now()
    let timer: NodeJS.Timeout | undefined
    const run = await world.night(night.args, {
      env: {
        NODE_COMPILE_CACHE: compiled,
        ...night.env,
        ...(point?.kind === "disk" ? { NODE_OPTIONS: preload, CRASH_DISK_AT: String(point.number) } : {}),
        ...env
      },
      onStart: (child) => {
        kill = () => void child.kill("SIGKILL")
        if (point?.kind === "random") timer = setTimeout(kill, point.millis)
      }
    })
    clearTimeout(timer)
    const millis = performance.now() - started
    watching.watch = undefined
    // What the dead run had sent already reaches the stand-ins now, not as a request of the next run.
    if (run.code === 137) await sleep(10)
    else if (late !== undefined) await letLateWriteThrough()
    return { run, moments, millis, isKilled: run.code === 137, at }
  }

  const letLateWriteThrough = async () => {
    late?.()
    late = undefined
    await sleep(1)
  }

  await scenario.before?.(world)
  const typed = typedRows(world)
  for (const night of scenario.nights.slice(0, index)) {
    await prepare(night)
    let played = await perform(night)
    for (let attempt = 1; played.run.code !== 0 && attempt < attempts; attempt++) played = await perform(night)
    if (played.run.code !== 0) throw new Error(`${scenario.name}, ${night.name}: ${played.run.stderr}`)
  }
  const night = scenario.nights[index]
  if (night === undefined) throw new Error(`${scenario.name} has no night ${index}`)
  const back = await snapshot(world)
  await prepare(night)

  return {
    world,
    night,
    typed,
    reset: async () => {
      late = undefined
      await back()
      await prepare(night)
    },
    play: (point) => perform(night, point),
    diskWrites: async () => {
      const list = join(world.directory, "disk")
      await perform(night, undefined, { NODE_OPTIONS: preload, CRASH_DISK_LIST: list })
      return (await readFile(list, "utf8")).split("\n")
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]()
  }
}
