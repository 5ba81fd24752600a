import { parseArgs } from "node:util"
import { type Line, makeLines, noSecurity, securityOf } from "./statement/Lines.ts"
import { businessDays, generator } from "./statement/Seeded.ts"
import { decimal, writer } from "./statement/Writer.ts"

/**
 * Writes a made-up statement of a busy year: one account, six currencies, every attribute of a query with all fields
 * ticked. Its positions are the sum of its trades and its cash report closes to the digit. The same seed gives the same
 * bytes; memory stays flat, whatever the size.
 *
 * `node bench/generate-statement.ts --trades 30000 --cash 6000 --seed 1 --out statement.xml` (52 MB)
 */
export interface StatementShape {
  readonly trades: number
  readonly cash: number
  readonly seed: number
  readonly out: string
}

export interface Generated {
  readonly bytes: number
  readonly openPositions: number
  readonly currencies: number
}

const account = "U1234567"
const days = businessDays("2025-01-02", "2025-12-31")
const firstDay = days[0] ?? ""
const lastDay = days.at(-1) ?? ""

/** Amounts are whole millionths, so that every sum is exact. */
const million = 1_000_000n

interface Ledger {
  readonly opening: bigint
  commissions: bigint
  deposits: bigint
  dividends: bigint
  tax: bigint
  interest: bigint
  fees: bigint
  bought: bigint
  sold: bigint
}

export const generateStatement = (shape: StatementShape): Generated => {
  const random = generator(shape.seed)
  const pick = <A>(all: ReadonlyArray<A>): A => {
    const one = all[Math.floor(random() * all.length)]
    if (one === undefined) throw new Error("nothing to pick from")
    return one
  }
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1))
  const out = writer(shape.out)
  const lines = makeLines(Math.max(20, Math.min(400, Math.ceil(shape.trades / 75))), between)
  const ledgers = new Map<string, Ledger>()
  for (const { currency } of lines) {
    ledgers.set(currency, {
      opening: 25_000n * million,
      commissions: 0n,
      deposits: 0n,
      dividends: 0n,
      tax: 0n,
      interest: 0n,
      fees: 0n,
      bought: 0n,
      sold: 0n
    })
  }
  const ledgerOf = (currency: string): Ledger => {
    const ledger = ledgers.get(currency)
    if (ledger === undefined) throw new Error(`no ledger for ${currency}`)
    return ledger
  }
  const clock = (from: number, to: number) => {
    const second = between(from * 3600, to * 3600 - 1)
    const pad = (value: number) => String(value).padStart(2, "0")
    return `${pad(Math.floor(second / 3600))}:${pad(Math.floor(second / 60) % 60)}:${pad(second % 60)}`
  }

  out.write(
    `<FlexQueryResponse queryName="broker-sync-activity" type="AF">\n<FlexStatements count="1">\n<FlexStatement accountId="${account}" fromDate="${firstDay}" toDate="${lastDay}" period="Last365CalendarDays" whenGenerated="2026-01-02;02:35:01">\n`
  )
  out.row("AccountInformation", { accountId: account, acctAlias: "", currency: "GBP", name: "A. N. Other & Partners" })

  out.write("<Trades>\n")
  let tradeID = 6_000_000_000
  let transactionID = 30_000_000_000
  for (let count = 0; count < shape.trades; count++) {
    const day = days[Math.floor((count * days.length) / shape.trades)] ?? lastDay
    const line = pick(lines)
    line.price = Math.max(100, line.price + between(-40, 41))
    const sells = line.held > 0 && random() < 0.45
    const quantity = sells ? Math.min(line.held, between(1, 300)) : between(1, 300)
    const signed = sells ? -quantity : quantity
    const money = BigInt(quantity) * BigInt(line.price) * 10_000n
    const commission = BigInt(between(350_000, 4_990_000))
    const taxes = line.exchange === "LSE" && !sells ? money / 200n / 10_000n * 10_000n : 0n
    const ledger = ledgerOf(line.currency)
    line.held += signed
    if (sells) ledger.sold += money
    else ledger.bought += money
    ledger.commissions += commission + taxes
    tradeID += between(1, 90)
    transactionID += between(1, 90)
    const proceeds = sells ? money : -money
    out.row("Trade", {
      accountId: account,
      acctAlias: "",
      model: "",
      currency: line.currency,
      fxRateToBase: line.fxRateToBase,
      ...securityOf(line),
      tradeID: String(tradeID),
      relatedTradeID: "",
      reportDate: day,
      expiry: "",
      dateTime: `${day};${clock(8, 16)}`,
      tradeDate: day,
      settleDateTarget: day,
      transactionType: "ExchTrade",
      exchange: pick(line.executionVenues),
      quantity: String(signed),
      tradePrice: decimal(BigInt(line.price) * 10_000n),
      tradeMoney: decimal(-proceeds),
      proceeds: decimal(proceeds),
      taxes: decimal(-taxes),
      ibCommission: decimal(-commission),
      ibCommissionCurrency: line.currency,
      netCash: decimal(proceeds - commission - taxes),
      closePrice: decimal(BigInt(line.price + between(-40, 40)) * 10_000n),
      openCloseIndicator: sells ? "C" : "O",
      notes: random() < 0.3 ? "P" : "",
      cost: decimal(-proceeds + commission + taxes),
      fifoPnlRealized: sells ? decimal(BigInt(between(-900_000_000, 900_000_000))) : "0",
      mtmPnl: decimal(BigInt(between(-90_000_000, 90_000_000))),
      origTradePrice: "0",
      origTradeDate: "",
      origTradeID: "",
      origOrderID: "0",
      clearingFirmID: "",
      transactionID: String(transactionID),
      buySell: sells ? "SELL" : "BUY",
      ibOrderID: String(4_000_000_000 + count * 7),
      ibExecID: `0000${(shape.seed % 100 + 10).toString(16)}f8.${(0x65000000 + count).toString(16)}.01.01`,
      brokerageOrderID: `0016${(0x1000_0000 + count).toString(16)}.00017d2a.65f0a1b2.0001`,
      orderTime: `${day};07:30:00`,
      orderType: "LMT",
      traderID: "",
      volatilityOrderLink: "",
      exchOrderId: "N/A",
      extExecID: `AAAPR${(0x3000_0000 + count).toString(16)}`,
      origTransactionID: "0",
      relatedTransactionID: "",
      openDateTime: "",
      holdingPeriodDateTime: "",
      whenRealized: "",
      whenReopened: "",
      changeInPrice: "0",
      changeInQuantity: "0",
      isAPIOrder: "N",
      accruedInt: "0",
      levelOfDetail: "EXECUTION"
    })
  }
  out.write("</Trades>\n<CashTransactions>\n")

  let cashID = 70_000_000_000
  let dividend: { readonly line: Line; readonly day: string; readonly tax: bigint } | undefined
  for (let count = 0; count < shape.cash; count++) {
    const day = days[Math.floor((count * days.length) / shape.cash)] ?? lastDay
    cashID += between(1, 90)
    const kind = dividend === undefined ? random() : 0
    const line = dividend?.line ?? pick(lines)
    const ledger = ledgerOf(line.currency)
    const base = {
      accountId: account,
      acctAlias: "",
      model: "",
      currency: line.currency,
      fxRateToBase: line.fxRateToBase
    }
    const booked = (
      type: string,
      amount: bigint,
      description: string,
      on: string,
      security: Readonly<Record<string, string>>
    ) =>
      out.row("CashTransaction", {
        ...base,
        ...security,
        description,
        dateTime: `${on};20:20:00`,
        settleDate: on,
        availableForTradingDate: on,
        reportDate: on,
        exDate: "",
        amount: decimal(amount),
        type,
        tradeID: "",
        code: "",
        transactionID: String(cashID),
        actionID: "",
        clientReference: "",
        levelOfDetail: "DETAIL"
      })
    if (dividend !== undefined) {
      const text = `${line.symbol}(${line.isin}) CASH DIVIDEND ${line.currency} 0.385 PER SHARE - ${line.country} TAX`
      booked("Withholding Tax", -dividend.tax, text, dividend.day, securityOf(line))
      ledger.tax += dividend.tax
      dividend = undefined
    } else if (kind < 0.5) {
      const amount = BigInt(between(100, 90_000)) * 10_000n
      const text = `${line.symbol}(${line.isin}) CASH DIVIDEND ${line.currency} 0.385 PER SHARE (Ordinary Dividend)`
      booked("Dividends", amount, text, day, securityOf(line))
      ledger.dividends += amount
      if (count + 1 < shape.cash) dividend = { line, day, tax: amount * 15n / 100n / 10_000n * 10_000n + 10_000n }
    } else if (kind < 0.7) {
      const amount = BigInt(between(1, 9_000)) * 10_000n
      booked("Broker Interest Received", amount, `${line.currency} CREDIT INT FOR ${day.slice(0, 7)}`, day, noSecurity)
      ledger.interest += amount
    } else if (kind < 0.9) {
      const amount = BigInt(between(1, 2_000)) * 10_000n
      booked("Other Fees", -amount, `M******67:MARKET DATA & NEWS FOR ${day.slice(0, 7)}`, day, noSecurity)
      ledger.fees += amount
    } else {
      const amount = BigInt(between(50_000, 500_000)) * 10_000n
      booked("Deposits/Withdrawals", amount, "CASH RECEIPTS / ELECTRONIC FUND TRANSFERS", day, noSecurity)
      ledger.deposits += amount
    }
  }
  out.write("</CashTransactions>\n<CorporateActions />\n<OpenPositions>\n")

  let openPositions = 0
  for (const line of lines) {
    if (line.held === 0) continue
    openPositions++
    out.row("OpenPosition", {
      accountId: account,
      acctAlias: "",
      model: "",
      currency: line.currency,
      fxRateToBase: line.fxRateToBase,
      ...securityOf(line),
      reportDate: lastDay,
      position: String(line.held),
      markPrice: decimal(BigInt(line.price) * 10_000n),
      positionValue: decimal(BigInt(line.price) * 10_000n * BigInt(line.held)),
      side: "Long",
      levelOfDetail: "SUMMARY"
    })
  }
  out.write("</OpenPositions>\n<SecuritiesInfo>\n")
  for (const line of lines) {
    out.row("SecurityInfo", { ...securityOf(line), currency: line.currency, maturity: "", code: "" })
  }
  out.write("</SecuritiesInfo>\n<CashReport>\n")
  for (const [currency, ledger] of ledgers) {
    const closing = ledger.opening + ledger.deposits + ledger.dividends + ledger.interest + ledger.sold
      - ledger.bought - ledger.commissions - ledger.tax - ledger.fees
    out.row("CashReportCurrency", {
      accountId: account,
      acctAlias: "",
      model: "",
      currency,
      fromDate: firstDay,
      toDate: lastDay,
      startingCash: decimal(ledger.opening),
      commissions: decimal(-ledger.commissions),
      depositWithdrawals: decimal(ledger.deposits),
      dividends: decimal(ledger.dividends),
      withholdingTax: decimal(-ledger.tax),
      brokerInterest: decimal(ledger.interest),
      otherFees: decimal(-ledger.fees),
      netTradesSales: decimal(ledger.sold),
      netTradesPurchases: decimal(-ledger.bought),
      endingCash: decimal(closing),
      levelOfDetail: "Currency"
    })
  }
  out.write("</CashReport>\n</FlexStatement>\n</FlexStatements>\n</FlexQueryResponse>\n")
  return { bytes: out.close(), openPositions, currencies: ledgers.size }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      trades: { type: "string", default: "30000" },
      cash: { type: "string", default: "6000" },
      seed: { type: "string", default: "1" },
      out: { type: "string" }
    }
  })
  if (values.out === undefined) throw new Error("--out FILE is missing")
  const shape = { trades: Number(values.trades), cash: Number(values.cash), seed: Number(values.seed), out: values.out }
  const { bytes, currencies, openPositions } = generateStatement(shape)
  console.log(
    `${shape.out}: ${
      (bytes / 1_000_000).toFixed(1)
    } MB, ${shape.trades} trades, ${shape.cash} cash rows, ${openPositions} open positions, ${currencies} currencies`
  )
}
