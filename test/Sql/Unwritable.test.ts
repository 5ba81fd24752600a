import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { accessSync, chmodSync, chownSync, constants, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { openInChild, temporaryDirectory } from "./childStore.ts"

const nobody = 65_534

/** Mounts that only the command sees, and that end with it. */
const mounted = (mount: string): ReadonlyArray<string> => [
  "unshare",
  "--mount",
  "--propagation",
  "private",
  "sh",
  "-c",
  `${mount} && exec "$@"`,
  "sh"
]

const canMount = spawnSync("unshare", [...mounted("mount -t tmpfs none /mnt").slice(1), "true"]).status === 0
if (!canMount) console.log("skipped: read-only and full volumes (no mount namespaces here)")

const isRoot = process.getuid?.() === 0
const othersCanRead = () =>
  spawnSync(process.execPath, ["-e", "require('fs').readdirSync(process.argv[1])", process.cwd()], {
    uid: nobody,
    gid: nobody,
    cwd: "/"
  }).status === 0
const canBecomeNobody = isRoot && othersCanRead()
if (!canBecomeNobody) console.log("skipped: a data directory of another user (not root, or the checkout is private)")

const openOnce = (dataDir: string) =>
  SyncRecordStore.use((store) => store.held).pipe(
    Effect.provide(SyncRecordStore.layer({ dataDir, upstream: "U1", tracker: "tracker" }))
  )

const readOnly = (dataDir: string) =>
  mounted(`mount --bind ${dataDir} ${dataDir} && mount -o remount,ro,bind ${dataDir}`)

it.live.skipIf(!canMount)("a read-only volume, new or with a store on it", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const empty = yield* openInChild({ dataDir, upstream: "U1", wrapper: readOnly(dataDir) })
    assert.strictEqual(empty.answer.reason, "read-only")
    assert.strictEqual(empty.answer.exitCode, 10)
    assert.include(empty.answer.message, dataDir)
    assert.include(empty.answer.hint, "read-write")
    yield* openOnce(dataDir)
    const before = readFileSync(join(dataDir, "sync.db"))
    const existing = yield* openInChild({ dataDir, upstream: "U1", wrapper: readOnly(dataDir) })
    assert.strictEqual(existing.answer.reason, "read-only")
    assert.isTrue(before.equals(readFileSync(join(dataDir, "sync.db"))))
  }), 30_000)

it.live.skipIf(!canMount)("only the file itself is read-only", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    yield* openOnce(dataDir)
    const file = join(dataDir, "sync.db")
    const child = yield* openInChild({ dataDir, upstream: "U1", wrapper: readOnly(file) })
    assert.strictEqual(child.answer.reason, "read-only")
    assert.include(child.answer.message, file)
  }), 30_000)

it.live.skipIf(!canMount)("a full volume; nothing is left of the attempt", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const small = `mount -t tmpfs -o size=24k,mode=700 none ${dataDir}`
    const child = yield* openInChild({ dataDir, upstream: "U1", wrapper: mounted(small) })
    assert.strictEqual(child.answer.reason, "full")
    assert.strictEqual(child.answer.exitCode, 10)
    const left = spawnSync("unshare", [
      ...mounted(small).slice(1),
      "sh",
      "-c",
      `'${process.execPath}' '${join(import.meta.dirname, "openStore.ts")}' ${dataDir} U1 >/dev/null; ls ${dataDir}`
    ], { encoding: "utf8" })
    assert.notInclude(left.stdout.split("\n"), "sync.db")
    assert.include(left.stdout.split("\n"), "lock-U1.db")
  }), 30_000)

it.live.skipIf(!canBecomeNobody)(
  "a data directory of another user is named with the user id that may not write",
  () =>
    Effect.gen(function*() {
      const dataDir = yield* temporaryDirectory
      yield* openOnce(dataDir)
      chmodSync(dataDir, 0o755)
      const denied = yield* openInChild({ dataDir, upstream: "U1", uid: nobody })
      assert.strictEqual(denied.answer.reason, "not-permitted")
      assert.include(denied.answer.message, `user id ${nobody}`)
      assert.include(denied.answer.hint, `${nobody}`)

      // The directory is theirs, the files are root's: SQLite would open the lock file read-only and lock nothing.
      chownSync(dataDir, nobody, nobody)
      for (const name of readdirSync(dataDir)) chmodSync(join(dataDir, name), 0o644)
      accessSync(dataDir, constants.W_OK)
      const files = yield* openInChild({ dataDir, upstream: "U1", uid: nobody })
      assert.strictEqual(files.answer.reason, "not-permitted")
      assert.include(files.answer.message, "lock-U1.db")
    }),
  30_000
)
