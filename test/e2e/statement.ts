import { sections } from "../../src/Ibkr/FlexReport.ts"

/** Statements as IBKR prints them, from as little as a test has to say. */

export type Row = Readonly<Record<string, string>>

export interface Line extends Row {
  readonly symbol: string
  readonly currency: string
}

export const vusa: Line = {
  symbol: "VUSA",
  description: "VANG S&P500 USDD",
  currency: "GBP",
  assetCategory: "STK",
  conid: "51000001",
  isin: "IE00B3XXRP09",
  listingExchange: "LSEETF"
}

export const aapl: Line = {
  symbol: "AAPL",
  description: "APPLE INC",
  currency: "USD",
  assetCategory: "STK",
  conid: "51000003",
  isin: "US0378331005",
  listingExchange: "NASDAQ"
}

export const put: Line = {
  symbol: "AAPL  260116P00200000",
  currency: "USD",
  assetCategory: "OPT",
  conid: "52009001",
  listingExchange: "CBOE",
  multiplier: "100"
}

/** A line whose venue is in no table. */
export const ptt: Line = {
  symbol: "PTT",
  description: "PTT PCL",
  currency: "THB",
  assetCategory: "STK",
  conid: "51000051",
  isin: "TH0646010Z00",
  listingExchange: "SET"
}

/** Positive quantities are bought, negative ones sold. */
export const trade = (
  tradeID: string,
  line: Line,
  quantity: number,
  price: string,
  day: string,
  more: Row = {}
): Row => ({
  ...line,
  tradeID,
  transactionID: `3${tradeID}`,
  tradeDate: day,
  reportDate: day,
  dateTime: `${day};09:31:04`,
  transactionType: "ExchTrade",
  exchange: line["listingExchange"] ?? "",
  buySell: quantity < 0 ? "SELL" : "BUY",
  quantity: String(quantity),
  tradePrice: price,
  multiplier: "1",
  taxes: "0",
  ibCommission: "-1",
  ibCommissionCurrency: line.currency,
  levelOfDetail: "EXECUTION",
  ...more
})

/** The row with which IBKR takes a trade back on a later day. */
export const cancel = (tradeID: string, line: Line, quantity: number, price: string, day: string, on: string): Row =>
  trade("", line, -quantity, price, day, {
    origTradeID: tradeID,
    transactionID: `4${tradeID}`,
    reportDate: on,
    transactionType: "TradeCancel",
    buySell: "BUY (Ca.)",
    exchange: "--",
    notes: "Ca",
    ibCommission: "0"
  })

export const cash = (
  transactionID: string,
  type: string,
  amount: string,
  currency: string,
  day: string,
  more: Row = {}
) =>
  ({
    transactionID,
    type,
    amount,
    currency,
    reportDate: day,
    dateTime: day,
    settleDate: day,
    description: "TEXT",
    levelOfDetail: "DETAIL",
    ...more
  }) satisfies Row

/** `currency` is what is paid, whatever the line trades in. */
export const dividend = (
  transactionID: string,
  line: Line,
  amount: string,
  currency: string,
  day: string,
  more: Row = {}
) => cash(transactionID, "Dividends", amount, currency, day, { ...line, currency, ...more })

/** A leg of a corporate action, as IBKR books it in the evening of `day` and reports it on `on`. */
export const action = (
  transactionID: string,
  actionID: string,
  type: string,
  line: Line,
  quantity: string,
  day: string,
  on: string,
  more: Row = {}
): Row => ({
  ...line,
  transactionID,
  actionID,
  type,
  quantity,
  proceeds: "0",
  value: "0",
  dateTime: `${day};20:25:00`,
  reportDate: on,
  code: "",
  levelOfDetail: "DETAIL",
  ...more
})

/** Shares, signed; with no line it is cash, signed. */
export const transfer = (
  transactionID: string,
  line: Line | undefined,
  figure: string,
  day: string,
  more: Row = {}
): Row => ({
  ...(line ?? { symbol: "--", assetCategory: "CASH", currency: "GBP" }),
  transactionID,
  type: "FOP",
  direction: figure.startsWith("-") ? "OUT" : "IN",
  reportDate: day,
  date: day,
  quantity: line === undefined ? "0" : figure,
  cashTransfer: line === undefined ? figure : "0",
  levelOfDetail: "TRANSFER",
  ...more
})

export const position = (line: Line, quantity: number): Row => ({
  ...line,
  position: String(quantity),
  levelOfDetail: "SUMMARY"
})

/** A lot of a position, beside its sum. */
export const lot = (line: Line, quantity: number, price: string, opened: string): Row => ({
  ...line,
  position: String(quantity),
  costBasisPrice: price,
  openDateTime: `${opened};10:00:00`,
  levelOfDetail: "LOT"
})

export const balance = (currency: string, startingCash: string, endingCash: string): Row => ({
  currency,
  startingCash,
  endingCash,
  levelOfDetail: "Currency"
})

export interface Day {
  readonly account?: string
  /** Default 2026-01-05. */
  readonly from?: string
  /** Default 2026-01-09. */
  readonly to?: string
  readonly trades?: ReadonlyArray<Row>
  readonly cash?: ReadonlyArray<Row>
  readonly actions?: ReadonlyArray<Row>
  /** `null`: the query has no such section. */
  readonly positions?: ReadonlyArray<Row> | null
  /** Prior Period Positions; without any the query has no such section. */
  readonly prior?: ReadonlyArray<Row>
  readonly securities?: ReadonlyArray<Line>
  readonly balances?: ReadonlyArray<Row>
  /** Sections beside these, by name. */
  readonly more?: Readonly<Record<string, ReadonlyArray<Row>>>
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\"", "&quot;")

const section = (name: string, element: string, rows: ReadonlyArray<Row>, account: string): string =>
  rows.length === 0 ? `<${name} />` : [
    `<${name}>`,
    ...rows.map((row) => {
      const attributes = Object.entries({ accountId: account, ...row })
      return `<${element} ${attributes.map(([key, value]) => `${key}="${escaped(value)}"`).join(" ")} />`
    }),
    `</${name}>`
  ].join("\n")

const one = (day: Day): string => {
  const account = day.account ?? "U1234567"
  const from = day.from ?? "2026-01-05"
  const to = day.to ?? "2026-01-09"
  return [
    `<FlexStatement accountId="${account}" fromDate="${from}" toDate="${to}" whenGenerated="${to};23:35:01">`,
    `<AccountInformation accountId="${account}" currency="GBP" />`,
    section("Trades", "Trade", day.trades ?? [], account),
    section("CashTransactions", "CashTransaction", day.cash ?? [], account),
    section("CorporateActions", "CorporateAction", day.actions ?? [], account),
    ...(day.positions === null ? [] : [section("OpenPositions", "OpenPosition", day.positions ?? [], account)]),
    ...(day.prior === undefined ? [] : [section("PriorPeriodPositions", "PriorPeriodPosition", day.prior, account)]),
    section("SecuritiesInfo", "SecurityInfo", day.securities ?? [], account),
    ...Object.entries(day.more ?? {}).map(([name, rows]) =>
      section(name, sections[name]?.element ?? "", rows, account)
    ),
    section("CashReport", "CashReportCurrency", day.balances ?? [], account),
    "</FlexStatement>"
  ].join("\n")
}

/** One statement in one file, or several. */
export const statement = (...days: ReadonlyArray<Day>): string =>
  [
    `<FlexQueryResponse queryName="broker-sync" type="AF">`,
    `<FlexStatements count="${days.length}">`,
    ...days.map(one),
    "</FlexStatements>",
    "</FlexQueryResponse>",
    ""
  ].join("\n")

/** 10 shares of VUSA bought; the broker says that it holds these at the end of `to`. */
export const tenBought = (to: string, held: number): string =>
  statement({
    from: to,
    to,
    trades: [trade("61", vusa, 10, "80", "2026-01-05")],
    cash: [cash("71", "Deposits", "1000", "GBP", "2026-01-05")],
    positions: [position(vusa, held)],
    balances: [balance("GBP", "0", "199")]
  })
