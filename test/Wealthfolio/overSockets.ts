import { Duration, Effect, Redacted } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { startWealthfolio, type WealthfolioOptions } from "../support/WealthfolioServer.ts"

/** The real layer, over sockets and files, on a stand-in with one account. */
export const overSockets = Effect.fnUntraced(function*(options: WealthfolioOptions = {}) {
  const server = yield* Effect.acquireRelease(
    Effect.promise(() =>
      startWealthfolio({ password: "correct horse", timezone: "America/New_York", recomputeMillis: 1000, ...options })
    ),
    (server) => Effect.promise(() => server.close())
  )
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "wealthfolio-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )
  const account = server.addAccount()
  const sessionPath = join(folder, "new", "session")
  const layer = WealthfolioRepo.layer({
    baseUrl: server.url,
    password: Redacted.make("correct horse"),
    sessionPath,
    recalcTimeout: Duration.seconds(20),
    accountId: account.id
  })
  return { server, layer, account, sessionPath }
})
