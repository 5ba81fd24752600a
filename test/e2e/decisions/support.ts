import { assert } from "@effect/vitest"
import type { Env, World } from "../support.ts"

export interface DecisionJson {
  readonly runId: string
  readonly command: string
  readonly outcome: "success" | "failure"
  readonly error?: { readonly tag: string; readonly message: string; readonly hint: string; readonly exitCode: number }
  readonly rows: ReadonlyArray<Readonly<Record<string, string>> & { readonly externalId: string }>
  readonly notes: ReadonlyArray<string>
}

/** `broker-sync ibkr <args> --format json`, which must end with `code`. */
export const decide = async (
  world: World,
  args: ReadonlyArray<string>,
  code = 0,
  env: Env = {}
): Promise<DecisionJson> => {
  const run = await world.run(["ibkr", ...args, "--format", "json"], { env })
  assert.strictEqual(run.code, code, run.stderr)
  const json: DecisionJson = JSON.parse(run.stdout)
  assert.strictEqual(json.outcome, code === 0 ? "success" : "failure")
  return json
}

/** Outcomes by external id. */
export const outcomes = ({ rows }: DecisionJson): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(rows.map(({ externalId, outcome }) => [externalId, outcome]))

/** The external ids that Wealthfolio has, sorted; a row by hand stands as `by hand`. */
export const booked = (world: World): ReadonlyArray<string> =>
  world.activities.map(({ idempotencyKey }) => idempotencyKey?.split("/")[1] ?? "by hand").map((id) =>
    id.startsWith("ibkr:") ? id : "by hand"
  ).sort()

/** Deletes a row as its user does on the page. */
export const deleteByHand = (world: World, externalId: string): void => {
  const row = world.activities.find(({ idempotencyKey }) => idempotencyKey === `U1234567/${externalId}`)
  assert.isDefined(row, externalId)
  if (row !== undefined) world.wealthfolio.state.remove(row.id)
}

export const state = (world: World, externalId: string): unknown =>
  world.store(`SELECT state, reason, held FROM sync_record WHERE external_id = '${externalId}'`)[0]
