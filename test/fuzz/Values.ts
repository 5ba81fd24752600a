import { cashTypes } from "../../src/Ibkr/Activities/CashTypes.ts"
import type { Random } from "./Random.ts"

/** What stands in an attribute of a statement, by kind: usual values, and those that broke readers before. */

const numbers = [
  ..."0 -0 +0 0.00 -0.00 1 -1 10 -10 0.5 -.5 5. +3 007 1e-7 -2E-10 1E3 1e14 1e15 1e999 1e-999 1e1000 1e9999999".split(
    " "
  ),
  ..."NaN Infinity -Infinity ∞ 0x10 -- - N/A MULTI . e 1e 1e+ 1_000 ٣ １２ 12,34 1,234.50 -6,400.00 1,2345".split(" "),
  ..."1.234,50 999999999999999 999999999999999.999999999999 1000000000000000 -1000000000000000 0.00000001".split(" "),
  "1 000",
  "",
  " ",
  " 7 ",
  "1234567890123456789012345678901234567890",
  "0.1234567890123456789012345678901234567890",
  "0.0000000000000000000000000001",
  "76.420000000000000000000000000000"
]

const dates = [
  ..."2026-01-05 2026-01-06 2026-01-07 2026-01-09 2025-12-31 2026-02-31 2026-13-01 2026-00-10 0000-00-00".split(" "),
  ..."20260105 20260231 20260105093104 2024-02-29 2023-02-29 2026-1-5 1969-12-31 1970-01-01 2100-12-31 2101-01-01"
    .split(
      " "
    ),
  ..."9999-12-31 0001-01-01 -2026-01-05 yesterday MULTI -- ٢٠٢٦-٠١-٠٥ 2026/01/05 2026-01-05Z".split(" "),
  ..."2026-01-05;09:31:04 2026-01-05;093104 20260105;093104 2026-01-05T09:31:04 2026-01-05;25:00:00".split(" "),
  ..."2026-01-05;09:31:60 2026-01-05;09:31 2026-01-05T09:31:04Z 2026-01-05;00:00:00 2026-01-06;23:59:59".split(" "),
  "2026-01-05, 09:31:04",
  "2026-01-05;09:31:04 EST",
  "2026-01-05 09:31:04 +01:00",
  "2026-01-05;09:31:04 America/New_York",
  "",
  " ",
  "2026-01-05;",
  "2026-01-05\n"
]

/** A run refuses the whole statement for one of these. */
const slashDates = ["05/01/2026", "1/5/26", "01/05/2026;09:31:04"]

const ids = [
  ..."0 - -- N/A 1 2 3 6000000001 70000000001 1:2 1:3 1:fee 1:cancel-fee 1:cancel ibkr:trade:1 00001 1|2 株券 🙂".split(
    " "
  ),
  ..."__proto__ constructor toString hasOwnProperty valueOf".split(" "),
  "",
  " ",
  " 6000000001 ",
  "1\n2",
  "1\t2",
  "é\u0301",
  "\u202E123"
]

const currencies =
  ("GBP GBP USD USD EUR CHF HKD THB JPY gbp GBX GBp Gbp US USDT BASE_SUMMARY XXX ÉUR -- __proto__ constructor £".split(
    " "
  ))
    .concat("", " ", "GBP ")

const levels =
  ("EXECUTION execution TRANSFER ORDER SYMBOL_SUMMARY ASSET_SUMMARY CLOSED_LOT WASH_SALE DETAIL SUMMARY LOT Currency BaseCurrency"
    .split(" ")).concat("", " ", "constructor", "EXECUTION DETAIL")

const categories = "STK STK STK ETF FUND OPT FUT CASH BOND CFD FXCFD CRYPTO WAR stk constructor __proto__".split(" ")
  .concat(
    ""
  )

const venues =
  ("LSE LSEETF LSEIOB1 NASDAQ NYSE ARCA IBIS SBF AEB EBS SEHK TSE SET VALUE MULTI ISLAND DARK GETTEX FWB2 -- - N/A nasdaq"
    .split(" ")).concat("", " ", "constructor", "__proto__", "XX\nYY")

const symbols =
  "VUSA AAPL BMW KO PTT ULVR VUSA.L AAPL.US BP. BP BRK.B 7 0700 RDSa ÄÖÜ 株 -- . .L @ __proto__ constructor".split(
    " "
  ).concat("BRK B", "A B C", "", " ", "\"", "A/B", "VUSA\n", " VUSA", "VUSA.l")

const notes = ["", "P", "Ca", "P;Ca", "Ca;P", "O;Ca;R", "CA", "R", "A;Ex"]
const actionTypes = "FS RS TC SO SD RI ED DW IC TO TM BM CD CP SR XX".split(" ").concat("")
const tradeTypes = "ExchTrade ExchTrade TradeCancel TradeCorrect BookTrade FracShare FracShareCancel Cancel".split(" ")
  .concat("")
const sides = ["BUY", "SELL", "BUY (Ca.)", "SELL (Ca.)", "(Ca.)", "buy", ""]
const accounts = ["U1234567", "U1234567F", "-", "", "U1234567f", " U1234567", "U7654321", "U1\n2", "DU1234567"]
const times = ["09:31:04", "093104", "24:00:00", "09:31", "", "MULTI", "09:31:04 EST", "9:31:04"]
const texts = [
  "",
  " ",
  "TEXT",
  "VUSA(IE00B3XXRP09) CASH DIVIDEND GBP 0.25 PER SHARE (Ordinary Dividend)",
  "KO(US1912161007) CASH DIVIDEND USD 0.0161 PER SHARE - REVERSAL",
  "VUSA(51000001) CASH DIVIDEND",
  "BRK B(US0846707026) CASH DIVIDEND",
  "(IE00B3XXRP09)",
  "AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)",
  "GE(US3696041033) SPLIT 1 FOR 8 (GE.OLD, GE, US3696041033)",
  "SPLIT 0 FOR 1 (",
  "constructor(IE00B3XXRP09)",
  "A & B < C > D \" E ' F",
  "Zürich – Ω 株 🙂",
  "line\nbreak",
  "ADJUSTMENT: COMMISSION",
  "\u2028\u0085\u202E"
]

const types = [
  ...Object.keys(cashTypes.extended),
  ...actionTypes,
  "Dividends",
  "Withholding Tax",
  "Price Adjustments",
  "dividends",
  "",
  " ",
  "constructor",
  "__proto__",
  "Deposits & Withdrawals\n",
  "Dividends ",
  ..."ACATS ACATS ATON FOP OTC INTERNAL INTERCOMPANY internal".split(" ")
]

const kinds: Readonly<Record<string, ReadonlyArray<string>>> = {
  currency: currencies,
  ibCommissionCurrency: currencies,
  levelOfDetail: levels,
  assetCategory: categories,
  listingExchange: venues,
  exchange: venues,
  symbol: symbols,
  notes,
  code: notes,
  transactionType: tradeTypes,
  buySell: sides,
  openCloseIndicator: ["O", "C", "C;O", "", "constructor"],
  accountId: accounts,
  type: types,
  tradeTime: times,
  direction: ["IN", "OUT", "-", "", "in", "constructor"],
  source: ["TRADE", "STANDALONE", "", "trade"],
  status: ["Settled", "Posted", "Pending", "Declined", ""],
  activityDescription: texts.concat("Position MTM", "Option Cash Settlement for: Exercise ( XSP )"),
  description: texts
}

export const isDay = (name: string): boolean => /date|time|whenGenerated/i.test(name)
export const isId = (name: string): boolean => /id$|^conid$|^isin$/i.test(name)
export const isFigure = (name: string): boolean =>
  /quantity|price|proceeds|taxes|commission$|amount|position|cash|multiplier|money|^salesTax$|^total$|^value$/i.test(
    name
  )

/** Repeated so that no reader takes it for the usual. */
const long = (random: Random, piece: string): string => piece.repeat(random.pick([30, 100, 300, 2_000]))

/** A value for the attribute of that name, hostile or usual. */
export const valueFor = (name: string, random: Random): string => {
  if (random.chance(0.01)) {
    return long(random, random.pick(["9", "9", "0", "a", "株", " ", ";", "(", "1,234", "\u0085", "A "]))
  }
  // As long as it takes for what grows with the square of a length to be seen.
  if ((isFigure(name) || isDay(name)) && random.chance(0.02)) {
    return "1".repeat(50_000) + random.pick(["x", "e", ".1.", " ", ";"])
  }
  const known = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (known !== undefined) return random.pick(known)
  if (isDay(name)) return random.chance(0.02) ? random.pick(slashDates) : random.pick(dates)
  if (isId(name)) return random.pick(ids)
  return isFigure(name) ? random.pick(numbers) : random.pick(texts)
}

/** A value of another kind than the attribute's. */
export const foreignValue = (random: Random): string =>
  random.pick([numbers, dates, ids, currencies, levels, symbols, texts, types].map((all) => random.pick(all)))

/** Names that objects have by nature, or that no section has. */
export const attributeNames = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "toJSON",
  "then",
  "length",
  "new"
]
