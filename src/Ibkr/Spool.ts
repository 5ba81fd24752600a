import { Effect, FileSystem, Stream } from "effect"
import type { SpooledRow } from "./FlexStatement.ts"
import type { Attributes } from "./FlexXml.ts"
import { SpoolError, systemReason } from "./StatementError.ts"

/** Attributes that say the same in many rows: one copy of each text is kept, not one a row. */
const repeating = [
  "accountId",
  "currency",
  "assetCategory",
  "subCategory",
  "symbol",
  "description",
  "conid",
  "isin",
  "securityID",
  "securityIDType",
  "listingExchange",
  "exchange",
  "tradeDate",
  "reportDate",
  "ibCommissionCurrency",
  "transactionType",
  "type"
]

const sharing = () => {
  const texts = new Map<string, string>()
  return (fields: Record<string, string>): Attributes => {
    for (const name of repeating) {
      const text = fields[name]
      if (text === undefined) continue
      const known = texts.get(text)
      if (known === undefined) texts.set(text, text)
      else fields[name] = known
    }
    return fields
  }
}

/** The rows that the first pass wrote, in their order. */
export const spooled = Effect.fnUntraced(function*(spool: string, each: (row: SpooledRow) => void) {
  const fileSystem = yield* FileSystem.FileSystem
  const share = sharing()
  yield* fileSystem.stream(spool).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEachArray((lines) =>
      Effect.sync(() => {
        // Written by the first pass, in this very shape.
        for (const line of lines) {
          const [statement, section, fields] = JSON.parse(line)
          each([statement, section, share(fields)])
        }
      })
    ),
    Effect.catchTag(
      "PlatformError",
      (error) => Effect.fail(new SpoolError({ path: spool, reason: systemReason(error) }))
    )
  )
})
