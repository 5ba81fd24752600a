import * as Decimals from "../../Portfolio/Decimal.ts"
import type { Decimal } from "../../Portfolio/Decimal.ts"
import { type BookingOptions, compare, ownIds, type RowIdentity } from "./Booking.ts"

/** A broker row under the id it is booked by. */
export interface IdentifiedRow<Row> extends RowIdentity {
  readonly row: Row
  readonly externalId: string
}

/** What tells the rows of a section apart. */
export interface RowKind<Row> {
  readonly digestOf: (row: Row) => string
  readonly idOf: (row: Row) => string | undefined
  /** Orders rows of one id. */
  readonly amountOf: (row: Row) => Decimal
  readonly identityOf: (row: Row) => Omit<RowIdentity, "externalId" | "contentHash">
}

/** Equal rows are one; a second row of one id gets `:2`, whatever the order of the file. By id. */
export const identifyRows = <Row>(
  rows: ReadonlyArray<Row>,
  kind: RowKind<Row>,
  options: BookingOptions
): {
  readonly rows: ReadonlyArray<IdentifiedRow<Row>>
  readonly withoutId: ReadonlyArray<RowIdentity & { readonly row: Row }>
} => {
  const distinct = [...new Map(rows.map((row) => [kind.digestOf(row), row]))]
  const withoutId = distinct.flatMap(([contentHash, row]) =>
    kind.idOf(row) === undefined ? [{ ...kind.identityOf(row), contentHash, row }] : []
  )
  const byId = Map.groupBy(distinct, ([, row]) => kind.idOf(row))
  const identified = [...byId].sort(([a = ""], [b = ""]) => compare(a, b)).flatMap(([id, same]) => {
    if (id === undefined) return []
    const ordered = same.toSorted(([a, rowA], [b, rowB]) =>
      compareDecimal(kind.amountOf(rowA), kind.amountOf(rowB)) || compare(a, b)
    )
    const ids = ownIds(id, ordered.map(([contentHash]) => [contentHash]), options.knownAs)
    return ordered.map(([contentHash, row], position) => ({
      ...kind.identityOf(row),
      contentHash,
      row,
      externalId: ids[position] ?? id
    }))
  })
  return { rows: identified, withoutId }
}

const compareDecimal = (a: Decimal, b: Decimal): number =>
  Decimals.isLessThan(a, b) ? -1 : Decimals.isLessThan(b, a) ? 1 : 0
