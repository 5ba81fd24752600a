import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result, Stream } from "effect"
import { FlexClient } from "../../src/Ibkr/FlexClient.ts"
import { emptyStatement, envelope } from "../support/FlexServer.ts"
import { failure, get, scripted, send, timed } from "./scripted.ts"

describe("FlexClient reads bodies", () => {
  const body = (content: string | null, init?: ResponseInit) => () => new Response(content, init)
  /** Chunks of these sizes, then the end, an error, or silence. */
  const chunked = (content: string, size: number, end: "close" | "error" | "silence" = "close") => () => {
    const bytes = new TextEncoder().encode(content)
    let at = 0
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (at < bytes.length) return controller.enqueue(bytes.subarray(at, at += size))
          if (end === "close") return controller.close()
          if (end === "error") {
            return controller.error(Object.assign(new Error("terminated"), { code: "UND_ERR_SOCKET" }))
          }
          return new Promise(() => {})
        }
      })
    )
  }
  const half = emptyStatement.slice(0, 150)

  const good: Record<string, () => Response> = {
    "byte by byte": chunked(emptyStatement, 1),
    "with a byte order mark and a declaration": body(`\uFEFF<?xml version="1.0"?>\n${emptyStatement}`),
    "whatever the content type": body(emptyStatement, { headers: { "content-type": "text/html" } }),
    "an empty root": body("<FlexQueryResponse queryName=\"x\"/>"),
    "a compressed body, whose length is another": body(emptyStatement, {
      headers: { "content-encoding": "gzip", "content-length": "17" }
    })
  }
  for (const [name, response] of Object.entries(good)) {
    it.effect(`takes ${name}`, () =>
      Effect.gen(function*() {
        const { result } = yield* timed([response], get)
        assert.strictEqual(Result.getOrUndefined(result), yield* Effect.promise(() => response().text()))
      }))
  }

  it.effect("hands the bytes on as they are", () =>
    Effect.gen(function*() {
      const content = `\uFEFF${emptyStatement.replace("broker-sync", "é€𝄞 ")}`
      const { layer } = scripted([chunked(content, 7)], { pollInterval: Duration.zero })
      const chunks = yield* FlexClient.use(({ retrieve }) => Stream.runCollect(retrieve("777"))).pipe(
        Effect.provide(layer)
      )
      assert.deepStrictEqual(Buffer.concat(chunks), Buffer.from(content))
    }))

  const bad: ReadonlyArray<readonly [string, () => Response, string, number, string]> = [
    ["html", body("<!DOCTYPE html><html></html>"), "StatementUnreadable", 8, "web page"],
    ["csv", body("\"ClientAccountID\",\"Symbol\"\n"), "StatementUnreadable", 8, "format of the Flex Query to XML"],
    ["csv with sections", body("BOF,U1\n"), "StatementUnreadable", 8, "format of the Flex Query to XML"],
    ["an empty text", body(""), "StatementUnreadable", 8, "nothing"],
    ["no body", body(null), "StatementUnreadable", 8, "nothing"],
    ["a doctype", body(`<!DOCTYPE x [<!ENTITY a "b">]>${emptyStatement}`), "StatementUnreadable", 8, "DOCTYPE"],
    [
      "an acceptance",
      body(envelope({ Status: "Success", ReferenceCode: "1" })),
      "StatementUnreadable",
      8,
      "wrong kind"
    ],
    ["half a reply", body("<FlexStatementResponse><Status>Fa"), "StatementUnreadable", 8, "not well-formed"],
    [
      "an endless reply",
      chunked(`<FlexStatementResponse>${"x".repeat(200_000)}`, 50_000, "silence"),
      "StatementUnreadable",
      8,
      "not well-formed"
    ],
    ["an orderly end too soon", body(half), "StatementTruncated", 8, "after 150 bytes"],
    ["a broken connection", chunked(half, 40, "error"), "StatementTruncated", 8, "UND_ERR_SOCKET"],
    [
      "another length",
      body(emptyStatement, { headers: { "content-length": "9999" } }),
      "StatementTruncated",
      8,
      "9999"
    ],
    [
      "a redirect",
      body(null, { status: 302, headers: { location: "https://evil.example/x?t=token-123" } }),
      "FlexRedirected",
      6,
      "evil.example"
    ]
  ]
  for (const [name, response, tag, exitCode, words] of bad) {
    it.effect(`refuses ${name}`, () =>
      Effect.gen(function*() {
        const { ended, result, times } = yield* timed([response], get)
        assert.deepStrictEqual([ended, times], [tag, [6]])
        assert.strictEqual(failure(result)?.exitCode, exitCode)
        assert.include(`${failure(result)?.message} ${failure(result)?.hint}`, words)
      }))
  }

  it.effect("a body that stalls is given up when the timeout is over", () =>
    Effect.gen(function*() {
      const { ended, endedAt, times } = yield* timed([chunked(half, 40, "silence")], get)
      assert.deepStrictEqual([times, ended, endedAt], [[6], "StatementTimeout", 306])
    }))

  it.effect("a connection that breaks before the root is known is tried again", () =>
    Effect.gen(function*() {
      const { ended, times } = yield* timed([chunked("<Flex", 2, "error"), "statement"], get)
      assert.deepStrictEqual([times, ended], [[6, 8], "success"])
    }))

  it.effect("an envelope counts whatever the HTTP status", () =>
    Effect.gen(function*() {
      const refusal = envelope({ Status: "Fail", ErrorCode: "1012", ErrorMessage: "Token has expired." })
      assert.strictEqual((yield* timed([body(refusal, { status: 500 })], get)).ended, "FlexTokenExpired")
    }))

  it.effect("IBKR's text becomes one short line without what the alert looks for", () =>
    Effect.gen(function*() {
      const odd = `line one\n\tcode 1003\u0007 token-123 ${"x".repeat(1000)}`
      const refusal = envelope({ Status: "Fail", ErrorCode: "1014", ErrorMessage: odd })
      const message = failure((yield* timed([body(refusal)], send)).result)?.message ?? ""
      assert.include(message, "line one code: 1003 <token> xxx")
      assert.notMatch(message, /\p{Cc}|token-123|code 1003/u)
      assert.isBelow(message.length, 400)
    }))
})
