import { aapl, cancel, cash, dividend, position, type Row, statement, trade, vusa } from "../../e2e/statement.ts"
import type { Scenario } from "../Scenario.ts"

const deposit = cash("90", "Deposits/Withdrawals", "500000", "GBP", "2026-01-05")
/** Its commission is in another currency, and booked as a row of its own. */
const cancelled = trade("91", vusa, 10, "80", "2026-01-05", { ibCommission: "-1.5", ibCommissionCurrency: "USD" })
const rebooked = trade("92", vusa, 20, "81", "2026-01-06")
const paid = dividend("93", vusa, "12.34", "GBP", "2026-01-06")
const stays = trade("94", aapl, 5, "200.25", "2026-01-06")

const reversal = dividend("95", vusa, "-12.34", "GBP", "2026-01-07", { settleDate: "2026-01-06" })
const cancel91: Row = { ...cancel("91", vusa, 10, "80", "2026-01-05", "2026-01-07"), ibCommissionCurrency: "USD" }
/** The commission is paid back, and charged again with the new price. */
const cancel92: Row = { ...cancel("92", vusa, 20, "81", "2026-01-06", "2026-01-07"), ibCommission: "1" }
const again92: Row = {
  ...trade("92", vusa, 20, "80.5", "2026-01-06"),
  transactionID: "592",
  reportDate: "2026-01-07"
}
const sold = trade("96", vusa, -4, "82.5", "2026-01-07")

const common = {
  "ibkr:cash:90": "DEPOSIT 2026-01-05 = 500000 GBP",
  "ibkr:trade:94": "BUY 2026-01-06 AAPL 5 @ 200.25 fee 1 = 1002.25 USD"
}
const before = {
  "ibkr:trade:91": "BUY 2026-01-05 VUSA 10 @ 80 = 800 GBP",
  "ibkr:trade:91:fee": "FEE 2026-01-05 = 1.5 USD",
  "ibkr:trade:92": "BUY 2026-01-06 VUSA 20 @ 81 fee 1 = 1621 GBP",
  "ibkr:cash:93": "DIVIDEND 2026-01-06 VUSA = 12.34 GBP"
}
const after = {
  "ibkr:trade:91:cancel-fee": "FEE 2026-01-05 = 1.5 USD",
  "ibkr:trade:92": "BUY 2026-01-06 VUSA 20 @ 80.5 fee 1 = 1611 GBP"
}

/** What was booked is taken back and booked again a night later: rows go and come in one bulk each. */
export const corrections: Scenario = {
  name: "corrections",
  nights: [
    {
      name: "booked",
      statement: statement({
        to: "2026-01-06",
        trades: [cancelled, rebooked, stays],
        cash: [deposit, paid],
        positions: [position(vusa, 30), position(aapl, 5)]
      }),
      holds: { ...common, ...before },
      kills: { requests: false, random: 0, twice: 0 }
    },
    {
      name: "taken back",
      statement: statement({
        from: "2026-01-07",
        to: "2026-01-07",
        trades: [cancel91, cancel92, again92, sold],
        cash: [reversal],
        positions: [position(vusa, 16), position(aapl, 5)]
      }),
      holds: { ...common, ...after, "ibkr:trade:96": "SELL 2026-01-07 VUSA 4 @ 82.5 fee 1 = 329 GBP" },
      swaps: [
        { out: ["ibkr:trade:91", "ibkr:trade:91:fee"], in: ["ibkr:trade:91:cancel-fee"] },
        { out: [before["ibkr:trade:92"]], in: [after["ibkr:trade:92"]] }
      ],
      kills: { disk: /sync_record|COMMIT|statement|coverage/, random: 4, twice: 6 }
    }
  ]
}
