import { Duration, Effect } from "effect"
import * as Decimal from "../Portfolio/Decimal.ts"
import type { BatchOutcome, NewActivity } from "../WealthfolioRepo.ts"
import { isTransient, messageOf, type Reply } from "./Transport.ts"
import { instantOf, type Zone } from "./WallTime.ts"
import { type ExchangeError, WealthfolioUnreachable } from "./WealthfolioError.ts"
import { BulkReply, decode, type NewRow, unexpected } from "./Wire.ts"

/** What the batch needs of the tracker. `post` is tried once; it fails when no answer came. */
export interface BulkAccess {
  readonly post: (creates: ReadonlyArray<NewRow>) => Effect.Effect<Reply, ExchangeError>
  readonly existing: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, string>, ExchangeError>
}

/** More than the halvings it takes to single out one row of 500 that makes the server drop the connection. */
const mostLostAnswers = 14
const silence = 20_000

const trades: ReadonlySet<string> = new Set(["BUY", "SELL"])
const transfers: ReadonlySet<string> = new Set(["TRANSFER_IN", "TRANSFER_OUT"])
const cashOnly: ReadonlySet<string> = new Set(["DEPOSIT", "WITHDRAWAL"])

/** Wealthfolio's mark on a transfer that is none between the portfolio's own accounts; JSON as text. */
const externalFlow = JSON.stringify({ flow: { is_external: true } })

/**
 * One row as Wealthfolio takes it. Only trades carry a fee: elsewhere `amount` is the net cash, so that hosts which take
 * the fee out of it and hosts which do not agree. An asset on a transfer without quantity would lose the cash. Of a SPLIT the
 * amount is its ratio.
 */
export const toRow = (row: NewActivity, accountId: string, zone: Zone): NewRow => {
  const { activity, assetId } = row
  const inKind = transfers.has(activity.type) && assetId !== undefined && activity.quantity !== undefined
  const withAsset = assetId !== undefined && !cashOnly.has(activity.type) &&
    (inKind || !transfers.has(activity.type))
  const withQuantity = trades.has(activity.type) || inKind
  return {
    id: activity.externalId,
    accountId,
    activityType: activity.type,
    ...(activity.subtype === undefined ? {} : { subtype: activity.subtype }),
    activityDate: row.instant ?? instantOf(activity.date, activity.time, activity.millisecond, zone),
    currency: activity.currency,
    ...(withAsset ? { symbol: { id: assetId } } : {}),
    ...(withQuantity && activity.quantity !== undefined ? { quantity: Decimal.format(activity.quantity) } : {}),
    ...(withQuantity && activity.unitPrice !== undefined ? { unitPrice: Decimal.format(activity.unitPrice) } : {}),
    ...(inKind ? {} : { amount: Decimal.format(Decimal.abs(activity.ratio ?? activity.amount)) }),
    ...(trades.has(activity.type) && activity.fee !== undefined ? { fee: Decimal.format(activity.fee) } : {}),
    ...(activity.note === undefined ? {} : { notes: activity.note }),
    ...(activity.isExternal === true ? { metadata: externalFlow } : {}),
    sourceSystem: "IBKR",
    sourceRecordId: activity.externalId,
    ...(activity.group === undefined ? {} : { sourceGroupId: activity.group }),
    idempotencyKey: row.key
  }
}

const decodeBulk = decode(BulkReply)
const isDuplicate = (reply: Reply) => reply.status === 400 && messageOf(reply).includes("Duplicate activity detected")
const isRefusal = (reply: Reply) =>
  (reply.status === 400 || reply.status === 409 || reply.status === 422) &&
  !reply.contentType.includes("html")

/**
 * Writes rows so that each is there exactly once. The key alone makes that so: after any answer that leaves it open what
 * was written (lost, 408, 5xx, duplicate) the tracker is asked which keys it has, and the rest is sent again. A refusal
 * without a row's name is halved until the row stands alone.
 */
export const write = Effect.fnUntraced(function*(
  rows: ReadonlyArray<NewRow>,
  access: BulkAccess,
  onWrite: (answer: "came" | "lost") => void
) {
  const imported = new Map<string, string>()
  const alreadyThere = new Map<string, string>()
  const refused = new Map<string, string>()
  let lostAnswers = 0
  let waited = 0

  const refuse = (row: NewRow, message: string) => refused.set(row.sourceRecordId, message)

  /** Sets aside what the tracker has; returns the rest. */
  const notThere = Effect.fnUntraced(function*(batch: ReadonlyArray<NewRow>) {
    const there = yield* access.existing(batch.map((row) => row.idempotencyKey))
    return batch.filter((row) => {
      const id = there.get(row.idempotencyKey)
      if (id !== undefined) alreadyThere.set(row.sourceRecordId, id)
      return id === undefined
    })
  })

  const halves = (batch: ReadonlyArray<NewRow>): ReadonlyArray<ReadonlyArray<NewRow>> => {
    const middle = Math.ceil(batch.length / 2)
    return [batch.slice(0, middle), batch.slice(middle)]
  }

  const apart = (batch: ReadonlyArray<NewRow>, message: string): ReadonlyArray<ReadonlyArray<NewRow>> => {
    const [only] = batch
    if (only === undefined) return []
    if (batch.length > 1) return halves(batch)
    refuse(only, message)
    return []
  }

  /** Sends once; returns what is to be sent next, in order. */
  const send = Effect.fnUntraced(function*(batch: ReadonlyArray<NewRow>, lostBefore: boolean) {
    const answer = yield* access.post(batch).pipe(
      Effect.map((reply) => isTransient(reply) ? lost(`${reply.status} ${messageOf(reply)}`.trim(), reply) : reply),
      Effect.catchTag("WealthfolioUnreachable", (error) => Effect.succeed(lost(error.detail, error)))
    )
    if ("reason" in answer) {
      onWrite("lost")
      lostAnswers++
      const pause = Math.min(500 * 2 ** (lostAnswers - 1), 4000)
      waited += pause
      // Behind a gateway that answers 502 to 504 nobody may be there: that is silence, and no row's fault.
      if (lostAnswers > mostLostAnswers || (answer.gateway && waited > silence)) {
        return yield* new WealthfolioUnreachable({
          operation: "POST /activities/bulk",
          host: answer.host,
          detail: `${answer.reason}, ${lostAnswers} times`
        })
      }
      yield* Effect.sleep(Duration.millis(pause))
      const rest = yield* notThere(batch)
      if (rest.length < batch.length || !lostBefore || answer.gateway) {
        return later(rest.length === 0 ? [] : [rest], true)
      }
      return later(apart(rest, `no answer when sent alone: ${answer.reason}`), true)
    }
    if (isDuplicate(answer)) {
      const rest = yield* notThere(batch)
      return later(rest.length < batch.length ? [rest] : apart(rest, messageOf(answer)), false)
    }
    if (answer.status === 413) return later(apart(batch, "too large for Wealthfolio"), false)
    if (isRefusal(answer)) return later(apart(batch, messageOf(answer)), false)

    const reply = yield* decodeBulk(answer)
    const errors = new Map((reply.errors ?? []).map((error) => [error.id ?? "", error.message]))
    if (errors.size > 0) {
      const rest = batch.filter((row) => !errors.has(row.id))
      if (rest.length === batch.length) return later(apart(batch, [...errors.values()].join("; ")), false)
      for (const row of batch) {
        const message = errors.get(row.id)
        if (message !== undefined) refuse(row, message)
      }
      return later([rest], false)
    }
    onWrite("came")
    const ids = new Map((reply.createdMappings ?? []).map((mapping) => [mapping.tempId ?? "", mapping.activityId]))
    const byKey = new Map(reply.created.map((created) => [created.idempotencyKey ?? "", created.id]))
    const unnamed = batch.filter((row) => {
      const id = ids.get(row.id) ?? byKey.get(row.idempotencyKey)
      if (id !== undefined) imported.set(row.sourceRecordId, id)
      return id === undefined
    })
    if (unnamed.length > 0 && (yield* notThere(unnamed)).length > 0) return yield* unexpected(answer)
    return later([], false)
  })

  const unique = new Map(rows.map((row) => [row.sourceRecordId, row]))
  const queue = later([[...unique.values()]], false)
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (next.batch.length > 0) queue.unshift(...yield* send(next.batch, next.lostBefore))
  }
  return { imported, alreadyThere, refused } satisfies BatchOutcome
})

const lost = (reason: string, from: { readonly host: string; readonly status?: number }) => ({
  reason,
  host: from.host,
  gateway: from.status !== undefined && from.status !== 408 && from.status !== 500
})

const later = (batches: ReadonlyArray<ReadonlyArray<NewRow>>, lostBefore: boolean) =>
  batches.map((batch) => ({ batch, lostBefore }))
