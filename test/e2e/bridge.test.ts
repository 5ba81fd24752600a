import { assert, describe, it } from "@effect/vitest"
import { balance, cash, position, ptt, statement, trade, vusa } from "./statement.ts"
import { startWorld, succeeded } from "./support.ts"

describe("cash that the rows do not explain", { timeout: 60_000, concurrent: true }, () => {
  const day = "2026-01-05"
  const gbp = {
    ...balance("GBP", "0", "191"),
    netTradesSales: "0",
    netTradesPurchases: "-800",
    commissions: "-1",
    depositWithdrawals: "1000",
    otherFees: "-8"
  }
  const week = statement({
    trades: [trade("61", vusa, 10, "80", day), trade("62", ptt, 100, "2", day)],
    cash: [cash("71", "Deposits/Withdrawals", "1000", "GBP", day), cash("72", "Advisor Fees", "-8", "GBP", day)],
    positions: [position(vusa, 10), position(ptt, 100)],
    securities: [vusa, ptt],
    balances: [gbp, {
      ...balance("THB", "0", "-201"),
      netTradesSales: "0",
      netTradesPurchases: "-200",
      commissions: "-1"
    }]
  })

  it("is shown by kind, with the rows that are not booked, in the JSON, the log and the table", async () => {
    await using world = await startWorld({ flex: { statement: week } })
    const run = await world.night()
    const lines = succeeded(run).cash as unknown
    assert.deepStrictEqual(lines, [
      {
        currency: "GBP",
        broker: "191",
        booked: "199",
        drift: "-8",
        wealthfolio: "199",
        trackerDrift: "-8",
        bridge: {
          opening: "0",
          steps: [
            { kind: "trades", booked: "-800", broker: "-800", difference: "0" },
            { kind: "commissions", booked: "-1", broker: "-1", difference: "0" },
            { kind: "fees", booked: "0", broker: "-8", difference: "-8" },
            { kind: "deposits", booked: "1000", broker: "1000", difference: "0" }
          ],
          unbooked: [{
            section: "CashTransactions",
            externalId: "ibkr:cash:72",
            reason: "unknown-type",
            kind: "fees",
            amount: "-8"
          }]
        }
      },
      {
        currency: "THB",
        broker: "-201",
        booked: "0",
        drift: "-201",
        wealthfolio: "0",
        trackerDrift: "-201",
        bridge: {
          opening: "0",
          steps: [
            { kind: "trades", booked: "0", broker: "-200", difference: "-200" },
            { kind: "commissions", booked: "0", broker: "-1", difference: "-1" }
          ],
          unbooked: [
            { section: "Trades", externalId: "ibkr:trade:62", reason: "unknown-venue", kind: "trades", amount: "-200" },
            {
              section: "Trades",
              externalId: "ibkr:trade:62",
              reason: "unknown-venue",
              kind: "commissions",
              amount: "-1"
            }
          ]
        }
      }
    ])
    assert.deepStrictEqual(run.log.filter(({ message }) => message.startsWith("cash ")).map(({ message }) => message), [
      "cash GBP: the broker has -8 that no booked row explains; by kind: fees -8; "
      + "not booked: ibkr:cash:72 (unknown-type -8)",
      "cash THB: the broker has -201 that no booked row explains; by kind: trades -200, commissions -1; "
      + "not booked: ibkr:trade:62 (unknown-venue -200), ibkr:trade:62 (unknown-venue -1)"
    ])
    const { stdout } = await world.run(["ibkr", "--format", "table"])
    assert.include(
      stdout,
      [
        "cash GBP     booked  broker  difference",
        "opening           0",
        "trades         -800    -800           0",
        "commissions      -1      -1           0",
        "fees              0      -8          -8",
        "deposits       1000    1000           0",
        "closing         199     191          -8",
        "not booked: ibkr:cash:72 (unknown-type) fees -8",
        ""
      ].join("\n")
    )
  })

  it("also of a row that is held for what Wealthfolio has", async () => {
    await using world = await startWorld({ flex: { statement: week }, env: { IBKR_CASH_TYPES: "extended" } })
    world.wealthfolio.addAsset({ instrumentSymbol: "VUSA", instrumentExchangeMic: "XLON", quoteCcy: "USD" })
    const [line] = succeeded(await world.night()).cash as ReadonlyArray<Readonly<Record<string, unknown>>>
    assert.deepInclude(line, { currency: "GBP", drift: "-801" })
    assert.deepStrictEqual(line?.["bridge"], {
      opening: "0",
      steps: [
        { kind: "trades", booked: "0", broker: "-800", difference: "-800" },
        { kind: "commissions", booked: "0", broker: "-1", difference: "-1" },
        { kind: "fees", booked: "-8", broker: "-8", difference: "0" },
        { kind: "deposits", booked: "1000", broker: "1000", difference: "0" }
      ],
      unbooked: [
        { section: "Trades", externalId: "ibkr:trade:61", reason: "currency-mismatch", kind: "trades", amount: "-800" },
        {
          section: "Trades",
          externalId: "ibkr:trade:61",
          reason: "currency-mismatch",
          kind: "commissions",
          amount: "-1"
        }
      ]
    })
  })
})
