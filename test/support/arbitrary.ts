import { Arbitrary, Schema } from "effect"
import { account } from "./fixture.ts"

/** Rows of a statement, at random: attributes as IBKR prints them. Small ranges, so that ids, seconds and amounts clash. */

export type Row = Readonly<Record<string, string>>

export const integer = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.pipe(Schema.check(Schema.isBetween({ minimum, maximum }))))

export const oneOf = <const A extends ReadonlyArray<unknown>>(values: A): Arbitrary.Arbitrary<A[number]> =>
  Arbitrary.map(integer(0, values.length - 1), (index) => values[index])

/** `units` of 10^-`scale`, as text. */
export const scaled = (units: number, scale: number): string => {
  if (scale === 0) return String(units)
  const digits = String(Math.abs(units)).padStart(scale + 1, "0")
  return `${units < 0 ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Of a product of two such numbers, exactly: whole numbers multiply without loss below 2^53. */
const product = (a: number, aScale: number, b: number, bScale: number): string => scaled(a * b, aScale + bScale)

interface Line {
  readonly symbol: string
  readonly currency: string
  readonly assetCategory: string
  readonly conid?: string
  readonly isin?: string
  readonly listingExchange?: string
  readonly exchange?: string
}

/** With and without conid and listing venue, one of no known venue, and one that is no equity. */
export const lines: ReadonlyArray<Line> = [
  {
    symbol: "VUSA",
    currency: "GBP",
    assetCategory: "STK",
    conid: "61",
    isin: "IE00B3XXRP09",
    listingExchange: "LSEETF"
  },
  {
    symbol: "AAPL",
    currency: "USD",
    assetCategory: "STK",
    conid: "62",
    isin: "US0378331005",
    listingExchange: "NASDAQ"
  },
  { symbol: "ULVR", currency: "GBP", assetCategory: "STK", exchange: "LSE" },
  { symbol: "KO", currency: "USD", assetCategory: "STK", exchange: "ISLAND" },
  { symbol: "BMW", currency: "EUR", assetCategory: "STK", exchange: "IBIS" },
  { symbol: "PTT", currency: "THB", assetCategory: "STK", conid: "66", listingExchange: "SET" },
  { symbol: "KO", currency: "USD", assetCategory: "OPT", conid: "67", listingExchange: "CBOE" }
]

const line = Arbitrary.map(integer(0, lines.length - 1), (index) => lines[index]!)

const dayIn = (day: number): string => `2026-01-${String(day).padStart(2, "0")}`

export const trade: Arbitrary.Arbitrary<Row> = Arbitrary.map(
  Arbitrary.all({
    line,
    id: integer(1, 8),
    transaction: integer(1, 12),
    anonymous: integer(0, 7),
    units: integer(1, 400),
    scale: integer(0, 4),
    sells: integer(0, 1),
    price: integer(0, 90_000),
    nudge: oneOf([0, 0, 0, 0, 1, -1]),
    proceedsTold: integer(0, 3),
    commission: integer(-400, 120),
    commissionCurrency: oneOf(["", "", "", "GBP"]),
    taxes: oneOf([0, 0, 0, -7, 3]),
    day: integer(5, 7),
    reported: integer(0, 2),
    second: integer(0, 2),
    indicator: oneOf(["", "O", "C"]),
    cancels: integer(0, 5)
  }),
  (value): Row => {
    const { id, line, price, scale, transaction } = value
    const units = value.sells === 1 ? -value.units : value.units
    const isCancel = value.cancels === 0
    // The last digit of the proceeds moved, never across zero.
    const proceeds = product(-units, scale, price, 2)
    const nudged = value.nudge === 0 || price === 0 || Math.abs(units * price) < 2
      ? proceeds
      : scaled(-units * price + value.nudge, scale + 2)
    return {
      ...line,
      accountId: account,
      ...(value.anonymous === 0 || isCancel ? {} : { tradeID: String(id) }),
      ...(isCancel && value.anonymous !== 0 ? { origTradeID: String(id) } : {}),
      transactionID: String(transaction),
      tradeDate: dayIn(value.day),
      reportDate: dayIn(value.day + value.reported),
      dateTime: `${dayIn(value.day)};10:00:0${value.second}`,
      transactionType: isCancel ? "TradeCancel" : "ExchTrade",
      quantity: scaled(units, scale),
      tradePrice: scaled(price, 2),
      ...(value.proceedsTold === 0 ? {} : { proceeds: nudged }),
      taxes: scaled(value.taxes, 2),
      ibCommission: scaled(value.commission, 2),
      ...(value.commissionCurrency === "" ? {} : { ibCommissionCurrency: value.commissionCurrency }),
      openCloseIndicator: value.indicator
    }
  }
)

/** A trade, and now and then its cancel and its rebooking, as IBKR prints them. */
export const tradeStory: Arbitrary.Arbitrary<ReadonlyArray<Row>> = Arbitrary.map(
  Arbitrary.all({ row: trade, ending: oneOf(["stands", "stands", "cancelled", "rebooked", "only rebooked"]) }),
  ({ ending, row }) => {
    const { tradeID, ...rest } = row
    if (tradeID === undefined || ending === "stands") return [row]
    const negated = (text: string | undefined) =>
      text === undefined ? undefined : text.startsWith("-") ? text.slice(1) : `-${text}`
    const proceeds = negated(rest["proceeds"])
    const cancel: Row = {
      ...rest,
      origTradeID: tradeID,
      transactionID: `1${rest["transactionID"]}`,
      transactionType: "TradeCancel",
      reportDate: "2026-01-09",
      quantity: negated(rest["quantity"]) ?? "",
      ...(proceeds === undefined ? {} : { proceeds }),
      taxes: "0",
      ibCommission: "0"
    }
    const rebooked: Row = {
      ...row,
      transactionID: `2${rest["transactionID"]}`,
      reportDate: "2026-01-09",
      ibCommission: "0"
    }
    if (ending === "cancelled") return [row, cancel]
    return ending === "rebooked" ? [row, cancel, rebooked] : [cancel, rebooked]
  }
)

export const trades: Arbitrary.Arbitrary<ReadonlyArray<Row>> = Arbitrary.map(
  Arbitrary.array(tradeStory, { maxLength: 8 }),
  (stories) => stories.flat()
)

export const cashTypes = [
  "Dividends",
  "Withholding Tax",
  "Broker Interest Received",
  "Broker Interest Paid",
  "Commission Adjustments",
  "Other Fees",
  "Deposits & Withdrawals",
  "Deposits/Withdrawals",
  "Payment In Lieu Of Dividends"
] as const

export const cash: Arbitrary.Arbitrary<Row> = Arbitrary.map(
  Arbitrary.all({
    line,
    hasLine: integer(0, 2),
    id: integer(1, 12),
    type: oneOf(cashTypes),
    amount: integer(-3, 3),
    day: integer(5, 7),
    settle: integer(5, 6),
    timed: integer(0, 1)
  }),
  ({ amount, day, hasLine, id, line, settle, timed, type }): Row => ({
    ...(hasLine === 0 ? { currency: line.currency } : line),
    accountId: account,
    transactionID: String(id),
    type,
    amount: scaled(amount * 125, 2),
    reportDate: dayIn(day),
    dateTime: timed === 1 ? `${dayIn(day)};20:20:00` : dayIn(day),
    settleDate: dayIn(settle),
    description: "TEXT"
  })
)

export const cashRows: Arbitrary.Arbitrary<ReadonlyArray<Row>> = Arbitrary.array(cash, { maxLength: 10 })

/** The same members in another order, some of them twice. */
export const shuffled = <A>(all: ReadonlyArray<A>, seed: number): ReadonlyArray<A> => {
  let state = seed
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const rows = all.flatMap((row) => next(3) === 0 ? [row, row] : [row])
  for (let index = rows.length - 1; index > 0; index--) {
    const other = next(index + 1)
    const [a, b] = [rows[index]!, rows[other]!]
    rows[index] = b
    rows[other] = a
  }
  return rows
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\"", "&quot;").replaceAll(">", "&gt;")

const element = (name: string, attributes: Row): string =>
  `<${name}${Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`).join("")} />`

/** One statement of one day with these rows. */
export const statement = (
  sections: Readonly<Record<string, { readonly element: string; readonly rows: ReadonlyArray<Row> }>>
) =>
  [
    `<FlexQueryResponse queryName="q" type="AF"><FlexStatements count="1">`,
    `<FlexStatement accountId="${account}" fromDate="2026-01-05" toDate="2026-01-09" whenGenerated="2026-01-10;02:35:01">`,
    ...Object.entries(sections).map(([name, section]) =>
      section.rows.length === 0
        ? `<${name} />`
        : `<${name}>\n${section.rows.map((row) => element(section.element, row)).join("\n")}\n</${name}>`
    ),
    "</FlexStatement></FlexStatements></FlexQueryResponse>"
  ].join("\n")
