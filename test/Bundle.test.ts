import { assert, beforeAll, it } from "@effect/vitest"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import { broker, bundlePath } from "./support/bundle.ts"

let directory = ""
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "broker-sync-bundle-"))
})
afterAll(() => rm(directory, { recursive: true }))

/** Modules of Node that were loaded when the command ended. */
const loadedBy = async (args: ReadonlyArray<string>) => {
  const spy = join(directory, "spy.cjs")
  await writeFile(
    spy,
    `process.on("exit", () => {
      require("node:fs").writeSync(2, "\\nloaded " + JSON.stringify(process.moduleLoadList))
    })`
  )
  const { code, stderr } = await broker(args, { env: { NODE_OPTIONS: `--require=${spy}` } })
  assert.strictEqual(code, 0)
  const [, list = "[]"] = stderr.split("\nloaded ")
  return new Set(JSON.parse(list).map((module: string) => module.replace("NativeModule ", "")))
}

it("the bundle is small, and plain ASCII: V8 keeps any other source at twice the size", async () => {
  const bytes = await readFile(bundlePath)
  assert.isAtMost(bytes.length, 600_000)
  assert.isTrue(bytes.every((byte) => byte < 0x80))
})

it("no source asks of files, responses and statements what the bundle leaves out", async () => {
  const sources = fileURLToPath(new URL("../src", import.meta.url))
  for (const name of await readdir(sources, { recursive: true })) {
    if (!name.endsWith(".ts")) continue
    assert.notMatch(
      await readFile(join(sources, name), "utf8"),
      new RegExp(
        "\\w\\.(chmod|chown|copy|link|lstat|makeTempFile\\w*|readAlloc|readDirectoryEntries|readLink|realPath|seek|symlink|truncate|utimes|watch)\\("
          + "|\\bfile\\.write\\(|(fs|files|fileSystem)\\.stream\\(|(response|reply)\\.(formData|json\\w*|textUnsafe|urlParamsBody|upgrade)\\b"
          + "|`\\.(raw|stream|unprepared|valuesUnprepared)\\b|\\bsql\\.(csv|onDialect|or|updateValues)\\("
      ),
      name
    )
  }
})

for (const args of [["--version"], ["version"], ["--help"], ["ibkr", "--help"]]) {
  it(`${args.join(" ")} loads nothing that a run needs`, async () => {
    const loaded = await loadedBy(args)
    assert.isTrue(loaded.has("stream"), "the spy saw nothing")
    for (const name of ["crypto", "zlib", "http", "https", "tls", "child_process", "readline", "fs/promises", "vm"]) {
      assert.isFalse(loaded.has(name), name)
    }
  })
}
