import { Schema } from "effect"
import { createHash } from "node:crypto"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { type DaySpan, holes } from "../../src/Portfolio/Coverage.ts"
import { PlainDate } from "../../src/Portfolio/PlainDate.ts"
import { secrets, type World } from "../e2e/support.ts"
import { assetKeys, byHand, isOurs, printed, typedRows, upstream } from "./Rows.ts"
import type { Stage } from "./Stage.ts"

export const wrongs = [
  "duplicate",
  "lost",
  "money",
  "foreign",
  "store",
  "session",
  "archive",
  "leftover",
  "requests",
  "run"
] as const

export interface Violation {
  readonly wrong: (typeof wrongs)[number]
  readonly detail: string
}

const because = (wrong: Violation["wrong"]) => (detail: string): Violation => ({ wrong, detail })

/** Everything that must be so after a run that succeeded, whatever happened before it. */
export const violations = async (
  stage: Stage,
  expected: { readonly assets: ReadonlyArray<string> }
): Promise<ReadonlyArray<Violation>> => [
  ...rowsOf(stage),
  ...(String(assetKeys(stage.world)) === String(expected.assets)
    ? []
    : [{ wrong: "foreign", detail: `assets: ${assetKeys(stage.world).join(", ")}` } as const]),
  ...storeOf(stage).map(because("store")),
  ...(await archiveOf(stage.world)).map(because("archive")),
  ...(await leftovers(stage.world)).map(because("leftover")),
  ...(await sessionOf(stage.world)).map(because("session"))
]

/** Each row expected once, with its money, under its key; and not one more. */
const rowsOf = ({ night, typed, world }: Stage): ReadonlyArray<Violation> => {
  const found: Array<Violation> = []
  const there = new Map<string, ReadonlyArray<string>>()
  for (const row of world.activities.filter(isOurs)) {
    const id = row.sourceRecordId ?? "?"
    there.set(id, [...there.get(id) ?? [], printed(world, row)])
    if (row.idempotencyKey !== `${upstream}/${id}` || row.accountId !== world.account.id || row.status !== "POSTED") {
      found.push({ wrong: "foreign", detail: `${id}: ${row.idempotencyKey} ${row.accountId} ${row.status}` })
    }
  }
  for (const [id, line] of Object.entries(night.holds)) {
    const lines = there.get(id) ?? []
    if (lines.length === 0) found.push({ wrong: "lost", detail: `${id}: ${line}` })
    if (lines.length > 1) found.push({ wrong: "duplicate", detail: `${id}: ${lines.join(" | ")}` })
    const [first] = lines
    if (first !== undefined && first !== line) found.push({ wrong: "money", detail: `${id}: ${first}, not ${line}` })
  }
  for (const [id, lines] of there) {
    if (night.holds[id] === undefined) found.push({ wrong: "foreign", detail: `${id}: ${lines.join(" | ")}` })
  }
  const wanted = [...night.typed ?? typed].sort()
  const others = typedRows(world)
  for (const line of minus(wanted, others)) found.push({ wrong: "lost", detail: `by hand: ${line}` })
  for (const line of minus(others, wanted)) found.push({ wrong: "duplicate", detail: `without our key: ${line}` })
  return found
}

/** What must be so after a run that was killed, too: nothing is half taken out, nothing half put in its place. */
export const halfWay = ({ night, world }: Stage): ReadonlyArray<Violation> => {
  const there = new Set(world.activities.flatMap((row) => [
    isOurs(row) ? printed(world, row) : byHand(printed(world, row)),
    row.sourceRecordId ?? ""
  ]))
  return (night.swaps ?? []).flatMap(({ in: comes, out: goes }): ReadonlyArray<Violation> => {
    const lacking = [goes, comes].map((rows) => rows.filter((row) => !there.has(row)).length)
    if (String(lacking) === String([0, comes.length]) || String(lacking) === String([goes.length, 0])) return []
    const wrong = lacking[0] === 0 || lacking[1] === 0 ? "duplicate" : "lost"
    return [{ wrong, detail: `half-way from ${goes.join(", ")} to ${comes.join(", ")}` }]
  })
}

const minus = (all: ReadonlyArray<string>, without: ReadonlyArray<string>): ReadonlyArray<string> => {
  const rest = [...without]
  return all.filter((each) => {
    const index = rest.indexOf(each)
    if (index >= 0) rest.splice(index, 1)
    return index < 0
  })
}

const day = Schema.decodeUnknownSync(PlainDate)

interface StoredRecord {
  readonly external_id: string
  readonly state: string
  readonly tracker_id: string | null
}

const storeOf = ({ night, world }: Stage): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const { integrity_check: verdict } of world.store<{ integrity_check: string }>("PRAGMA integrity_check")) {
    if (verdict !== "ok") found.push(verdict)
  }
  const records = world.store<StoredRecord>("SELECT external_id, state, tracker_id FROM sync_record")
  for (const { external_id: id, state, tracker_id: trackerId } of records) {
    if (state === "pending") found.push(`${id} is pending`)
    if (state !== "synced") continue
    const row = world.wealthfolio.state.activities.get(trackerId ?? "")
    if (row?.idempotencyKey !== `${upstream}/${id}`) found.push(`${id} is synced as ${trackerId}, which is not its row`)
  }
  const synced = new Set(records.filter(({ state }) => state === "synced").map(({ external_id: id }) => id))
  for (const { sourceRecordId: id } of world.activities.filter(isOurs)) {
    if (!synced.has(id ?? "?")) found.push(`${id} is in the tracker, not in the store`)
  }
  if (night.covers !== undefined) {
    const covered = world.store<DaySpan>("SELECT from_date AS \"from\", to_date AS \"to\" FROM coverage")
    const within = { from: day(night.covers.from), to: day(night.covers.to) }
    for (const { from, to } of holes(covered, within)) found.push(`${from} to ${to} is not covered`)
  }
  const waiting = world.rows("statement WHERE imported = 0")
  if (waiting > 0) found.push(`${waiting} statements are not imported`)
  return found
}

/** Every statement of the store is there as it came; every file is whole, and no secret in it. */
const archiveOf = async (world: World): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  const statements = world.store<{ readonly id: string; readonly path: string }>("SELECT id, path FROM statement")
  const ids = new Map(statements.map(({ id, path }) => [path, id]))
  if (ids.size === 0) found.push("no statement was kept")
  // A run killed between the file and the store leaves a file that no record names: evidence, too, and it must be whole.
  const kept = (await world.archived()).map((name) => join("statements", name)).filter((name) => name.endsWith(".gz"))
  for (const path of new Set([...ids.keys(), ...kept])) {
    try {
      const file = join(world.dataDir, path)
      const bytes = gunzipSync(await readFile(file))
      const hash = createHash("sha256").update(bytes).digest("hex")
      if (hash !== (ids.get(path) ?? hash) || !path.includes(hash.slice(0, 16))) {
        found.push(`${path} is not what its hash says`)
      }
      if (((await stat(file)).mode & 0o777) !== 0o600) found.push(`${path} can be read by others`)
      if (secrets.some((secret) => bytes.includes(secret))) found.push(`${path} holds a secret`)
    } catch (cause) {
      found.push(`${path}: ${String(cause)}`)
    }
  }
  return found
}

const leftovers = async (world: World): Promise<ReadonlyArray<string>> =>
  (await readdir(world.dataDir, { recursive: true })).filter((name) =>
    /\.part$|\.partial$|\.tmp$|spool|\.new$|-journal$|-wal$/.test(name)
  )

/** One cookie that Wealthfolio takes, for its owner's eyes. */
const sessionOf = async (world: World): Promise<ReadonlyArray<string>> => {
  const path = join(world.dataDir, "wealthfolio-session")
  const text = await readFile(path, "utf8").catch(() => "")
  if (!/^[\w.-]+\n?$/.test(text)) return ["no cookie in the session file"]
  const { mode } = await stat(path)
  const isTaken = world.wealthfolio.auth.me({ cookie: `wf_session=${text.trim()}` }).status === 200
  return [
    ...(isTaken ? [] : ["Wealthfolio does not take the cookie of the session file"]),
    ...((mode & 0o777) === 0o600 ? [] : [`the session file has mode ${(mode & 0o777).toString(8)}`])
  ]
}
