import { Result } from "effect"
import { NumberTable } from "../NumberTable.ts"
import type { SourceRow } from "../Portfolio/Activity.ts"
import { correctionSection } from "../Portfolio/CommissionCorrection.ts"
import { isDeposit } from "./Activities/CashTypes.ts"
import { isIdentifier, isSymbol } from "./FlexField.ts"
import { baseSummary, decodeCashReport } from "./FlexReport.ts"
import type { Attributes } from "./FlexXml.ts"
import { finalSymbol, namedSecurity } from "./SecurityNames.ts"

/** Rows of these bear on those of several instruments, and on cash: all of them are one group. */
const tying: ReadonlySet<string> = new Set(["CorporateActions", "Transfers", "StockGrantActivities"])

const moving: ReadonlySet<string> = new Set([
  ...tying,
  "Trades",
  "CashTransactions",
  "SalesTaxes",
  "TransactionTaxes",
  "CFDCharges",
  "DebitCardActivities"
])

/** The group of `tying` rows, and of trades of nobody knows what. */
const knot = 0

/** Of rows that tell of the statement as a whole: they are in every part. */
export const everyGroup = -1

/**
 * Which rows of a statement may bear on one another, told as they are read: rows of one contract id, symbol or ISIN, of
 * one broker's id, and cash of no security in one currency. Rows of different groups are mapped apart with the same result.
 */
export class RowGroups {
  /** Of each group the one it went over into, or itself. */
  readonly #joined: Array<number> = [knot]
  readonly #rows: Array<number> = [0]
  readonly #conids = new Map<string, number>()
  readonly #symbols = new Map<string, number>()
  readonly #isins = new Map<string, number>()
  readonly #currencies = new Map<string, number>()
  #ids = new NumberTable()
  #isTied = false
  #hasConversions = false
  #isWhole = false
  readonly #cashLines = new Set<boolean>()

  /** Where rows cannot be told apart. */
  keepWhole(): void {
    this.#isWhole = true
  }

  /** The group of a row as it was printed. */
  add(section: string, row: Attributes): number {
    if (section === "CashReport") {
      const line = decodeCashReport(row)
      if (Result.isSuccess(line)) this.#cashLines.add(line.success.currency === baseSummary)
      return everyGroup
    }
    const group = this.#groupOf(section, row)
    if (moving.has(section)) {
      this.#rows[group] = (this.#rows[group] ?? 0) + 1
      for (const id of idsOf(section, row)) this.#join(group, this.#ids.claim(id, group))
    }
    if (tying.has(section)) {
      this.#isTied = true
      this.#join(group, knot)
    }
    if (section === "Trades" && row["assetCategory"] === "CASH") this.#hasConversions = true
    // It has the statement's rows again.
    if (section === "StmtFunds") this.#isWhole = true
    return group
  }

  /** Their commissions are judged by what all rows of the statement move. */
  get hasConversions(): boolean {
    return this.#hasConversions
  }

  /**
   * Groups in parts of at most `most` moving rows, as far as groups allow; what ties is in the first. With conversions
   * there is a last one without rows, for what is told once all of them are known. `undefined` where all rows belong in one.
   *
   * @param kept rows of earlier statements that are mapped with these
   */
  parts(most: number, kept: ReadonlyArray<SourceRow>): RowParts | undefined {
    const groupsOfKept = kept.map((source) => {
      if (source.section === correctionSection) return [source, undefined] as const
      for (const row of source.context ?? []) this.add(row.section, row.fields)
      return [source, Math.max(this.add(source.section, source.fields), knot)] as const
    })
    // All are told: what is left is the groups.
    this.#ids = new NumberTable()
    // Cash that was transferred is looked for among all deposits.
    if (this.#isTied) { for (const group of this.#currencies.values()) this.#join(group, knot) }
    const sizes = new Map<number, number>([[this.#find(knot), 0]])
    for (const [group, rows] of this.#rows.entries()) {
      const root = this.#find(group)
      sizes.set(root, (sizes.get(root) ?? 0) + rows)
    }
    let [part, size] = [0, 0]
    const partOfRoot = new Map<number, number>()
    for (const [root, rows] of sizes) {
      if (size > 0 && size + rows > most) [part, size] = [part + 1, 0]
      partOfRoot.set(root, part)
      size += rows
    }
    // For which currency a summary stands is told by all rows.
    const isSummary = this.#cashLines.has(true) && !this.#cashLines.has(false)
    if (this.#isWhole || isSummary || part === 0) return undefined
    const partOf = (group: number) => partOfRoot.get(this.#find(group)) ?? 0
    const last = this.#hasConversions ? part + 1 : part
    const keptIn = Map.groupBy(groupsOfKept, ([, group]) => group === undefined ? last : partOf(group))
    return { count: last + 1, partOf, keptIn: (part) => (keptIn.get(part) ?? []).map(([source]) => source) }
  }

  #groupOf(section: string, row: Attributes): number {
    const { conid, isin, securityID, securityIDType, symbol } = row
    let group: number | undefined
    const meet = (names: Map<string, number>, name: string | undefined) => {
      if (name === undefined) return
      const known = names.get(name)
      if (known === undefined) names.set(name, group ??= this.#new())
      else if (group === undefined) group = known
      else if (known !== group) this.#join(known, group)
    }
    const hasConid = isIdentifier(conid)
    const name = isSymbol(symbol) ? finalSymbol(symbol) : undefined
    if (hasConid) meet(this.#conids, conid)
    meet(this.#symbols, name)
    if (isIdentifier(isin)) meet(this.#isins, isin)
    if (securityIDType === "ISIN" && isIdentifier(securityID)) meet(this.#isins, securityID)
    const isNamed = hasConid || name !== undefined
    // A cash row may name its security in its text alone, whatever its ISIN says.
    if (!isNamed && section === "CashTransactions") {
      const [, told, code = ""] = namedSecurity.exec(row["description"] ?? "") ?? []
      // Else it is cash of no security.
      if (told === undefined) meet(this.#currencies, row["currency"] ?? "?")
      else {
        meet(this.#symbols, finalSymbol(told))
        meet(/^\d+$/.test(code) ? this.#conids : this.#isins, code)
      }
    }
    // A transfer's cash is looked for among all deposits, whatever they name.
    if (section === "CashTransactions" && isDeposit(row["type"] ?? "")) meet(this.#currencies, row["currency"] ?? "?")
    // By symbols alone securities are told apart with all others in view, and a trade of none makes all positions doubtful.
    if (!hasConid && (name !== undefined || section === "Trades")) this.#join(group ?? knot, knot)
    // What is held of nobody knows what is one position.
    if (!isNamed && section === "OpenPositions") return knot
    if (group === undefined && section !== "Trades") meet(this.#currencies, row["currency"] ?? "?")
    return group ?? knot
  }

  #new(): number {
    this.#rows.push(0)
    return this.#joined.push(this.#joined.length) - 1
  }

  #find(group: number): number {
    let root = group
    for (let up = this.#joined[root]; up !== undefined && up !== root; up = this.#joined[root]) root = up
    this.#joined[group] = root
    return root
  }

  #join(a: number, b: number): void {
    if (a === b) return
    const [one, other] = [this.#find(a), this.#find(b)]
    if (one !== other) this.#joined[Math.max(one, other)] = Math.min(one, other)
  }
}

/** A statement's rows in parts that can be mapped one after the other. */
export interface RowParts {
  readonly count: number
  readonly partOf: (group: number) => number
  /** The rows of earlier statements that are mapped with those of a part. */
  readonly keptIn: (part: number) => ReadonlyArray<SourceRow>
}

/**
 * Rows that share one of these may be one, or take one another back. Ids are known by a number: two that share one pass
 * for the same, which does no harm.
 */
function* idsOf(section: string, row: Attributes): Generator<number> {
  const { origTradeID, tradeID, tradeId, transactionID } = row
  if (section === "Trades") {
    yield* numberOf(isIdentifier(tradeID) ? tradeID : transactionID, 0)
    yield* numberOf(origTradeID, 0)
  } else {
    yield* numberOf(transactionID, 1)
    yield* numberOf(tradeId, 0)
  }
}

/** Nothing for what is no id. */
function* numberOf(id: string | undefined, kind: 0 | 1): Generator<number> {
  if (id === undefined || !isIdentifier(id)) return
  yield (/^[1-9]\d{0,14}$/.test(id) ? Number(id) : hashOf(id)) * 2 + kind
}

/** Of 52 bits, and never 0. */
const hashOf = (text: string): number => {
  let [low, high] = [0x811c9dc5, 0x01000193]
  for (let at = 0; at < text.length; at++) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193)
    high = Math.imul(high ^ text.charCodeAt(at), 0x85ebca6b)
  }
  return (high >>> 12) * 4_294_967_296 + (low >>> 0) + 1
}
