import { cash, position, statement, trade, vusa } from "../../e2e/statement.ts"
import { byHand } from "../Rows.ts"
import type { Scenario } from "../Scenario.ts"

const deposit = cash("110", "Deposits/Withdrawals", "5000", "GBP", "2026-01-05")
const bought = trade("111", vusa, 10, "80", "2026-01-05")
/** Two fills of one order, typed as one row. */
const fills = [
  trade("112", vusa, 4, "81", "2026-01-06", { ibOrderID: "900" }),
  trade("113", vusa, 6, "81", "2026-01-06", { ibOrderID: "900" })
]
const sold = trade("114", vusa, -3, "82", "2026-01-07")

const typedBuy = "BUY 2026-01-05 VUSA 10 @ 80 fee 1 = 801 GBP"
const typedSum = "BUY 2026-01-06 VUSA 10 @ 81 fee 2 = 812 GBP"
const typedDeposit = "DEPOSIT 2026-01-05 = 5000 GBP"
const typedElsewhere = "DEPOSIT 2026-01-02 = 7 GBP"

/** Rows typed by hand give way to the broker's: each is gone exactly when ours are there. */
export const typedRowsGiveWay: Scenario = {
  name: "by hand",
  before: ({ account, wealthfolio }) => {
    const asset = wealthfolio.addAsset({
      instrumentSymbol: "VUSA",
      instrumentExchangeMic: "XLON",
      name: "VANG S&P500 USDD",
      quoteCcy: "GBP"
    })
    const type = (activityType: string, day: string, figures: Readonly<Record<string, unknown>>) =>
      wealthfolio.addActivity({
        accountId: account.id,
        activityType,
        activityDate: `${day}T12:00:00Z`,
        currency: "GBP",
        ...figures
      })
    const symbol = { id: asset.id }
    type("DEPOSIT", "2026-01-02", { amount: "7" })
    type("DEPOSIT", "2026-01-05", { amount: "5000" })
    type("BUY", "2026-01-05", { symbol, quantity: "10", unitPrice: "80", fee: "1", amount: "801" })
    type("BUY", "2026-01-06", { symbol, quantity: "10", unitPrice: "81", fee: "2", amount: "812" })
  },
  nights: [{
    name: "adopted",
    env: { IBKR_ADOPT: "adopt" },
    statement: statement({
      to: "2026-01-07",
      trades: [bought, ...fills, sold],
      cash: [deposit],
      positions: [position(vusa, 17)]
    }),
    typed: [typedElsewhere],
    holds: {
      "ibkr:cash:110": "DEPOSIT 2026-01-05 = 5000 GBP",
      "ibkr:trade:111": "BUY 2026-01-05 VUSA 10 @ 80 fee 1 = 801 GBP",
      "ibkr:trade:112": "BUY 2026-01-06 VUSA 4 @ 81 fee 1 = 325 GBP",
      "ibkr:trade:113": "BUY 2026-01-06 VUSA 6 @ 81 fee 1 = 487 GBP",
      "ibkr:trade:114": "SELL 2026-01-07 VUSA 3 @ 82 fee 1 = 245 GBP"
    },
    swaps: [
      { out: [byHand(typedDeposit)], in: ["ibkr:cash:110"] },
      { out: [byHand(typedBuy)], in: ["ibkr:trade:111"] },
      { out: [byHand(typedSum)], in: ["ibkr:trade:112", "ibkr:trade:113"] }
    ],
    kills: { disk: /sync_record|COMMIT/, random: 3, twice: 3 }
  }]
}
