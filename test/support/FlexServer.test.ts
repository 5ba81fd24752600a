import { afterEach, assert, describe, it } from "@effect/vitest"
import { emptyStatement, type FlexServer, type FlexServerOptions, type FlexStep, startFlex } from "./FlexServer.ts"

describe("FlexServer", () => {
  let server: FlexServer | undefined
  afterEach(() => server?.close())

  const start = async (options?: FlexServerOptions) => server = await startFlex(options)
  const ask = (step: string, query: Record<string, string>, init?: RequestInit) =>
    fetch(`${server?.url}/${step}?${new URLSearchParams({ t: "token-123", v: "3", ...query })}`, init)
  const text = async (step: string, query: Record<string, string>) => (await ask(step, query)).text()
  const referenceOf = (xml: string) => /<ReferenceCode>(\d+)</.exec(xml)?.[1] ?? ""

  it("plays a success by default and remembers what was asked", async () => {
    await start()
    const reference = referenceOf(await text("SendRequest", { q: "42" }))
    assert.match(reference, /^\d+$/)
    assert.strictEqual(await text("GetStatement", { q: reference }), emptyStatement)
    assert.deepStrictEqual(server?.requests.map(({ number, phase, query }) => [phase, number, query["q"]]), [
      ["send", 1, "42"],
      ["get", 1, reference]
    ])
  })

  it("checks token, query, version, days and reference like IBKR", async () => {
    await start({ token: "token-123", queryId: "42" })
    assert.include(await text("SendRequest", { q: "42", t: "another" }), "<ErrorCode>1015<")
    assert.include(await text("SendRequest", { q: "43" }), "<ErrorCode>1014<")
    assert.include(await text("SendRequest", { q: "42", v: "2" }), "<ErrorCode>1020<")
    assert.include(await text("SendRequest", { q: "42", td: "20260102" }), "<ErrorCode>1023<")
    assert.include(await text("GetStatement", { q: "1" }), "<ErrorCode>1017<")
  })

  it("gives each reference the days it was sent for", async () => {
    await start({ statement: (days) => `<FlexQueryResponse days="${days?.from}/${days?.to}"/>` })
    const reference = referenceOf(await text("SendRequest", { q: "42", fd: "20250101", td: "20251231" }))
    assert.include(await text("GetStatement", { q: reference }), `days="2025-01-01/2025-12-31"`)
  })

  it("follows the script, then succeeds again", async () => {
    await start({ script: { send: [{ kind: "code", code: 1001, times: 2, timestamp: false }, 1018] } })
    assert.include(await text("SendRequest", { q: "42" }), "<FlexStatementResponse>\n<Status>Warn<")
    assert.include(await text("SendRequest", { q: "42" }), "<ErrorCode>1001<")
    assert.include(await text("SendRequest", { q: "42" }), "timestamp='")
    assert.include(await text("SendRequest", { q: "42" }), "<Status>Success<")
  })

  const broken: ReadonlyArray<readonly [string, FlexStep]> = [
    ["promised", { kind: "truncate", at: 40, framing: "promised" }],
    ["chunked", { kind: "truncate", at: 40, framing: "chunked" }],
    ["reset", { kind: "reset" }]
  ]
  for (const [name, step] of broken) {
    it(`breaks the connection: ${name}`, async () => {
      await start({ script: { send: [step] } })
      const outcome = await text("SendRequest", { q: "42" }).then(() => "whole", () => "broken")
      assert.strictEqual(outcome, "broken")
    })
  }

  it("drips, compresses, redirects, waits for the hooks", async () => {
    const seen: Array<string> = []
    await start({
      script: {
        send: [{ kind: "drip", bytes: 50, everyMillis: 1 }, { kind: "success", gzip: true }, {
          kind: "redirect",
          to: "http://127.0.0.1:1/x"
        }, { kind: "html", status: 500 }]
      },
      onRequest: async (phase, { number }) => {
        await Promise.resolve()
        seen.push(`${phase} ${number}`)
      },
      onHandled: async (phase, { number }) => {
        await Promise.resolve()
        seen.push(`${phase} ${number} handled`)
      }
    })
    assert.include(await text("SendRequest", { q: "42" }), "<Status>Success<")
    const compressed = await ask("SendRequest", { q: "42" })
    assert.strictEqual(compressed.headers.get("content-encoding"), "gzip")
    assert.include(await compressed.text(), "<Status>Success<")
    const redirect = await ask("SendRequest", { q: "42" }, { redirect: "manual" })
    assert.include(redirect.headers.get("location"), "t=token-123")
    assert.strictEqual((await ask("SendRequest", { q: "42" })).status, 500)
    assert.deepStrictEqual(seen, [1, 2, 3, 4].flatMap((number) => [`send ${number}`, `send ${number} handled`]))
  })
})
