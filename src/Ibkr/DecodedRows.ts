import { Result } from "effect"
import type { SkippedRow } from "../Portfolio/Activity.ts"
import { correctionSection } from "../Portfolio/CommissionCorrection.ts"
import { contentHash, skip } from "./Activities/Booking.ts"
import { type CommissionCorrection, decodeCorrection } from "./Activities/CommissionCorrections.ts"
import { briefly } from "./BriefText.ts"
import type { CashReportRow } from "./CashReport.ts"
import { decodeFundsLine, type StatementOfFundsLine } from "./FlexFunds.ts"
import {
  decodeCashReport,
  decodeOpenPosition,
  decodePositionLot,
  decodePriorPeriodPosition,
  decodeSecurityInfo,
  lots,
  type OpenPosition,
  type PositionLot,
  type PriorPeriodPosition,
  type SecurityInfo
} from "./FlexReport.ts"
import type { Unreadable } from "./FlexRow.ts"
import type { Attributes } from "./FlexXml.ts"
import { decodeMoving, type MovingRow } from "./MovingRow.ts"
import type { SpooledRow } from "./Spool.ts"

type AddedRow = Pick<SpooledRow, "statement" | "section" | "fields"> & Partial<SpooledRow>

/** Rows decoded, in the order read; what cannot be read is told by section, row and field. */
export class DecodedRows {
  readonly moving: Array<MovingRow> = []
  readonly securities: Array<SecurityInfo> = []
  readonly positions: Array<{ readonly statement: number; readonly row: OpenPosition }> = []
  readonly lots: Array<{ readonly statement: number; readonly row: PositionLot }> = []
  readonly priorPositions: Array<PriorPeriodPosition> = []
  readonly cashReport: Array<CashReportRow> = []
  /** Of the Statement of Funds: commissions of conversions, as they were charged. */
  readonly forexCommissions: Array<StatementOfFundsLine> = []
  /** Of earlier runs: no statement has them. */
  readonly corrections: Array<CommissionCorrection> = []
  readonly skipped: Array<SkippedRow> = []
  readonly #counts = new Map<string, number>()

  /** Rows that stand in no statement are counted here. */
  add({ fields, number: told, section, statement }: AddedRow): void {
    const number = told ?? (this.#counts.get(section) ?? 0) + 1
    this.#counts.set(section, number)
    const take = <A>(decoded: Result.Result<A, Unreadable>, into: (row: A) => void) => {
      if (Result.isSuccess(decoded)) into(decoded.success)
      else this.skipped.push(unreadable(section, number, fields, decoded.failure))
    }
    const moving = decodeMoving(section, fields)
    if (moving !== undefined) return take(moving, (row) => this.moving.push(row))
    switch (section) {
      case "SecuritiesInfo":
        return take(decodeSecurityInfo(fields), (row) => this.securities.push(row))
      case "OpenPositions":
        return take(decodeOpenPosition(fields), (row) => this.positions.push({ statement, row }))
      // These two only tell a price, and another is found where they cannot be read.
      case lots.name:
        return Result.match(decodePositionLot(fields), {
          onSuccess: (row) => void this.lots.push({ statement, row }),
          onFailure: () => {}
        })
      case "PriorPeriodPositions":
        return Result.match(decodePriorPeriodPosition(fields), {
          onSuccess: (row) => void this.priorPositions.push(row),
          onFailure: () => {}
        })
      case "CashReport":
        return take(decodeCashReport(fields), (row) => this.cashReport.push({ statement, row }))
      // It only tells of a cost that a trade has; without it the Cash Report does.
      case "StmtFunds":
        return isForexCommission(fields)
          ? Result.match(decodeFundsLine(fields), {
            onSuccess: (row) => void this.forexCommissions.push(row),
            onFailure: () => {}
          })
          : undefined
      case correctionSection:
        return take(decodeCorrection(fields), (row) => this.corrections.push(row))
    }
  }
}

/** A conversion is three lines: two legs, and its commission in the currency in which it was charged. */
const isForexCommission = ({ activityCode, activityDescription = "" }: Attributes): boolean =>
  activityCode === "FOREX" && activityDescription.startsWith("Commission")

const idPrefixes: Readonly<Record<string, string>> = {
  CorporateActions: "ibkr:corp",
  Transfers: "ibkr:transfer",
  SalesTaxes: "ibkr:salestax",
  CFDCharges: "ibkr:cfd",
  StmtFunds: "ibkr:funds"
}

const unreadable = (section: string, row: number, fields: Attributes, cause: Unreadable): SkippedRow => {
  const id = section === "Trades" && fields["tradeID"] !== undefined
    ? `ibkr:trade:${fields["tradeID"]}`
    : section === "Trades" && fields["transactionID"] !== undefined
    ? `ibkr:trade-tx:${fields["transactionID"]}`
    : section === "CashTransactions" && fields["transactionID"] !== undefined
    ? `ibkr:cash:${fields["transactionID"]}`
    : Object.hasOwn(idPrefixes, section) && fields["transactionID"] !== undefined
    ? `${idPrefixes[section]}:${fields["transactionID"]}`
    : undefined
  const identity = {
    section,
    ...(id === undefined ? {} : { externalId: id }),
    contentHash: contentHash(Object.entries(fields).sort().flat()),
    fields: () => fields
  }
  const value = fields[cause.field]
  return skip(
    identity,
    "unreadable",
    `row ${row}, ${cause.field}: ${value === undefined ? "missing" : `"${briefly(value)}"`} (${cause.message})`
  )
}
