import { DateTime, Duration, Effect, Schema } from "effect"
import { exitCodes, type Failure } from "../Failure.ts"
import type { FlexRequestRecord, StoreError, SyncRecordStore } from "../SyncRecordStore.ts"
import type { FlexClient } from "./FlexClient.ts"
import type { FlexError } from "./FlexError.ts"
import type { FlexWindow } from "./FlexRefusal.ts"

/** IBKR must not be asked now: an earlier refusal asked for a pause. */
export class FlexSendWithheld extends Schema.TaggedError<FlexSendWithheld>()("FlexSendWithheld", {
  until: Schema.String,
  code: Schema.Int
}) implements Failure {
  override get message() {
    return `nothing is sent to IBKR before ${this.until}: it refused the last request with ${this.code}`
  }
  readonly hint =
    "nothing: the first run after that time asks again; a statement from the portal can be imported with --file"
  get exitCode() {
    return this.code === 1025 ? exitCodes.lockout : exitCodes.brokerBusy
  }
}

/** A reference older than this is left: tonight's statement is wanted, not that night's. */
const resumable = Duration.hours(12)

/** A reference that can be polled. */
export interface FlexReference {
  readonly referenceCode: string
  readonly window: FlexWindow | undefined
  /** To be called when it was polled to its end, whatever came. */
  readonly used: Effect.Effect<void, StoreError>
  /** To be called with what it was answered with: a lockout while polling blocks what comes after as well. */
  readonly refused: (error: FlexError) => Effect.Effect<void, StoreError>
}

/** Requests with a memory: none is sent twice, and none while IBKR wants a pause, whichever window was refused. */
export const flexRequests = (
  flex: FlexClient["Service"],
  store: SyncRecordStore["Service"],
  queryId: string
) => {
  const nameOf = (window: FlexWindow | undefined) =>
    window === undefined ? queryId : `${queryId} ${window.from}..${window.to}`

  const remember = (window: FlexWindow | undefined, request: Omit<FlexRequestRecord, "query">) =>
    store.saveFlexRequest({ query: nameOf(window), ...request })

  const rememberRefusal = Effect.fnUntraced(
    function*(error: FlexError, window: FlexWindow | undefined, sentAt: string) {
      const pause = error.sendBlockedFor
      if (pause === undefined) return
      const until = DateTime.addDuration(yield* DateTime.now, pause)
      const code = "code" in error && error.code !== undefined ? error.code : 1018
      yield* remember(window, { sentAt, state: "refused", code, notBefore: DateTime.formatIso(until) })
    }
  )

  const send = Effect.fn("FlexRequests.send")(function*(window: FlexWindow | undefined) {
    const sentAt = DateTime.formatIso(yield* DateTime.now)
    yield* remember(window, { sentAt, state: "sent" })
    const referenceCode = yield* flex.send(window).pipe(
      Effect.tapError((error) => rememberRefusal(error, window, sentAt))
    )
    yield* remember(window, { sentAt, state: "accepted", referenceCode })
    return { sentAt, referenceCode }
  })

  return Effect.fn("FlexRequests.reference")(function*(window?: FlexWindow) {
    const requests = yield* store.flexRequests
    const now = yield* DateTime.now
    const blocking = requests
      .filter(({ notBefore, state }) =>
        state === "refused" && notBefore !== undefined && DateTime.formatIso(now) < notBefore
      )
      .toSorted((a, b) => (a.notBefore ?? "") < (b.notBefore ?? "") ? 1 : -1)[0]
    if (blocking?.notBefore !== undefined) {
      return yield* new FlexSendWithheld({ until: blocking.notBefore, code: blocking.code ?? 0 })
    }
    const last = requests.find(({ query }) => query === nameOf(window))
    const age = last === undefined ? undefined : DateTime.distance(DateTime.makeUnsafe(last.sentAt), now)
    const open = last?.state === "accepted" && last.referenceCode !== undefined && age !== undefined
        && Duration.isLessThan(age, resumable)
      ? { sentAt: last.sentAt, referenceCode: last.referenceCode }
      : undefined
    if (open !== undefined) yield* Effect.logInfo(`going on with the request of ${open.sentAt}`)
    const { referenceCode, sentAt } = open ?? (yield* send(window))
    const reference: FlexReference = {
      referenceCode,
      window,
      used: remember(window, { sentAt, state: "received", referenceCode }),
      refused: (error) => rememberRefusal(error, window, sentAt)
    }
    return reference
  })
}
