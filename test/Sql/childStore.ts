import { Effect, Schema } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const script = fileURLToPath(new URL("openStore.ts", import.meta.url))

const Answer = Schema.fromJsonString(Schema.Struct({
  opened: Schema.Boolean,
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
  hint: Schema.optionalKey(Schema.String),
  exitCode: Schema.optionalKey(Schema.Int)
}))

export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "broker-sync-store-"))),
  (path) =>
    Effect.sync(() => {
      chmodSync(path, 0o700)
      rmSync(path, { recursive: true, force: true })
    })
)

const kill = (child: ChildProcess) =>
  Effect.promise(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill("SIGKILL")
    await once(child, "close")
  })

/** Starts a process that opens the store and keeps it until it is ended; `shell` runs before it in the same process. */
export const openInChild = Effect.fnUntraced(function*(options: {
  readonly dataDir: string
  readonly upstream: string
  readonly hold?: boolean
  readonly uid?: number
  /** A command that runs the rest of its arguments. */
  readonly wrapper?: ReadonlyArray<string>
}) {
  const [command = process.execPath, ...rest] = [
    ...options.wrapper ?? [],
    process.execPath,
    script,
    options.dataDir,
    options.upstream,
    ...(options.hold === true ? ["hold"] : [])
  ]
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(command, rest, {
        stdio: ["pipe", "pipe", "pipe"],
        cwd: "/",
        ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid })
      })
    ),
    kill
  )
  const complaints: Array<string> = []
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text))
  const line = yield* Effect.callback<string>((resume) => {
    createInterface({ input: child.stdout }).once("line", (text) => resume(Effect.succeed(text)))
    child.once("error", (cause) => resume(Effect.die(cause)))
    child.once("close", (code) => resume(Effect.die(new Error(`no answer, exit ${code}: ${complaints.join("")}`))))
  })
  const answer = yield* Schema.decodeEffect(Answer)(line)
  const end = Effect.promise(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, "close")
  })
  return { answer, kill: kill(child), end }
})
