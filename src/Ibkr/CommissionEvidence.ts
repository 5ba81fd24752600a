import type { CashBalance, StatementInfo } from "../Broker.ts"
import { at, brokerSteps, type CashByKind, type CashKind, cashKinds, settledKind } from "../Portfolio/CashBridge.ts"
import type { Amounts, CommissionEvidence, CommissionPiece } from "../Portfolio/CommissionCorrection.ts"
import * as Decimals from "../Portfolio/Decimal.ts"
import type { PlainDate } from "../Portfolio/PlainDate.ts"
import { settled } from "../Portfolio/Reconcile.ts"
import { correctionId } from "./Activities/CommissionCorrections.ts"
import { legsOf } from "./Activities/FxTrades.ts"
import { dayOf } from "./Activities/TradeRows.ts"
import { balancesOf, type CashReportRow } from "./CashReport.ts"
import { type CommissionSums, isWithin } from "./CommissionSums.ts"
import type { StatementOfFundsLine } from "./FlexFunds.ts"
import type { Trade } from "./FlexReport.ts"
import { digestOf } from "./MovingRow.ts"

export interface EvidenceInput {
  readonly statements: ReadonlyArray<StatementInfo>
  readonly cashReport: ReadonlyArray<CashReportRow>
  /** Commissions of conversions, as they were charged. */
  readonly funds: ReadonlyArray<StatementOfFundsLine>
  /** Rows before this day are never booked. */
  readonly startDate?: PlainDate
}

/**
 * The commission of a conversion is at times debited in another currency than its row says, which has the converted figure:
 * the row does not tell. Two sections do: the Statement of Funds, conversion by conversion, and else the Cash Report, for
 * all conversions of its days together. It is believed only where its `commissions` differ and nothing else does, and
 * where conversions can be what they differ by: less was charged in the currency of their rows, no less than these say
 * in all, and more in a currency that they convert.
 *
 * @param sums of all rows of the statement, for each window of days in the file, oldest first
 */
export const commissionEvidence = (
  sums: ReadonlyArray<CommissionSums>,
  input: EvidenceInput
): ReadonlyArray<CommissionEvidence> =>
  sums.flatMap(({ conversions, moved, window }) => {
    const funds = sums.length === 1
      ? input.funds
      : input.funds.filter(({ date, reportDate }) => isWithin(reportDate ?? date?.date, window))
    const evidence = { window, id: correctionId(window.from, window.to) }
    const pieces = byFunds(conversions, funds)
    if (pieces !== undefined) return [withoutEarly({ ...evidence, pieces }, conversions, input.startDate)]
    const charged = conversions.filter(({ ibCommission }) =>
      ibCommission !== undefined && !Decimals.isZero(ibCommission)
    )
    if (charged.length === 0) return []
    const lines = input.cashReport.filter(({ statement }) => {
      const days = input.statements[statement]
      return days?.fromDate === window.from && days.toDate === window.to
    })
    const found = byCashReport(charged, balancesOf(lines, input.statements), moved)
    if (found === undefined) return []
    return typeof found === "string"
      ? [{ ...evidence, pieces: [], refused: found }]
      : [withoutEarly({ ...evidence, pieces: [found] }, charged, input.startDate)]
  })

const nameOf = (trade: Trade): string =>
  trade.tradeID ?? trade.transactionID ?? digestOf({ section: "Trades", row: trade })

/** Of conversions before the start nothing is booked that could be corrected. */
const withoutEarly = (
  evidence: CommissionEvidence,
  conversions: ReadonlyArray<Trade>,
  startDate: PlainDate | undefined
): CommissionEvidence => {
  const early = new Set(
    conversions.filter((trade) => startDate !== undefined && (dayOf(trade) ?? startDate) < startDate).map(nameOf)
  )
  if (early.size === 0) return evidence
  const pieces = evidence.pieces.filter(({ conversions }) => conversions.isDisjointFrom(early))
  const isMixed = evidence.pieces.some(({ amounts, conversions }) =>
    amounts.size > 0 && !conversions.isDisjointFrom(early) && !conversions.isSubsetOf(early)
  )
  return isMixed
    ? { ...evidence, pieces, refused: `some conversions are before ${startDate}` }
    : { ...evidence, pieces }
}

const currencyOf = ({ currency, ibCommissionCurrency = currency }: Trade): string => ibCommissionCurrency

/** One piece a conversion; nothing where the section does not tell of each. */
const byFunds = (
  conversions: ReadonlyArray<Trade>,
  funds: ReadonlyArray<StatementOfFundsLine>
): ReadonlyArray<CommissionPiece> | undefined => {
  if (funds.length === 0) return undefined
  const charged = Map.groupBy(funds, ({ tradeID }) => tradeID)
  const pieces: Array<CommissionPiece> = []
  for (const trade of conversions) {
    const says = trade.ibCommission ?? Decimals.zero
    const lines = trade.tradeID === undefined ? undefined : charged.get(trade.tradeID)
    if (lines === undefined) {
      if (Decimals.isZero(says)) continue
      return undefined
    }
    const amounts = new Map([[currencyOf(trade), Decimals.negate(says)]])
    for (const { amount = Decimals.zero, currency } of lines) {
      amounts.set(currency, Decimals.add(amounts.get(currency) ?? Decimals.zero, amount))
    }
    pieces.push({ conversions: new Set([nameOf(trade)]), amounts: differing(amounts) })
  }
  return pieces
}

const differing = (amounts: Amounts): Amounts =>
  new Map([...amounts].filter(([, amount]) => !Decimals.isZero(settled(amount))))

/** One piece for all, a word why there is none, or nothing where the report has no commissions. */
const byCashReport = (
  charged: ReadonlyArray<Trade>,
  balances: ReadonlyArray<CashBalance>,
  moved: ReadonlyMap<string, CashByKind>
): CommissionPiece | string | undefined => {
  if (balances.length === 0 || balances.some(({ figures }) => figures?.has("commissions") !== true)) return undefined
  const lines = new Map(balances.map((balance) => [balance.currency, balance]))
  const gaps = new Map<string, Decimals.Decimal>()
  const others: Array<string> = []
  let isExplained = true
  for (const currency of new Set([...lines.keys(), ...[...moved.keys()].sort()])) {
    // A currency without a line has no cash and moved none.
    const line = lines.get(currency) ??
      { opening: Decimals.zero, closing: Decimals.zero, figures: new Map([["commissions" as const, Decimals.zero]]) }
    const rows = moved.get(currency)
    const broker = brokerSteps(line, rows)
    // Components are rounded; the balances are not, and have the exact figure.
    const drift = settled(
      Decimals.subtract(Decimals.subtract(line.closing, line.opening), Decimals.sum(rows?.values() ?? []))
    )
    const differing = cashKinds.flatMap((kind) => {
      const figure = broker.get(kind)
      const difference = figure === undefined ? Decimals.zero : settledKind(Decimals.subtract(figure, at(rows, kind)))
      return Decimals.isZero(difference) ? [] : [{ kind, difference }]
    })
    isExplained &&= Decimals.isZero(drift)
    const gap = differing.find(({ kind }) => kind === "commissions")?.difference
    if (gap !== undefined) gaps.set(currency, drift)
    const left = settledKind(Decimals.subtract(drift, gap ?? Decimals.zero))
    const besides = apartFromActions(differing, rows).filter(({ kind }) => kind !== "commissions")
    others.push(...besides.map(({ difference, kind }) => `${kind} by ${Decimals.format(difference)} ${currency}`))
    if (besides.length === 0 && !Decimals.isZero(left)) others.push(`cash by ${Decimals.format(left)} ${currency}`)
  }
  const conversions = new Set(charged.map(nameOf))
  if (isExplained || gaps.size === 0) return { conversions, amounts: new Map() }
  const differ = `commissions differ by ${shown(gaps)}, and are not corrected: `
  if (others.length > 0) return `${differ}so do ${others.join(", ")}`
  const reason = notOfConversions(charged, gaps)
  return reason === undefined ? { conversions, amounts: gaps } : `${differ}${reason}`
}

interface Difference {
  readonly kind: CashKind
  readonly difference: Decimals.Decimal
}

/** Which component has the proceeds of corporate actions is nowhere said: trades and the rest are one where there are any. */
const apartFromActions = (differing: ReadonlyArray<Difference>, rows: CashByKind | undefined) => {
  if (Decimals.isZero(at(rows, "corporateActions"))) return differing
  const [either, others] = [true, false].map((is) =>
    differing.filter(({ kind }) => (kind === "trades" || kind === "other") === is)
  )
  const left = settledKind(Decimals.sum((either ?? []).map(({ difference }) => difference)))
  return Decimals.isZero(left) ? others ?? [] : differing
}

/** Why conversions cannot be what commissions differ by, or `undefined`. */
const notOfConversions = (charged: ReadonlyArray<Trade>, gaps: Amounts): string | undefined => {
  const said = new Map<string, Decimals.Decimal>()
  for (const trade of charged) {
    const currency = currencyOf(trade)
    said.set(currency, Decimals.subtract(said.get(currency) ?? Decimals.zero, trade.ibCommission ?? Decimals.zero))
  }
  const converted = new Set(charged.flatMap((trade) => legsOf(trade).map(([currency]) => currency)))
  const less = [...gaps].filter(([, gap]) => Decimals.isPositive(gap))
  const more = [...gaps].filter(([, gap]) => Decimals.isNegative(gap))
  if (less.length === 0 || more.length === 0) return "it is not one currency for another"
  const tooMuch = less.find(([currency, gap]) => Decimals.isLessThan(said.get(currency) ?? Decimals.zero, gap))
  if (tooMuch !== undefined) return `conversions have less commission than that in ${tooMuch[0]}`
  const foreign = more.find(([currency]) => !converted.has(currency))
  return foreign === undefined ? undefined : `no conversion is from or to ${foreign[0]}`
}

const shown = (amounts: Amounts): string =>
  [...amounts].map(([currency, amount]) => `${Decimals.format(amount)} ${currency}`).join(", ")
