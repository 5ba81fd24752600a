/**
 * Loaded into the run by `--import`: counts its writes to its own disk and kills it before the nth. Requests say nothing
 * of what stands half-written in the data directory; this does. Kept to node's own modules: it is part of no test.
 */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { DatabaseSync } from "node:sqlite"

const killAt = Number(process.env["CRASH_DISK_AT"] ?? 0)
const listIn = process.env["CRASH_DISK_LIST"]
const seen: Array<string> = []

const write = (what: string) => {
  seen.push(what)
  if (seen.length === killAt) process.kill(process.pid, "SIGKILL")
}

type Functions = Record<string, (...given: Array<unknown>) => unknown>

const watch = (owner: object, name: string, describe: (given: ReadonlyArray<unknown>) => string | undefined) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const functions = owner as Functions
  const original = functions[name]
  functions[name] = function(this: unknown, ...given) {
    const what = describe(given)
    if (what !== undefined) write(what)
    return original?.apply(this, given)
  }
}

const shown = (path: unknown) =>
  String(path).replace(/^.*\/data\/?/, "").replaceAll(/[0-9a-f-]{36}|-\w{6}(?=\/|$)/g, "…")

const named = (name: string) => ([path, to]: ReadonlyArray<unknown>) =>
  `${name} ${shown(path)}${name === "rename" ? ` → ${shown(to)}` : ""}`
const opened = ([path, flags]: ReadonlyArray<unknown>) =>
  typeof flags === "string" && /[wa]/.test(flags) ? `open ${shown(path)}` : undefined

for (const name of ["mkdir", "mkdtemp", "rename", "unlink", "rmdir", "chmod"]) {
  watch(fs, name, named(name))
  watch(fs, `${name}Sync`, named(name))
  watch(fs.promises, name, named(name))
}
for (const [owner, name] of [[fs, "open"], [fs, "openSync"], [fs.promises, "open"]] as const) watch(owner, name, opened)
watch(fs, "write", () => "write")
watch(fs, "writeSync", ([file]) => file === 1 || file === 2 ? undefined : "write")
syncBuiltinESMExports()

// Tables are made in one transaction: which of them are there says nothing.
watch(
  DatabaseSync.prototype,
  "prepare",
  ([sql]) => /^\s*((?:BEGIN|COMMIT|INSERT INTO|UPDATE|DELETE FROM)\b *"?\w*)/.exec(String(sql))?.[1]
)
watch(DatabaseSync.prototype, "exec", ([sql]) => String(sql))

if (listIn !== undefined) process.on("exit", () => fs.writeFileSync(listIn, seen.join("\n")))
