import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { aapl, cash, dividend, position, ptt, type Row, statement, trade, vusa } from "../../e2e/statement.ts"
import type { Scenario } from "../Scenario.ts"

const deposit = cash("70", "Deposits/Withdrawals", "500000", "GBP", "2026-01-05")
const paid = dividend("71", vusa, "12.34", "GBP", "2026-01-07")
const reversal = dividend("72", vusa, "-12.34", "GBP", "2026-01-12", { settleDate: "2026-01-07" })
/** Of a venue that is in no table: held until the symbol map has it. */
const heldTrade = trade("61", ptt, 100, "33.5", "2026-01-05")
const heldDividend = dividend("73", ptt, "22", "THB", "2026-01-07")
const bought = trade("62", vusa, 10, "80", "2026-01-07")
const boughtLater = trade("63", aapl, 5, "200.25", "2026-01-12")

const firstHolds = {
  "ibkr:cash:70": "DEPOSIT 2026-01-05 = 500000 GBP",
  "ibkr:trade:62": "BUY 2026-01-07 VUSA 10 @ 80 fee 1 = 801 GBP",
  "ibkr:cash:71": "DIVIDEND 2026-01-07 VUSA = 12.34 GBP"
}

/** The dividend was booked by then: it goes out with its reversal. */
const { "ibkr:cash:71": _, ...stays } = firstHolds
const secondHolds = {
  ...stays,
  "ibkr:trade:63": "BUY 2026-01-12 AAPL 5 @ 200.25 fee 1 = 1002.25 USD"
}

const thirdHolds = {
  ...secondHolds,
  "ibkr:trade:61": "BUY 2026-01-05 PTT 100 @ 33.5 fee 1 = 3351 THB",
  "ibkr:cash:73": "DIVIDEND 2026-01-07 PTT = 22 THB"
}

/** Three batches of at most 500 rows. */
const many = Array.from({ length: 1003 }, (_, index) => String(9001 + index))

const bySeconds = (index: number): Row => {
  const time = new Date(index * 1000).toISOString().slice(11, 19)
  return { dateTime: `2026-01-14;${time}` }
}

const fourthHolds = {
  ...thirdHolds,
  ...Object.fromEntries(many.map((id) => [`ibkr:trade:${id}`, "BUY 2026-01-14 VUSA 1 @ 81.5 fee 1 = 82.5 GBP"]))
}

/** Windows that overlap, rows that wait for days, a dividend taken back, and one large statement. */
export const overlap: Scenario = {
  name: "overlap",
  nights: [
    {
      name: "rows that are held",
      statement: statement({
        trades: [heldTrade, bought],
        cash: [deposit, paid, heldDividend],
        positions: [position(ptt, 100), position(vusa, 10)],
        securities: [ptt, vusa]
      }),
      holds: firstHolds,
      drift: { PTT: "100" }
    },
    {
      name: "a reversal beside its dividend",
      statement: statement({
        from: "2026-01-07",
        to: "2026-01-12",
        trades: [bought, boughtLater],
        cash: [paid, reversal, heldDividend],
        positions: [position(ptt, 100), position(vusa, 10), position(aapl, 5)],
        securities: [ptt, vusa, aapl]
      }),
      holds: secondHolds,
      drift: { PTT: "100" }
    },
    {
      name: "a symbol map",
      before: ({ dataDir }) =>
        writeFile(
          join(dataDir, "symbol-map.json"),
          JSON.stringify({ "51000051": { symbol: "PTT", mic: "XBKK", currency: "THB" } })
        ),
      statement: statement({
        from: "2026-01-12",
        to: "2026-01-13",
        trades: [boughtLater],
        cash: [reversal],
        positions: [position(ptt, 100), position(vusa, 10), position(aapl, 5)]
      }),
      holds: thirdHolds
    },
    {
      name: "three batches",
      statement: statement({
        from: "2026-01-12",
        to: "2026-01-14",
        trades: [boughtLater, ...many.map((id, index) => trade(id, vusa, 1, "81.5", "2026-01-14", bySeconds(index)))],
        cash: [reversal],
        positions: [position(ptt, 100), position(vusa, 1013), position(aapl, 5)]
      }),
      holds: fourthHolds,
      kills: { requests: /GetStatement|check-duplicates|bulk/, random: 5 }
    }
  ]
}
