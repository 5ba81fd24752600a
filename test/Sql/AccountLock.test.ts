import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { lockFileName } from "../../src/Sql/AccountLock.ts"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { openInChild, temporaryDirectory } from "./childStore.ts"

const openHere = (dataDir: string, upstream: string) =>
  SyncRecordStore.use((store) => store.held).pipe(
    Effect.provide(SyncRecordStore.layer({ dataDir, upstream, tracker: "tracker" }))
  )

it.live("a second run for the account fails at once, until the first has ended", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const holder = yield* openInChild({ dataDir, upstream: "U1", hold: true })
    assert.isTrue(holder.answer.opened)
    const refused = yield* Effect.flip(openHere(dataDir, "U1"))
    assert.strictEqual(refused.reason, "locked")
    assert.strictEqual(refused.exitCode, 10)
    assert.include(refused.message, "another run for account U1 is in progress")
    const child = yield* openInChild({ dataDir, upstream: "U1" })
    assert.strictEqual(child.answer.reason, "locked")
    yield* holder.end
    yield* openHere(dataDir, "U1")
  }), 30_000)

it.live("a killed run leaves no lock", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const holder = yield* openInChild({ dataDir, upstream: "U1", hold: true })
    yield* Effect.flip(openHere(dataDir, "U1"))
    yield* holder.kill
    yield* openHere(dataDir, "U1")
  }), 30_000)

it.live("two accounts of one data directory do not block each other", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const both = yield* Effect.all([
      openInChild({ dataDir, upstream: "U1", hold: true }),
      openInChild({ dataDir, upstream: "U2", hold: true })
    ], { concurrency: 2 })
    assert.deepStrictEqual(both.map((child) => child.answer), [{ opened: true }, { opened: true }])
    yield* openHere(dataDir, "U3")
  }), 30_000)

it.live("within one process the lock ends with the layer", () =>
  Effect.gen(function*() {
    const dataDir = yield* temporaryDirectory
    const inner = yield* openHere(dataDir, "U1").pipe(
      Effect.flip,
      Effect.provide(SyncRecordStore.layer({ dataDir, upstream: "U1", tracker: "other" }))
    )
    assert.strictEqual(inner.reason, "locked")
    yield* openHere(dataDir, "U1")
    assert.strictEqual(statSync(join(dataDir, "lock-U1.db")).mode & 0o777, 0o600)
  }))

it("an account never leaves the directory by its name, and never shares a file with another", () => {
  const names = ["U1", "U1F", "u/1", "u_1", "u 1", "../u1", "", "x".repeat(300)].map(lockFileName)
  assert.strictEqual(new Set(names).size, names.length)
  for (const name of names) {
    assert.match(name, /^lock-[A-Za-z0-9_-]*\.db$/)
    assert.isBelow(name.length, 100)
  }
  assert.isFalse(existsSync(lockFileName("U1")))
})
