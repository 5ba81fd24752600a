import { cash, position, statement, trade, vusa } from "../../e2e/statement.ts"
import type { Scenario } from "../Scenario.ts"

const deposit = cash("100", "Deposits/Withdrawals", "5000", "GBP", "2026-01-05")
const monday = trade("101", vusa, 10, "80", "2026-01-05")
const tuesday = trade("102", vusa, 5, "81", "2026-01-06")
const interest = cash("103", "Broker Interest Received", "0.42", "GBP", "2026-01-06")
const wednesday = trade("104", vusa, -3, "82", "2026-01-07")
const positions = [position(vusa, 12)]

const firstHolds = {
  "ibkr:cash:100": "DEPOSIT 2026-01-05 = 5000 GBP",
  "ibkr:trade:101": "BUY 2026-01-05 VUSA 10 @ 80 fee 1 = 801 GBP"
}

/** Last Business Day: nobody ran on the night of Tuesday, whose rows come with a window of their own. */
export const missedNight: Scenario = {
  name: "missed night",
  nights: [
    {
      name: "Monday",
      statement: statement({ to: "2026-01-05", trades: [monday], cash: [deposit], positions: [position(vusa, 10)] }),
      holds: firstHolds,
      kills: { requests: false, random: 0, twice: 0 }
    },
    {
      name: "Wednesday",
      statement: (days) =>
        days === undefined
          ? statement({ from: "2026-01-07", to: "2026-01-07", trades: [wednesday], positions })
          : statement({ ...days, trades: [monday, tuesday, wednesday], cash: [deposit, interest], positions }),
      holds: {
        ...firstHolds,
        "ibkr:trade:102": "BUY 2026-01-06 VUSA 5 @ 81 fee 1 = 406 GBP",
        "ibkr:cash:103": "INTEREST 2026-01-06 = 0.42 GBP",
        "ibkr:trade:104": "SELL 2026-01-07 VUSA 3 @ 82 fee 1 = 245 GBP"
      },
      covers: { from: "2026-01-05", to: "2026-01-07" },
      kills: { disk: /flex_request|statement|coverage/, random: 3, twice: 4 }
    }
  ]
}
