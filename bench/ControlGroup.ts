import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/**
 * A control group of Linux, made for the processes under the limit where `BENCH_CGROUP` names the folder of one that has
 * memory to give (version 2 with `+memory` in its `cgroup.subtree_control`, or version 1 below `memory/`). Without it
 * none is touched.
 */
export const groupOf = (env: NodeJS.ProcessEnv): string | undefined => {
  const parent = env["BENCH_CGROUP"]
  return parent === undefined || parent === "" ? undefined : join(parent, `broker-sync-bench-${process.pid}`)
}

/** For the shell: the process that it is moves into the group. */
export const inGroup = (group: string): string => `echo $$ > '${group}/cgroup.procs'`

/** The group with its limit, in MiB and without swap, until disposed. */
export const limitGroup = (env: NodeJS.ProcessEnv, mebibytes: number): Disposable => {
  const group = groupOf(env)
  if (group === undefined) return { [Symbol.dispose]: () => undefined }
  mkdirSync(group)
  try {
    const isFirstVersion = existsSync(join(group, "memory.limit_in_bytes"))
    const limits: Readonly<Record<string, number>> = isFirstVersion
      ? { "memory.limit_in_bytes": mebibytes * 2 ** 20, "memory.memsw.limit_in_bytes": mebibytes * 2 ** 20 }
      : { "memory.max": mebibytes * 2 ** 20, "memory.swap.max": 0 }
    for (const [name, value] of Object.entries(limits)) {
      const path = join(group, name)
      if (existsSync(path)) writeFileSync(path, String(value))
    }
  } catch (cause) {
    rmdirSync(group)
    throw cause
  }
  return { [Symbol.dispose]: () => rmdirSync(group) }
}
