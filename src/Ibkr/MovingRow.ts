import { Result } from "effect"
import { actionDigest } from "./Activities/ActionRows.ts"
import { cashDigest } from "./Activities/Cash.ts"
import { fundsDigest, isView } from "./Activities/Funds.ts"
import { grantDigest, grantId } from "./Activities/Grants.ts"
import { tradeDigest } from "./Activities/TradeRows.ts"
import { transferDigest } from "./Activities/Transfers.ts"
import { type Charge, chargeDigest, type ChargeSection, decodeCharge, isChargeSection } from "./Charge.ts"
import { decodeFundsLine, type StatementOfFundsLine } from "./FlexFunds.ts"
import {
  type CashTransaction,
  type CorporateAction,
  decodeCashTransaction,
  decodeCorporateAction,
  decodeTrade,
  type Trade
} from "./FlexReport.ts"
import type { Unreadable } from "./FlexRow.ts"
import { decodeStockGrant, decodeTransfer, type StockGrantActivity, type Transfer } from "./FlexTransfers.ts"
import type { Attributes } from "./FlexXml.ts"

/** A row that moves positions or cash, of whatever section. */
export type MovingRow =
  | { readonly section: "Trades"; readonly row: Trade }
  | { readonly section: "CashTransactions"; readonly row: CashTransaction }
  | { readonly section: "CorporateActions"; readonly row: CorporateAction }
  | { readonly section: "Transfers"; readonly row: Transfer }
  | { readonly section: "StockGrantActivities"; readonly row: StockGrantActivity }
  | { readonly section: ChargeSection; readonly row: Charge }
  | { readonly section: "StmtFunds"; readonly row: StatementOfFundsLine }

/** `undefined` for sections whose rows move nothing, and for rows that repeat others. */
export const decodeMoving = (section: string, fields: Attributes): Result.Result<MovingRow, Unreadable> | undefined => {
  if (isChargeSection(section)) return Result.map(decodeCharge(section, fields), (row) => ({ section, row }))
  switch (section) {
    case "Trades":
      return Result.map(decodeTrade(fields), (row) => ({ section, row }))
    case "CashTransactions":
      return Result.map(decodeCashTransaction(fields), (row) => ({ section, row }))
    case "CorporateActions":
      return Result.map(decodeCorporateAction(fields), (row) => ({ section, row }))
    case "Transfers":
      return Result.map(decodeTransfer(fields), (row) => ({ section, row }))
    case "StockGrantActivities":
      return Result.map(decodeStockGrant(fields), (row) => ({ section, row }))
    case "StmtFunds":
      return isView(fields) ? undefined : Result.map(decodeFundsLine(fields), (row) => ({ section, row }))
    default:
      return undefined
  }
}

/** The content hash that its activities and skip entries carry. */
export const digestOf = (moving: MovingRow): string => {
  switch (moving.section) {
    case "Trades":
      return tradeDigest(moving.row)
    case "CashTransactions":
      return cashDigest(moving.row)
    case "CorporateActions":
      return actionDigest(moving.row)
    case "Transfers":
      return transferDigest(moving.row)
    case "StockGrantActivities":
      return grantDigest(moving.row)
    case "StmtFunds":
      return fundsDigest(moving.row)
    default:
      return chargeDigest(moving.row)
  }
}

/**
 * What makes two prints of a row one, though another template prints it otherwise. A trade that is booked again under its
 * id is another row: it has a transaction id of its own.
 */
export const identityOf = (moving: MovingRow): string => {
  switch (moving.section) {
    case "Trades":
      return `trade ${moving.row.tradeID ?? ""}|${moving.row.transactionID ?? ""}`
    case "CashTransactions":
      return `cash ${moving.row.transactionID ?? digestOf(moving)}`
    case "CorporateActions":
      return `corp ${moving.row.transactionID ?? ""}|${moving.row.conid ?? moving.row.symbol ?? digestOf(moving)}`
    case "Transfers":
      return `transfer ${moving.row.transactionID ?? digestOf(moving)}`
    case "StockGrantActivities":
      return grantId(moving.row) ?? digestOf(moving)
    case "StmtFunds":
      return `funds ${moving.row.transactionID ?? digestOf(moving)}`
    default:
      return moving.row.externalId ?? digestOf(moving)
  }
}

/** The rows by what they are. */
export const byKind = (rows: ReadonlyArray<MovingRow>) => ({
  trades: rows.flatMap((moving) => moving.section === "Trades" ? [moving.row] : []),
  cash: rows.flatMap((moving) => moving.section === "CashTransactions" ? [moving.row] : []),
  actions: rows.flatMap((moving) => moving.section === "CorporateActions" ? [moving.row] : []),
  transfers: rows.flatMap((moving) => moving.section === "Transfers" ? [moving.row] : []),
  grants: rows.flatMap((moving) => moving.section === "StockGrantActivities" ? [moving.row] : []),
  charges: rows.flatMap((moving) => "nature" in moving.row ? [moving.row] : []),
  funds: rows.flatMap((moving) => moving.section === "StmtFunds" ? [moving.row] : [])
})
