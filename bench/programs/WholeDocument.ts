import { XMLParser } from "fast-xml-parser"
import { readFileSync } from "node:fs"

/** Reads the file that it is given into one object, and prints how many trades and cash rows are in it. */
const [path = ""] = process.argv.slice(2)
const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "", parseAttributeValue: false })
const { Trades, CashTransactions } = parser.parse(readFileSync(path)).FlexQueryResponse.FlexStatements.FlexStatement
console.log(Trades.Trade.length + CashTransactions.CashTransaction.length)
