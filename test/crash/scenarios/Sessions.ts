import { cash, position, statement, trade, vusa } from "../../e2e/statement.ts"
import type { Night, Scenario } from "../Scenario.ts"

const deposit = cash("80", "Deposits/Withdrawals", "5000", "GBP", "2026-01-05")
const first = trade("81", vusa, 10, "80", "2026-01-05")
const second = trade("82", vusa, -4, "82.5", "2026-01-06")
const interest = cash("83", "Broker Interest Received", "0.42", "GBP", "2026-01-07")

const firstHolds = {
  "ibkr:cash:80": "DEPOSIT 2026-01-05 = 5000 GBP",
  "ibkr:trade:81": "BUY 2026-01-05 VUSA 10 @ 80 fee 1 = 801 GBP"
}
const secondHolds = { ...firstHolds, "ibkr:trade:82": "SELL 2026-01-06 VUSA 4 @ 82.5 fee 1 = 329 GBP" }
const thirdHolds = { ...secondHolds, "ibkr:cash:83": "INTEREST 2026-01-07 = 0.42 GBP" }

const firstNight: Night = {
  name: "a login",
  statement: statement({ to: "2026-01-05", trades: [first], cash: [deposit], positions: [position(vusa, 10)] }),
  holds: firstHolds,
  kills: { requests: false, random: 0, twice: 0 }
}

/** Wealthfolio forgets its sessions between nights and in the middle of one; answers are lost, and IBKR takes its time. */
export const sessions: Scenario = {
  name: "sessions",
  nights: [
    firstNight,
    {
      name: "expired before the night",
      before: ({ wealthfolio }) => wealthfolio.auth.expireAll(),
      flex: { get: [1019] },
      statement: statement({
        to: "2026-01-06",
        trades: [first, second],
        cash: [deposit],
        positions: [position(vusa, 6)]
      }),
      holds: secondHolds
    },
    {
      name: "expired in mid-batch, an answer lost",
      faults: [
        { at: "/activities/bulk", fault: { kind: "expire-sessions" } },
        { at: "/activities/bulk", fault: { kind: "status", status: 408, when: "after" } }
      ],
      statement: statement({
        from: "2026-01-06",
        to: "2026-01-07",
        trades: [second],
        cash: [interest],
        positions: [position(vusa, 6)]
      }),
      holds: thirdHolds
    }
  ]
}
