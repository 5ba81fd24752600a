import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { WealthfolioRepo } from "../../src/WealthfolioRepo.ts"
import { failure, json, type Script } from "./scripted.ts"

export const login = (value: string) =>
  json({ authenticated: true }, { headers: { "set-cookie": `wf_session=${value}; HttpOnly; Path=/api` } })
export const html = () =>
  new Response("<html><title>Sign in</title></html>", { headers: { "content-type": "text/html" } })

/** Runs under the test clock, moving it a second at a time, until done. */
export const inVirtualTime = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>, seconds = 3600) {
  const fiber = yield* Effect.forkChild(effect)
  for (let second = 0; second < seconds && fiber.pollUnsafe() === undefined; second++) {
    yield* TestClock.adjust("250 millis")
  }
  return yield* Fiber.join(fiber)
})

export const readAccount = WealthfolioRepo.use((repo) => repo.account)

/** A bulk interface that keeps keys; `spoil` may answer in its place. */
export const bulkServer = (
  spoil: (rows: ReadonlyArray<string>, nth: number, commit: () => void) => Response | "drop" | undefined
) => {
  const keys = new Map<string, string>()
  const script: Script = ({ body, line }, nth) => {
    if (line === "POST /activities/import/check-duplicates") {
      const { idempotencyKeys } = body as { readonly idempotencyKeys: ReadonlyArray<string> }
      return json({
        duplicates: Object.fromEntries(idempotencyKeys.flatMap((key) => keys.has(key) ? [[key, keys.get(key)]] : []))
      })
    }
    if (line !== "POST /activities/bulk") return undefined
    const { creates } = body as {
      readonly creates: ReadonlyArray<{ readonly id: string; readonly idempotencyKey: string }>
    }
    const commit = () => {
      for (const row of creates) keys.set(row.idempotencyKey, `id-${keys.size + 1}`)
    }
    const spoiled = spoil(creates.map((row) => row.id), nth, commit)
    if (spoiled !== undefined) return spoiled
    if (creates.some((row) => keys.has(row.idempotencyKey))) {
      return failure(
        400,
        "Activity error: Invalid data: Duplicate activity detected. A matching activity already exists."
      )
    }
    commit()
    return json({
      created: creates.map((row) => ({ id: keys.get(row.idempotencyKey), idempotencyKey: row.idempotencyKey })),
      createdMappings: creates.map((row) => ({ tempId: row.id, activityId: keys.get(row.idempotencyKey) })),
      errors: []
    })
  }
  return { keys, script }
}
