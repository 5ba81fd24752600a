import { hash } from "node:crypto"
import type { Activity } from "../Portfolio/Activity.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { Decimal } from "../Portfolio/Decimal.ts"
import type { OpeningLine, OpeningPriceSource } from "../Portfolio/Opening.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { settled } from "../Portfolio/Reconcile.ts"
import { openingKind } from "../Sync/Opening.ts"
import type { TrackerRow } from "../WealthfolioRepo.ts"

const priceNotes: Readonly<Record<OpeningPriceSource, string>> = {
  lots: "price: what was paid for the lots that are still open",
  "prior-period": "price: the broker's, of Prior Period Positions",
  "first-price": "price: an ESTIMATE, the first one in the statement"
}

export const openingId = (provider: string, { name }: OpeningLine): string => `${provider}:${openingKind}:${name}`

/** The row that gives the tracker what it lacks; or why there is none. */
export const openingRow = (
  line: OpeningLine,
  of: { readonly provider: string; readonly day: PlainDate }
): Activity | { readonly left: string } => {
  const { difference, kind, name, position } = line
  const amount = Decimals.abs(difference)
  const isNegative = Decimals.isNegative(difference)
  const figures = `the account had ${Decimals.format(line.broker)}, Wealthfolio ${Decimals.format(line.tracker)}`
  const row = {
    externalId: openingId(of.provider, line),
    date: of.day,
    time: "00:00:01",
    millisecond: 0,
    contentHash: hash("sha256", [kind, name, of.day, Decimals.format(difference)].join("\u001f")),
    section: "Opening"
  }
  if (kind === "cash") {
    return {
      ...row,
      type: isNegative ? "WITHDRAWAL" : "DEPOSIT",
      currency: name,
      amount,
      note: `opening balance in ${name}: ${figures}`
    }
  }
  if (isNegative) return { left: `${figures}: what it has too much of is to be taken out by hand` }
  if (position?.currency === undefined) {
    return {
      left:
        `${figures}: its venue or its currency is not known, see the line for the symbol map under \`skipped\` of a run`
    }
  }
  return {
    ...row,
    type: "TRANSFER_IN",
    instrumentKey: position.instrumentKey,
    currency: position.currency,
    quantity: amount,
    unitPrice: position.price?.unitPrice ?? Decimals.zero,
    // It moves no cash.
    amount: Decimals.zero,
    note: `opening position of ${line.symbol}: ${figures}; ${
      position.price === undefined ? "no price is known: entered at 0" : priceNotes[position.price.source]
    }`
  }
}

/** The price is not looked at: it may have been estimated. */
export const isSameRow = (activity: Activity, row: TrackerRow): boolean =>
  activity.type === row.type && activity.date === row.date && activity.currency === row.currency
  && (activity.quantity === undefined
    ? isSame(activity.amount, row.amount)
    : isSame(activity.quantity, row.quantity))

const isSame = (a: Decimal, b: Decimal = Decimals.zero): boolean => Decimals.isZero(settled(Decimals.subtract(a, b)))
