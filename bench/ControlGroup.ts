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
    const [memory, swap] = isFirstVersion
      ? ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
      : ["memory.max", "memory.swap.max"]
    if (!existsSync(join(group, memory))) throw new Error(`BENCH_CGROUP: no group below it has a ${memory}`)
    writeFileSync(join(group, memory), String(mebibytes * 2 ** 20))
    // That of version 1 counts memory and swap together; a machine without swap has neither.
    if (existsSync(join(group, swap))) {
      writeFileSync(join(group, swap), isFirstVersion ? String(mebibytes * 2 ** 20) : "0")
    }
  } catch (cause) {
    rmdirSync(group)
    throw cause
  }
  return { [Symbol.dispose]: () => rmdirSync(group) }
}
