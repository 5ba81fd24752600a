import { Effect, Schema } from "effect"
import type { FlexRequestRecord } from "../SyncRecordStore.ts"
import type { Owned } from "./Owned.ts"
import { FlexCallRow, FlexRequestRow } from "./Rows.ts"

const encodeRequest = Schema.encodeEffect(FlexRequestRow)
/** IBKR's longest window is 10 requests a minute. */
const callsKept = 10

/** `flex_request` and `flex_call`: of the broker alone, whatever tracker account is imported into. */
export const flexTable = ({ owner: { upstream }, rowsOf, sql, typed }: Owned) => {
  const flexRequests = rowsOf(
    FlexRequestRow,
    sql`SELECT * FROM flex_request WHERE upstream = ${upstream} ORDER BY sent_at, query`
  ).pipe(typed, Effect.withSpan("SyncRecordStore.flexRequests"))

  const saveFlexRequest = Effect.fn("SyncRecordStore.saveFlexRequest")(function*(request: FlexRequestRecord) {
    const row = yield* encodeRequest(request)
    yield* sql`INSERT INTO flex_request ${sql.insert({ upstream, ...row })}
      ON CONFLICT (upstream, query) DO UPDATE SET
        reference_code = excluded.reference_code, sent_at = excluded.sent_at, state = excluded.state,
        code = excluded.code, not_before = excluded.not_before`
  }, typed)

  const flexCalls = Effect.fn("SyncRecordStore.flexCalls")(
    (tokenDigest: string) =>
      Effect.map(
        rowsOf(
          FlexCallRow,
          sql`SELECT at FROM flex_call WHERE token_digest = ${tokenDigest} ORDER BY at DESC LIMIT ${callsKept}`
        ),
        (rows) => rows.map(({ at }) => at).toReversed()
      ),
    typed
  )

  const saveFlexCall = Effect.fn("SyncRecordStore.saveFlexCall")(
    function*(tokenDigest: string, at: number) {
      yield* sql`INSERT INTO flex_call ${sql.insert({ tokenDigest, at })}`
      yield* sql`DELETE FROM flex_call WHERE token_digest = ${tokenDigest} AND at NOT IN
      (SELECT at FROM flex_call WHERE token_digest = ${tokenDigest} ORDER BY at DESC LIMIT ${callsKept})`
    },
    sql.withTransaction,
    typed
  )

  return { flexRequests, saveFlexRequest, flexCalls, saveFlexCall }
}
