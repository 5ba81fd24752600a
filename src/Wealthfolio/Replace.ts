import { Duration, Effect } from "effect"
import type { Change, ChangeOutcome } from "../WealthfolioRepo.ts"
import { isTransient, messageOf, type Reply } from "./Transport.ts"
import { type ExchangeError, WealthfolioReplyError, WealthfolioUnreachable } from "./WealthfolioError.ts"
import { BulkReply, decode, type NewRow, unexpected } from "./Wire.ts"

/** What a replacement needs of the tracker. `post` is tried once; it fails when no answer came. */
export interface ReplaceAccess {
  readonly post: (
    creates: ReadonlyArray<NewRow>,
    deleteIds: ReadonlyArray<string>
  ) => Effect.Effect<Reply, ExchangeError>
  readonly existing: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, string>, ExchangeError>
}

const silence = 20_000
const decodeBulk = decode(BulkReply)
const isDuplicate = (reply: Reply) => reply.status === 400 && messageOf(reply).includes("Duplicate activity detected")
const isRefusal = (reply: Reply) => [400, 409, 413, 422].includes(reply.status) && !reply.contentType.includes("html")
const isMissing = (message: string) => /not found/i.test(message)

/**
 * Deletes and creates in one bulk until it is known to be done, or refused with nothing written. What is left to do is
 * all that is carried from one request to the next: after an answer that leaves it open what happened (lost, 408, 5xx,
 * unreadable) the tracker is asked which keys it has, and a row that is gone is not deleted again. A bulk that commits
 * after it was asked about makes the next one a duplicate, which asks once more.
 */
export const replace = Effect.fnUntraced(function*(
  change: { readonly remove: Change["remove"]; readonly add: ReadonlyArray<NewRow> },
  access: ReplaceAccess,
  onWrite: (answer: "came" | "lost") => void
) {
  const removed = new Map(change.remove.map((row) => [row.id, row]))
  const added = new Map<string, string>()
  let { add } = change
  let remove = [...removed.values()]
  let waited = 0
  let isMissingExplained = false

  /** Takes out of what is left to do what is done. A bulk is all or nothing: its rows are all there, or none is. */
  const settle = Effect.gen(function*() {
    const keys = [...add.map((row) => row.idempotencyKey), ...remove.flatMap(({ key }) => key ?? [])]
    const there = yield* access.existing(keys)
    const made = add.flatMap((row) => {
      const id = there.get(row.idempotencyKey)
      return id === undefined || removed.has(id) ? [] : [[row.sourceRecordId, id] as const]
    })
    if (made.length === add.length) {
      for (const [externalId, id] of made) added.set(externalId, id)
      add = []
    }
    remove = remove.filter(({ id, key }) => key === undefined || there.get(key) === id)
  })

  /** It is open what happened: a pause, then the question. */
  const lost = Effect.fnUntraced(function*(error: ExchangeError) {
    onWrite("lost")
    const pause = Math.min(Math.max(waited, 500), 4000)
    if (waited > silence) return yield* error
    waited += pause
    yield* Effect.sleep(Duration.millis(pause))
    yield* settle
  })

  while (add.length > 0 || remove.length > 0) {
    const answer = yield* access.post(add, remove.map(({ id }) => id)).pipe(
      Effect.map((reply) => isTransient(reply) ? transient(reply) : reply),
      Effect.catchTag("WealthfolioUnreachable", (error) => Effect.succeed(error))
    )
    if (answer instanceof WealthfolioUnreachable) {
      yield* lost(answer)
      continue
    }
    if (isDuplicate(answer)) {
      yield* settle
      if (add.length > 0) return refused(messageOf(answer))
      continue
    }
    if (isRefusal(answer)) {
      // A row to be deleted went after it was looked up and before it was deleted; the next answer names it.
      const isRace = !isMissingExplained && remove.length > 0 && isMissing(messageOf(answer))
      if (!isRace) return refused(messageOf(answer))
      isMissingExplained = true
      yield* settle
      continue
    }
    const reply = yield* Effect.catchTag(decodeBulk(answer), "WealthfolioReplyError", Effect.succeed)
    if (reply instanceof WealthfolioReplyError) {
      if (answer.status !== 200) return yield* reply
      yield* lost(reply)
      continue
    }
    const errors = reply.errors ?? []
    if (errors.length > 0) {
      const gone = new Set(errors.flatMap(({ id, message }) => isMissing(message) ? [id ?? ""] : []))
      const left = remove.filter(({ id }) => !gone.has(id))
      if (errors.some(({ id }) => !gone.has(id ?? "") || !removed.has(id ?? "")) || left.length === remove.length) {
        return refused(errors.map(({ message }) => message).join("; "))
      }
      remove = left
      continue
    }
    onWrite("came")
    remove = []
    const ids = new Map((reply.createdMappings ?? []).map(({ activityId, tempId }) => [tempId ?? "", activityId]))
    const byKey = new Map(reply.created.map(({ id, idempotencyKey }) => [idempotencyKey ?? "", id]))
    add = add.filter((row) => {
      const id = ids.get(row.id) ?? byKey.get(row.idempotencyKey)
      if (id !== undefined) added.set(row.sourceRecordId, id)
      return id === undefined
    })
    if (add.length > 0) yield* settle
    if (add.length > 0) return yield* unexpected(answer)
  }
  return { _tag: "Done", added } satisfies ChangeOutcome
})

const refused = (message: string): ChangeOutcome => ({ _tag: "Refused", message })

const transient = (reply: Reply) =>
  new WealthfolioUnreachable({
    operation: reply.operation,
    host: reply.host,
    detail: `${reply.status} ${messageOf(reply)}`.trim()
  })
