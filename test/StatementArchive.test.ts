import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { gunzipSync } from "node:zlib"
import * as PlainDates from "../src/Portfolio/PlainDate.ts"
import { archivedFiles, keepStatement, removeHalfKept, unpackStatement } from "../src/StatementArchive.ts"

const name = {
  account: "U1234567",
  from: PlainDates.of("2026-01-05"),
  to: PlainDates.of("2026-01-09"),
  sha256: "0123456789abcdef0123456789abcdef"
}

const statement = `<FlexQueryResponse>${"<Trade symbol=\"VUSÄ\" />\n".repeat(5000)}</FlexQueryResponse>`

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "broker-sync-archive-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

/** Where it stands: the name is below the data directory, which may be mounted elsewhere tomorrow. */
const keep = (dataDir: string, source: string, kept = name) =>
  Effect.map(keepStatement(dataDir, source, kept), (path) => join(dataDir, path))

const withSource = Effect.gen(function*() {
  const dataDir = yield* directory
  const source = join(dataDir, "source.xml")
  yield* Effect.promise(() => writeFile(source, statement))
  return { dataDir, source }
})

it.live("keeps a statement whole and private, under a name that says what it is, and gives it back", () =>
  Effect.gen(function*() {
    const { dataDir, source } = yield* withSource
    const kept = yield* keepStatement(dataDir, source, name)
    assert.strictEqual(
      kept,
      join("statements", "U1234567_2026-01-05_2026-01-09_0123456789abcdef0123456789abcdef.xml.gz")
    )
    const path = join(dataDir, kept)
    const bytes = yield* Effect.promise(() => readFile(path))
    assert.strictEqual(gunzipSync(bytes).toString(), statement)
    assert.isBelow(bytes.length, statement.length / 10)
    const modes = yield* Effect.promise(() => Promise.all([stat(path), stat(join(dataDir, "statements"))]))
    assert.deepStrictEqual(modes.map(({ mode }) => mode & 0o777), [0o600, 0o700])
    assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(dataDir, "statements"))), [
      "U1234567_2026-01-05_2026-01-09_0123456789abcdef0123456789abcdef.xml.gz"
    ])

    const target = join(dataDir, "unpacked")
    yield* unpackStatement(path, target)
    assert.strictEqual(yield* Effect.promise(() => readFile(target, "utf8")), statement)
    assert.strictEqual((yield* Effect.promise(() => stat(target))).mode & 0o777, 0o600)
    // The same statement once more is the same file.
    assert.strictEqual(yield* keepStatement(dataDir, source, name), kept)
  }))

it.live("a half-written file of a run that was killed is replaced", () =>
  Effect.gen(function*() {
    const { dataDir, source } = yield* withSource
    const path = yield* keep(dataDir, source)
    yield* Effect.promise(async () => {
      await rm(path)
      await writeFile(`${path}.part`, "half", { mode: 0o644 })
    })
    yield* keepStatement(dataDir, source, name)
    assert.strictEqual(gunzipSync(yield* Effect.promise(() => readFile(path))).toString(), statement)
    assert.strictEqual((yield* Effect.promise(() => stat(path))).mode & 0o777, 0o600)
    assert.strictEqual((yield* Effect.promise(() => readdir(join(dataDir, "statements")))).length, 1)
  }))

it.live("an account's name cannot lead out of the directory", () =>
  Effect.gen(function*() {
    const { dataDir, source } = yield* withSource
    const path = yield* keep(dataDir, source, { ...name, account: "../../U1/x" })
    assert.isTrue(path.startsWith(join(dataDir, "statements", "______U1_x_")))
  }))

it.live("what cannot be kept or read says so, exit 10, and leaves no half of a file", () =>
  Effect.gen(function*() {
    const { dataDir, source } = yield* withSource
    const blocked = yield* directory
    yield* Effect.promise(() => writeFile(join(blocked, "statements"), "a file"))
    const refused = yield* Effect.flip(keepStatement(blocked, source, name))
    assert.strictEqual(refused.exitCode, 10)
    assert.include(refused.message, join(blocked, "statements"))

    const archived = yield* keep(dataDir, source)
    const whole = yield* Effect.promise(() => readFile(archived))
    const damaged = join(dataDir, "damaged.gz")
    const target = join(dataDir, "target")
    for (const bytes of [whole.subarray(0, whole.length / 2), Buffer.from("no gzip"), Buffer.alloc(0)]) {
      yield* Effect.promise(() => writeFile(damaged, bytes))
      const error = yield* Effect.flip(unpackStatement(damaged, target))
      assert.strictEqual(error._tag, "ArchiveError")
      assert.strictEqual(error.exitCode, 10)
      assert.notInclude(yield* Effect.promise(() => readdir(dataDir)), "target")
    }
    yield* Effect.promise(() => mkdir(target))
    assert.strictEqual(
      (yield* Effect.flip(unpackStatement(join(dataDir, "nowhere.gz"), join(target, "x")))).exitCode,
      10
    )
  }))

it.live("what a killed run of this account left half-written is removed, and nothing else", () =>
  Effect.gen(function*() {
    const { dataDir, source } = yield* withSource
    yield* removeHalfKept(dataDir, "U1234567")
    const kept = yield* keep(dataDir, source)
    const others = ["U7654321", "U12345678"].map((account) => kept.replace("U1234567", account) + ".part")
    for (const path of [`${kept}.part`, `${kept.replace("U1234567", "U1234567F")}.part`, ...others]) {
      yield* Effect.promise(() => writeFile(path, "half"))
    }
    yield* removeHalfKept(dataDir, "U1234567")
    const names = yield* Effect.promise(() => readdir(join(dataDir, "statements")))
    assert.deepStrictEqual(names.sort(), [kept, ...others].map((path) => basename(path)).sort())
  }))

it.effect("what is kept of an account is found by its names, older and shorter ones too, and nobody else's", () =>
  Effect.gen(function*() {
    const { dataDir } = yield* withSource
    const names = [
      `U1234567_2026-01-05_2026-01-09_${"a".repeat(64)}.xml.gz`,
      `U1234567F_2026-01-05_2026-01-09_${"b".repeat(16)}.xml.gz`,
      `U12345678_2026-01-05_2026-01-09_${"c".repeat(64)}.xml.gz`,
      `U1234567_2026-01-05_2026-01-09_${"d".repeat(64)}.xml.gz.part`,
      "notes.txt"
    ]
    yield* Effect.promise(async () => {
      await mkdir(join(dataDir, "statements"), { recursive: true })
      for (const each of names) await writeFile(join(dataDir, "statements", each), "")
    })
    const found = yield* archivedFiles(dataDir, "U1234567")
    assert.deepStrictEqual(found.map(({ from, path, to }) => [path, from, to]), [
      [join("statements", names[1] ?? ""), "2026-01-05", "2026-01-09"],
      [join("statements", names[0] ?? ""), "2026-01-05", "2026-01-09"]
    ])
    assert.deepStrictEqual(yield* archivedFiles(join(dataDir, "nowhere"), "U1234567"), [])
  }))
