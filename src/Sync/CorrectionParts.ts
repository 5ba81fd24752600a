import { Result, Schema } from "effect"
import type { SourceRow } from "../Portfolio/Activity.ts"
import type { AccountedPart, Share } from "../Portfolio/CommissionCorrection.ts"
import * as Decimals from "../Portfolio/Decimal.ts"

/** `[["6000000001", "6000000002"], "-1.25"]`: these conversions, together, have this much of a correction. */
const Parts = Schema.fromJsonString(Schema.Array(Schema.Tuple([Schema.Array(Schema.String), Schema.String])))

const decode = Schema.decodeUnknownResult(Parts)

/** What a correction accounts for, as the store keeps it. */
export const decodeParts = (source: SourceRow | undefined): ReadonlyArray<AccountedPart> => {
  const { currency = "", externalId = "", parts } = source?.fields ?? {}
  const decoded = Result.getOrElse(decode(parts), () => [])
  return decoded.map(([conversions, amount]) => ({
    conversions: new Set(conversions),
    shares: [{ of: externalId, currency, amount: Decimals.of(amount) }]
  }))
}

/** What of these parts one correction accounts for. */
export const encodeParts = (externalId: string, parts: ReadonlyArray<AccountedPart>): { readonly parts: string } => ({
  parts: JSON.stringify(
    parts.flatMap(({ conversions, shares }) =>
      shares.flatMap(({ amount, of }) => of === externalId ? [[[...conversions].sort(), Decimals.format(amount)]] : [])
    )
  )
})

/** Parts of the same conversions are one: a correction has a row for each currency. */
export const joined = (parts: ReadonlyArray<AccountedPart>): ReadonlyArray<AccountedPart> =>
  [...Map.groupBy(parts, ({ conversions }) => [...conversions].sort().join(" ")).values()].flatMap((same) => {
    const [first] = same
    const shares: ReadonlyArray<Share> = same.flatMap(({ shares }) => shares)
    return first === undefined ? [] : [{ conversions: first.conversions, shares }]
  })
