import * as Decimals from "../../src/Portfolio/Decimal.ts"
import type { World } from "../e2e/support.ts"
import type { Activity } from "../support/Wealthfolio/Model.ts"

/** First part of every idempotency key. */
export const upstream = "U1234567"

const plain = (text: string | null): string => Decimals.format(Decimals.of(text ?? "0"))

/** Type, day, ticker and money of a stored row: `BUY 2026-01-05 VUSA 20 @ 89.87 fee 3 = 1800.4 GBP`. */
export const printed = (world: World, row: Activity): string => {
  const asset = row.assetId === null ? undefined : world.wealthfolio.state.assets.get(row.assetId)
  return [
    row.activityType,
    row.activityDate.slice(0, 10),
    ...(row.assetId === null ? [] : [asset?.instrumentSymbol ?? "?"]),
    ...(row.quantity === null ? [] : [plain(row.quantity)]),
    ...(row.unitPrice === null ? [] : ["@", plain(row.unitPrice)]),
    ...(row.fee === null ? [] : ["fee", plain(row.fee)]),
    ...(row.amount === null ? [] : ["=", plain(row.amount)]),
    row.currency
  ].join(" ")
}

export const isOurs = (row: Activity): boolean => row.idempotencyKey?.startsWith(`${upstream}/`) === true

/** A row that is not ours: the one in its place may print the same. */
export const byHand = (line: string): string => `by hand: ${line}`

/** Rows that nobody but the user wrote. */
export const typedRows = (world: World): ReadonlyArray<string> =>
  world.activities.filter((row) => !isOurs(row)).map((row) => printed(world, row)).sort()

/** Instruments the tracker knows. */
export const assetKeys = (world: World): ReadonlyArray<string> =>
  world.assets.map(({ instrumentKey }) => instrumentKey ?? "?").sort()
