import { Effect } from "effect"
import type { StatementPart } from "../Broker.ts"
import { type Activity, cashSign, signedCash, type SkippedRow } from "../Portfolio/Activity.ts"
import { addMoved, cashBridge, type CashKind, type StatementCash, type UnbookedCash } from "../Portfolio/CashBridge.ts"
import { correctionSection } from "../Portfolio/CommissionCorrection.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { CashDrift } from "../Portfolio/Reconcile.ts"
import type { Comparison } from "./Compare.ts"
import type { Handled } from "./Handled.ts"

/**
 * What the statement's rows move by kind, where booked ones do not explain its cash. Its parts are gone through again, one
 * after the other.
 */
export const cashToExplain = Effect.fnUntraced(function*(
  parts: ReadonlyArray<StatementPart>,
  { cash: known, unbooked }: Pick<Handled, "cash" | "unbooked">,
  { cash }: Comparison
) {
  if (known !== undefined || cash.every(({ drift }) => Decimals.isZero(drift))) return known
  const asked = new Set(unbooked.map(({ contentHash }) => contentHash))
  let all: StatementCash = { moved: new Map(), unbooked: [], kinds: new Map() }
  for (const part of parts) {
    const { statementCash: own } = yield* part.report({ rows: [], booked: new Set(), explainCash: true })
    if (own === undefined) continue
    all = {
      moved: addMoved(all.moved, own.moved),
      unbooked: [...all.unbooked, ...own.unbooked],
      kinds: new Map([...all.kinds, ...[...own.kinds].filter(([hash]) => asked.has(hash))])
    }
  }
  return all
})

/**
 * Adds to each currency whose cash the rows do not explain how its opening cash became what is booked.
 */
export const bridges = ({ cash, corrections, report, skipped, unbooked: held }: Handled) => {
  return (comparison: Comparison): Comparison => {
    if (cash === undefined || comparison.cash.every(({ drift }) => Decimals.isZero(drift))) return comparison
    const unbooked = [
      ...cash.unbooked,
      ...held.flatMap((activity) => unbookedOf(activity, cash, skipped))
    ]
    return {
      ...comparison,
      cash: comparison.cash.map((line) => {
        const figures = report.cash.find(({ currency }) => currency === line.currency)
        if (figures === undefined || Decimals.isZero(line.drift)) return line
        const { booked, currency } = line
        const bridge = cashBridge({
          ...figures,
          booked,
          moved: cash.moved.get(currency),
          unbooked: unbooked.filter((row) => row.currency === undefined || row.currency === currency),
          corrections: Decimals.sum(
            corrections.filter((activity) => activity.currency === currency).map(signedCash)
          )
        })
        return { ...line, bridge }
      })
    }
  }
}

/** A row that is held for what the tracker says of it: its cash, by what it would be booked as. */
const unbookedOf = (
  activity: Activity,
  { kinds }: StatementCash,
  skipped: ReadonlyArray<SkippedRow>
): ReadonlyArray<UnbookedCash> => {
  const { contentHash, currency, externalId, section } = activity
  if (cashSign(activity.type) === 0) return []
  const reason = skipped.find((row) => row.externalId === externalId)?.reason ?? "held"
  const row = { externalId, section, reason, currency }
  const amount = signedCash(activity)
  const kind = kinds.get(contentHash) ?? kindOf(activity)
  if (activity.fee === undefined) return [{ ...row, kind, amount }]
  const fee = Decimals.negate(activity.fee)
  return [{ ...row, kind, amount: Decimals.subtract(amount, fee) }, { ...row, kind: "commissions", amount: fee }]
}

const kindOf = ({ section, type }: Activity): CashKind => {
  if (section === correctionSection) return "commissions"
  switch (type) {
    case "BUY":
    case "SELL":
      return "trades"
    case "TRANSFER_IN":
    case "TRANSFER_OUT":
      return section === "Trades" ? "conversions" : "transfers"
    case "FEE":
    case "CREDIT":
      return section === "Trades" ? "commissions" : "other"
    default:
      return "other"
  }
}

const mostNamed = 5

/** One line for each currency whose cash the rows do not explain: of which kind the difference is, and which rows it is. */
const unexplained = (cash: ReadonlyArray<CashDrift>): ReadonlyArray<string> =>
  cash.flatMap(({ bridge, currency, drift }) => {
    if (bridge === undefined || Decimals.isZero(drift)) return []
    const differing = bridge.steps.flatMap(({ difference, kind }) =>
      difference === undefined || Decimals.isZero(difference) ? [] : [`${kind} ${Decimals.format(difference)}`]
    )
    const rows = bridge.unbooked.map(({ amount, externalId, reason, section }) =>
      `${externalId ?? section} (${reason}${amount === undefined ? "" : ` ${Decimals.format(amount)}`})`
    )
    const more = rows.length > mostNamed ? ` and ${rows.length - mostNamed} more` : ""
    return [[
      `cash ${currency}: the broker has ${Decimals.format(drift)} that no booked row explains`,
      ...(differing.length === 0 ? [] : [`by kind: ${differing.join(", ")}`]),
      rows.length === 0
        ? "no row was left out: one is missing in the statement"
        : `not booked: ${rows.slice(0, mostNamed).join(", ")}${more}`
    ].join("; ")]
  })

export const sayUnexplained = Effect.fnUntraced(function*(cash: ReadonlyArray<CashDrift>) {
  for (const line of unexplained(cash)) yield* Effect.logWarning(line)
})
