import type { Attributes } from "./FlexXml.ts"

/** The attributes of a kind of row, in the order in which a spool has them. */
export interface Columns {
  /** Those that say the same in many rows. */
  readonly shared: ReadonlyArray<string>
  readonly own: ReadonlyArray<string>
}

const repeating: ReadonlySet<string> = new Set([
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
  "accountId",
  "currency",
  "multiplier",
  "ibCommissionCurrency",
  "buySell",
  "transactionType",
  "openCloseIndicator",
  "notes",
  "type"
])

/** @param unique of those that else say the same in many rows: here each row says something else */
export const columnsOf = (names: ReadonlyArray<string>, unique: ReadonlyArray<string> = []): Columns => {
  const isShared = (name: string) => repeating.has(name) && !unique.includes(name)
  return { shared: names.filter(isShared), own: names.filter((name) => !isShared(name)) }
}

/** What rows have in common. */
export class SharedUnits {
  readonly units: ReadonlyArray<string>
  /** By the decoder of its rows: once for all of them. */
  decoded: unknown

  constructor(units: ReadonlyArray<string>) {
    this.units = units
  }
}

/** A row as columns; an empty one is an attribute that is not there. */
export class ColumnRow {
  readonly columns: Columns
  readonly shared: SharedUnits
  readonly own: ReadonlyArray<string>

  constructor(columns: Columns, shared: SharedUnits, own: ReadonlyArray<string>) {
    this.columns = columns
    this.shared = shared
    this.own = own
  }

  /** Made anew each time. */
  get fields(): Attributes {
    const fields: Record<string, string> = {}
    const put = (names: ReadonlyArray<string>, units: ReadonlyArray<string>) => {
      for (const [index, name] of names.entries()) {
        const unit = units[index] ?? ""
        if (unit !== "") fields[name] = unit
      }
    }
    put(this.columns.shared, this.shared.units)
    put(this.columns.own, this.own)
    return fields
  }
}

export const fieldsOf = (row: Attributes | ColumnRow): Attributes => row instanceof ColumnRow ? row.fields : row
