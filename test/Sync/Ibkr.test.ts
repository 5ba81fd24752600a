import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, FileSystem, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { FlexClient } from "../../src/Ibkr/FlexClient.ts"
import {
  FlexBusy,
  type FlexError,
  FlexLockedOut,
  FlexTokenExpired,
  StatementTimeout
} from "../../src/Ibkr/FlexError.ts"
import type { RunSummary } from "../../src/Metrics.ts"
import { SyncRecordStore } from "../../src/SyncRecordStore.ts"
import { aapl, balance, cash, dividend, position, statement, trade, vusa } from "../e2e/statement.ts"
import { fixture } from "../support/fixture.ts"
import { ibkrWorld } from "./ibkrWorld.ts"
import { atNight, failure, night } from "./world.ts"

/** The IBKR adapter in the pipeline: statements as bytes, everything behind and before them a fixture. */

const temporaryDirectory = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

const day = (to: string, shares: number) =>
  statement({
    from: to,
    to,
    trades: [trade("61", vusa, 10, "80", "2026-01-05"), trade("62", aapl, 3, "200", "2026-01-05")],
    cash: [
      cash("71", "Deposits", "1000", "GBP", "2026-01-05"),
      cash("72", "Deposits", "1000", "USD", "2026-01-05"),
      dividend("73", aapl, "2.5", "USD", "2026-01-05")
    ],
    positions: [position(vusa, shares), position(aapl, 3)],
    balances: [balance("GBP", "0", "199"), balance("USD", "0", "401.5")]
  })

describe("the pipeline over IBKR's statements", () => {
  it.effect("a week: everything is in, nothing drifts; the same again, to the last digit", () =>
    Effect.gen(function*() {
      yield* atNight
      const week = new TextDecoder().decode(yield* fixture("week.xml"))
      const once = Effect.gen(function*() {
        const pushed: Array<RunSummary> = []
        const directory = yield* temporaryDirectory
        const result = yield* night().pipe(Effect.provide(ibkrWorld({ statement: week, directory, pushed })))
        return { result, pushed }
      })
      const first = yield* once
      assert.strictEqual(first.result.counts.imported, 15)
      assert.isTrue(first.result.reconciled)
      for (const { drift } of first.result.positions) assert.strictEqual(drift, "0")
      for (const { drift, trackerDrift } of first.result.cash) assert.deepStrictEqual([drift, trackerDrift], ["0", "0"])
      assert.deepStrictEqual(yield* once, first)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("nights in a row: known rows are dropped, the latest day is compared, an older one is not", () =>
    Effect.gen(function*() {
      yield* atNight
      const directory = yield* temporaryDirectory
      const days = [day("2026-01-06", 10), day("2026-01-07", 12), day("2026-01-05", 10), day("2026-01-08", 10)]
      const [first, second, third, fourth] = yield* Effect.forEach(["1", "2", "3", "4"], (runId) => night({ runId }))
        .pipe(
          Effect.provide(ibkrWorld({ statement: days, directory }))
        )
      assert.deepStrictEqual(
        [first, second, third, fourth].map((each) => [each.counts.imported, each.reconciled, each.positions[1].drift]),
        [[5, true, "0"], [0, true, "2"], [0, false, undefined], [0, true, "0"]]
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("a statement that could not be imported is, by the next run, before IBKR is asked", () =>
    Effect.gen(function*() {
      yield* atNight
      const directory = yield* temporaryDirectory
      const tracker = { isUp: false }
      const account = { id: "account-1", name: "IBKR", currency: "GBP", timeZone: "UTC" }
      const repo = {
        account: Effect.suspend(() => tracker.isUp ? Effect.succeed(account) : Effect.fail(failure(9)))
      }
      const days = [
        day("2026-01-06", 10),
        statement({ from: "2026-01-07", to: "2026-01-07", positions: [position(vusa, 10), position(aapl, 3)] })
      ]
      yield* Effect.gen(function*() {
        const store = yield* SyncRecordStore
        const down = yield* night({ runId: "1" })
        assert.strictEqual(down.error.exitCode, 9)
        assert.deepStrictEqual((yield* store.statements).map(({ imported }) => imported), [false])
        assert.strictEqual(yield* store.latestToDate, undefined)
        tracker.isUp = true
        const up = yield* night({ runId: "2" })
        assert.strictEqual(up.counts.imported, 5)
        assert.deepStrictEqual(up.statements.map(({ toDate }: { readonly toDate: string }) => toDate), [
          "2026-01-06",
          "2026-01-07"
        ])
        assert.isTrue(up.reconciled)
        assert.deepStrictEqual((yield* store.statements).map(({ imported }) => imported), [true, true])
      }).pipe(Effect.provide(ibkrWorld({ statement: days, directory, repo })))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("a statement of another account leaves neither file nor record, one that cannot serve is kept", () =>
    Effect.gen(function*() {
      yield* atNight
      const files = yield* FileSystem.FileSystem
      const useless = statement({ positions: null })
      const cases = [[statement({}, { account: "U7654321" }), 3, 0], [useless, 5, 1], ["<a/>", 8, 0]] as const
      for (const [xml, exitCode, kept] of cases) {
        const directory = yield* temporaryDirectory
        yield* Effect.gen(function*() {
          const store = yield* SyncRecordStore
          assert.strictEqual((yield* night()).error.exitCode, exitCode)
          assert.lengthOf((yield* store.statements).filter(({ imported }) => imported), kept)
        }).pipe(Effect.provide(ibkrWorld({ statement: xml, directory })))
        assert.lengthOf(yield* files.readDirectory(directory), kept)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("the memory of Flex requests", () => {
  const xml = day("2026-01-06", 10)

  /** Fails as scripted, then serves; counts what was sent and which references were polled. */
  const scripted = (script: { readonly send?: ReadonlyArray<FlexError>; readonly get?: ReadonlyArray<FlexError> }) => {
    const [send, get] = [[...script.send ?? []], [...script.get ?? []]]
    const seen = { sent: 0, polled: new Array<string>() }
    const flex = Layer.succeed(
      FlexClient,
      FlexClient.of({
        send: () =>
          Effect.suspend(() => {
            seen.sent++
            const error = send.shift()
            return error === undefined ? Effect.succeed(String(seen.sent)) : Effect.fail(error)
          }),
        retrieve: (reference) =>
          Stream.suspend(() => {
            seen.polled.push(reference)
            const error = get.shift()
            return error === undefined ? Stream.make(new TextEncoder().encode(xml)) : Stream.fail(error)
          })
      })
    )
    return { flex, seen }
  }

  const nights = (
    script: Parameters<typeof scripted>[0],
    waits: ReadonlyArray<Duration.Input>
  ) =>
    Effect.gen(function*() {
      yield* atNight
      const { flex, seen } = scripted(script)
      const directory = yield* temporaryDirectory
      const codes = yield* Effect.gen(function*() {
        const codes = [(yield* night({ runId: "0" })).error?.exitCode ?? 0]
        for (const [index, wait] of waits.entries()) {
          yield* TestClock.adjust(wait)
          codes.push((yield* night({ runId: String(index + 1) })).error?.exitCode ?? 0)
        }
        return codes
      }).pipe(Effect.provide(ibkrWorld({ statement: xml, directory, flex })))
      return { codes, ...seen }
    }).pipe(Effect.provide(NodeFileSystem.layer))

  it.effect("after 1001 nothing is sent for an hour", () =>
    Effect.gen(function*() {
      const busy = new FlexBusy({ code: 1001, text: "try again shortly" })
      const { codes, polled, sent } = yield* nights({ send: [busy] }, ["59 minutes", "59 seconds", "1 second"])
      assert.deepStrictEqual(codes, [6, 6, 6, 0])
      assert.strictEqual(sent, 2)
      assert.deepStrictEqual(polled, ["2"])
    }))

  it.effect("after 1025 nothing is sent for a day", () =>
    Effect.gen(function*() {
      const locked = new FlexLockedOut({ code: 1025, text: "too many failed attempts" })
      const { codes, sent } = yield* nights({ send: [locked] }, ["23 hours", "59 minutes", "1 minute"])
      assert.deepStrictEqual(codes, [7, 7, 7, 0])
      assert.strictEqual(sent, 2)
    }))

  it.effect("after an expired token the next run may send", () =>
    Effect.gen(function*() {
      const expired = new FlexTokenExpired({ code: 1012, text: "Token has expired." })
      const { codes, sent } = yield* nights({ send: [expired] }, ["1 minute"])
      assert.deepStrictEqual(codes, [4, 0])
      assert.strictEqual(sent, 2)
    }))

  it.effect("a reference that was not ready is polled again for 12 hours, then left", () =>
    Effect.gen(function*() {
      const late = () =>
        new StatementTimeout({ waited: Duration.minutes(5), pause: Duration.seconds(6), last: "code 1019" })
      const { codes, polled, sent } = yield* nights({ get: [late(), late()] }, ["11 hours", "2 hours", "1 minute"])
      assert.deepStrictEqual(codes, [6, 6, 0, 0])
      assert.deepStrictEqual(polled, ["1", "1", "2", "3"])
      assert.strictEqual(sent, 3)
    }))
})
