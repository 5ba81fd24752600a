import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { FlexClient } from "../../src/Ibkr/FlexClient.ts"
import { fixture } from "../support/fixture.ts"
import { envelope } from "../support/FlexServer.ts"
import { options, scripted } from "./scripted.ts"

/** Milliseconds: many small reads, on a busy machine. */
const patient = 60_000

const week = fixture("week.xml")

/** How many bytes come: none, `every` … and all but the last that matters. */
const cuts = (bytes: Uint8Array, every: number) => {
  const end = Buffer.from(bytes).lastIndexOf(">")
  return [...Array.from({ length: Math.ceil(end / every) }, (_, index) => index * every), end]
}

/** Answers everything with these bytes, compressed as they are. */
const serveCompressed = (bytes: Uint8Array) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly stop: Effect.Effect<void> }>((resume) => {
      const server = createServer((_, response) => {
        response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/xml" })
        response.end(bytes)
      })
      server.listen(0, "127.0.0.1", () => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const { port } = server.address() as AddressInfo
        const stop = Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, stop }))
      })
    }),
    ({ stop }) => stop
  )

const overSockets = (url: string) =>
  FlexClient.layer({ ...options, baseUrl: url, pollInterval: Duration.millis(1), timeout: Duration.seconds(20) })

it.effect("a statement cut short on its way is refused, and not asked for again", () =>
  Effect.gen(function*() {
    const bytes = yield* week
    const answers = cuts(bytes, 10).map((at) => () => new Response(bytes.slice(0, at)))
    const { calls, layer } = scripted(answers, { pollInterval: Duration.zero })
    const errors = yield* FlexClient.use(({ retrieve }) =>
      Effect.forEach(answers, () => Effect.flip(Stream.runDrain(retrieve("777"))))
    ).pipe(Effect.provide(layer))
    assert.lengthOf(calls, errors.length)
    assert.deepStrictEqual(
      new Set(errors.map(({ _tag }) => _tag)),
      new Set(["StatementUnreadable", "StatementTruncated"])
    )
    assert.deepStrictEqual(errors.filter(({ exitCode }) => exitCode !== 8), [])
  }).pipe(Effect.provide(NodeFileSystem.layer)), patient)

describe("Compressed answers", () => {
  it.live("are read on both steps, refusals too", () =>
    Effect.gen(function*() {
      const bytes = yield* week
      const accepted = yield* serveCompressed(gzipSync(envelope({ Status: "Success", ReferenceCode: "777" })))
      assert.strictEqual(
        yield* FlexClient.use(({ send }) => send()).pipe(Effect.provide(overSockets(accepted.url))),
        "777"
      )
      const statement = yield* serveCompressed(gzipSync(bytes))
      const chunks = yield* FlexClient.use(({ retrieve }) => Stream.runCollect(retrieve("777"))).pipe(
        Effect.provide(overSockets(statement.url))
      )
      assert.deepStrictEqual(Buffer.concat(chunks), Buffer.from(bytes))
      const refused = yield* serveCompressed(
        gzipSync(envelope({ Status: "Fail", ErrorCode: "1012", ErrorMessage: "x" }))
      )
      for (
        const step of [
          FlexClient.use(({ send }) => send()),
          FlexClient.use(({ retrieve }) => Stream.runDrain(retrieve("777")))
        ]
      ) {
        const error = yield* step.pipe(Effect.provide(overSockets(refused.url)), Effect.flip)
        assert.strictEqual(error._tag, "FlexTokenExpired")
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)), patient)

  it.live("are cut short when the compression is", () =>
    Effect.gen(function*() {
      const compressed = gzipSync(yield* week)
      for (const part of [0.5, 0.9, 0.99]) {
        const server = yield* serveCompressed(compressed.subarray(0, Math.floor(compressed.length * part)))
        const error = yield* FlexClient.use(({ retrieve }) => Stream.runDrain(retrieve("777"))).pipe(
          Effect.provide(overSockets(server.url)),
          Effect.flip
        )
        assert.deepInclude(error, { _tag: "StatementTruncated", exitCode: 8 })
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)), patient)
})
